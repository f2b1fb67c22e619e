"""Adds to one cell: summed inside the loops that do not choose the cell, and written without an accumulator at last.

    for i { for j { add a[i], v } }        ==>   for i { s = for j { yield v } -> add; add a[i], s }
    accum a = t { add a[k], v }            ==>   t{k := t[k] + v}
"""

from __future__ import annotations

from xdsl.ir import Block, SSAValue

from pydex.dialects import eff, ix

from .accum_extract import Extraction
from .affine import distinct, in_range, same
from .dce import shrink
from .edit import erase, insert, new, terminator
from .monoids import combine, is_identity
from .widen import yield_from_accum


def same_cell(a: eff.AddOp, b: eff.AddOp) -> bool:
    return len(a.indices) == len(b.indices) and all(same(i, j) for i, j in zip(a.indices, b.indices, strict=True))


def sum_cells(adds: list[eff.AddOp], root: Block) -> list[eff.AddOp]:
    """Take adds of scalars out of the loops that their cells do not depend on; the adds as they are then."""
    groups: list[tuple[Block, list[eff.AddOp]]] = []
    for add in adds:
        block = _outermost(add, root)
        group = next((g for b, g in groups if b is block and same_cell(g[0], add)), None)
        if group is not None:
            group.append(add)
        else:
            groups.append((block, [add]))
    found: list[eff.AddOp] = []
    for block, group in groups:
        deep = [a for a in group if a.parent is not block]
        extraction = Extraction(group[0].accumulator, group, block)
        if deep and extraction.possible(group[0].value.type, len(group[0].indices)):
            found.append(_sum(extraction, group[0], block))
        else:
            found += group
    return found


def _sum(extraction: Extraction, add: eff.AddOp, block: Block) -> eff.AddOp:
    """Add what these adds add together, at the end of the block."""
    accumulator, indices = add.accumulator, list(add.indices)
    location = add.location
    value = extraction.extract(add.value.type, len(indices))
    last = terminator(block)
    for k, index in enumerate(indices):
        if isinstance(op := index.owner, ix.IndexOp) and op.parent is not block and block.is_ancestor(op):
            indices[k] = new(last, ix.IndexOp(list(op.operands_), list(op.coefs), op.offset, op.result.type.size))
    total = eff.AddOp(accumulator, indices, value, add.linear is not None)
    insert(total, last)
    total.location = location
    return total


def _outermost(add: eff.AddOp, root: Block) -> Block:
    """The outermost block, outside of some loop around an add of a scalar, in which its indices are known."""
    block = add.parent
    assert block is not None
    found = block
    while block is not root and not isinstance(add.value.type, ix.TableType):
        if not all(_movable(i, block) for i in add.indices):
            break
        loop, outer = block.parent_op(), block.parent_block()
        assert outer is not None
        block = outer
        if isinstance(loop, ix.ForOp | eff.LoopOp | eff.WhileOp):
            found = block
    return found


def _movable(index: SSAValue, block: Block) -> bool:
    """Is the index known outside of the block, or can it be made there?"""
    if _outside(index, block):
        return True
    op = index.owner
    return isinstance(op, ix.IndexOp) and in_range(op) and all(_outside(o, block) for o in op.operands_)


def _outside(value: SSAValue, block: Block) -> bool:
    return not block.is_ancestor(value.owner)


def _apart(a: list[SSAValue], b: list[SSAValue]) -> bool:
    """Are two places provably different cells?"""
    return any(distinct(i, j) for i, j in zip(a, b, strict=False))


def update_directly(op: eff.AccumOp) -> eff.AccumOp:
    """accum a = t { ...; add a[k], v }  ==>  ...; t{k := t[k] + v}, where no add is inside a loop or branch"""
    for k in reversed(range(len(op.initial))):
        adds = [use.operation for use in op.accumulators[k].uses]
        if adds and all(isinstance(a, eff.AddOp) and a.parent is op.body.block for a in adds):
            op = _update(op, k, [a for a in op.body.block.ops if a in adds])  # pyright: ignore
    return op


def _update(op: eff.AccumOp, k: int, adds: list[eff.AddOp]) -> eff.AccumOp:
    """Write the adds of accumulator k, which follow each other in the body, behind it."""
    body, monoid = op.body.block, op.monoids[k]
    places: list[list[SSAValue | int]] = []  # operands: known outside, or the position of a result
    for add in adds:
        place: list[SSAValue | int] = []
        for value in (*add.indices, add.value):
            if _outside(value, body):
                place.append(value)
            else:
                widened = yield_from_accum(op, value).owner
                assert isinstance(widened, eff.AccumOp)
                op = widened
                place.append(len(op.results) - 1)
        places.append(place)
        erase(add)
    uses, after, table = list(op.results[k].uses), op.next_op, op.initial[k]
    assert after is not None
    fresh = is_identity(monoid, table)
    written: list[list[SSAValue]] = []
    for place in places:
        *indices, value = [op.results[v] if isinstance(v, int) else v for v in place]
        if not fresh or not all(_apart(indices, other) for other in written):
            cell = new(after, ix.AtOp(table, indices)) if indices else table
            value = combine(monoid, cell, value, after)
        table = new(after, ix.UpdateOp(table, indices, value)) if indices else value
        written.append(indices)
    for use in uses:
        use.operation.operands[use.index] = table
    narrowed = shrink(op, [i != k for i in range(len(op.results))])
    assert isinstance(narrowed, eff.AccumOp)
    return narrowed
