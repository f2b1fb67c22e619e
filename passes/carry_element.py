"""carry-element: what a step reads where the step before has written is carried from step to step.

    loop i (t) { x = t[i];  t' = t{i + 1 := f(x)} }
        ==>  loop i (t, x = t[0]) { y = f(x);  t' = t{i + 1 := y};  x' = y }

Dynamic programming along a row, recurrences over a table, relaxation in place: a step waits for the number of the one
before it, and memory would add the time of a store and a load to each.

Only elements of tables that the body makes one new version of, by one update at its own level; the places differ by the
step of the loop, depend on nothing else that the loop makes, and are in range by their sets, not by a check.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr

from .affine import Affine, affine, at_least, in_range
from .edit import erase, insert, new, ops_inside, ops_of, terminator
from .monoids import identity
from .symbols import defined_symbols
from .widen import carry


class CarryElement(ModulePass):
    name: ClassVar[str] = "carry-element"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for loop in reversed([o for o in ops_inside(op) if isinstance(o, eff.LoopOp)]):  # rebuilds those inside
            _carry(loop)


def _carry(loop: eff.LoopOp) -> None:
    block = loop.body.block
    for table, following in list(zip(loop.carried, loop.yielded, strict=False)):
        update = following.owner
        if not isinstance(update, ix.UpdateOp) or update.parent is not block or update.table is not table:
            continue
        reads = [op for op in ops_of(block) if isinstance(op, ix.AtOp) and _is_last_written(loop, op, update)]
        if not reads or any(not isinstance(u.operation, ix.AtOp) and u.operation is not update for u in table.uses):
            continue
        first = _first(loop, reads[0])
        if first is None:
            continue
        added = carry(loop, first, lambda _, value=update.value: value).owner
        assert isinstance(added, eff.LoopOp)
        loop = added
        for read in reads:
            read.result.replace_all_uses_with(loop.carried[-1])
            erase(read)


def _is_last_written(loop: eff.LoopOp, read: ix.AtOp, update: ix.UpdateOp) -> bool:
    """Does it read the old table where the iteration before has updated it?"""
    if read.table is not update.table or len(read.indices) != len(update.indices):
        return False
    if isinstance(read.result.type, ix.TableType):
        return False
    moves = False
    if not all(_is_in_range(index, loop) for index in read.indices):
        return False
    for here, written in zip(read.indices, update.indices, strict=True):
        form = affine(written)
        step = form.terms.get(loop.index, SizeAttr.of(0))
        before = Affine({}, step if loop.reverse is not None else -step)
        if affine(here) != form.add(before) or not all(v is loop.index or _is_outside(v, loop) for v in form.terms):
            return False
        moves |= bool(step.data)
    return moves


def _is_in_range(index: SSAValue, loop: eff.LoopOp) -> bool:
    """Is it so for the first iteration whatever the body has checked before?"""
    op = index.owner
    return index is loop.index or (in_range(op) if isinstance(op, ix.IndexOp) else _is_outside(index, loop))


def _is_outside(value: SSAValue, loop: eff.LoopOp) -> bool:
    return isinstance(value.type, ix.IdxType | IndexType) and not loop.body.block.is_ancestor(value.owner)


def _first(loop: eff.LoopOp, read: ix.AtOp) -> SSAValue | None:
    """What the first iteration reads, if there is one; None if that cannot be written before the loop."""
    table = loop.initial[loop.carried.index(read.table)]
    start = loop.size - 1 if loop.reverse is not None else SizeAttr.of(0)

    def at(near: Operation) -> SSAValue:
        return new(near, ix.AtOp(table, [_index(index, start, near) for index in read.indices]))

    def _index(index: SSAValue, start: SizeAttr, near: Operation) -> SSAValue:
        form = affine(index)
        coef = form.terms.pop(loop.index, SizeAttr.of(0))
        assert isinstance(index.type, ix.IdxType)
        offset = form.offset + coef * start
        return new(near, ix.IndexOp(list(form.terms), list(form.terms.values()), offset, index.type.size))

    if any(not defined_symbols(loop).isdisjoint(_set(i).symbols()) for i in read.indices):
        return None
    if at_least(loop.size, 1):
        return at(loop)
    trips, zero = new(loop, ix.SizeOp(loop.size)), new(loop, arith.ConstantOp(IntegerAttr(0, IndexType())))
    then, otherwise = Block([scf.YieldOp()]), Block([scf.YieldOp()])
    branch = scf.IfOp(new(loop, arith.CmpiOp(trips, zero, "sgt")), [read.result.type], Region(then), Region(otherwise))
    insert(branch, loop)
    for block in (then, otherwise):
        terminator(block).location = loop.location
    terminator(then).operands = [at(terminator(then))]
    terminator(otherwise).operands = [identity("add", read.result.type, terminator(otherwise))]
    return branch.results[0]


def _set(index: SSAValue) -> SizeAttr:
    assert isinstance(index.type, ix.IdxType)
    return index.type.size
