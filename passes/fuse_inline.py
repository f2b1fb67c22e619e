"""Inlining loops where their tables are read: (for i. f i)[k]  ==>  f k   (when: see `ix_fuse`)."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from xdsl.dialects import arith, math, scf
from xdsl.ir import Block, Operation, OpResult, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.remainder import RemfOp
from pydex.dialects.sizes import SizeAttr

from .affine import ONE, at_least
from .dce import shrink
from .edit import erase, new, ops_of, replace
from .fuse_merge import is_contraction
from .needs import mentioned, needs
from .symbols import Sizes, Values, clone, fresh

#: What an element may cost that is computed more often than once: a load and so many operations.
CHEAP = 2
#: What a function like exp costs.
DEAR = 4

_FREE = (arith.ConstantOp, ix.IndexOp, ix.OrdOp, ix.SizeOp, ix.NameOp, ix.FillOp)
_DEAR = (
    *(arith.DivfOp, RemfOp, arith.RemSIOp, arith.RemUIOp),
    *(arith.DivSIOp, arith.DivUIOp, arith.FloorDivSIOp, arith.CeilDivSIOp, arith.CeilDivUIOp),
)
#: Ops whose regions run at most once.
_RUN_ONCE = (scf.IfOp, eff.AccumOp)
_LIGHT_MATH = (math.AbsFOp, math.AbsIOp, math.CopySignOp, math.FmaOp, math.FloorOp, math.CeilOp)


def inline_block(block: Block) -> bool:
    """Inline loops of a block into those behind it, the last first, so that each body is copied once."""
    changed = False
    for op in reversed(list(block.ops)):
        if not isinstance(op, ix.ForOp) or op.owned or not any(_is_only_read(op, r) for r in op.results):
            continue
        if needs(op).pure:
            changed |= _inline_results(op)
    return changed


def _inline_results(loop: ix.ForOp) -> bool:
    """Inline those results of a loop that may be; the loop loses them."""
    done = [k for k, r in enumerate(loop.results) if _inline_result(loop, r)]
    if not done:
        return False
    if len(done) == len(loop.results):
        erase(loop)
    else:
        _erase_unused(shrink(loop, [k not in done for k in range(len(loop.results))]))
    return True


def _inline_result(loop: ix.ForOp, result: OpResult) -> bool:
    """(for i. f i)[k] ==> f k, for all uses of one table, if that is allowed."""
    if not _is_only_read(loop, result):
        return False
    reads = [_Read.of(u.operation, loop, result) for u in result.uses if isinstance(u.operation, ix.AtOp)]
    cost = _cost(loop, result)
    if cost and any(_inside_contraction(r) for r in reads):
        return False
    if cost > CHEAP and (_stays(loop, result) or not _once(loop, result, reads)):
        return False
    kept = _kept(loop, result)
    for same in _grouped(reads).values():
        first = min(same, key=lambda r: r.position)
        value = element(loop, result, first.indices, first.before, kept)
        for read in same:
            rest = read.site.indices[read.depth :]
            replace(read.site, [new(read.site, ix.AtOp(value, rest)) if rest else value])
    return True


def _is_only_read(loop: ix.ForOp, result: OpResult) -> bool:
    """Is the result a table that is read, and used for nothing else?"""
    if loop.kinds.data[result.index].data != "tab" or result.first_use is None:
        return False
    sites = [use.operation for use in result.uses]
    return all(s.__class__ is ix.AtOp and s.operands[0] is result and ix.AS_MADE not in s.attributes for s in sites)


def _grouped(reads: list[_Read]) -> dict[object, list[_Read]]:
    """Reads of the same element computed in the same block."""
    groups: dict[object, list[_Read]] = {}
    for read in reads:
        groups.setdefault((read.block, tuple(read.indices)), []).append(read)
    return groups


def _kept(loop: ix.ForOp, result: OpResult) -> Values:
    """Values of the body that are dear and that another table of the loop holds: they are read from there."""
    return {
        value: other
        for kind, value, other in zip(loop.kind_names, loop.yielded, loop.results, strict=True)
        if kind == "tab" and other is not result and other.first_use is not None
        if not isinstance(value.type, ix.TableType) and _ops_cost(body_slice(loop, value)) > CHEAP
    }


# ------------------------------------------------------------------------------------------------ is it allowed


@dataclass
class _Read:
    """A read of an element: where it is computed (`before` an op of `block`), inside which loops after the producer."""

    site: ix.AtOp
    depth: int
    block: Block
    before: Operation
    loops: list[Operation]

    @property
    def indices(self) -> Sequence[SSAValue]:
        return self.site.indices[: self.depth]

    @property
    def position(self) -> int:
        return self.block.get_operation_index(self.before)

    @staticmethod
    def of(site: ix.AtOp, loop: ix.ForOp, result: OpResult) -> _Read:
        """Computed as far out as the indices of the perfectly nested axes allow."""
        depth = min(len(perfect_nest(loop, result)), len(site.indices))
        assert loop.parent is not None and site.parent is not None
        inside = _blocks_between(site.parent, loop.parent)
        definers = {_block_of(v) for v in site.indices[:depth]}
        block = next((b for b in inside if b in definers), loop.parent)
        before = block.find_ancestor_op_in_block(site)
        assert before is not None
        around = inside[inside.index(block) :] if block in inside else []
        loops = [op for b in around if b is not loop.parent and (op := b.parent_op()) is not None]
        return _Read(site, depth, block, before, [op for op in loops if not isinstance(op, _RUN_ONCE)])


def _blocks_between(inner: Block, outer: Block) -> list[Block]:
    """The blocks from `inner` out to `outer`, both included."""
    found = [inner]
    while found[-1] is not outer:
        parent = found[-1].parent_block()
        assert parent is not None
        found.append(parent)
    return found


def _block_of(value: SSAValue) -> Block | None:
    return value.owner if isinstance(value.owner, Block) else value.owner.parent


def perfect_nest(loop: ix.ForOp, result: OpResult) -> list[ix.ForOp]:
    """The loops around an element of a table with nothing but index arithmetic between them; at least the first."""
    nest = [loop]
    while True:
        value = nest[-1].yielded[result.index]
        inner = value.owner
        if not isinstance(value, OpResult) or not isinstance(inner, ix.ForOp):
            return nest
        if inner.parent is not nest[-1].body.block or inner.kind_names[value.index] != "tab":
            return nest
        if any(op is not inner and not isinstance(op, _FREE) for op in body_slice(nest[-1], value)):
            return nest
        nest.append(inner)
        result = value


def _once(loop: ix.ForOp, result: OpResult, reads: list[_Read]) -> bool:
    """Is no more computed than the loop computes? Reads inside sequential loops do not count as that cheap."""
    nest = perfect_nest(loop, result)
    depth = min(r.depth for r in reads)
    if any(r.depth != depth for r in reads):
        return False
    made = _product([level.size for level in nest[:depth]])
    distinct = [same[0] for same in _grouped(reads).values()]
    if len(distinct) == 1 and _same_sizes(nest[:depth], distinct[0].loops):
        return True
    total = SizeAttr.of(0)
    for read in distinct:
        sizes = [op.size for op in read.loops if isinstance(op, ix.ForOp)]
        if any(not isinstance(op, ix.ForOp) for op in read.loops):
            return False
        total = total + _product(sizes)
    local = {op.symbol.data for r in reads for op in (*r.loops, *nest) if isinstance(op, ix.ForOp) and op.symbol}
    return local.isdisjoint((made - total).symbols()) and at_least(made - total, 0)


def _stays(loop: ix.ForOp, result: OpResult) -> bool:
    """Does a reduction of the loop need what the table's elements cost, so that the loop would still compute it?"""
    yielded = zip(loop.kind_names, loop.yielded, loop.results, strict=True)
    needed = {op for kind, v, r in yielded if kind in ix.REDUCTIONS and r.first_use for op in body_slice(loop, v)}
    return _ops_cost([op for op in body_slice(loop, loop.yielded[result.index]) if op in needed]) > CHEAP


def _inside_contraction(read: _Read) -> bool:
    return any(isinstance(op, ix.ForOp) and is_contraction(op) for op in read.loops)


def _same_sizes(nest: list[ix.ForOp], loops: list[Operation]) -> bool:
    """Do the loops have the sizes of the nest, up to the names of their indices?"""
    if len(nest) != len(loops):
        return False
    names: Sizes = {}
    for mine, theirs in zip(nest, reversed(loops), strict=True):
        if not isinstance(theirs, ix.ForOp) or mine.size.substitute(names) != theirs.size:
            return False
        if mine.symbol is not None and theirs.symbol is not None:
            names[mine.symbol.data] = SizeAttr.of(theirs.symbol.data)
    return True


def _product(sizes: list[SizeAttr]) -> SizeAttr:
    total = ONE
    for size in sizes:
        total = total * size
    return total


def _cost(loop: ix.ForOp, result: OpResult) -> float:
    """What one element costs: operations, and loads after the first."""
    nest = perfect_nest(loop, result)
    value = loop.yielded[result.index]
    for inner in nest[1:]:
        assert isinstance(value, OpResult)
        value = inner.yielded[value.index]
    return _ops_cost(body_slice(nest[-1], value))


def _ops_cost(ops: Sequence[Operation]) -> float:
    return sum(op_cost(op) for op in ops) - any(isinstance(op, ix.AtOp) for op in ops)


def op_cost(op: Operation) -> float:
    if op.regions or isinstance(op, ix.PackOp | ix.UpdateOp) or _makes_table(op):
        return inf
    if isinstance(op, _FREE):
        return 0
    if isinstance(op, _DEAR) or (isinstance(op.dialect_name(), str) and op.dialect_name() == "math"):
        return 1 if isinstance(op, _LIGHT_MATH) else 4
    return 1


def is_dear(op: Operation) -> bool:
    """Is it a function like exp? To keep and read a number takes the time of a few operations, or of a root."""
    return op.name.startswith("math.") and not isinstance(op, math.SqrtOp) and op_cost(op) >= DEAR


def _makes_table(op: Operation) -> bool:
    return any(isinstance(r.type, ix.TableType) for r in op.results) and not isinstance(op, ix.AtOp | ix.FillOp)


# --------------------------------------------------------------------------------------------------- the rewrite


def body_slice(loop: ix.ForOp, value: SSAValue, known: Container[SSAValue] = ()) -> list[Operation]:
    """The ops of a loop's body that `value` is made of, in order, but not those that make known values."""
    block = loop.body.block
    wanted: set[SSAValue] = {value}
    symbols: set[str] = set(mentioned(value.type))
    found: list[Operation] = []
    for op in reversed(ops_of(block)):
        if any(r in wanted for r in op.results) or _defines(op, symbols):
            inside = needs(op)
            wanted.update(v for v in inside.values if v not in known)
            symbols |= inside.symbols
            found.append(op)
    return found[::-1]


def _defines(op: Operation, symbols: set[str]) -> bool:
    return isinstance(op, ix.OpenOp) and op.symbol.data in symbols


def element(
    loop: ix.ForOp, result: OpResult, indices: Sequence[SSAValue], before: Operation, kept: Mapping[SSAValue, SSAValue]
) -> SSAValue:
    """f k: what the loop (and those perfectly nested in it) yields for a result at `indices`, computed before an op.

    `kept`: values of the body that are read from a table instead."""
    index, *rest = indices
    value = loop.yielded[result.index]
    sizes: Sizes = {}
    if loop.symbol is not None:
        position = ix.ordinal(index)
        if position is None:
            symbol = fresh(loop.symbol.data)
            index = new(before, ix.NameOp(index, symbol))
            position = SizeAttr.of(symbol)
        sizes[loop.symbol.data] = position
    values: Values = {loop.index: index}
    ops = body_slice(loop, value, kept)
    used = {v for op in ops for v in needs(op).values} if kept else set()
    for inner, table in kept.items():
        if inner in used:
            values[inner] = new(before, ix.AtOp(table, [index]))
    for op in ops:
        _put(clone(op, values, sizes), before)
    copy = values.get(value, value)
    if not rest:
        return copy
    assert isinstance(copy, OpResult) and isinstance(copy.op, ix.ForOp)
    found = element(copy.op, copy, rest, before, {})  # the loop inside, copied whole, is needed at one index only
    erase(copy.op)
    return found


def _put(op: Operation, before: Operation) -> None:
    assert before.parent is not None
    before.parent.insert_op_before(op, before)


def _erase_unused(op: Operation) -> None:
    """Erase pure ops in the body of an op that nobody uses."""
    for block in (b for r in op.regions for b in r.blocks):
        for inner in reversed(list(block.ops)):
            if inner.next_op is not None and all(r.first_use is None for r in inner.results) and needs(inner).pure:
                erase(inner)
