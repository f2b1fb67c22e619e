"""dx.exp, dx.atan2, dx.where, …: functions of scalars, which work element by element on tables.

Each entry of `UNARY` and `BINARY` is the op, or what computes it, for floats; integers become f64 first where the
function is not one of integers too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from xdsl.dialects import arith, math
from xdsl.ir import SSAValue

from pydex import types
from pydex.frontend import operators
from pydex.frontend.kinds import WEAK_FLOAT, WEAK_INT, WeakType
from pydex.frontend.scalars import Dtype, Number, common, constant, dtype_of, is_float, storage, to_ssa
from pydex.frontend.values import Literal, Scalar
from pydex.types import ElementType

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator

Rule = Callable[["Elaborator", SSAValue, ElementType], SSAValue]


def _select(el: Elaborator, op: str, x: SSAValue, y: SSAValue, dtype: ElementType, yes: Any, no: Any) -> SSAValue:
    condition = operators.compare_ssa(el, op, x, y, dtype)
    return el.emit(arith.SelectOp(condition, yes, no))


def sigmoid(el: Elaborator, x: SSAValue, dtype: ElementType) -> SSAValue:
    """r = 1/(1 + e^−|x|) for x ≥ 0, else e^x · r: neither it nor its derivative overflows, and that divides no more."""
    zero, one = constant(el, 0.0, dtype), constant(el, 1.0, dtype)
    positive = el.emit(arith.CmpfOp(x, zero, "oge"))
    small = el.emit(math.ExpOp(el.emit(arith.SelectOp(positive, el.emit(arith.NegfOp(x)), x))))
    above = el.emit(arith.DivfOp(one, el.emit(arith.AddfOp(one, small))))
    return el.emit(arith.SelectOp(positive, above, el.emit(arith.MulfOp(small, above))))


def relu(el: Elaborator, x: SSAValue, dtype: ElementType) -> SSAValue:
    """0 where x <= 0, so that the derivative at 0 is 0; else x, also where it is NaN."""
    zero = constant(el, 0, dtype)
    return _select(el, "<=", x, zero, dtype, zero, x)


def sign(el: Elaborator, x: SSAValue, dtype: ElementType) -> SSAValue:
    """−1, 0 or 1; x itself where it is 0 or NaN."""
    zero = constant(el, 0, dtype)
    above = _select(el, ">", x, zero, dtype, constant(el, 1, dtype), x)
    return above if dtype.kind in "ub" else _select(el, "<", x, zero, dtype, constant(el, -1, dtype), above)


def absolute(el: Elaborator, x: SSAValue, dtype: ElementType) -> SSAValue:
    """|x|; the least integer stays as it is."""
    if dtype.is_float:
        return el.emit(math.AbsFOp(x))
    return x if dtype.kind in "ub" else el.emit(math.AbsIOp(x))


def _op(op: Any) -> Rule:
    return lambda el, x, dtype: el.emit(op(x))


def is_nan(el: Elaborator, x: SSAValue, dtype: ElementType) -> SSAValue:
    return el.emit(arith.CmpfOp(x, x, "uno"))


def _against_infinity(predicate: str) -> Rule:
    def rule(el: Elaborator, x: SSAValue, dtype: ElementType) -> SSAValue:
        return el.emit(arith.CmpfOp(el.emit(math.AbsFOp(x)), constant(el, float("inf"), dtype), predicate))

    return rule


UNARY: dict[str, Rule] = {
    "exp": _op(math.ExpOp), "exp2": _op(math.Exp2Op), "expm1": _op(math.ExpM1Op),
    "log": _op(math.LogOp), "log2": _op(math.Log2Op), "log10": _op(math.Log10Op), "log1p": _op(math.Log1pOp),
    "sqrt": _op(math.SqrtOp), "cbrt": _op(math.CbrtOp),
    "sin": _op(math.SinOp), "cos": _op(math.CosOp), "tan": _op(math.TanOp),
    "asin": _op(math.AsinOp), "acos": _op(math.AcosOp), "atan": _op(math.AtanOp),
    "sinh": _op(math.SinhOp), "cosh": _op(math.CoshOp), "tanh": _op(math.TanhOp),
    "asinh": _op(math.AsinhOp), "acosh": _op(math.AcoshOp), "atanh": _op(math.AtanhOp), "erf": _op(math.ErfOp),
    "sigmoid": sigmoid,
}  # fmt: skip
"""Functions of a float; an integer becomes one."""

ROUNDING = {
    "floor": _op(math.FloorOp), "ceil": _op(math.CeilOp), "trunc": _op(math.TruncOp), "round": _op(math.RoundEvenOp),
}  # fmt: skip
"""Integers stay as they are."""

SAME_TYPE: dict[str, Rule] = {"abs": absolute, "sign": sign, "relu": relu}
"""Functions of any number."""

PREDICATES: dict[str, Rule] = {
    "isnan": is_nan, "isinf": _against_infinity("oeq"), "isfinite": _against_infinity("olt"),
}  # fmt: skip


def unary(el: Elaborator, name: str, value: Number) -> Number:
    """The function of this name at a number."""
    dtype = dtype_of(value)
    if dtype == types.bool_:
        dtype = types.i64
    if name in ROUNDING and not is_float(dtype):
        return value
    if name not in SAME_TYPE and not is_float(dtype):
        dtype = WEAK_FLOAT if isinstance(dtype, WeakType) else types.f64
    dtype = _computing(dtype)
    rule = next(table[name] for table in (UNARY, ROUNDING, SAME_TYPE, PREDICATES) if name in table)
    result = rule(el, to_ssa(el, value, dtype), storage(dtype))
    return Scalar(result, types.bool_ if name in PREDICATES else dtype)


def _computing(dtype: Dtype) -> Dtype:
    return types.f32 if isinstance(dtype, ElementType) and dtype.is_storage_only else dtype


def extremum(el: Elaborator, name: str, left: Number, right: Number) -> Number:
    """`max` or `min` of two numbers; NaN if one is NaN."""
    if isinstance(left, Literal) and isinstance(right, Literal):
        return Literal(max(left.value, right.value) if name == "max" else min(left.value, right.value))
    dtype = binary_type(el, left, right)
    a, b = to_ssa(el, left, dtype), to_ssa(el, right, dtype)
    return Scalar(el.emit(EXTREMA[name, _class(storage(dtype))](a, b)), dtype)


EXTREMA: dict[tuple[str, str], Any] = {
    ("max", "f"): arith.MaximumfOp, ("min", "f"): arith.MinimumfOp,
    ("max", "i"): arith.MaxSIOp, ("min", "i"): arith.MinSIOp,
    ("max", "u"): arith.MaxUIOp, ("min", "u"): arith.MinUIOp,
}  # fmt: skip


def _class(dtype: ElementType) -> str:
    return "u" if dtype.kind in "ub" else dtype.kind


def binary_type(el: Elaborator, left: Number, right: Number) -> Dtype:
    """The type both numbers are brought to."""
    a, b = dtype_of(left), dtype_of(right)
    if a == b:
        return _computing(a)
    try:
        return common(a, b)
    except TypeError as error:
        el.fail_with(error)


def atan2(el: Elaborator, left: Number, right: Number) -> Number:
    dtype = binary_type(el, left, right)
    if not is_float(dtype):
        dtype = WEAK_FLOAT if dtype == WEAK_INT else types.f64
    return Scalar(el.emit(math.Atan2Op(to_ssa(el, left, dtype), to_ssa(el, right, dtype))), dtype)


BINARY: dict[str, Callable[[Elaborator, Number, Number], Number]] = {
    "atan2": atan2,
    "pow": lambda el, x, y: operators.binary(el, "**", x, y),
    "minimum": lambda el, x, y: extremum(el, "min", x, y),
    "maximum": lambda el, x, y: extremum(el, "max", x, y),
}


def where(el: Elaborator, condition: Number, yes: Number, no: Number) -> Number:
    """`yes` where the condition holds, else `no`; both are computed."""
    if isinstance(condition, Literal):
        return yes if condition.value else no
    dtype = binary_type(el, yes, no)
    flag = to_ssa(el, condition, types.bool_)
    return Scalar(el.emit(arith.SelectOp(flag, to_ssa(el, yes, dtype), to_ssa(el, no, dtype))), dtype)
