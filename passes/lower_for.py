"""The order-free loop, `ix.for`: one loop, or two where its reductions are made in blocks.

Tables are written row by row where they are wanted; an `own` table is the old one, or a copy of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.ir import SSAValue

from pydex.dialects import ix
from pydex.passes import ix_own
from pydex.passes.lower import Lowering, is_table
from pydex.passes.lower_cost import hashes, vector_hint
from pydex.passes.lower_divergent import divergent, run_divergent
from pydex.passes.lower_far import run_near, runs_twice
from pydex.passes.lower_interior import interior, run_interior
from pydex.passes.lower_lanes import run_lanes
from pydex.passes.lower_reductions import Reductions, reduction
from pydex.passes.lower_scatter import run_scatter, scattered
from pydex.passes.lower_text import Idx, Val, add, minimum
from pydex.passes.lower_unroll import unrolls
from pydex.passes.lower_vectors import Spread


def order_free(low: Lowering, op: ix.ForOp) -> None:
    """`ix.for`: in parallel where the target says so."""
    prepare_results(low, op)
    if low.lanes or not low.target.parallel(low, op):
        reductions = reductions_of(low, op)
        values = run_range(low, op, reductions, 0, low.size(op.size))
        finish(low, op, reductions, values)
    for block_arg, result in zip(op.body.block.args[1:], ix_own.new_versions(op), strict=True):
        low.places[result] = low.places[block_arg]


def prepare_results(low: Lowering, op: ix.ForOp) -> None:
    """Places for the tables that the loop makes, and for those that it owns."""
    for kind, result in zip(op.kind_names, op.results_, strict=True):
        if kind == "tab":
            low.places[result] = low.result(result)
    versions, flags = ix_own.new_versions(op), ix_own.in_place(op)
    for table, arg, version, flag in zip(op.owned, op.body.block.args[1:], versions, flags, strict=True):
        low.places[arg] = low.take_over(table, version, flag)


def reductions_of(low: Lowering, op: ix.ForOp) -> Reductions:
    """The reductions among the results."""
    kinds = [k for k in op.kind_names if k in ix.REDUCTIONS]
    reduced = zip(kinds, _reduced(op), strict=True)
    return Reductions([reduction(k, low.type_of(v), v.type, blocks=not low.lanes) for k, v in reduced])


def finish(low: Lowering, op: ix.ForOp, reductions: Reductions, carried: Sequence[Val]) -> None:
    """Makes the carried values of reductions the loop's results."""
    results = [r for r, k in zip(op.results_, op.kind_names, strict=True) if k in ix.REDUCTIONS]
    for each, part, result in zip(reductions.all, reductions.split(carried), results, strict=True):
        low.values[result] = each.finish(low, part)


def run_range(low: Lowering, op: ix.ForOp, reductions: Reductions, lo: Idx, hi: Idx) -> list[Val]:
    """The iterations lo … hi; the values that the reductions carry at the end."""
    inside = interior(op) if low.group is None else None
    made = low.target.in_lanes(op) if low.group is None and (inside is None or not inside.straight) else None
    if made is not None:
        return run_lanes(low, op, made, reductions, lo, hi, iteration)
    trips = hi - lo if isinstance(lo, int) and isinstance(hi, int) else None
    if trips is not None and unrolls(op):
        return _unrolled(low, op, reductions, trips)
    if low.group is not None:
        return _run(low, op, reductions, lo, hi)
    if adds := scattered(low, op):
        run_scatter(low, adds, lo, hi, lambda i: iteration(low, op, i))
        return []
    if (parts := divergent(low, op)) is not None:
        return run_divergent(low, op, parts, reductions, (lo, hi), lambda i, run: iteration(low, op, i, run))
    if inside is None:
        return _run(low, op, reductions, lo, hi)

    def run(start: Idx, end: Idx) -> list[Val]:
        return _run(low, op, reductions, start, end)

    def step(i: Val) -> list[Val]:
        with low.again(op.body):
            return iteration(low, op, i)

    return run_interior(low, inside, reductions, low.size(op.size), (lo, hi), run, step)


def _run(low: Lowering, op: ix.ForOp, reductions: Reductions, lo: Idx, hi: Idx) -> list[Val]:
    """The iterations, as one loop or as loops over blocks."""
    if low.group is None and runs_twice(low, op):
        return run_near(low, op, reductions, lo, hi, lambda i: iteration(low, op, i))
    trips = hi - lo if isinstance(lo, int) and isinstance(hi, int) else None
    size = reductions.block(trips)
    if size is None:
        first = reductions.first(low)
        return low.loop(
            *(lo, hi, first, lambda i, now: reductions.step(low, now, iteration(low, op, i), i)),
            hint=vector_hint(op),
        )

    def block(start: Val, before: list[Val]) -> list[Val]:
        end = low.code.number(minimum(low.code, add(low.code, start, size), hi))
        first = reductions.first_of_block(low)
        values = low.loop(
            *(start, end, first, lambda i, now: reductions.step_of_block(low, now, iteration(low, op, i), i, start)),
            hint="scalar" if hashes(op) else "",
        )
        return reductions.close_block(low, before, values, start, end)

    return low.loop(lo, hi, reductions.first(low, wide=True), block, step=size)


def _unrolled(low: Lowering, op: ix.ForOp, reductions: Reductions, trips: int) -> list[Val]:
    """The iterations 0 … trips, one after the other: tables of such size become registers, and loads are shared."""
    now = reductions.first(low)
    for i in range(trips):
        index = low.code.number(i)
        with low.again(op.body):
            now = reductions.step(low, now, iteration(low, op, index), index)
    return now


def iteration(low: Lowering, op: ix.ForOp, i: Val | Spread, run: Callable[[], None] | None = None) -> list[Val]:
    """One iteration: elements are stored; the values that are reduced. run: how the ops of the body are lowered."""
    low.bind(op, i)
    rows = [
        (value, low.target.view(low, low.places[result], [i]))
        for kind, value, result in zip(op.kind_names, op.yielded, op.results_, strict=True)
        if kind == "tab"
    ]
    for value, row in rows:
        if is_table(value):
            low.want(value, row)
    low.run(op.body.block) if run is None else run()
    for value, row in rows:
        low.put(value, row)
    owned = [v for k, v in zip(op.kind_names, op.yielded, strict=True) if k == "own"]
    for arg, value in zip(op.body.block.args[1:], owned, strict=True):
        low.deliver(value, low.places[arg])
    return [low.value(v) for v in _reduced(op)]


def _reduced(op: ix.ForOp) -> list[SSAValue]:
    return [v for k, v in zip(op.kind_names, op.yielded, strict=True) if k in ix.REDUCTIONS]
