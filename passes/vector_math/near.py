"""sin, cos, tan of arguments that are not far: within FAR_LIMIT as accurate as the others, beyond it any number.

For loops that find out themselves whether an argument was far (`lower_far.py`).
"""

from __future__ import annotations

from collections.abc import Callable

from pydex.passes.vector_math.trace import Value
from pydex.passes.vector_math.trigonometric import near_cos, near_sin, near_tan

FUNCTIONS: dict[str, Callable[[Value], Value]] = {"sin": near_sin, "cos": near_cos, "tan": near_tan}
SUFFIX = "_near"


def body(op: str) -> Callable[[Value], Value] | None:
    """The body of sin_near, …; None of any other function."""
    return FUNCTIONS.get(op.removesuffix(SUFFIX)) if op.endswith(SUFFIX) else None
