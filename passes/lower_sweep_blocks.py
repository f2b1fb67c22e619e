"""A sweep of several steps over all rows, shared out in blocks of rows.

    phase 0:  ⎴⎴⎴⎴⎴⎴⎴     ⎴⎴⎴⎴⎴⎴⎴        a block makes of each step the rows that need nothing of other blocks:
             ⟋       ⟍   ⟋       ⟍       `lag` fewer on each side than of the step before
    phase 1:           ⟍⟋                 then what is left between two blocks: `lag` more on each side

Blocks do not know each other in either phase, and each row is made once, from the same rows: so how many blocks there
are makes no difference to any of them. Two buffers are enough here, too: of the rows that a gap reads, its blocks have
overwritten none, since they have made a step less of them.

One sweep is the rows p - s·lag, s ascending, for p ascending (lower_sweep.py). What limits p and s is linear, and the
same code serves blocks, gaps, and the whole.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydex.passes.lower_text import Code, Idx, Val, add, maximum, minimum, mul, quotient, sub
from pydex.passes.lower_vectors import select

#: A block is so many times as high as what a sweep takes off on one side: a seventh of the rows are in gaps.
HEIGHT = 8


@dataclass(frozen=True)
class Edges:
    """Where p runs, and which steps have a row at p: those from (p - late) / late_by + 1 to (p - early) / early_by."""

    first: Idx
    last: Idx
    early: Idx
    early_by: Idx
    late: Idx
    late_by: Idx

    def steps(self, code: Code, p: Val, count: Idx) -> tuple[Idx, Idx]:
        """The first step, and the one after the last."""
        behind = maximum(code, sub(code, add(code, p, self.late_by), self.late), 0)
        ahead = quotient(code, maximum(code, sub(code, add(code, p, self.early_by), self.early), 0), self.early_by)
        return quotient(code, behind, self.late_by), minimum(code, count, ahead)


def whole(code: Code, rows: Idx, count: Idx, lag: int) -> Edges:
    """All rows."""
    return Edges(0, add(code, rows, mul(code, sub(code, count, 1), lag)), 0, lag, rows, lag)


def most_blocks(code: Code, rows: Idx, steps: Idx, lag: int) -> Idx:
    """How many blocks there may be. (A gap reaches `steps`·lag rows in both directions, and reads `lag` more.)"""
    return maximum(code, quotient(code, rows, mul(code, steps, HEIGHT * lag)), 1)


def block(code: Code, rows: Idx, count: Idx, lag: int, blocks: Idx, number: Val) -> Edges:
    """A block. A sweep of one step needs no gaps."""
    top = quotient(code, mul(code, rows, number), blocks)
    bottom = quotient(code, mul(code, rows, add(code, number, 1)), blocks)
    several = _is(code, "sgt", count, 1)
    less = select(code, several, code.number(lag), code.number(0))
    is_top, is_bottom = _is(code, "eq", number, 0), _is(code, "eq", add(code, number, 1), blocks)
    all_rows = whole(code, rows, count, lag)

    def at(condition: Val, edge: Idx, inside: Idx) -> Val:
        return select(code, condition, code.number(edge), code.number(inside))

    start, end = add(code, top, less), sub(code, bottom, less)
    return Edges(
        at(is_top, 0, start),
        at(is_bottom, all_rows.last, end),
        at(is_top, 0, start),
        at(is_top, lag, add(code, less, lag)),
        at(is_bottom, rows, bottom),
        lag,
    )


def gap(code: Code, rows: Idx, count: Idx, lag: int, blocks: Idx, number: Val) -> Edges:
    """What is between a block and the next one."""
    middle = quotient(code, mul(code, rows, add(code, number, 1)), blocks)
    first, wide = sub(code, middle, lag), add(code, middle, lag)
    last = add(code, wide, mul(code, sub(code, count, 1), 2 * lag))
    return Edges(first, last, sub(code, first, mul(code, count, lag)), lag, wide, 2 * lag)


def either(code: Code, condition: Val, some: Edges, others: Edges) -> Edges:
    """The first ones where the condition holds."""
    pairs = zip(vars(some).values(), vars(others).values(), strict=True)
    return Edges(*(select(code, condition, code.number(a), code.number(b)) for a, b in pairs))


def _is(code: Code, predicate: str, a: Idx, b: Idx) -> Val:
    return code.let("i1", f"arith.cmpi {predicate}, {{}}, {{}} : {code.index}", a, b)
