"""What the scalar ops of `arith` and `math` mean, on NumPy scalars: one line an op.

Floats are np.float32/np.float64, integers np.int8…np.int64 (wrapping), i1 is bool, numbers of type index are int.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from xdsl.dialects.builtin import (
    BFloat16Type,
    Float16Type,
    Float32Type,
    Float64Type,
    IndexType,
    IntegerType,
)
from xdsl.ir import Attribute, Operation

from pydex.dialects.ix import IdxType, is_long

_FLOATS: dict[Any, Any] = {Float16Type: np.float16, Float32Type: np.float32, Float64Type: np.float64}
_INTEGERS = {8: np.int8, 16: np.int16, 32: np.int32, 64: np.int64}


class Wide(int):
    """An integer of more than 64 bits, which passes make."""

    bits: int

    @staticmethod
    def of(value: int, bits: int) -> Wide:
        wide = Wide(value)
        wide.bits = bits
        return wide


def dtype_of(type: Attribute) -> np.dtype[Any]:
    """The NumPy dtype of a scalar type's values (indices and numbers of type index: int64)."""
    if isinstance(type, IndexType | IdxType):
        return np.dtype(np.int64)
    if isinstance(type, IntegerType):
        return np.dtype(np.bool_) if type.width.data == 1 else np.dtype(_INTEGERS.get(type.width.data, object))
    if isinstance(type, BFloat16Type):
        raise TypeError("bf16 has no NumPy dtype")
    return np.dtype(_FLOATS[type.__class__])


def scalar(value: Any, type: Attribute) -> Any:
    """`value` as a scalar of this type; integers wrap."""
    kind = type.__class__
    if kind in _FLOATS:
        return _FLOATS[kind](value)
    if kind is IndexType or kind is IdxType:
        return int(value)
    dtype = dtype_of(type)
    if dtype == np.bool_:
        return bool(value)
    if isinstance(type, IntegerType) or dtype.kind == "i":
        bits = type.width.data if isinstance(type, IntegerType) else 64
        wrapped = (int(value) + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1))
        return Wide.of(wrapped, bits) if dtype.kind == "O" else dtype.type(wrapped)
    raise TypeError(f"{type} has no scalars")


def unsigned(value: Any) -> int:
    """The bits of an integer read as an unsigned number."""
    return int(value) % (1 << _width(value))


def _width(value: Any) -> int:
    if isinstance(value, Wide):
        return value.bits
    return value.dtype.itemsize * 8 if isinstance(value, np.generic) else 1 if isinstance(value, bool) else 64


def _truncating(a: Any, b: Any) -> int:
    quotient = abs(int(a)) // abs(int(b))
    return quotient if (a < 0) == (b < 0) else -quotient


_INT_COMPARE: list[Callable[[Any, Any], bool]] = [
    lambda a, b: a == b,
    lambda a, b: a != b,
    lambda a, b: a < b,
    lambda a, b: a <= b,
    lambda a, b: a > b,
    lambda a, b: a >= b,
    lambda a, b: unsigned(a) < unsigned(b),
    lambda a, b: unsigned(a) <= unsigned(b),
    lambda a, b: unsigned(a) > unsigned(b),
    lambda a, b: unsigned(a) >= unsigned(b),
]

_ORDERED: list[Callable[[Any, Any], bool]] = [
    lambda a, b: a == b,
    lambda a, b: a > b,
    lambda a, b: a >= b,
    lambda a, b: a < b,
    lambda a, b: a <= b,
    lambda a, b: a != b,
    lambda a, b: True,
]


def compare_floats(predicate: int, a: Any, b: Any) -> bool:
    """arith.cmpf: predicates 1..7 are ordered (false on NaN), 8..14 the same ones unordered (true on NaN)."""
    nan = bool(np.isnan(a) or np.isnan(b))
    if predicate in (0, 15):
        return predicate == 15
    if predicate <= 7:
        return not nan and bool(_ORDERED[predicate - 1](a, b))
    if predicate == 14:
        return nan
    return nan or bool(_ORDERED[predicate - 8](a, b))


def _number(a: Any, b: Any, pick: Callable[[Any, Any], Any]) -> Any:
    """maxnum/minnum: the other operand where one is NaN."""
    return b if np.isnan(a) else a if np.isnan(b) else pick(a, b)


def saturate(value: Any, bits: int, signed: bool) -> int:
    """Float to integer: saturating, NaN to 0."""
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    if np.isnan(value):
        return 0
    return low if value <= low else high if value >= high else int(value)


def _target_bits(op: Operation) -> int:
    type = op.results[0].type
    return type.width.data if isinstance(type, IntegerType) else 64


def _round_away(x: Any) -> Any:
    return np.copysign(np.floor(np.abs(x) + type(x)(0.5)), x)


def _shift(a: Any, b: Any, go: Callable[[int, int], int], beyond: int) -> int:
    return go(int(a), int(b)) if 0 <= int(b) < _width(a) else beyond


#: op name -> value of the result, before it is rounded or wrapped to the result's type.
SCALAR_OPS: dict[str, Callable[..., Any]] = {
    "arith.addi": lambda op, a, b: int(a) + int(b),
    "arith.subi": lambda op, a, b: int(a) - int(b),
    "arith.muli": lambda op, a, b: int(a) * int(b),
    "arith.divsi": lambda op, a, b: _truncating(a, b),
    "arith.remsi": lambda op, a, b: int(a) - _truncating(a, b) * int(b),
    "arith.floordivsi": lambda op, a, b: int(a) // int(b),
    "arith.ceildivsi": lambda op, a, b: -(-int(a) // int(b)),
    "arith.divui": lambda op, a, b: unsigned(a) // unsigned(b),
    "arith.remui": lambda op, a, b: unsigned(a) % unsigned(b),
    "arith.ceildivui": lambda op, a, b: -(-unsigned(a) // unsigned(b)),
    "arith.minsi": lambda op, a, b: min(a, b),
    "arith.maxsi": lambda op, a, b: max(a, b),
    "arith.minui": lambda op, a, b: min(a, b, key=unsigned),
    "arith.maxui": lambda op, a, b: max(a, b, key=unsigned),
    "arith.andi": lambda op, a, b: int(a) & int(b),
    "arith.ori": lambda op, a, b: int(a) | int(b),
    "arith.xori": lambda op, a, b: int(a) ^ int(b),
    "arith.shli": lambda op, a, b: _shift(a, b, lambda x, k: x << k, 0),
    "arith.shrsi": lambda op, a, b: _shift(a, b, lambda x, k: x >> k, -1 if a < 0 else 0),
    "arith.shrui": lambda op, a, b: _shift(unsigned(a), b, lambda x, k: x >> k, 0),
    "arith.cmpi": lambda op, a, b: _INT_COMPARE[op.predicate.value.data](a, b),
    "arith.cmpf": lambda op, a, b: compare_floats(op.predicate.value.data, a, b),
    "arith.select": lambda op, c, a, b: a if c else b,
    "arith.addf": lambda op, a, b: a + b,
    "arith.subf": lambda op, a, b: a - b,
    "arith.mulf": lambda op, a, b: a * b,
    "arith.divf": lambda op, a, b: a / b,
    "arith.negf": lambda op, a: -a,
    "arith.maximumf": lambda op, a, b: np.maximum(a, b),
    "arith.minimumf": lambda op, a, b: np.minimum(a, b),
    "arith.maxnumf": lambda op, a, b: _number(a, b, np.maximum),
    "arith.minnumf": lambda op, a, b: _number(a, b, np.minimum),
    "arith.remf": lambda op, a, b: np.fmod(a, b),
    "arith.index_cast": lambda op, a: int(a),
    "arith.extsi": lambda op, a: -int(a) if isinstance(a, bool) else int(a),
    "arith.extui": lambda op, a: unsigned(a),
    "arith.trunci": lambda op, a: int(a) & 1 if op.results[0].type == IntegerType(1) else int(a),
    "arith.extf": lambda op, a: a,
    "arith.truncf": lambda op, a: a,
    "arith.sitofp": lambda op, a: -int(a) if isinstance(a, bool) else int(a),
    "arith.uitofp": lambda op, a: unsigned(a),
    "arith.fptosi": lambda op, a: saturate(a, _target_bits(op), True),
    "arith.fptoui": lambda op, a: saturate(a, _target_bits(op), False),
    "arith.bitcast": lambda op, a: np.asarray(a).view(dtype_of(op.results[0].type))[()],
    "math.absf": lambda op, a: np.abs(a),
    "math.absi": lambda op, a: abs(int(a)),
    "math.acos": lambda op, a: np.arccos(a),
    "math.acosh": lambda op, a: np.arccosh(a),
    "math.asin": lambda op, a: np.arcsin(a),
    "math.asinh": lambda op, a: np.arcsinh(a),
    "math.atan": lambda op, a: np.arctan(a),
    "math.atanh": lambda op, a: np.arctanh(a),
    "math.atan2": lambda op, a, b: np.arctan2(a, b),
    "math.cbrt": lambda op, a: np.cbrt(a),
    "math.ceil": lambda op, a: np.ceil(a),
    "math.copysign": lambda op, a, b: np.copysign(a, b),
    "math.cos": lambda op, a: np.cos(a),
    "math.cosh": lambda op, a: np.cosh(a),
    "math.erf": lambda op, a: math.erf(a),
    "math.exp": lambda op, a: np.exp(a),
    "math.exp2": lambda op, a: np.exp2(a),
    "math.expm1": lambda op, a: np.expm1(a),
    "math.floor": lambda op, a: np.floor(a),
    "math.fma": lambda op, a, b, c: np.longdouble(a) * np.longdouble(b) + np.longdouble(c),
    "math.fpowi": lambda op, a, b: np.power(a, type(a)(b)),
    "math.ipowi": lambda op, a, b: int(a) ** int(b) if b >= 0 else 0 if abs(a) > 1 else int(a) ** (-int(b)),
    "math.log": lambda op, a: np.log(a),
    "math.log10": lambda op, a: np.log10(a),
    "math.log1p": lambda op, a: np.log1p(a),
    "math.log2": lambda op, a: np.log2(a),
    "math.powf": lambda op, a, b: np.power(a, b),
    "math.round": lambda op, a: _round_away(a),
    "math.roundeven": lambda op, a: np.rint(a),
    "math.rsqrt": lambda op, a: type(a)(1) / np.sqrt(a),
    "math.sin": lambda op, a: np.sin(a),
    "math.sinh": lambda op, a: np.sinh(a),
    "math.sqrt": lambda op, a: np.sqrt(a),
    "math.tan": lambda op, a: np.tan(a),
    "math.tanh": lambda op, a: np.tanh(a),
    "math.trunc": lambda op, a: np.trunc(a),
    "math.ctpop": lambda op, a: unsigned(a).bit_count(),
    "math.ctlz": lambda op, a: _width(a) - unsigned(a).bit_length(),
    "math.cttz": lambda op, a: (unsigned(a) & -unsigned(a)).bit_length() - 1 if int(a) else _width(a),
}


def _total(pick: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    return lambda a, b: a if a != a else b if b != b or pick(b, a) else a


#: monoid -> combination of two scalars (max/min propagate NaN; the first operand wins ties).
MONOID_OPS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b if isinstance(a, np.floating) else int(a) + int(b),
    "mul": lambda a, b: a * b if isinstance(a, np.floating) else int(a) * int(b),
    "max": _total(lambda b, a: b > a),
    "min": _total(lambda b, a: b < a),
    "umax": lambda a, b: max(a, b, key=unsigned),
    "umin": lambda a, b: min(a, b, key=unsigned),
    "and": lambda a, b: int(a) & int(b),
    "or": lambda a, b: int(a) | int(b),
}


def identity(monoid: str, type: Attribute) -> Any:
    """The neutral element, or None for max/min (whose sets are never empty, but for those of long integers)."""
    if monoid in ("add", "or"):
        return scalar(0, type)
    if monoid == "mul":
        return scalar(1, type)
    if monoid == "max" and is_long(type):
        return scalar(1 << (type.width.data - 1), type)  # pyright: ignore[reportAttributeAccessIssue]
    return scalar(-1, type) if monoid == "and" else None


def better(kind: str, new: Any, best: Any) -> bool:
    """argmax/argmin: does `new`, at a greater index, replace `best`? NaN is beyond everything."""
    if math.isnan(best):
        return False
    return math.isnan(new) or (new > best if kind == "argmax" else new < best)
