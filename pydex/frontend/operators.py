"""Operators on scalars: `+` to `**`, signs, comparisons. Which ops they become.

An operation on literals is done now, as Python would; on integers with known polynomials it gives another one; else
both sides are brought to their common type.
"""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any

from xdsl.dialects import arith, math
from xdsl.ir import Block, Region, SSAValue

from pydex import types
from pydex.dialects import eff
from pydex.frontend import float_division
from pydex.frontend.kinds import WEAK_FLOAT, WeakType
from pydex.frontend.scalars import Dtype, Number, common, constant, dtype_of, form_of, is_float, storage, to_ssa
from pydex.frontend.values import Int, Literal, Scalar
from pydex.sizes import Size
from pydex.types import ElementType

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator

SYMBOLS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>", ast.MatMult: "@",
}  # fmt: skip

FLOAT_OPS = {"+": arith.AddfOp, "-": arith.SubfOp, "*": arith.MulfOp, "/": arith.DivfOp}
INTEGER_OPS = {
    "+": arith.AddiOp, "-": arith.SubiOp, "*": arith.MuliOp, "&": arith.AndIOp, "|": arith.OrIOp, "^": arith.XOrIOp,
}  # fmt: skip
FORM_OPS = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def binary(el: Elaborator, op: str, left: Number, right: Number) -> Number:
    """`left op right` on numbers."""
    if isinstance(left, Literal) and isinstance(right, Literal) and bool not in (type(left.value), type(right.value)):
        return _fold(el, op, left, right)
    known = _on_forms(op, form_of(left), form_of(right))
    if known is not None:
        return known
    if op == "**":
        return _power(el, left, right)
    dtype = _common(el, op, left, right)
    if op == "/" and not is_float(dtype):
        dtype = WEAK_FLOAT if isinstance(dtype, WeakType) else types.f64
    a, b = to_ssa(el, left, dtype), to_ssa(el, right, dtype)
    if op in ("//", "%"):
        nonzero = isinstance(right, Literal) and right.value != 0
        return Scalar(_floor_division(el, op, a, b, storage(dtype), nonzero), dtype)
    if op in ("<<", ">>") and not is_float(dtype):
        return Scalar(_shift(el, op, a, b, storage(dtype), right), dtype)
    table: Any = FLOAT_OPS if is_float(dtype) else INTEGER_OPS
    if op not in table:
        el.fail(f"'{op}' is not defined on {dtype!r}")
    return Scalar(el.emit(table[op](a, b)), dtype)


def _common(el: Elaborator, op: str, left: Number, right: Number) -> Dtype:
    a, b = dtype_of(left), dtype_of(right)
    if op in "&|^" and a == b == types.bool_:
        return types.bool_
    try:
        return common(a, b)
    except TypeError as error:
        el.fail_with(error)


def _fold(el: Elaborator, op: str, left: Literal, right: Literal) -> Number:
    from pydex.reference import scalars

    try:
        return Literal(scalars.binary(op, left.value, right.value))  # type: ignore[arg-type]
    except Exception as error:  # Python's own words: division by zero, unsupported operand types
        el.fail_with(error)


def _on_forms(op: str, left: Size | None, right: Size | None) -> Int | None:
    if left is None or right is None:
        return None
    if op in FORM_OPS:
        return Int(FORM_OPS[op](left, right))
    divisor = right.constant
    if op in ("//", "%") and divisor is not None and divisor > 0:
        quotient = left // divisor
        return Int(quotient if op == "//" else left - quotient * divisor)
    return None


def _floor_division(el: Elaborator, op: str, a: SSAValue, b: SSAValue, dtype: ElementType, nonzero: bool) -> SSAValue:
    if dtype.is_float:
        return float_division.floored(el, op, a, b, dtype)
    if not nonzero:
        ok = el.emit(arith.CmpiOp(b, constant(el, 0, dtype), "ne"))
        what = "division" if op == "//" else "modulo"
        el.emit(eff.CheckOp(ok, "ZeroDivisionError", f"integer {what} by zero"))
    if dtype.kind == "u":
        return el.emit((arith.DivUIOp if op == "//" else arith.RemUIOp)(a, b))
    quotient = el.emit(arith.FloorDivSIOp(a, b))
    if op == "//":
        return quotient
    return el.emit(arith.SubiOp(a, el.emit(arith.MuliOp(quotient, b))))


def _shift(el: Elaborator, op: str, a: SSAValue, b: SSAValue, dtype: ElementType, count: Number) -> SSAValue:
    """As in NumPy: by as many bits as there are, or more, or by a negative count, nothing but the sign is left."""
    bits = dtype.bits
    right_shift: Any = arith.ShRUIOp if dtype.kind == "u" else arith.ShRSIOp
    shifted = el.emit((arith.ShLIOp if op == "<<" else right_shift)(a, b))
    if isinstance(count, Literal) and 0 <= count.value < bits:
        return shifted
    signed = op == ">>" and dtype.kind != "u"
    beyond = el.emit(right_shift(a, constant(el, bits - 1, dtype))) if signed else constant(el, 0, dtype)
    within = el.emit(arith.CmpiOp(b, constant(el, bits, dtype), "ult"))
    return el.emit(arith.SelectOp(within, shifted, beyond))


# ------------------------------------------------------------------------------------------------------ powers

LARGEST_UNROLLED_POWER = 16


def _power(el: Elaborator, base: Number, exponent: Number) -> Number:
    dtype = _common(el, "**", base, exponent)
    if isinstance(exponent, Literal) and type(exponent.value) is not bool:
        value = exponent.value
        if value == 0.5 and is_float(dtype):
            return Scalar(el.emit(math.SqrtOp(to_ssa(el, base, dtype))), dtype)
        if value == int(value) and abs(value) <= LARGEST_UNROLLED_POWER and (value >= 0 or is_float(dtype)):
            return _unrolled_power(el, base, int(value), dtype)
        if value < 0 and not is_float(dtype):
            el.fail("an integer to a negative power", kind=ValueError, help="convert one of them to a float")
    a = to_ssa(el, base, dtype)
    b = to_ssa(el, exponent, dtype)
    if is_float(dtype):
        return Scalar(el.emit(math.PowFOp(a, b)), dtype)
    ok = el.emit(arith.CmpiOp(b, constant(el, 0, dtype), "sge"))
    message = "an integer to a negative power; convert one of them to a float"
    el.emit(eff.CheckOp(ok, "ValueError", message))
    return Scalar(_integer_power(el, a, b, storage(dtype)), dtype)


def _integer_power(el: Elaborator, base: SSAValue, exponent: SSAValue, dtype: ElementType) -> SSAValue:
    """By squaring: for every bit of the exponent (not negative), from the lowest, result *= square where it is set."""
    zero, one = constant(el, 0, dtype), constant(el, 1, dtype)
    initial = [base, exponent, one]
    test, body = (Block(arg_types=[v.type for v in initial]) for _ in range(2))
    with el.inside(test):
        el.frame.emit(eff.ConditionOp(el.emit(arith.CmpiOp(test.args[1], zero, "ne"))))
    with el.inside(body):
        square, remaining, result = body.args
        is_set = el.emit(arith.CmpiOp(el.emit(arith.AndIOp(remaining, one)), one, "eq"))
        factor = el.emit(arith.SelectOp(is_set, square, one))
        following = [
            el.emit(arith.MuliOp(square, square)),
            el.emit(arith.ShRUIOp(remaining, one)),
            el.emit(arith.MuliOp(result, factor)),
        ]
        el.frame.emit(eff.YieldOp(following))
    op = eff.WhileOp(initial, Region(test), Region(body))
    el.frame.emit(op)
    return op.results_[2]


def _unrolled_power(el: Elaborator, base: Number, exponent: int, dtype: Dtype) -> Number:
    """By repeated squaring, so that x ** 2 is x * x and has the derivative 2x everywhere."""
    square, result = to_ssa(el, base, dtype), None
    multiply: Any = arith.MulfOp if is_float(dtype) else arith.MuliOp
    remaining = abs(exponent)
    while remaining:
        if remaining & 1:
            result = square if result is None else el.emit(multiply(result, square))
        remaining >>= 1
        if remaining:
            square = el.emit(multiply(square, square))
    result = constant(el, 1, dtype) if result is None else result
    if exponent < 0:
        result = el.emit(arith.DivfOp(constant(el, 1.0, dtype), result))
    return Scalar(result, dtype)


# ------------------------------------------------------------------------------------- signs and comparisons


def negate(el: Elaborator, value: Number) -> Number:
    """`-value`."""
    if isinstance(value, Literal):
        return Literal(-value.value)
    if isinstance(value, Int):
        return Int(-value.form)
    if is_float(value.dtype):
        return Scalar(el.emit(arith.NegfOp(value.ssa)), value.dtype)
    return binary(el, "-", Literal(0), value)


COMPARISONS: dict[type[ast.AST], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
PYTHON_COMPARISONS = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
FLOAT_PREDICATES = {"==": "oeq", "!=": "une", "<": "olt", "<=": "ole", ">": "ogt", ">=": "oge"}
INTEGER_PREDICATES = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}


def compare(el: Elaborator, op: str, left: Number, right: Number) -> Number:
    """`left op right`, a bool."""
    if isinstance(left, Literal) and isinstance(right, Literal):
        return Literal(PYTHON_COMPARISONS[op](left.value, right.value))
    a, b = form_of(left), form_of(right)
    if a is not None and b is not None:
        return _compare_forms(el, op, a, b)
    dtype = dtype_of(left)
    if dtype != dtype_of(right) or dtype != types.bool_:
        dtype = _common(el, op, left, right)
    x, y = to_ssa(el, left, dtype), to_ssa(el, right, dtype)
    return Scalar(compare_ssa(el, op, x, y, storage(dtype)), types.bool_)


def compare_ssa(el: Elaborator, op: str, x: SSAValue, y: SSAValue, dtype: ElementType) -> SSAValue:
    if dtype.is_float:
        return el.emit(arith.CmpfOp(x, y, FLOAT_PREDICATES[op]))
    predicate = INTEGER_PREDICATES[op]
    if op not in ("==", "!="):
        predicate = ("u" if dtype.kind in "ub" else "s") + predicate
    return el.emit(arith.CmpiOp(x, y, predicate))


def _compare_forms(el: Elaborator, op: str, left: Size, right: Size) -> Number:
    difference = (left - right).constant
    if difference is not None:
        return Literal(PYTHON_COMPARISONS[op](difference, 0))
    x, y = el.frame.number(left), el.frame.number(right)
    predicate = INTEGER_PREDICATES[op] if op in ("==", "!=") else "s" + INTEGER_PREDICATES[op]
    return Scalar(el.emit(arith.CmpiOp(x, y, predicate)), types.bool_)
