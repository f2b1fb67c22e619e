"""Tables of outside of which lanes read whole rows: these are copied so that the lanes lie side by side.

    for i in n. for c in k. for a in d. … x[i, a] …      every lane reads its own row, in each turn of c
    ==>  row[a] = (x[i, a], x[i + 1, a], …), once for a group of lanes

So it is if some read runs over the whole part, and either one stands in a loop whose index is not among its own, so
that rows are read again and again, or rows are so long that they are turned round (lower_lane_turns.py), which takes
less than to read them number by number, and so short that they stay in the nearest cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from xdsl.ir import Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.passes.affine import affine
from pydex.passes.edit import ops_inside
from pydex.passes.lower_lane_legal import place_of
from pydex.passes.lower_varying import Varying

#: Rows that are read but once are turned round if they have at least, and at most, so many numbers.
TURNED = 16, 256


def packs(op: ix.ForOp, varying: Varying) -> set[SSAValue]:
    """The tables whose parts `t[i]` are to be copied, i being the index of the loop."""
    again: set[SSAValue] = set()
    whole: set[SSAValue] = set()
    for child in ops_inside(op):
        if not isinstance(child, ix.AtOp) or isinstance(child.result.type, ix.TableType):
            continue
        table, indices = place_of(child.table, tuple(child.indices))
        if not is_packable(op, table, indices, varying):
            continue
        terms = [affine(i).term for i in indices[1:]]
        if any(loop.body.block.args[0] not in terms for loop in _loops_between(child, op)):
            again.add(table)
        if all(t is not None and t.type == size for t, size in zip(terms, _axes(table), strict=True)):
            whole.add(table)
    return {table for table in whole if table in again or _is_turned(table)}


def _is_turned(table: SSAValue) -> bool:
    assert isinstance(table.type, ix.TableType)
    sizes = [size.constant for size in table.type.sizes.data[1:]]
    return None not in sizes and TURNED[0] <= prod(n for n in sizes if n is not None) <= TURNED[1]


def is_packable(op: ix.ForOp, table: SSAValue, indices: tuple[SSAValue, ...], varying: Varying) -> bool:
    """Is this a read of t[i, …] where t is made outside and the other indices do not vary?"""
    owner = table.owner
    inside = op.is_ancestor(owner) if isinstance(owner, Operation) else op.is_ancestor(owner) or owner is op.body.block
    if inside or len(indices) < 2 or affine(indices[0]).term is not op.index:
        return False
    return all(varying.slope(i) == 0 for i in indices[1:]) and not any(ix.axis_dependent(s) for s in _sizes(table))


def _sizes(table: SSAValue) -> list[ix.SizeAttr]:
    assert isinstance(table.type, ix.TableType)
    return list(table.type.sizes.data)


def _axes(table: SSAValue) -> Iterator[ix.IdxType]:
    return (ix.IdxType(size) for size in _sizes(table)[1:])


def _loops_between(op: Operation, outer: Operation) -> Iterator[ix.ForOp | eff.LoopOp]:
    parent = op.parent_op()
    while parent is not None and parent is not outer:
        if isinstance(parent, ix.ForOp | eff.LoopOp):
            yield parent
        parent = parent.parent_op()
