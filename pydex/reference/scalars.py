"""Arithmetic of scalars, exactly as the language defines it, on NumPy's scalars.

A typed scalar is a NumPy scalar or a bool; a Python int or float is untyped. Overflow wraps, division of floats follows
IEEE 754, integer division by zero raises, a float that becomes an integer saturates.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from pydex.reference.indices import Index, Length
from pydex.types import ElementType, bool_, default_type, element_type_of, f32, f64, promote, promote_untyped

Scalar = Any  # bool | int | float | np.generic, which type checkers cannot follow through NumPy

SCALARS = (bool, int, float, np.generic)


def is_untyped(value: Any) -> bool:
    """Whether `value` is a literal that has met no type."""
    return isinstance(value, (int, float)) and not isinstance(value, (bool, np.generic))


def common_type(left: Scalar, right: Scalar) -> ElementType | None:
    """The type in which arithmetic on the two is done; None if both are untyped."""
    if is_untyped(left) and is_untyped(right):
        return None
    if is_untyped(left):
        left, right = right, left
    typed = _type(left)
    return promote_untyped(typed, right) if is_untyped(right) else promote(typed, _type(right))


def convert(value: Scalar, type: ElementType) -> Scalar:
    """`type(value)` of a scalar: floats to integers saturate, NaN gives 0; integers wrap; anything but 0 is True."""
    if type.name != "bf16" and value.__class__ is type.dtype.type:
        return value
    with np.errstate(all="ignore"):
        if type == bool_:
            return np.bool_(value != 0)
        if type.is_float:
            return _round_bf16(np.float32(value)) if type.name == "bf16" else type.dtype.type(value)
        return type.dtype.type(_wrapped(_integer(value, type), type))


def adopt(value: Scalar, type: ElementType) -> Scalar:
    """A value that is used where `type` is required: an untyped one takes it, any other must have it already.

    Raises: TypeError if it has another type; OverflowError if an integer literal does not fit.
    """
    if is_untyped(value):
        if isinstance(value, float) and not type.is_float or type == bool_:
            raise TypeError(f"expected {type}, found the number {value}: write {type}({value})")
        return meet(value, type)
    found = _type(value)
    if found != type and not (found == f32 and type.name == "bf16"):
        raise TypeError(f"expected {type}, found {found}: write {type}(…) to convert")
    return convert(value, type)


def meet(value: Scalar, type: ElementType) -> Scalar:
    """`value` in the type that its operation is done in. OverflowError if an integer literal does not fit (NEP 50)."""
    if is_untyped(value) and type.is_integer:
        lo, hi = type.bounds
        if not lo <= value <= hi:
            raise OverflowError(f"{value} does not fit into {type}")
    return convert(value, type)


def same_type(left: Scalar, right: Scalar) -> bool:
    """Whether the two have one element type, or are untyped and alike."""
    if is_untyped(left) or is_untyped(right):
        return type(left) is type(right)
    return _type(left) == _type(right)


def as_python(value: Scalar) -> Scalar:
    """A NumPy number as Python's, which is untyped."""
    return value.item() if isinstance(value, np.generic) else value


def typed(value: Scalar) -> Scalar:
    """`value`, with the default type i64 or f64 if it is still untyped."""
    return convert(value, default_type(value)) if is_untyped(value) else value


def binary(op: str, left: Scalar, right: Scalar) -> Scalar:
    """`left op right` for Python's operator `op` on two scalars. ZeroDivisionError for integer `//` and `%` by 0."""
    type = common_type(left, right)
    if op in SHIFTS:
        return _shift(op, left, right)
    if op in LOGICAL and is_bool(left) and is_bool(right):
        return np.bool_(LOGICAL[op](bool(left), bool(right)))
    if type is None:
        return _untyped(op, left, right)
    if op == "/" and not type.is_float:
        type = f64
    return _compute(op, meet(left, type), meet(right, type), type)


def unary(op: str, value: Scalar) -> Scalar:
    """`op value` for Python's `-`, `+` and `~`; `~` of a bool is its negation."""
    if op == "~" and is_bool(value):
        return np.bool_(not value)
    if is_bool(value):
        value = np.int64(value)
    with np.errstate(all="ignore"):
        return {"-": operator.neg, "+": operator.pos, "~": operator.invert}[op](value)


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": np.floor_divide,
    "%": np.remainder,
    "**": np.power,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
}
LOGICAL = {"&": operator.and_, "|": operator.or_, "^": operator.xor}
SHIFTS = {"<<": np.left_shift, ">>": np.right_shift}


def plain(value: Any) -> Any:
    """An index or a length as the integer it is in arithmetic; anything else as it is."""
    return int(value) if isinstance(value, (Index, Length)) else value


def bitcast(value: Scalar, type: ElementType) -> Scalar:
    """The bits of `value` read as `type`. TypeError if the widths differ."""
    value = typed(value)
    if _type(value).bits != type.bits:
        raise TypeError(f"bitcast from {_type(value)} to {type}: the widths differ")
    return np.asarray(value).view(type.dtype)[()]


def _compute(op: str, left: Any, right: Any, type: ElementType) -> Scalar:
    if op in ("//", "%") and type.is_integer and right == 0:
        raise ZeroDivisionError(f"integer {'division' if op == '//' else 'modulo'} by zero")
    if op == "**" and type.is_integer and right < 0:
        raise ValueError("an integer to a negative power; convert one of them to a float")
    with np.errstate(all="ignore"):
        return OPERATORS[op](left, right)


def _untyped(op: str, left: Any, right: Any) -> Scalar:
    """As Python does, but floats follow IEEE 754 and integers wrap at 64 bits like the type they may end up with."""
    if op == "/" or isinstance(left, float) or isinstance(right, float) or (op == "**" and right < 0):
        if op in LOGICAL:
            raise TypeError(f"{op} needs integers or bools")
        return float(_compute(op, np.float64(left), np.float64(right), f64))
    if op in ("//", "%") and right == 0:
        raise ZeroDivisionError(f"integer {'division' if op == '//' else 'modulo'} by zero")
    exact = {"//": operator.floordiv, "%": operator.mod, "**": pow}.get(op, OPERATORS[op])(left, right)
    return exact if -(2**63) <= exact < 2**64 else (exact + 2**63) % 2**64 - 2**63


def _shift(op: str, left: Any, right: Any) -> Scalar:
    if not all(is_untyped(side) and isinstance(side, int) or _is_integer(side) for side in (left, right)):
        raise TypeError(f"{op} needs integers")
    if is_untyped(left):
        left = np.int64(left)
        return int(SHIFTS[op](left, np.int64(right)))
    return SHIFTS[op](left, left.dtype.type(right))


def _integer(value: Any, type: ElementType) -> int:
    """The integer part of a number, saturated if it is a float."""
    if not isinstance(value, (float, np.floating)):
        return int(value)
    if math.isnan(value):
        return 0
    lo, hi = type.bounds
    return int(min(max(value, lo), hi)) if math.isinf(value) else min(max(int(value), lo), hi)


def _wrapped(value: int, type: ElementType) -> int:
    lo, _ = type.bounds
    return (value - lo) % (1 << type.bits) + lo


def _round_bf16(value: np.float32) -> np.float32:
    """The nearest bf16, ties to even, as the f32 it equals."""
    if np.isnan(value):
        return value
    bits = int(value.view(np.uint32))
    rounded = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000
    return np.uint32(rounded).view(np.float32)


def _type(value: Scalar) -> ElementType:
    found = element_type_of(value)
    assert found is not None, f"{value!r} is untyped"
    return found


def is_bool(value: Any) -> bool:
    """Whether `value` is a bool, Python's or NumPy's."""
    return isinstance(value, (bool, np.bool_))


def _is_integer(value: Any) -> bool:
    return isinstance(value, (bool, np.integer))
