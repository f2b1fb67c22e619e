"""One iteration of an `ix.for`, and the loop over its iterations: what every way to run such a loop is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from xdsl.ir import SSAValue

from pydex.dialects import ix
from pydex.passes.lower import Lowering, is_table
from pydex.passes.lower_cost import is_simple, vector_hint
from pydex.passes.lower_reductions import Reductions, reduction
from pydex.passes.lower_text import Idx, Val, add, minimum, sub
from pydex.passes.lower_vectors import Spread

#: A loop of at most so many iterations is vectorised with masks.
FEW = 24

#: One iteration: the values that are reduced.
Turn = Callable[[Val], Sequence[Val]]

#: Takes the values of an iteration into those that are carried.
Combine = Callable[[Sequence[Val], Sequence[Val], Val], Sequence[Val]]

#: The loop `for i in lo … hi: carried = combine(carried, turn(i), i)`, from the first values on.
Loop = Callable[[Idx, Idx, Sequence[Val], Combine], list[Val]]


def reductions_of(low: Lowering, op: ix.ForOp) -> Reductions:
    """The reductions among the results."""
    kinds = [k for k in op.kind_names if k in ix.REDUCTIONS]
    handed = zip(kinds, reduced(op), strict=True)
    return Reductions([reduction(k, low.type_of(v), v.type, blocks=not low.lanes) for k, v in handed])


def finish(low: Lowering, op: ix.ForOp, reductions: Reductions, carried: Sequence[Val]) -> None:
    """Makes the carried values of reductions the loop's results."""
    results = [r for r, k in zip(op.results_, op.kind_names, strict=True) if k in ix.REDUCTIONS]
    for each, part, result in zip(reductions.all, reductions.split(carried), results, strict=True):
        low.values[result] = each.finish(low, part)


def iteration(low: Lowering, op: ix.ForOp, i: Val | Spread, run: Callable[[], None] | None = None) -> list[Val]:
    """One iteration: elements are stored; the values that are reduced. run: how the ops of the body are lowered."""
    rows = begin(low, op, i)
    low.run(op.body.block) if run is None else run()
    return end(low, op, rows)


def begin(low: Lowering, op: ix.ForOp, i: Val | Spread) -> list[tuple[SSAValue, Any]]:
    """Before the ops of the body: the rows of tables that the iteration makes, and the values to put there."""
    low.bind(op, i)
    rows = [
        (value, low.target.view(low, low.places[result], [i]))
        for kind, value, result in zip(op.kind_names, op.yielded, op.results_, strict=True)
        if kind == "tab"
    ]
    for value, row in rows:
        if is_table(value):
            low.want(value, row)
    return rows


def end(low: Lowering, op: ix.ForOp, rows: Sequence[tuple[SSAValue, Any]]) -> list[Val]:
    """After the ops of the body: the values that are reduced."""
    for value, row in rows:
        low.put(value, row)
    owned = [v for k, v in zip(op.kind_names, op.yielded, strict=True) if k == "own"]
    for arg, value in zip(op.body.block.args[1:], owned, strict=True):
        low.deliver(value, low.places[arg])
    return [low.value(v) for v in reduced(op)]


def run_loop(low: Lowering, op: ix.ForOp, reductions: Reductions, lo: Idx, hi: Idx, loop: Loop) -> list[Val]:
    """The iterations, as one loop or as loops over blocks."""
    trips = hi - lo if isinstance(lo, int) and isinstance(hi, int) else None
    size = reductions.block(trips)
    if size is None:
        return loop(lo, hi, reductions.first(low), lambda now, values, i: reductions.step(low, now, values, i))

    def block(start: Val, before: list[Val]) -> list[Val]:
        end = low.code.number(minimum(low.code, add(low.code, start, size), hi))
        first = reductions.first_of_block(low)
        values = loop(start, end, first, lambda now, v, i: reductions.step_of_block(low, now, v, i, start))
        return reductions.close_block(low, before, values, start, end)

    return low.loop(lo, hi, reductions.first(low, wide=True), block, step=size)


def one_by_one(low: Lowering, op: ix.ForOp, turn: Turn, in_blocks: bool = False) -> Loop:
    """The plain loop. A part of `in_blocks` is not short.

    A short sum that may be long is written twice: with masks for few iterations; without for many, which are added to
    several vectors by turns, as no vector with masks is.
    """
    hint, waits = vector_hint(op), low.group is None and is_simple(op) and bool(reduced(op))
    hint = "" if in_blocks and hint == "masks" else hint

    def loop(lo: Idx, hi: Idx, first: Sequence[Val], combine: Combine) -> list[Val]:
        def one(i: Val, now: list[Val]) -> Sequence[Val]:
            return combine(now, turn(i), i)

        trips = sub(low.code, hi, lo)
        if hint != "masks" or not waits or not isinstance(trips, Val):
            return low.loop(lo, hi, first, one, hint=hint)
        many = low.code.let("i1", f"arith.cmpi sgt, {{}}, {{}} : {trips.type}", trips, FEW)
        middle = low.code.let(trips.type, f"arith.select {{}}, {{}}, {{}} : {trips.type}", many, hi, lo)
        with low.again(op.body):
            values = low.loop(lo, middle, first, one)
        return low.loop(middle, hi, values, one, hint=hint)

    return loop


def reduced(op: ix.ForOp) -> list[SSAValue]:
    """What an iteration hands to the reductions."""
    return [v for k, v in zip(op.kind_names, op.yielded, strict=True) if k in ix.REDUCTIONS]
