"""sinh, cosh, tanh from expm1, so that nothing cancels near zero."""

from __future__ import annotations

from pydex.passes.vector_math.exponential import expm1
from pydex.passes.vector_math.trace import Value, absolute, at_most, copy_sign


def tanh(x: Value) -> Value:
    """e / (e + 2) with e = expm1(2 |x|); odd, signed zeros stay, 1 at infinity."""
    e = expm1(at_most(absolute(x) * 2.0, x.format.pick(20.0, 44.0)))
    return copy_sign(e / (e + 2.0), x)
