"""Masks: no NaN from the arm of a `where` that was not chosen.

y = select(c, a, b) gives a the cotangent select(c, ȳ, 0). If a = sqrt(x) and x = 0, that zero meets an infinity on its
way to x. So what only a is computed from (the backward slice that is exclusive to it, in the block of the select, and
to what other selects choose by the same condition) is masked once more where it leaves the slice:
x̄ += select(c, ..., 0).
"""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation, SSAValue

from pydex.dialects import eff

from .ad_rules import FLOAT

#: (condition, what it must be for the values to matter)
Mask = tuple[SSAValue, bool]


class Masks:
    """The masks of every op of a function: under which conditions its results matter."""

    def __init__(self, function: FuncOp):
        self._of_op: dict[Operation, list[Mask]] = {}
        groups: dict[tuple[SSAValue, Block | None], list[arith.SelectOp]] = {}
        for op in function.walk():
            if isinstance(op, arith.SelectOp):
                groups.setdefault((op.cond, op.parent), []).append(op)
        for (condition, _), selects in groups.items():
            self._mask_arms(selects, 1, (condition, True))
            self._mask_arms(selects, 2, (condition, False))

    @property
    def any(self) -> bool:
        return bool(self._of_op)

    def of(self, op: Operation | None) -> list[Mask]:
        """The masks of an op and of all around it."""
        found: list[Mask] = []
        while op is not None and not isinstance(op, FuncOp):
            found += self._of_op.get(op, ())
            op = op.parent_op()
        return found

    def of_value(self, value: SSAValue) -> list[Mask]:
        owner = value.owner
        return self.of(owner.parent_op() if isinstance(owner, Block) else owner)

    def _mask_arms(self, selects: list[arith.SelectOp], arm: int, mask: Mask) -> None:
        """Walk back from the same arm of selects with one condition: an op whose every use is in the slice joins it."""
        block = selects[0].parent
        inside: set[Operation] = set()
        work = [s.operands[arm] for s in selects]
        while work:
            op = work.pop().owner
            if isinstance(op, Operation) and op.parent is block and op not in inside:
                if _exclusive(op, inside, selects, arm):
                    inside.add(op)
                    work += _inputs(op)
        if any(_may_be_infinite(op) for op in inside):
            for op in inside:
                self._of_op.setdefault(op, []).append(mask)


def _exclusive(op: Operation, inside: set[Operation], selects: list[arith.SelectOp], arm: int) -> bool:
    """Is every use in the slice, or that arm of a select?"""
    if eff.effects(op):
        return False
    for use in (u for r in op.results for u in r.uses):
        at_arm = use.index == arm and use.operation in selects
        if not at_arm and _in_block(use.operation, op.parent) not in inside:
            return False
    return True


def _inputs(op: Operation) -> list[SSAValue]:
    return [o for child in op.walk() for o in child.operands]


def _in_block(op: Operation, block: Block | None) -> Operation | None:
    """The op of `block` that is or contains `op`."""
    here: Operation | None = op
    while here is not None and here.parent is not block:
        here = here.parent_op()
    return here


def _may_be_infinite(op: Operation) -> bool:
    """Can a partial derivative be other than a constant?"""
    partials = FLOAT.get(type(op), ())
    return bool(op.regions) or any(callable(p) for p in partials)
