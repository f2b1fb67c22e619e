"""Scalars: the type in which arithmetic on two is done, constants, and conversions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xdsl.dialects import arith
from xdsl.dialects.builtin import FloatAttr, IndexType, IntegerAttr, bf16, f16, f32, f64, i1, i8, i16, i32, i64
from xdsl.ir import Attribute, SSAValue

from pydex import types
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
    """The cast of our IR saturates."""
    target: Any = IR_TYPES[to.name]
    if source.is_storage_only:
        ssa, source = el.emit(arith.ExtFOp(ssa, f32)), types.f32
    return el.emit((arith.FPToUIOp if to.kind == "u" else arith.FPToSIOp)(ssa, target))


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


def is_number(value: Any) -> bool:
    return isinstance(value, NUMBERS)
