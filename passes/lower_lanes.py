"""A loop whose iterations run in the lanes of vectors.

    ix.for %i : !ix.idx<n> { … } -> (add f64)
    ==>  for i in 0 … n step 8 { on = (i, i + 1, …) < n;  s = s + (on ? values of 8 iterations : s) };  sum of s

What differs from iteration to iteration is a vector, all else stays a scalar (lower_varying.py). In the last group,
lanes beyond the end are off (lower_group.py). What iterations add to a cell that they share is combined across the
lanes each time; where there are few such cells, it is kept apart (lower_lane_shared.py). Adds to cells that data
chooses follow block by block (lower_lane_late.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from xdsl.ir import Block, SSAValue

from pydex.dialects import eff, ix
from pydex.passes.affine import affine
from pydex.passes.lower import Lowering
from pydex.passes.lower_copies import Copy
from pydex.passes.lower_group import Group
from pydex.passes.lower_iteration import begin, end
from pydex.passes.lower_lane_choice import Choice
from pydex.passes.lower_lane_late import BLOCK, Kept
from pydex.passes.lower_lane_legal import place_of
from pydex.passes.lower_lane_shared import shared_cells
from pydex.passes.lower_lane_while import run_while
from pydex.passes.lower_monoids import across
from pydex.passes.lower_reductions import Reduction, Reductions
from pydex.passes.lower_text import Idx, Val, add, known, minimum, sub
from pydex.passes.lower_vectors import Spread, counting, select, splat, vector


def run_lanes(
    low: Lowering, op: ix.ForOp, made: Choice, reductions: Reductions, lo: Idx, hi: Idx, iteration: Any
) -> list[Val]:
    """The iterations lo … hi; the values that the reductions carry at the end."""
    assert made.varying is not None
    wide = Reductions([Reduction(r.kind, vector(made.width, r.type)) for r in reductions.all])
    kept = Kept(low, op, made.late) if made.late is not None else None
    low.group = Group(made.width, made.varying)
    with shared_cells(low, op):
        rows = {table: _row(low, table) for table in made.packs}

        def body(hi: Idx, i: Val, now: Sequence[Val], run: Any = None) -> list[Val]:
            if made.abreast > 1:
                return _abreast(low, op, wide, made.abreast, hi, i, now)
            return _group(low, op, wide, rows, hi, i, now, lambda *at: iteration(*at, run))

        if kept is None:
            result = _in_blocks(low, reductions, wide, lo, hi, made.abreast, body)
        else:
            result = _with_late(low, reductions, wide, lo, hi, kept, body)
    low.group = None
    return result


def _in_blocks(
    low: Lowering, reductions: Reductions, wide: Reductions, lo: Idx, hi: Idx, abreast: int, body: Any
) -> list[Val]:
    """The loop over groups, so many at a time; in blocks, if the reductions ask for them."""
    assert low.group is not None
    code, lanes = low.code, low.group.width * abreast

    def run(lo: Idx, hi: Idx, first: list[Val]) -> list[Val]:
        values = low.loop(lo, hi, first, lambda i, now: body(hi, i, now), step=lanes)
        return _across(low, reductions, values)

    trips = hi - lo if isinstance(lo, int) and isinstance(hi, int) else None
    size = reductions.block(trips)
    if size is None:
        return run(lo, hi, wide.first(low))

    def block(start: Val, before: list[Val]) -> list[Val]:
        end = code.number(minimum(code, add(code, start, size * lanes), hi))
        return reductions.close_block(low, before, run(start, end, wide.first_of_block(low)), start, end)

    return low.loop(lo, hi, reductions.first(low, wide=True), block, step=size * lanes)


def _with_late(
    low: Lowering, reductions: Reductions, wide: Reductions, lo: Idx, hi: Idx, kept: Kept, body: Any
) -> list[Val]:
    """The loop over blocks of groups, each with its late part behind it."""
    assert low.group is not None
    code, lanes = low.code, low.group.width

    def block(start: Val, before: list[Val]) -> list[Val]:
        end = code.number(minimum(code, add(code, start, BLOCK), hi))
        first = wide.first_of_block(low)
        values = low.loop(start, end, first, lambda i, now: body(end, i, now, kept.early(start, i)), step=lanes)
        after = reductions.close_block(low, before, _across(low, reductions, values), start, end)
        kept.finish(start, end)
        return after

    return low.loop(lo, hi, reductions.first(low, wide=True), block, step=BLOCK)


def _across(low: Lowering, reductions: Reductions, values: Sequence[Val]) -> list[Val]:
    return [across(low.code, r.kind, v) for r, v in zip(reductions.all, values, strict=True)]


def _group(
    low: Lowering, op: ix.ForOp, wide: Reductions, rows: dict[SSAValue, Any], hi: Idx, i: Val, now: Any, iteration: Any
) -> list[Val]:
    """One group of iterations, from i on."""
    group = low.group
    assert group is not None
    _begin(low, op, hi, i, group.width)
    for table, row in rows.items():
        part = low.target.view(low, low.places[table], [Spread(i, 1)])
        assert isinstance(table.type, ix.TableType)
        low.copy(table.type.under(ix.SizeAttr.of("#0")), part, row)
        group.rows[table] = row
    return _reduced(low, wide, now, iteration(low, op, Spread(i, 1)), i)


def _reduced(low: Lowering, wide: Reductions, now: Sequence[Val], values: Sequence[Val], i: Val) -> list[Val]:
    """What is carried, with the values of a group, where its lanes are on."""
    group, code = low.group, low.code
    assert group is not None
    following = wide.step(low, now, [splat(code, v, group.width) for v in values], i)
    tail = group.tail
    if tail is None:
        return following
    return [select(code, tail, new, old) for new, old in zip(following, now, strict=True)]


def _abreast(
    low: Lowering, op: ix.ForOp, wide: Reductions, many: int, hi: Idx, i: Val, now: Sequence[Val]
) -> list[Val]:
    """So many groups of iterations, from i on, op by op."""
    group, code, rows = low.group, low.code, []
    assert group is not None
    starts = [code.number(add(code, i, k * group.width)) for k in range(many)]
    copies = [Copy.of(low, start, replace(group)) for start in starts]
    for copy in copies:
        with copy.current(low):
            _begin(low, op, hi, copy.index, many * group.width)
            # All of a group may be beyond the end: then not even its first lane may touch memory.
            assert copy.group is not None
            copy.group.branch = copy.group.on
            rows.append(begin(low, op, Spread(copy.index, 1)))
    _in_step(low, op.body.block, copies)
    for copy, made in zip(copies, rows, strict=True):
        with copy.current(low):
            now = _reduced(low, wide, now, end(low, op, made), copy.index)
    return list(now)


def _in_step(low: Lowering, block: Block, copies: Sequence[Copy]) -> None:
    """The ops of a block, each for all groups."""
    group = copies[0].group
    assert group is not None
    for child in block.ops:
        if isinstance(child, eff.WhileOp) and child.trips in group.varying:
            run_while(low, child, copies)
        elif child is not block.last_op:
            for copy in copies:
                with copy.current(low):
                    low.rules[type(child)](low, child)


def _begin(low: Lowering, op: ix.ForOp, hi: Idx, i: Val, step: int) -> None:
    """Tells the group which lanes are not beyond the end. step: of the loop over groups."""
    assert low.group is not None
    code, lanes, trips = low.code, low.group.width, op.size.constant
    if trips is not None and trips % step == 0 and known(hi) == trips:
        low.group.begin(lanes - 1, None)
        return
    left = code.number(sub(code, hi, i))
    numbers, many = counting(code, lanes), splat(code, left, lanes)
    tail = code.let(vector(lanes, "i1"), f"arith.cmpi slt, {{}}, {{}} : {numbers.type}", numbers, many)
    low.group.begin(sub(code, left, 1), tail)


def _row(low: Lowering, table: SSAValue) -> Any:
    """Memory for the rows of all lanes, side by side."""
    assert isinstance(table.type, ix.TableType)
    return low.allocate(table.type.under(ix.SizeAttr.of("#0")))


def read_place(low: Lowering, op: ix.AtOp) -> tuple[Any, Sequence[SSAValue]]:
    """Where an element or part is read: in the table, or in the rows that lie side by side."""
    group = low.group
    if group is not None and group.rows:
        table, indices = place_of(op.table, tuple(op.indices))
        if table in group.rows and affine(indices[0]).term is group.varying.op.index:
            return group.rows[table], indices[1:]
    return low.places[op.table], op.indices
