"""accum-to-table: accumulations that need no accumulator become tables and reductions.

    accum a = 0 { for i { ...; add a[i], v } }                 ==>   for i { ...; yield v } -> tab
    accum a = 0 { for i { ...; add a[], v } }                  ==>   for i { ...; yield v } -> add
    accum a = 0 { for i { for j { ...; add a[j], e(i, j) } } } ==>   for p { for i { e(i, p) } -> add } -> tab

Each axis of an accumulator is *owned* by a loop whose index runs through all of it, other loops of the nest are
*summed*: then the sums come out of the loops themselves (`accum_extract`). An axis that is an affine function of
several loops, or whose loop is not the outermost, is turned round: each cell gathers what the others would have
scattered (`accum_gather`), if that costs no more than a constant factor. Adds to one accumulator are sorted by the loop
that owns its first axis, each kind is treated by itself, and the results are combined; a start value other than the
identity is combined with them too.

Short axes with constant indices are split off first, one accumulator for each element (`accum_split`).

What is *free*, an index read from data, stays an accumulator: a histogram. So does a sum of tables whose turning
round would do work again, or compute an exp twice (`accum_stay`), with what its nest adds besides. Adds inside `while`
to a table, and calls that are given an accumulator, stay.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import eff

from .accum_cells import same_cell, sum_cells, update_directly
from .accum_empty import hoist, sink
from .accum_extract import Extraction
from .accum_gather import gather
from .accum_split import split_axes
from .accum_stay import stays
from .affine import affine
from .dce import shrink
from .edit import blocks, erase, replace, splice
from .monoids import combine, is_identity
from .widen import yield_from_accum


class AccumToTable(ModulePass):
    name: ClassVar[str] = "accum-to-table"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        convert(op)


def convert(root: Operation) -> None:
    """Convert the accumulations inside `root`, the inner ones first."""
    for block in blocks(root):
        for op in list(block.ops):
            if op.regions:
                convert(op)
                if isinstance(op, eff.AccumOp):
                    convert_accum(op)


def convert_accum(op: eff.AccumOp) -> None:
    """Convert what can be of one accumulation; the op goes away if no accumulator is left."""
    hoist(op)
    op = split_axes(op)
    for k in reversed(range(len(op.initial))):
        op = _convert_one(op, k)
    hoist(op)
    op = sink(update_directly(op))
    if not op.initial:
        replace(op, splice(op.body.block, op))


def _convert_one(op: eff.AccumOp, k: int) -> eff.AccumOp:
    """Convert accumulator k, or those of its adds that can be; the op as it is then."""
    accumulator, block, content = op.accumulators[k], op.body.block, op.initial[k].type
    if not all(isinstance(use.operation, eff.AddOp) for use in accumulator.uses):
        return op
    adds = sum_cells(_combined(_adds(op, k)), block)
    linear = all(add.linear is not None for add in adds)
    groups = _groups(adds)
    scattered = [g for g in groups if not Extraction(accumulator, g, block).possible(content)]
    kept = {_nest(add, block) for group in scattered for add in group if stays(add)}
    before = len(op.results)
    for group in groups:
        if all(_nest(add, block) in kept for add in group):
            continue  # a table of what the nest adds besides would only be added to the accumulator
        extraction = Extraction(accumulator, group, block)
        if extraction.possible(content):
            op = _widened(op, extraction.extract(content))
            for local in extraction.local:
                convert_accum(local)
        else:
            for add in group:
                if (value := gather(add, block)) is not None:
                    op = _widened(op, value)
    return op if adds and len(op.results) == before else _finish(op, k, before, linear)


def _adds(op: eff.AccumOp, k: int) -> list[eff.AddOp]:
    """The adds to accumulator k, in order."""
    return [a for a in op.walk() if isinstance(a, eff.AddOp) and a.accumulator is op.accumulators[k]]


def _nest(add: eff.AddOp, root: Block) -> Operation:
    """The op of `root` that the add is in."""
    op: Operation = add
    while op.parent is not root:
        parent = op.parent_op()
        assert parent is not None
        op = parent
    return op


def _widened(op: eff.AccumOp, value: SSAValue) -> eff.AccumOp:
    widened = yield_from_accum(op, value).owner
    assert isinstance(widened, eff.AccumOp)
    return widened


def _finish(op: eff.AccumOp, k: int, first: int, linear: bool) -> eff.AccumOp:
    """Combine the results from the `first` on with the start, or, if they need the region, with what is accumulated;
    drop the accumulator if nothing is."""
    hoist(op)
    content, monoid, count = op.results[k], op.monoids[k], len(op.initial)
    outside = [v for v in op.yielded[first - count :] if _owner_block(v) is not op.body.block]
    inside = [r for r, v in zip(op.results[first:], op.yielded[first - count :], strict=True) if v not in outside]
    start = op.initial[k]
    linear = linear and is_identity(monoid, start)
    for value in outside:
        start = value if is_identity(monoid, start) else combine(monoid, start, value, op, linear)
    uses, after = list(content.uses), op.next_op
    assert after is not None
    if op.accumulators[k].first_use is not None:
        op.operands = [*op.operands[:k], start, *op.operands[k + 1 :]]
        start = content
    for value in inside:
        start = value if is_identity(monoid, start) else combine(monoid, start, value, after, linear)
    for use in uses:
        use.operation.operands[use.index] = start
    if op.accumulators[k].first_use is not None:
        return op
    narrowed = shrink(op, [i != k for i in range(len(op.results))])
    assert isinstance(narrowed, eff.AccumOp)
    return narrowed


def _owner_block(value: SSAValue) -> Block | None:
    return value.owner if isinstance(value.owner, Block) else value.owner.parent


def _combined(adds: list[eff.AddOp]) -> list[eff.AddOp]:
    """add a[i], v; add a[i], w  ==>  add a[i], v + w, in one block."""
    kept: list[eff.AddOp] = []
    for add in adds:
        twin = next((a for a in kept if a.parent is add.parent and same_cell(a, add)), None)
        if twin is not None:
            assert isinstance(add.accumulator.type, eff.AccType)
            value = combine(add.accumulator.type.monoid.data, twin.value, add.value, add)
            add.operands = [add.accumulator, *add.indices, value]
            kept.remove(twin)
            erase(twin)
        kept.append(add)
    return kept


def _groups(adds: list[eff.AddOp]) -> list[list[eff.AddOp]]:
    """Adds by the loop whose index is their first one; all of them if there is none to sort by; others one by one."""
    groups: dict[object, list[eff.AddOp]] = {}
    for add in adds:
        owner = affine(add.indices[0]).term if add.indices else None
        key = owner if isinstance(owner, BlockArgument) or not add.indices else add
        groups.setdefault(key, []).append(add)
    return list(groups.values())
