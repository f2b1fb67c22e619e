"""Adds to cells that data chooses, of iterations that run in lanes: the lanes compute, the adds follow one by one.

    for i { k = argmin(…); for d { add t[k, d], x[i, d] } }
    ==>  for each block:  for 8 i at once { kept[i] = k };   for i { for d { add t[kept[i], d], x[i, d] } }

*Late* are the ops of the body that add so, and what only they need. What they take from the others is kept for a
block of iterations, if it is not as cheap to make again: a constant, an index, an element of a table of outside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from xdsl.dialects import arith
from xdsl.ir import Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.passes.edit import ops_inside, ops_of
from pydex.passes.lower import Lowering, is_table
from pydex.passes.lower_lane_legal import meets
from pydex.passes.lower_text import Idx, Val, sub
from pydex.passes.lower_varying import Varying
from pydex.passes.lower_vectors import Spread
from pydex.passes.needs import defined_symbol, needs

#: Iterations whose values are kept at a time, a multiple of all numbers of lanes.
BLOCK = 512


@dataclass(frozen=True)
class Late:
    """The late ops of a body in order, with those that are run again for them, and the values that are kept."""

    ops: Sequence[Operation]
    again: Sequence[Operation]
    kept: Sequence[SSAValue]


def late_adds(op: ix.ForOp, varying: Varying) -> Late | None:
    """The late part of a loop; None if it has none, or one that cannot be."""
    body = ops_of(op.body.block)[:-1]
    late = [o for o in body if any(meets(op, child, varying) for child in [o, *ops_inside(o)])]
    if not late or any(defined_symbol(o) is not None and not o.regions for o in body):
        return None
    if any(isinstance(child, eff.CheckOp) for o in late for child in [o, *ops_inside(o)]):
        return None  # it would fail after what later iterations check
    if any(use.operation not in late for o in late for r in o.results for use in r.uses):
        return None
    again, kept = dict[Operation, None](), dict[SSAValue, None]()
    for o in late:
        for value in needs(o).values:
            if op.body.block.is_ancestor(value.owner) and value.owner not in late:
                if not _again(op, value, again):
                    kept[value] = None
    if any(is_table(v) for v in kept):
        return None
    return Late(late, [o for o in body if o in again], list(kept))


def _again(op: ix.ForOp, value: SSAValue, again: dict[Operation, None]) -> bool:
    """May the value as well be made again, by these ops and further ones? These are then added."""
    owner = value.owner
    if value is op.index or not op.body.block.is_ancestor(owner):
        return True
    if not isinstance(owner, arith.ConstantOp | ix.IndexOp | ix.OrdOp | ix.AtOp) or is_table(value):
        return False
    found = dict(again)
    if not all(_again(op, operand, found) for operand in owner.operands):
        return False
    again.update(found)
    again[owner] = None
    return True


class Kept:
    """What the late part of a block needs of the other one, while the loop is lowered."""

    def __init__(self, low: Lowering, op: ix.ForOp, late: Late):
        self.low, self.op, self.late = low, op, late
        self.places: list[Any] = [low.target.allocate(low, [BLOCK], v.type, True) for v in late.kept]

    def early(self, start: Val, i: Val) -> Callable[[], None]:
        """Runs the ops that are not late in lanes, from iteration i on, of a block that begins with `start`."""

        def run() -> None:
            low = self.low
            for op in ops_of(self.op.body.block)[:-1]:
                if op not in self.late.ops:
                    low.rules[type(op)](low, op)
            at = Spread(low.code.number(sub(low.code, i, start)), 1)
            for place, value in zip(self.places, self.late.kept, strict=True):
                low.target.store(low, place, [at], low.value(value))

        return run

    def finish(self, start: Val, end: Idx) -> None:
        """Runs the late ops of a block, one iteration after the other."""
        low = self.low

        def one(i: Val, _: list[Val]) -> list[Val]:
            with low.again(self.op.body):
                low.bind(self.op, i)
                for place, value in zip(self.places, self.late.kept, strict=True):
                    low.values[value] = low.target.load(low, place, [sub(low.code, i, start)])
                for op in (*self.late.again, *self.late.ops):
                    low.rules[type(op)](low, op)
            return []

        group, low.group = low.group, None
        low.loop(start, end, [], one)
        low.group = group
