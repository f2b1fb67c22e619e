"""What differentiation refuses, told at the op that is at fault."""

from __future__ import annotations

from xdsl.dialects.builtin import FileLineColLoc
from xdsl.ir import Operation

from pydex.diagnostics import DexNotImplementedError, DexTypeError, Diagnostic, Span

from .ad_rules import REFUSED

WORDS = {"eff.accum": "this accumulation", "eff.add": "this accumulation", "ix.for": "this loop"}
"""What users call ops that are no function of theirs."""


def span_of(op: Operation) -> Span | None:
    """The source position of an op, if it has one."""
    place = op.location
    if not isinstance(place, FileLineColLoc):
        return None
    column = max(place.column.data - 1, 0)
    return Span(place.filename.data, place.line.data, column, column + 1)


def no_rule(op: Operation, help: str = "") -> DexNotImplementedError:
    """The error for an op that cannot be differentiated."""
    text = help or REFUSED.get(type(op), "use `dx.stop_gradient` where its result is to be a constant")
    what = WORDS.get(op.name, f"'{op.name}'")
    return DexNotImplementedError(Diagnostic(f"{what} has no derivative", span_of(op), help=text))


def not_linear(op: Operation, why: str) -> DexTypeError:
    """The error of ad.transpose for an op that makes the function non-linear."""
    return DexTypeError(Diagnostic(f"the function to transpose is not linear: {why}", span_of(op)))


def known_too_late(op: Operation) -> DexNotImplementedError:
    """The error for a loop with a policy whose length is known only inside of an accumulation."""
    message = "how often this loop runs is known only while something is accumulated, so no policy can be kept"
    help = "give the loop a function of its own that returns what is accumulated, or leave the policy out"
    return DexNotImplementedError(Diagnostic(message, span_of(op), help=help))
