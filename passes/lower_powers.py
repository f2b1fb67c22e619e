"""x ** (k/2) with a small odd constant k: a square root and products, not exp(y log x).

    x ** 1.5   ==>  y * q             y = x + 0, q = sqrt(y)
    x ** -1.5  ==>  i * i * i         i = 1 / q

The range is that of the power: nothing overflows before the result does. -0 counts as 0 and -inf as inf, as pow has it;
a negative number gives NaN. The error is at most (k + 1) / 2 units in the last place for k > 0, 2 |k| for k < 0.

Not before differentiation: at 0 the derivative of x ** 1.5 is 0, that of x * sqrt(x) NaN.
"""

from __future__ import annotations

from math import inf

from xdsl.dialects import math
from xdsl.ir import Operation

from pydex.passes.fold_scalar import constant
from pydex.passes.lower import Lowering
from pydex.passes.lower_scalars import float_literal
from pydex.passes.lower_text import Val
from pydex.passes.lower_vectors import element, select, with_element

#: The largest |k|.
MOST = 7


def half_power(low: Lowering, op: Operation) -> Val | None:
    """The value of a power with such an exponent; None of any other op."""
    if not isinstance(op, math.PowFOp) or (exponent := constant(op.rhs)) is None:
        return None
    k = 2 * exponent
    base = low.value(op.lhs)
    if element(base.type) not in ("f32", "f64") or abs(k) > MOST or k % 2 != 1:
        return None
    safe = low.code.let(base.type, f"arith.addf {{}}, {{}} : {base.type}", base, _number(low, 0.0, base))
    root = low.code.let(base.type, f"math.sqrt {{}} : {base.type}", safe)
    if k > 0:
        value, factor, times = root, safe, int(k) // 2
    else:
        value = factor = low.code.let(base.type, f"arith.divf {{}}, {{}} : {base.type}", _number(low, 1.0, base), root)
        times = int(-k) - 1
    for _ in range(times):
        value = low.code.let(base.type, f"arith.mulf {{}}, {{}} : {base.type}", value, factor)
    return _at_minus_infinity(low, base, inf if k > 0 else 0.0, value)


def _at_minus_infinity(low: Lowering, x: Val, instead: float, value: Val) -> Val:
    code = low.code
    there = code.let(with_element(x.type, "i1"), f"arith.cmpf oeq, {{}}, {{}} : {x.type}", x, _number(low, -inf, x))
    return select(code, there, _number(low, instead, x), value)


def _number(low: Lowering, value: float, like: Val) -> Val:
    return low.code.constant(float_literal(value, element(like.type)), like.type)
