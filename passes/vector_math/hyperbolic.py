"""sinh, cosh, tanh from e^|x| - 1, so that nothing cancels near zero."""

from __future__ import annotations

from pydex.passes.vector_math.arithmetic import absolute, at_most, copy_sign, fma
from pydex.passes.vector_math.exponential import half_exp, scaled_expm1
from pydex.passes.vector_math.trace import Value


def sinh(x: Value) -> Value:
    """2 (E + E / (4 E + 1)) with 4 E = e^|x| - 1; overflows where sinh does, not where e^x does; signed zeros stay."""
    quarter = scaled_expm1(at_most(absolute(x), x.format.pick(89.5, 710.6)), 2)[0]
    return copy_sign((quarter + quarter / fma(quarter, 4.0, 1.0)) * 2.0, x)


def cosh(x: Value) -> Value:
    """h + 1 / (4 h) with h = e^|x| / 2; overflows where cosh does."""
    half = half_exp(absolute(x))
    return half + 0.25 / half


def tanh(x: Value) -> Value:
    """h / (h + 1) with 2 h = e^(2 |x|) - 1, whose rounding is made good; signed zeros stay, 1 at infinity."""
    h, lost = scaled_expm1(at_most(absolute(x) * 2.0, x.format.pick(20.0, 44.0)), 1)
    quotient = h / (h + 1.0)
    slope = 1.0 - quotient  # d/dh h / (h + 1) = slope^2
    return copy_sign(fma(lost, slope * slope, quotient), x)
