"""Scalar arithmetic: which type it is done in, and which ops it becomes.

An operation on literals is done now, as Python would; on integers with known polynomials it gives another one; else
both sides are brought to their common type.
"""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any

from xdsl.dialects import arith, math
from xdsl.dialects.builtin import FloatAttr, IndexType, IntegerAttr, bf16, f16, f32, f64, i1, i8, i16, i32, i64
from xdsl.ir import Attribute, SSAValue

from pydex import types
from pydex.dialects import eff
from pydex.frontend.kinds import WEAK_FLOAT, WEAK_INT, WeakType
from pydex.frontend.values import NUMBERS, Int, Literal, Scalar, Value
from pydex.sizes import Size
from pydex.types import ElementType

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator

Dtype = ElementType | WeakType
Number = Literal | Int | Scalar

IR_TYPES: dict[str, Attribute] = {
    "f16": f16, "bf16": bf16, "f32": f32, "f64": f64, "bool": i1,
    "i8": i8, "i16": i16, "i32": i32, "i64": i64, "u8": i8, "u16": i16, "u32": i32, "u64": i64,
}  # fmt: skip


def storage(dtype: Dtype) -> ElementType:
    """The type a number has at run time: a weak one is i64 or f64."""
    return dtype.default if isinstance(dtype, WeakType) else dtype


def ir_type(dtype: Dtype) -> Attribute:
    """The IR's type of a scalar."""
    return IR_TYPES[storage(dtype).name]


def dtype_of(value: Number) -> Dtype:
    """The type of a number; indices are untyped integers."""
    return WEAK_INT if isinstance(value, Int) else value.type  # type: ignore[return-value]


def form_of(value: Value) -> Size | None:
    """The polynomial of an integer that is known as one."""
    if isinstance(value, Int):
        return value.form
    if isinstance(value, Literal) and type(value.value) is int:
        return Size.of(value.value)
    return None


# ----------------------------------------------------------------------------------------------------- types


def common(left: Dtype, right: Dtype) -> Dtype:
    """The type in which arithmetic on both is done. Raises TypeError if there is none."""
    if isinstance(left, WeakType) and isinstance(right, WeakType):
        return WEAK_FLOAT if WEAK_FLOAT in (left, right) else WEAK_INT
    if isinstance(left, WeakType):
        left, right = right, left
    assert isinstance(left, ElementType)
    if isinstance(right, WeakType):
        return types.promote_untyped(left, int if right == WEAK_INT else float)
    return types.promote(left, right)


def is_float(dtype: Dtype) -> bool:
    return storage(dtype).is_float


# ------------------------------------------------------------------------------------------------ conversions


def constant(el: Elaborator, value: bool | int | float, dtype: Dtype) -> SSAValue:
    """A constant of the type. Fails if an integer does not fit."""
    type, attribute = storage(dtype), ir_type(dtype)
    if type.is_float:
        return el.emit(arith.ConstantOp(FloatAttr(float(value), attribute)))  # type: ignore[arg-type]
    number = int(value)
    if type.kind != "b":
        lo, hi = type.bounds
        if not lo <= number <= hi:
            el.fail(f"{number} does not fit into {type}", kind=OverflowError)
        if number >= 1 << (type.bits - 1):
            number -= 1 << type.bits
    return el.emit(arith.ConstantOp(IntegerAttr(number, attribute)))  # type: ignore[arg-type]


def to_ssa(el: Elaborator, value: Number, dtype: Dtype) -> SSAValue:
    """The number in the given type, which it promotes to (or a literal takes)."""
    if isinstance(value, Literal):
        return constant(el, value.value, dtype)
    if isinstance(value, Int):
        constant_value = value.form.constant
        if constant_value is not None:
            return constant(el, constant_value, dtype)
        return _from_index(el, el.frame.number(value.form), storage(dtype))
    return convert_ssa(el, value.ssa, storage(value.dtype), storage(dtype))


def _from_index(el: Elaborator, number: SSAValue, to: ElementType) -> SSAValue:
    if to.is_float:
        wide = el.emit(arith.IndexCastOp(number, i64))
        return el.emit(arith.SIToFPOp(wide, IR_TYPES[to.name]))  # type: ignore[arg-type]
    if to.kind == "b":
        zero = el.emit(arith.ConstantOp(IntegerAttr(0, IndexType())))
        return el.emit(arith.CmpiOp(number, zero, "ne"))
    return el.emit(arith.IndexCastOp(number, IR_TYPES[to.name]))


def to_index_number(el: Elaborator, value: Number) -> SSAValue:
    """The integer as an SSA value of type index."""
    form = form_of(value)
    if form is not None:
        return el.frame.number(form)
    type = storage(dtype_of(value))
    ssa = to_ssa(el, value, type)
    if type.kind == "u" and type.bits < 64:
        ssa = el.emit(arith.ExtUIOp(ssa, i64))
    return el.emit(arith.IndexCastOp(ssa, IndexType()))


def convert_ssa(el: Elaborator, ssa: SSAValue, source: ElementType, to: ElementType) -> SSAValue:
    """A run-time number converted: floats to integers saturate and NaN gives 0, integers wrap, bool is `!= 0`."""
    target: Any = IR_TYPES[to.name]
    if source == to:
        return ssa
    if to.kind == "b":
        zero = constant(el, 0, source)
        compare = arith.CmpfOp(ssa, zero, "une") if source.is_float else arith.CmpiOp(ssa, zero, "ne")
        return el.emit(compare)
    if source.is_float:
        return _float_to_float(el, ssa, source, to) if to.is_float else _float_to_int(el, ssa, source, to)
    if to.is_float:
        unsigned = source.kind in "ub"
        return el.emit((arith.UIToFPOp if unsigned else arith.SIToFPOp)(ssa, target))
    source_bits = 1 if source.kind == "b" else source.bits
    if source_bits == to.bits:
        return ssa
    if source_bits > to.bits:
        return el.emit(arith.TruncIOp(ssa, target))
    return el.emit((arith.ExtUIOp if source.kind in "ub" else arith.ExtSIOp)(ssa, target))


def _float_to_float(el: Elaborator, ssa: SSAValue, source: ElementType, to: ElementType) -> SSAValue:
    target: Any = IR_TYPES[to.name]
    if source.bits == to.bits:  # f16 and bf16
        ssa, source = el.emit(arith.ExtFOp(ssa, f32)), types.f32
    return el.emit((arith.ExtFOp if source.bits < to.bits else arith.TruncFOp)(ssa, target))


def _float_to_int(el: Elaborator, ssa: SSAValue, source: ElementType, to: ElementType) -> SSAValue:
    target: Any = IR_TYPES[to.name]
    if source.is_storage_only:
        ssa, source = el.emit(arith.ExtFOp(ssa, f32)), types.f32
    lo, hi = to.bounds
    low, high = constant(el, float(lo), source), constant(el, float(hi + 1), source)
    above, below = el.emit(arith.CmpfOp(ssa, high, "oge")), el.emit(arith.CmpfOp(ssa, low, "olt"))
    inside = el.emit(arith.AndIOp(el.emit(arith.CmpfOp(ssa, low, "oge")), el.emit(arith.CmpfOp(ssa, high, "olt"))))
    safe = el.emit(arith.SelectOp(inside, ssa, constant(el, 0.0, source)))
    cast = el.emit((arith.FPToUIOp if to.kind == "u" else arith.FPToSIOp)(safe, target))
    clamped = el.emit(arith.SelectOp(above, constant(el, hi, to), cast))
    return el.emit(arith.SelectOp(below, constant(el, lo, to), clamped))


def cast(el: Elaborator, value: Number, to: ElementType) -> Scalar:
    """`f32(x)`: any number, converted."""
    if isinstance(value, Literal):
        from pydex.reference.scalars import convert

        return Scalar(constant(el, convert(value.value, to).item(), to), to)
    return Scalar(to_ssa(el, value, to), to)


def adopt(el: Elaborator, value: Number, to: ElementType) -> Scalar:
    """A number where `to` is required: an untyped one takes the type, another must have it already."""
    found = dtype_of(value)
    narrowing = isinstance(found, WeakType) and (found == WEAK_FLOAT and not to.is_float or to.kind == "b")
    if narrowing or (isinstance(found, ElementType) and found != to):
        shown = f"the number {value.value}" if isinstance(value, Literal) and narrowing else repr(found)
        el.fail(f"expected {to}, found {shown}", help=f"write {to}(…) to convert")
    return Scalar(to_ssa(el, value, to), to)


# ------------------------------------------------------------------------------------------------- operators

SYMBOLS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>", ast.MatMult: "@",
}  # fmt: skip

FLOAT_OPS = {"+": arith.AddfOp, "-": arith.SubfOp, "*": arith.MulfOp, "/": arith.DivfOp}
INTEGER_OPS = {
    "+": arith.AddiOp, "-": arith.SubiOp, "*": arith.MuliOp, "&": arith.AndIOp, "|": arith.OrIOp, "^": arith.XOrIOp,
    "<<": arith.ShLIOp,
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
    if op == ">>":
        return Scalar(el.emit((arith.ShRUIOp if storage(dtype).kind == "u" else arith.ShRSIOp)(a, b)), dtype)
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


def _floor_division(
    el: Elaborator, op: str, a: SSAValue, b: SSAValue, dtype: ElementType, nonzero: bool
) -> SSAValue:
    if dtype.is_float:
        return _float_floor_division(el, op, a, b, dtype)
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


def _float_floor_division(el: Elaborator, op: str, a: SSAValue, b: SSAValue, dtype: ElementType) -> SSAValue:
    """q = floor(a/b), r = a - q·b in one rounding; r is brought into [0, b) where the quotient was rounded up."""
    zero, one = constant(el, 0.0, dtype), constant(el, 1.0, dtype)
    quotient = el.emit(math.FloorOp(el.emit(arith.DivfOp(a, b))))
    rest = el.emit(math.FmaOp(el.emit(arith.NegfOp(quotient)), b, a))
    negative = el.emit(arith.CmpfOp(el.emit(arith.MulfOp(rest, b)), zero, "olt"))
    if op == "//":
        return el.emit(arith.SelectOp(negative, el.emit(arith.SubfOp(quotient, one)), quotient))
    return el.emit(arith.SelectOp(negative, el.emit(arith.AddfOp(rest, b)), rest))


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
    return Scalar(el.emit(math.IPowIOp(a, b)), dtype)


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


def is_number(value: Any) -> bool:
    return isinstance(value, NUMBERS)
