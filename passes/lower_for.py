"""The order-free loop, `ix.for`: one loop, or two where its reductions are made in blocks.

Tables are written row by row where they are wanted; an `own` table is the old one, or a copy of it.
"""

from __future__ import annotations

from pydex.dialects import ix
from pydex.passes import ix_own
from pydex.passes.lower import Lowering
from pydex.passes.lower_cells import Memory
from pydex.passes.lower_cost import hashes
from pydex.passes.lower_far import run_near, runs_twice
from pydex.passes.lower_interior import Interior, interior, run_interior
from pydex.passes.lower_iteration import finish, iteration, one_by_one, reductions_of, run_loop
from pydex.passes.lower_jam import run_inside
from pydex.passes.lower_lanes import run_lanes
from pydex.passes.lower_narrow import in_32_bits, narrow_indices
from pydex.passes.lower_reductions import Reductions
from pydex.passes.lower_rows import run_rows
from pydex.passes.lower_scatter import run_scatter, scattered
from pydex.passes.lower_search import run_search, searches
from pydex.passes.lower_tail import run_tail, tail
from pydex.passes.lower_text import Idx, Val
from pydex.passes.lower_unroll import unrolls


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
        return run_inside(low, op, reductions, lo, hi)
    if hashes(op):
        return _run(low, op, reductions, lo, hi)
    if isinstance(low.target, Memory) and (found := narrow_indices(op)):
        return in_32_bits(low, op, found, lambda: _alone(low, op, inside, reductions, lo, hi))
    return _alone(low, op, inside, reductions, lo, hi)


def _alone(low: Lowering, op: ix.ForOp, inside: Interior | None, reductions: Reductions, lo: Idx, hi: Idx) -> list[Val]:
    """The iterations, in the form that their body asks for."""
    if (found := low.target.in_rows(op)) is not None:
        return run_rows(low, found, reductions, lo, hi)
    if adds := scattered(low, op):
        run_scatter(low, op, adds, lo, hi, lambda i: iteration(low, op, i))
        return []
    if inside is None:
        return _run(low, op, reductions, lo, hi)

    def run(start: Idx, end: Idx) -> list[Val]:
        return _run(low, op, reductions, start, end)

    def step(i: Val) -> list[Val]:
        with low.again(op.body):
            return iteration(low, op, i)

    return run_interior(low, inside, reductions, low.size(op.size), (lo, hi), run, step)


def _run(low: Lowering, op: ix.ForOp, reductions: Reductions, lo: Idx, hi: Idx) -> list[Val]:
    if runs_twice(low, op) and not hashes(op):
        return run_near(low, op, reductions, lo, hi, lambda i: iteration(low, op, i))
    if (parts := tail(op)) is not None:
        return run_tail(low, op, parts, reductions, lo, hi, lambda i, run: iteration(low, op, i, run))
    blocks = reductions.block(None) is not None
    loop = one_by_one(low, op, lambda i: iteration(low, op, i), blocks)
    run = run_search if searches(op, reductions) else run_loop
    return run(low, op, reductions, lo, hi, loop)


def _unrolled(low: Lowering, op: ix.ForOp, reductions: Reductions, trips: int) -> list[Val]:
    """The iterations 0 … trips, one after the other: tables of such size become registers, and loads are shared."""
    now = reductions.first(low)
    for i in range(trips):
        index = low.code.number(i)
        with low.again(op.body):
            now = reductions.step(low, now, iteration(low, op, index), index)
    return now
