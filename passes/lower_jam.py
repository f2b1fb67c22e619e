"""Loops inside of lanes: iterations that read the same run side by side, op by op (unroll and jam).

    for a in d. { …; for b in a. l[a, b] * y[b] -> add }
    ==>  for a in 0 … d step 4 { …; for b in a. { 4 products, y[b] read once }; 3 products, 2, 1 }

Every iteration of the four is a copy of the body with values of its own. The rest of the iterations run one by one.
Of a loop inside that only adds to cells that all lanes share, several turns are one tile: what all lanes have for all
of its cells is combined across the lanes together (lower_lane_sums.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xdsl.ir import Operation

from pydex.dialects import eff, ix
from pydex.passes.lower import Lowering
from pydex.passes.lower_accum import is_shared
from pydex.passes.lower_copies import Copy
from pydex.passes.lower_iteration import (
    Combine,
    Loop,
    begin,
    end,
    finish,
    iteration,
    one_by_one,
    reduced,
    reductions_of,
    run_loop,
)
from pydex.passes.lower_jam_choice import TURNS, fits_tiles, grows, row_adds, side_by_side
from pydex.passes.lower_jam_order import late
from pydex.passes.lower_lane_sums import Sums
from pydex.passes.lower_reductions import Reductions
from pydex.passes.lower_text import Idx, Val, add, mul, quotient, sub


def run_inside(low: Lowering, op: ix.ForOp, reductions: Reductions, lo: Idx, hi: Idx) -> list[Val]:
    """The iterations of a loop inside of lanes; the values that the reductions carry at the end."""
    in_blocks = reductions.block(None) is not None
    rest = one_by_one(low, op, lambda i: iteration(low, op, i), in_blocks)
    many = side_by_side(low, op)
    return run_loop(low, op, reductions, lo, hi, rest if many == 1 else _jammed(low, op, many, rest))


def _jammed(low: Lowering, op: ix.ForOp, many: int, rest: Loop) -> Loop:
    def loop(lo: Idx, hi: Idx, first: Sequence[Val], combine: Combine) -> list[Val]:
        code = low.code

        def group(i: Val, now: Sequence[Val]) -> Sequence[Val]:
            copies = [Copy.of(low, code.number(add(code, i, j)), low.group) for j in range(many)]
            for copy, values in zip(copies, _together(low, op, copies), strict=True):
                now = combine(now, values, copy.index)
            return now

        whole = add(code, lo, mul(code, quotient(code, sub(code, hi, lo), many), many))
        now = low.loop(lo, whole, first, group, step=many)
        with low.again(op.body):
            return rest(whole, hi, now, combine)

    return loop


def _together(low: Lowering, op: ix.ForOp, copies: Sequence[Copy]) -> list[list[Val]]:
    """The iterations side by side; what each hands to the reductions."""
    if op.symbol is not None:
        low.manifold.add(op.symbol.data)
    rows = []
    for copy in copies:
        with copy.current(low):
            rows.append(begin(low, op, copy.index))
    sums = Sums(low)
    _in_step(low, op, late(op.body.block), copies, sums)
    sums.close()
    values = []
    for copy, made in zip(copies, rows, strict=True):
        with copy.current(low):
            values.append(end(low, op, made))
    if op.symbol is not None:
        low.manifold.discard(op.symbol.data)
    return values


def _in_step(low: Lowering, outer: ix.ForOp, ops: Iterable[Operation], copies: Sequence[Copy], sums: Sums) -> None:
    """The ops, each for all iterations of the outer loop."""
    for child in ops:
        if isinstance(child, ix.ForOp):
            sums.close()
            _inner(low, outer, child, copies, sums)
        elif isinstance(child, eff.AddOp) and is_shared(low, child):
            sums.add(child, copies)
        else:
            for copy in copies:
                with copy.current(low):
                    low.rules[type(child)](low, child)


def _inner(low: Lowering, outer: ix.ForOp, op: ix.ForOp, copies: Sequence[Copy], sums: Sums) -> None:
    """A loop inside, of all iterations: the turns that all of them take, then those that only the later ones do."""
    parts, sizes = [], []
    for copy in copies:
        with copy.current(low):
            parts.append(reductions_of(low, op))
            sizes.append(low.size(op.size))
    adds = [o for o in op.body.block.ops if isinstance(o, eff.AddOp) and is_shared(low, o)]
    sums.steady(op.body.block, adds, copies)
    every = Reductions([r for part in parts for r in part.all])
    loop = one_by_one(low, op, lambda i: _turn(low, outer, op, copies, i, sums), every.block(None) is not None)
    if rows := row_adds(low, op, adds):
        loop = _tiled(low, outer, op, copies, sums, rows, loop)
    now = run_loop(low, op, every, 0, sizes[0], loop)
    width = len(now) // len(copies)
    carried = [now[at : at + width] for at in range(0, len(now), width)] if width else [[] for _ in copies]
    for turn in range(len(copies) - 1 if grows(op, outer) else 0):
        i = low.code.number(add(low.code, sizes[0], turn))
        _late_turn(low, outer, op, copies[turn + 1 :], parts, carried, i, sums)
    for copy, part, values in zip(copies, parts, carried, strict=True):
        with copy.current(low):
            finish(low, op, part, values)


def _turn(low: Lowering, outer: ix.ForOp, op: ix.ForOp, copies: Sequence[Copy], i: Val, sums: Sums) -> list[Val]:
    """One turn of a loop inside, of these iterations of the outer one; what they hand to the reductions."""
    inner = sums.within()
    values = _open_turn(low, outer, op, copies, i, inner)
    inner.close()
    return values


def _open_turn(low: Lowering, outer: ix.ForOp, op: ix.ForOp, copies: Sequence[Copy], i: Val, sums: Sums) -> list[Val]:
    """The same; what it adds to cells that lanes share may still wait."""
    for copy in copies:
        with copy.current(low):
            low.bind(op, i)
    _in_step(low, outer, late(op.body.block), copies, sums)
    values = []
    for copy in copies:
        with copy.current(low):
            values += [low.value(v) for v in reduced(op)]
    return values


def _late_turn(
    low: Lowering,
    outer: ix.ForOp,
    op: ix.ForOp,
    late: Sequence[Copy],
    parts: list[Reductions],
    carried: list[list[Val]],
    i: Val,
    sums: Sums,
) -> None:
    """A turn that only the last of the iterations take; what all of them carry is updated."""
    with low.again(op.body), sums.again():
        values = _open_turn(low, outer, op, late, i, sums)
    width = len(values) // len(late)
    for k in range(len(late)):
        at = k - len(late)
        carried[at] = parts[at].step(low, carried[at], values[k * width : (k + 1) * width], i)


def _tiled(
    low: Lowering,
    outer: ix.ForOp,
    op: ix.ForOp,
    copies: Sequence[Copy],
    sums: Sums,
    rows: Sequence[eff.AddOp],
    rest: Loop,
) -> Loop:
    """A loop inside that only adds, TURNS turns at a time; rest: how the turns that are left over are run."""

    def loop(lo: Idx, hi: Idx, first: Sequence[Val], combine: Combine) -> list[Val]:
        code = low.code

        def tile(start: Val, _: Sequence[Val]) -> Sequence[Val]:
            inner = sums.within(rows)
            for turn in range(TURNS):
                with low.again(op.body):
                    _open_turn(low, outer, op, copies, code.number(add(code, start, turn)), inner)
            inner.close()
            return []

        whole = add(code, lo, mul(code, quotient(code, sub(code, hi, lo), TURNS), TURNS))
        low.loop(lo, whole, [], tile, step=TURNS)
        if fits_tiles(op, outer, len(copies)):
            return []
        with low.again(op.body):
            return rest(whole, hi, first, combine)

    return loop
