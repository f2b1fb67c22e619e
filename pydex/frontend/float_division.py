"""`//` and `%` of floats, as in NumPy: the remainder is exact up to its last rounding and has the sign of the divisor.

Where the quotient is small, q = floor(a/b) and a - q·b in one rounding are exact but for a quotient that was rounded
up to an integer; this is straight code. Elsewhere, and for infinite divisors, C's fmod has the remainder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects import arith, math
from xdsl.ir import SSAValue

from pydex import types
from pydex.dialects.remainder import RemfOp
from pydex.frontend.branches import choose
from pydex.frontend.scalars import constant, to_ssa
from pydex.frontend.values import Scalar
from pydex.types import ElementType

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator

#: A quotient below this is known to within one by its rounding.
SMALL_QUOTIENT = {16: 2.0**9, 32: 2.0**22, 64: 2.0**51}


def floored(el: Elaborator, op: str, a: SSAValue, b: SSAValue, dtype: ElementType) -> SSAValue:
    """`a // b` or `a % b`; by zero, what NumPy gives: NaN, or an infinite quotient."""
    quotient = el.emit(arith.DivfOp(a, b))
    small = _less(el, el.emit(math.AbsFOp(quotient)), constant(el, SMALL_QUOTIENT[dtype.bits], dtype))
    finite = _less(el, el.emit(math.AbsFOp(b)), constant(el, float("inf"), dtype))
    near = el.emit(arith.AndIOp(small, finite))
    result = choose(
        el,
        Scalar(near, types.bool_),
        lambda: Scalar(_near(el, op, a, b, quotient, dtype), dtype),
        lambda: Scalar(_far(el, op, a, b, quotient, dtype), dtype),
    )
    assert isinstance(result, Scalar)
    return to_ssa(el, result, dtype)


def _near(el: Elaborator, op: str, a: SSAValue, b: SSAValue, quotient: SSAValue, dtype: ElementType) -> SSAValue:
    floor = el.emit(math.FloorOp(quotient))
    rest = el.emit(math.FmaOp(el.emit(arith.NegfOp(floor)), b, a))
    wrong = _signs_differ(el, rest, b, dtype)
    if op == "//":
        return _select(el, wrong, el.emit(arith.SubfOp(floor, constant(el, 1.0, dtype))), floor)
    return _with_sign_of(el, b, _select(el, wrong, el.emit(arith.AddfOp(rest, b)), rest))


def _far(el: Elaborator, op: str, a: SSAValue, b: SSAValue, quotient: SSAValue, dtype: ElementType) -> SSAValue:
    rest = el.emit(RemfOp(a, b))
    wrong = _signs_differ(el, rest, b, dtype)
    if op == "%":
        return _with_sign_of(el, b, _select(el, wrong, el.emit(arith.AddfOp(rest, b)), rest))
    whole = el.emit(arith.DivfOp(el.emit(arith.SubfOp(a, rest)), b))
    whole = _select(el, wrong, el.emit(arith.SubfOp(whole, constant(el, 1.0, dtype))), whole)
    floor = el.emit(math.FloorOp(whole))
    above = _less(el, constant(el, 0.5, dtype), el.emit(arith.SubfOp(whole, floor)))
    floor = _select(el, above, el.emit(arith.AddfOp(floor, constant(el, 1.0, dtype))), floor)
    by_zero = el.emit(arith.CmpfOp(b, constant(el, 0.0, dtype), "oeq"))
    return _select(el, by_zero, quotient, floor)


def _signs_differ(el: Elaborator, rest: SSAValue, b: SSAValue, dtype: ElementType) -> SSAValue:
    """Whether a remainder, if it is not zero, has another sign than the divisor."""
    zero = constant(el, 0.0, dtype)
    differ = el.emit(arith.XOrIOp(_less(el, rest, zero), _less(el, b, zero)))
    return el.emit(arith.AndIOp(differ, el.emit(arith.CmpfOp(rest, zero, "one"))))


def _with_sign_of(el: Elaborator, b: SSAValue, rest: SSAValue) -> SSAValue:
    """A remainder of zero is that of the divisor's sign."""
    return el.emit(math.CopySignOp(rest, b))


def _less(el: Elaborator, a: SSAValue, b: SSAValue) -> SSAValue:
    return el.emit(arith.CmpfOp(a, b, "olt"))


def _select(el: Elaborator, condition: SSAValue, yes: SSAValue, no: SSAValue) -> SSAValue:
    return el.emit(arith.SelectOp(condition, yes, no))
