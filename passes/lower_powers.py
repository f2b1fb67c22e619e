"""x ** (k/2) with a small odd constant k: a square root and products, not exp(y log x).

    x ** 1.5   ==>  y * q             y = x + 0, q = sqrt(y)
    x ** -1.5  ==>  i * (i * i)       i = 1 / q; or r * sqrt(r), r = 1 / x, where that is needed, too

In lanes negative powers need neither root nor division, but an estimate (lower_estimates.py).

The range is that of the power: nothing overflows before the result does. -0 counts as 0 and -inf as inf, as pow has it;
a negative number gives NaN. The error is at most (k + 1) / 2 units in the last place for k > 0, 2 |k| for k < 0.

x ** -1 comes from `merge-sums` only, which may round it as it likes.

Not before differentiation: at 0 the derivative of x ** 1.5 is 0, that of x * sqrt(x) NaN.
"""

from __future__ import annotations

from math import inf

from xdsl.dialects import math
from xdsl.ir import Operation

from pydex.passes.fold_scalar import LINEAR, constant
from pydex.passes.lower import Lowering
from pydex.passes.lower_estimates import has_estimates, negative_half_power
from pydex.passes.lower_scalars import float_literal
from pydex.passes.lower_text import Val
from pydex.passes.lower_vectors import element, select, with_element
from pydex.passes.signs import never_negative

#: The largest |k|.
MOST = 7


def half_power(low: Lowering, op: Operation) -> Val | None:
    """The value of a power with such an exponent; None of any other op."""
    if not isinstance(op, math.PowFOp) or (exponent := constant(op.rhs)) is None:
        return None
    k, base = 2 * exponent, low.value(op.lhs)
    if element(base.type) not in ("f32", "f64") or abs(k) > MOST or not (k % 2 == 1 or _is_reciprocal(op)):
        return None
    reciprocal = any(_is_reciprocal(use.operation) for use in op.lhs.uses)
    if k == -2 or never_negative(op.lhs):
        return _power(low, base, int(k), reciprocal)
    safe = low.code.let(base.type, f"arith.addf {{}}, {{}} : {base.type}", base, _number(low, 0.0, base))
    return _at_minus_infinity(low, base, inf if k > 0 else 0.0, _power(low, safe, int(k), reciprocal))


def _is_reciprocal(op: Operation) -> bool:
    return isinstance(op, math.PowFOp) and LINEAR in op.attributes and constant(op.rhs) == -1.0


def _power(low: Lowering, x: Val, k: int, reciprocal: bool) -> Val:
    """x ** (k/2) of x that is not -0 or -inf."""
    if k < 0 and has_estimates(x.type):
        return negative_half_power(low.code, x, -k, reciprocal)
    if k == -2:
        return _inverse(low, x)
    if k < -2 and reciprocal:
        factor = _inverse(low, x)
        value = _product(low, factor, _root(low, factor))
        return _times(low, value, factor, -k // 2 - 1)
    root = _root(low, x)
    if k > 0:
        return _times(low, root, x, k // 2)
    inverse = _inverse(low, root)
    return _times(low, inverse, _product(low, inverse, inverse), -k // 2)


def _root(low: Lowering, x: Val) -> Val:
    return low.code.let(x.type, f"math.sqrt {{}} : {x.type}", x)


def _inverse(low: Lowering, x: Val) -> Val:
    return low.code.let(x.type, f"arith.divf {{}}, {{}} : {x.type}", _number(low, 1.0, x), x)


def _times(low: Lowering, value: Val, factor: Val, count: int) -> Val:
    """value * factor ** count"""
    for _ in range(count):
        value = _product(low, value, factor)
    return value


def _product(low: Lowering, x: Val, y: Val) -> Val:
    return low.code.let(x.type, f"arith.mulf {{}}, {{}} : {x.type}", x, y)


def _at_minus_infinity(low: Lowering, x: Val, instead: float, value: Val) -> Val:
    code = low.code
    there = code.let(with_element(x.type, "i1"), f"arith.cmpf oeq, {{}}, {{}} : {x.type}", x, _number(low, -inf, x))
    return select(code, there, _number(low, instead, x), value)


def _number(low: Lowering, value: float, like: Val) -> Val:
    return low.code.constant(float_literal(value, element(like.type)), like.type)
