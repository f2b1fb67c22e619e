"""late-last: of a minimum or maximum of several numbers, what a step of a loop has last is compared last.

    loop i (x) { min(min(a, x + 1), b) }     ==>     loop i (x) { min(min(a, b), x + 1) }

Each step waits for what the one before it carries, here for an addition and two comparisons; now for one. Any order
gives the same minimum of integers, and of floats, as NaN wins and -0 is less than 0 in each.

Looks at the numbers that a sequential loop carries, in its own body.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import eff, ix

from .edit import new, ops_inside, ops_of, replace
from .needs import needs

EXTREMA = (
    *(arith.MinSIOp, arith.MaxSIOp, arith.MinUIOp, arith.MaxUIOp),
    *(arith.MinimumfOp, arith.MaximumfOp),
)


class LateLast(ModulePass):
    name: ClassVar[str] = "late-last"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for loop in [o for o in ops_inside(op) if isinstance(o, eff.LoopOp)]:
            _reorder(loop)


def _reorder(loop: eff.LoopOp) -> None:
    """Rewrite the extrema of a body, in order. `ready`: how many operations after what is carried a value is there."""
    ready: dict[SSAValue, int] = {c: 1 for c in loop.carried if not isinstance(c.type, ix.TableType)}
    for op in ops_of(loop.body.block):
        if isinstance(op, EXTREMA) and not _is_part(op):
            op = _late_last(op, ready)
        after = max((ready.get(v, 0) for v in needs(op).values), default=0)
        if after:
            ready.update((r, after + 1) for r in op.results)


def _is_part(op: Operation) -> bool:
    """Is it an operand of one like it alone, which is looked at when that one is?"""
    users = [use.operation for use in op.results[0].uses]
    return len(users) == 1 and type(users[0]) is type(op) and users[0].parent is op.parent


def _late_last(op: Operation, ready: dict[SSAValue, int]) -> Operation:
    """The op, or what it becomes."""
    terms = _terms(op)
    late = sorted(terms, key=lambda v: ready.get(v, 0))
    if len(terms) < 3 or late[-1] in op.operands or not ready.get(late[-1], 0):
        return op
    total = late[0]
    for term in late[1:]:
        total = new(op, type(op)(total, term))  # pyright: ignore[reportCallIssue, reportArgumentType]
    replace(op, [total])
    assert isinstance(total.owner, Operation)
    return total.owner


def _terms(op: Operation) -> list[SSAValue]:
    """The numbers that it is the extremum of."""
    found: list[SSAValue] = []
    for value in op.operands:
        inner = value.owner
        if isinstance(inner, Operation) and type(inner) is type(op) and _is_part(inner):
            found += _terms(inner)
        else:
            found.append(value)
    return found
