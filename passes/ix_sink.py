"""ix-sink: a loop over few iterations goes inside of the loops in it, where these compute the same each time.

    for d in 26. { t = A(d);  u = for v in n. (let s = B(v); C(s, t, d));  for p in m. D(u, d) }
    ==>  t = for d. A(d);  u = for v. (let s = B(v); for d. C(s, t[d], d));  for p. for d. D(u, d)

`B` does not depend on d: it is computed once, not 26 times, and what C reads by v it reads for all d together. So the
directions of a forward Jacobian go through a program in one pass. Of a row of numbers d is the last axis, as in the
Jacobian: what walks over d walks through memory. What comes before the first such loop stays in a loop
over d, with tables of what the rest needs of it; from there on every loop takes d inside, as the second axis of tables.

Only a loop of at most MOST iterations, known when compiling, that makes tables which are read by index, and that has
no effects; only if B has loops or functions in it. Then B leaves the loop over d, and the loops over v and p are
fused if they can be. What it does not do: take d inside of sequential loops.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import ClassVar, TypeGuard

from xdsl.context import Context
from xdsl.dialects.builtin import AnyFloat, ModuleOp
from xdsl.ir import Operation, OpResult, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint

from pydex.dialects import ix

from .ad_emit import Emitter
from .cost_units import is_elementary
from .cse import cse
from .dce import dce
from .edit import erase, insert, new, ops_inside, replace, terminator
from .fold import fold
from .ix_fuse import fuse
from .licm import hoist
from .licm_parts import Varying
from .needs import needs
from .symbols import Values, clone

MOST = 64


class IxSink(ModulePass):
    """Takes short loops inside of those that compute the same in each of their iterations."""

    name: ClassVar[str] = "ix-sink"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if sink(op):
            fuse(op)  # loops that follow one another now read each other's elements
            fold(op)
            cse(op)
            hoist(op)
            dce(op)


def sink(root: Operation) -> bool:
    """Takes loops inside of others; whether there was one."""
    found = False
    for loop in [o for o in ops_inside(root) if isinstance(o, ix.ForOp)]:
        first = _first_to_share(loop)
        if first is not None and _can_sink(loop, first):
            _Sinking(loop, first).run()
            found = True
    return found


def _first_to_share(loop: ix.ForOp) -> ix.ForOp | None:
    """The first loop of the body that computes much that does not depend on the index of the one around it."""
    count = loop.size.constant
    if count is None or not 1 < count <= MOST or set(loop.kind_names) != {"tab"} or loop.symbol is not None:
        return None
    inside: set[SSAValue] = {loop.index}
    for op in loop.body.block.ops:
        varying = Varying(op, inside, set()).values
        if _is_table(op) and any(_is_much(part, varying) for part in op.body.block.ops):
            return op
        inside.update(r for r in op.results if r in varying)
    return None


def _is_much(op: Operation, varying: set[SSAValue]) -> bool:
    """Whether an op of a body costs much, and something of it is the same in all iterations of the loop around."""
    return (isinstance(op, ix.ForOp) or is_elementary(op)) and any(r not in varying for r in op.results)


def _is_table(op: Operation) -> TypeGuard[ix.ForOp]:
    return isinstance(op, ix.ForOp) and set(op.kind_names) == {"tab"} and op.symbol is None and op.size.constant != 0


def _can_sink(loop: ix.ForOp, first: ix.ForOp) -> bool:
    ops = list(loop.body.block.ops)
    late = set(ops[ops.index(first) : -1])
    tables = [op for op in late if op.regions]
    results = [*loop.results, *(r for op in tables for r in op.results)]
    return (
        all(needs(op).pure for op in ops[:-1])
        and all(map(_is_table, tables))
        and all(value.owner in tables for value in loop.yielded)
        and all(_is_plain(r) for op in ops for r in op.results)
        and all(_is_read(r, 2 if r in loop.results else 1, loop) for r in results)
    )


def _is_plain(value: SSAValue) -> bool:
    """Whether no axis of it depends on another."""
    return not isinstance(value.type, ix.TableType) or "#" not in str(value.type)


def _is_read(table: SSAValue, count: int, loop: ix.ForOp) -> bool:
    """Whether a table is only read, by at least so many indices (or yielded by the loop)."""
    users = [use.operation for use in table.uses]
    reads = [op for op in users if isinstance(op, ix.AtOp) and op.table is table and len(op.indices) >= count]
    rest = [op for op in users if op not in reads]
    return all(op is terminator(loop.body.block) for op in rest)


def _is_computed(op: Operation) -> bool:
    """Is it arithmetic, which is better read than done again?"""
    return op.name.startswith(("arith.", "math.")) and isinstance(op.results[0].type, AnyFloat) and bool(op.operands)


class _Sinking:
    """One loop on its way into those of its body, from `first` on."""

    def __init__(self, loop: ix.ForOp, first: ix.ForOp) -> None:
        self.loop, self.size = loop, loop.size
        ops = list(loop.body.block.ops)[:-1]
        self.order = {op: k for k, op in enumerate(ops)}
        self.late = [op for op in ops[self.order[first] :] if isinstance(op, ix.ForOp)]
        made_late = {r for op in self.late for r in op.results}
        self.early: list[Operation] = []  # ops that do not depend on late loops
        for op in ops:
            if op in self.late or not made_late.isdisjoint(needs(op).values):
                made_late.update(op.results)
            else:
                self.early.append(op)
        self.kept: dict[SSAValue, SSAValue] = {}  # what is made early and needed late, as a table over the iterations
        self.sunk: dict[SSAValue, SSAValue] = {}  # results of late loops; the axis of the iterations is second,
        self.last: set[SSAValue] = set()  # or the last, for rows of numbers

    def run(self) -> None:
        self._keep()
        for op in self.late:
            self._sink(op)
        for result, value in zip(self.loop.results, self.loop.yielded, strict=True):
            for use in list(result.uses):
                assert isinstance(read := use.operation, ix.AtOp)
                d, *rest = read.indices
                self._read_instead(read, value, d, rest)
        erase(self.loop)

    def _in_order(self, values: set[SSAValue]) -> list[SSAValue]:
        """Those that are made in the body of the loop."""
        found = [v for v in values if isinstance(v.owner, Operation) and v.owner in self.order]
        return sorted(found, key=lambda v: (self.order[v.owner], v.owner.results.index(v)))  # type: ignore[index]

    def _keep(self) -> None:
        """A loop that makes the tables, and what loops make, that late loops need."""
        wanted: dict[SSAValue, None] = {}
        for op in self.late:
            self._collect(needs(op).values, wanted)
        if not wanted:
            return
        types = [ix.TableType.over(self.size, None, value.type) for value in wanted]
        early = ix.ForOp(self.size, ["tab"] * len(types), types)
        values: Values = {self.loop.index: early.index}
        early.body.block.add_ops([clone(op, values) for op in self.early])
        early.body.block.add_op(ix.YieldOp([values[value] for value in wanted]))
        insert(early, self.loop)
        self.kept = dict(zip(wanted, early.results, strict=True))

    def _collect(self, values: set[SSAValue], wanted: dict[SSAValue, None]) -> None:
        for value in self._in_order(values):
            op = value.owner
            assert isinstance(op, Operation)
            if op in self.early and (op.regions or isinstance(value.type, ix.TableType) or _is_computed(op)):
                wanted[value] = None
            elif op not in self.late:
                self._collect(set(op.operands), wanted)

    def _sink(self, op: ix.ForOp) -> None:
        """for v. B  ==>  for v. for d. B"""
        emit = Emitter(InsertPoint.before(self.loop), op.location)
        outer, inner = ix.ForOp(op.size, [], []), ix.ForOp(self.size, [], [])
        values: Values = {self.loop.index: inner.index, op.index: outer.index}
        for value in self._in_order(needs(op).values):
            self._bring(value, values, inner)
        inner.body.block.add_ops([clone(part, values) for part in list(op.body.block.ops)[:-1]])
        numbers = {r: self._numbers(r, v) for r, v in zip(op.results, op.yielded, strict=True)}
        made = [values.get(v, v) for row in numbers.values() for v in row]
        body = emit.into(outer.body.block)
        inner = body.finish_for(inner, ["tab"] * len(made), made)
        rows, tables = iter(inner.results), list[SSAValue]()
        for result, row in numbers.items():
            taken = list(islice(rows, len(row)))
            tables.append(body.insert(ix.PackOp(taken)).result if result in self.last else taken[0])
        outer = emit.finish_for(outer, op.kind_names, tables)
        for read in [o for o in inner.walk() if isinstance(o, ix.AtOp) and o.table in self.sunk]:
            self._read_instead(read, read.table, inner.index, read.indices)
        self.sunk |= dict(zip(op.results, outer.results, strict=True))

    def _numbers(self, result: OpResult, value: SSAValue) -> list[SSAValue]:
        """What the loop over d yields for a result: the value, or its numbers, if d may be the last axis."""
        owner = value.owner
        if not isinstance(owner, ix.PackOp) or owner.parent_op() is not result.owner or owner.result.type.rank > 1:
            return [value]
        last = zip(self.loop.results, self.loop.yielded, strict=True)
        reads = [use.operation for r in (result, *(r for r, v in last if v is result)) for use in r.uses]
        if any(isinstance(read.results[0].type, ix.TableType) for read in reads if isinstance(read, ix.AtOp)):
            return [value]
        self.last.add(result)
        return list(owner.values)

    def _bring(self, value: SSAValue, values: Values, inner: ix.ForOp) -> None:
        """Puts a value of the loop's body into that of the inner loop: what was kept of it, or its op once more."""
        op = value.owner
        assert isinstance(op, Operation)
        if value in values or op in self.late:
            return
        if value in self.kept:
            inner.body.block.add_op(read := ix.AtOp(self.kept[value], [inner.index]))
            values[value] = read.result
            return
        for operand in self._in_order(set(op.operands)):
            self._bring(operand, values, inner)
        inner.body.block.add_op(clone(op, values))

    def _read_instead(self, read: ix.AtOp, old: SSAValue, d: SSAValue, indices: Sequence[SSAValue]) -> None:
        """Reads of an iteration's table what belongs to d."""
        v, *rest = indices
        order = [v, *rest, d] if old in self.last else [v, d, *rest]
        replace(read, [new(read, ix.AtOp(self.sunk[old], order))])
