"""Gather form: what loops scatter into a table, each cell collects.

    for i in n { for j in m { add a[φ(i, j)], e(i, j) } }
        ==>  for p in N { for i in n { j := φ⁻¹(p, i);  e(i, j) if 0 <= j < m else 0 } -> add } -> tab

Each axis of the table is *solved* for one loop of the nest, whose index has coefficient 1 or -1 in φ; the other loops
are summed (`GatherPlan`). Where j runs through all of its set the test is dropped; where it only bounds the innermost
summed loop, that loop is shortened instead (a triangle: i from p + 1); else it is a branch around e.

Refused, because work or memory would grow by more than a constant: an op of some cost that would run in more loops than
before; a test inside a summed loop that is mostly false. If the outermost loop is as long as an axis of the table, what
its iterations compute once is kept in a table instead of computed again. Refused too: sequential loops, e with effects.

What e reads of a table that the nest owns, it reads as it was before the nest, and the new nest is put in front of it.
"""

from __future__ import annotations

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr
from xdsl.ir import Block, Operation, Region, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr

from .affine import ONE, ZERO
from .edit import blocks, erase, insert, new, terminator
from .fuse_merge import merge_block
from .gather_plan import GatherPlan, Level, linear, position, symbol_of
from .monoids import identity
from .symbols import Values, clone, fresh
from .widen import yield_from_for, yield_from_if


def gather(add: eff.AddOp, root: Block) -> SSAValue | None:
    """The table of all that `add` adds, at the end of `root`, the body of its accumulation; the add is gone.
    None if that is refused."""
    if any(position(i) is None for i in add.indices) or not isinstance(_content(add), ix.TableType):
        return None
    add = _by_element(add)
    add = _out_of_branches(add, root)
    for store in (False, True):
        plan = GatherPlan.of(add, root, store)
        if plan is not None:
            return _Emitter(plan).emit()
    return None


def _content(add: eff.AddOp):
    assert isinstance(add.accumulator.type, eff.AccType)
    return add.accumulator.type.content


def _by_element(add: eff.AddOp) -> eff.AddOp:
    """add a[i], t  ==>  for j { add a[i, j], t[j] }, merged with the loop that makes t if there is one"""
    content = _content(add)
    assert isinstance(content, ix.TableType)
    missing = content.rank - len(add.indices)
    if missing == 0:
        return add
    block, near = add.parent, add
    indices, row = list(add.indices), add.value.type
    for _ in range(missing):
        assert isinstance(row, ix.TableType)
        loop = ix.ForOp(row.sizes.data[0], [], [], symbol=(name := fresh("i")))
        last = ix.YieldOp()
        loop.body.block.add_op(last)
        insert(loop, near)
        near, row = last, row.under(SizeAttr.of(name))
        indices.append(loop.index)
    value = new(near, ix.AtOp(add.value, indices[len(add.indices) :]))
    element = eff.AddOp(add.accumulator, indices, value, add.linear is not None)
    insert(element, near)
    erase(add)
    assert block is not None
    merge_block(block)
    return element


def _out_of_branches(add: eff.AddOp, root: Block) -> eff.AddOp:
    """if c { add a[i], v }  ==>  add a[i], (if c { v } else { 0 }), where i is known outside"""
    while isinstance(branch := add.parent_op(), scf.IfOp):
        here = add.parent
        if any(i.owner is here or (isinstance(i.owner, Operation) and i.owner.parent is here) for i in add.indices):
            return add
        assert isinstance(add.accumulator.type, eff.AccType)
        monoid = add.accumulator.type.monoid.data
        for region in branch.regions:
            if not region.blocks:
                region.add_block(Block([scf.YieldOp()]))
        values = [
            add.value if block is here else identity(monoid, add.value.type, terminator(block))
            for block in blocks(branch)
        ]
        result = yield_from_if(branch, values[0], values[1])
        add.detach()
        add.operands = [add.accumulator, *add.indices, result]
        assert isinstance(result.owner, Operation) and result.owner.parent is not None
        result.owner.parent.insert_op_after(add, result.owner)
    return add


class _Emitter:
    """Writes the new nest: level by level, each op as far out as what it needs is known."""

    def __init__(self, plan: GatherPlan):
        self.plan = plan
        self.values: Values = dict(plan.originals)
        self.indices: dict[str, SSAValue] = {}  # of the new loops, by their symbols
        self.tables: dict[SSAValue, SSAValue] = {}  # what the outermost old loop now keeps

    def emit(self) -> SSAValue:
        plan = self.plan
        for value in plan.stored:
            widened = yield_from_for(plan.loops[0], "tab", value).owner
            assert isinstance(widened, ix.ForOp)
            plan.replace_outermost(widened)
        results = plan.loops[0].results
        self.tables = dict(zip(plan.stored, results[len(results) - len(plan.stored) :], strict=True))
        nest = plan.root.find_ancestor_op_in_block(plan.add)
        assert nest is not None
        result = self._inside(-1, nest if plan.originals else terminator(plan.root))
        erase(plan.add)
        return result

    def _level(self, k: int, near: Operation) -> SSAValue:
        """What is collected inside the loops up to level k: a branch around the rest if k has conditions."""
        conditions = self.plan.conditions.get(k, [])
        if not conditions:
            return self._inside(k, near)
        held = [self._not_negative(c, near) for c in conditions]
        test = held[0]
        for other in held[1:]:
            test = new(near, arith.AndIOp(test, other))
        type = self.plan.value_type(k)
        then, otherwise = Block([scf.YieldOp()]), Block([scf.YieldOp()])
        branch = scf.IfOp(test, [type], Region(then), Region(otherwise))
        insert(branch, near)
        for block in (then, otherwise):
            terminator(block).location = near.location
        terminator(otherwise).operands = [identity(self.plan.monoid, type, terminator(otherwise))]
        terminator(then).operands = [self._inside(k, terminator(then))]
        return branch.results[0]

    def _inside(self, k: int, near: Operation) -> SSAValue:
        plan = self.plan
        for loop in plan.loops:
            if plan.level_of[loop] == k:
                self.values[loop.index] = self._index(loop, near)
        if plan.stored and plan.level_of[plan.loops[0]] == k:
            for value, table in self.tables.items():
                self.values[value] = new(near, ix.AtOp(table, [self.values[plan.loops[0].index]]))
        for op in plan.ops.get(k, []):
            copy = clone(op, self.values, plan.sizes)
            assert near.parent is not None
            near.parent.insert_op_before(copy, near)
        if k + 1 == len(plan.levels):
            return self.values.get(plan.add.value, plan.add.value)
        return self._loop(k + 1, plan.levels[k + 1], near)

    def _loop(self, k: int, level: Level, near: Operation) -> SSAValue:
        kind = "tab" if level.loop is None else self.plan.monoid
        loop = ix.ForOp(level.count, [kind], [self.plan.value_type(k - 1)], symbol=level.symbol)
        last = ix.YieldOp([])
        last.location = near.location
        loop.body.block.add_op(last)
        insert(loop, near)
        self.indices[level.symbol] = loop.index
        last.operands = [self._level(k, last)]
        return loop.results[0]

    def _index(self, loop: ix.ForOp, near: Operation) -> SSAValue:
        """The index of an old loop, from those of the new ones."""
        rest = self.plan.sizes[symbol_of(loop)]
        size = loop.size.substitute(self.plan.sizes)
        terms: dict[SSAValue, SizeAttr] = {}
        for symbol, index in self.indices.items():
            if symbol in rest.symbols():
                parts = linear(rest, symbol)
                assert parts is not None
                terms[index], rest = parts
        if list(terms.values()) == [ONE] and rest == ZERO and (index := next(iter(terms))).type == ix.IdxType(size):
            return index
        return new(near, ix.IndexOp(list(terms), list(terms.values()), rest, size))

    def _not_negative(self, size: SizeAttr, near: Operation) -> SSAValue:
        zero = new(near, arith.ConstantOp(IntegerAttr(0, IndexType())))
        return new(near, arith.CmpiOp(new(near, ix.SizeOp(size)), zero, "sge"))
