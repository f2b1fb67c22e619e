"""Splitting short axes of accumulators: a table of small vectors is accumulated as a few tables.

    accum a : [n, 3] = t { ...; add a[i, 0], x; add a[j, 2], y }
        ==>  accum a0, a1, a2 : [n] { ...; add a0[i], x; add a2[j], y };  for i. pack (a0[i], a1[i], a2[i])

Only where every add has a constant index on the axis (see `unroll`), and where the parts cost no more than what is
there: the table has short axes only, or is a new one that loops add to, or around some add are loops over all that is
left of it. Each part is then converted by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from xdsl.ir import Block, Operation, Region, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr

from .affine import affine
from .edit import erase, insert, new
from .monoids import identity, is_identity
from .unroll import SIZE

Body: TypeAlias = Callable[[list[SSAValue], Operation], SSAValue]


def split_axes(op: eff.AccumOp) -> eff.AccumOp:
    """Split accumulators along short axes as long as there are any; the op as it is then."""
    k = 0
    while k < len(op.initial):
        axis = _short_axis(op, k)
        if axis is None:
            k += 1
        else:
            op = _split(op, k, axis)
    return op


def _short_axis(op: eff.AccumOp, k: int) -> int | None:
    """An axis of a few constants that every add to accumulator k has a constant index for."""
    type = op.initial[k].type
    adds = [use.operation for use in op.accumulators[k].uses]
    if not isinstance(type, ix.TableType) or not adds or any(ix.axis_dependent(s) for s in type.sizes):
        return None
    for axis, size in enumerate(type.sizes):
        if size.constant is not None and 0 < size.constant <= SIZE:
            if all(isinstance(a, eff.AddOp) and _constant(a, axis) is not None for a in adds):
                rest = [s for s in type.sizes if s.constant is None]
                if not rest or any(_covers(a, rest, op) for a in adds) or _is_made_here(op, k, adds):
                    return axis
    return None


def _is_made_here(op: eff.AccumOp, k: int, adds: Sequence[Operation]) -> bool:
    """Is the table a new one, which loops add to? (What no loop adds is written into it, see `update_directly`.)"""
    return is_identity(op.monoids[k], op.initial[k]) and any(a.parent is not op.body.block for a in adds)


def _covers(add: Operation, sizes: Sequence[SizeAttr], root: Operation) -> bool:
    """Are there loops over all these sizes around the add, inside of the root?"""
    left, parent = list(sizes), add.parent_op()
    while left and parent is not None and parent is not root:
        if isinstance(parent, ix.ForOp | eff.LoopOp) and parent.size in left:
            left.remove(parent.size)
        parent = parent.parent_op()
    return not left


def _constant(add: eff.AddOp, axis: int) -> int | None:
    return affine(add.indices[axis]).number if axis < len(add.indices) else None


def _split(op: eff.AccumOp, k: int, axis: int) -> eff.AccumOp:
    start, monoid = op.initial[k], op.monoids[k]
    assert isinstance(start.type, ix.TableType)
    count = start.type.sizes.data[axis].constant or 0
    rest = [s for i, s in enumerate(start.type.sizes) if i != axis]
    part_type = ix.TableType.of(rest, start.type.element)
    if is_identity(monoid, start):
        parts = [identity(monoid, part_type, op) for _ in range(count)]
    else:
        parts = [_part(start, rest[:axis], axis, c, op) for c in range(count)]
    block = op.body.block
    accumulator = op.accumulators[k]
    acc_type = eff.AccType(accumulator.type.monoid, part_type)  # pyright: ignore
    fresh = [block.insert_arg(acc_type, k + 1 + c) for c in range(count)]
    for add in [use.operation for use in accumulator.uses]:
        assert isinstance(add, eff.AddOp)
        c = _constant(add, axis)
        assert c is not None
        indices = [i for n, i in enumerate(add.indices) if n != axis]
        insert(eff.AddOp(fresh[c], indices, add.value, add.linear is not None), add)
        erase(add)
    block.erase_arg(accumulator)
    types = [part_type] * count
    wide = eff.AccumOp.create(
        operands=[*op.operands[:k], *parts, *op.operands[k + 1 :]],
        result_types=[*op.result_types[:k], *types, *op.result_types[k + 1 :]],
        attributes=op.attributes,
        regions=[op.detach_region(0)],
    )
    insert(wide, op)
    after = op.next_op
    assert after is not None
    whole = _join(wide.results[k : k + count], rest[:axis], after)
    for i, old in enumerate(op.results):
        old.replace_all_uses_with(whole if i == k else wide.results[i if i < k else i + count - 1])
    erase(op)
    return wide


def _part(table: SSAValue, outer: Sequence[SizeAttr], axis: int, c: int, near: Operation) -> SSAValue:
    """for i... table[i..., c]"""
    assert isinstance(table.type, ix.TableType)
    size = table.type.sizes.data[axis]

    def read(indices: list[SSAValue], at: Operation) -> SSAValue:
        return new(at, ix.AtOp(table, [*indices, new(at, ix.IndexOp([], [], c, size))]))

    return _nest(list(outer), read, [], near)


def _join(parts: Sequence[SSAValue], outer: Sequence[SizeAttr], near: Operation) -> SSAValue:
    """for i... pack (part[i...] for each part)"""

    def pack(indices: list[SSAValue], at: Operation) -> SSAValue:
        return new(at, ix.PackOp([new(at, ix.AtOp(p, indices)) if indices else p for p in parts]))

    return _nest(list(outer), pack, [], near)


def _nest(sizes: list[SizeAttr], body: Body, indices: list[SSAValue], near: Operation) -> SSAValue:
    """for i in sizes... body(i...) -> tab"""
    if not sizes:
        return body(indices, near)
    block = Block(arg_types=[ix.IdxType(sizes[0])])
    last = ix.YieldOp([])
    last.location = near.location
    block.add_op(last)
    row = _nest(sizes[1:], body, [*indices, block.args[0]], last)
    last.operands = [row]
    type = ix.TableType.over(sizes[0], None, row.type)
    return new(near, ix.ForOp(sizes[0], ["tab"], [type], body=Region(block)))
