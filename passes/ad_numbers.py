"""Numbers that rules of differentiation are written with.

The same line of `ad_rules.py` runs on Python floats and mpmath numbers (in tests) and on `Number`s, which are SSA
values whose operators emit ops. Functions of this module choose by their argument.
"""

from __future__ import annotations

import math as python_math
from dataclasses import dataclass
from typing import Any, TypeAlias

from xdsl.dialects import arith, math
from xdsl.dialects.builtin import AnyFloat, BFloat16Type, Float16Type, Float32Type, Float64Type, IntegerType
from xdsl.ir import Attribute, SSAValue

from .ad_emit import Emitter
from .fold_scalar import constant

#: A float, an mpmath number, or a Number.
Real: TypeAlias = Any

LEAST_NORMAL: dict[type, float] = {
    Float16Type: 2.0**-14,
    BFloat16Type: 2.0**-126,
    Float32Type: 2.0**-126,
    Float64Type: 2.0**-1022,
}


@dataclass(frozen=True, eq=False)
class Number:
    """An SSA value with Python's operators. Python numbers beside it become constants of its type."""

    value: SSAValue
    emit: Emitter

    @property
    def type(self) -> Attribute:
        return self.value.type

    def lift(self, other: Real) -> SSAValue:
        return other.value if isinstance(other, Number) else self.emit.constant(other, self.type)

    def _binary(self, float_op: Any, int_op: Any, a: SSAValue, b: SSAValue) -> Number:
        op = float_op if isinstance(self.type, AnyFloat) else int_op
        return Number(self.emit.insert(op(a, b)).result, self.emit)

    def __add__(self, other: Real) -> Number:
        return self._binary(arith.AddfOp, arith.AddiOp, self.value, self.lift(other))

    def __radd__(self, other: Real) -> Number:
        return self._binary(arith.AddfOp, arith.AddiOp, self.lift(other), self.value)

    def __sub__(self, other: Real) -> Number:
        return self._binary(arith.SubfOp, arith.SubiOp, self.value, self.lift(other))

    def __rsub__(self, other: Real) -> Number:
        return self._binary(arith.SubfOp, arith.SubiOp, self.lift(other), self.value)

    def __mul__(self, other: Real) -> Number:
        return self._binary(arith.MulfOp, arith.MuliOp, self.value, self.lift(other))

    def __rmul__(self, other: Real) -> Number:
        return self._binary(arith.MulfOp, arith.MuliOp, self.lift(other), self.value)

    def __truediv__(self, other: Real) -> Number:
        return Number(self.emit.insert(arith.DivfOp(self.value, self.lift(other))).result, self.emit)

    def __rtruediv__(self, other: Real) -> Number:
        return Number(self.emit.insert(arith.DivfOp(self.lift(other), self.value)).result, self.emit)

    def __neg__(self) -> Number:
        return Number(self.emit.insert(arith.NegfOp(self.value)).result, self.emit)

    def __lt__(self, other: Real) -> Number:
        return self._compare("olt", "slt", other)

    def __gt__(self, other: Real) -> Number:
        return self._compare("ogt", "sgt", other)

    def equals(self, other: Real) -> Number:
        return self._compare("oeq", "eq", other)

    def beats(self, other: Number, how: str) -> Number:
        """Is it greater (how: lt) or less (gt) than the other, or a NaN where the other is none?"""
        if _is_number(self.value):
            return other._compare(f"o{how}", f"s{how}", self)
        beaten = other._compare(f"u{how}", f"s{how}", self)
        if _is_number(other.value):
            return beaten
        ordered = self.emit.insert(arith.CmpfOp(other.value, other.value, "ord"))
        return Number(self.emit.insert(arith.AndIOp(ordered.result, beaten.value)).result, self.emit)

    def _compare(self, float_predicate: str, int_predicate: str, other: Real) -> Number:
        if isinstance(self.type, AnyFloat):
            op = arith.CmpfOp(self.value, self.lift(other), float_predicate)
        else:
            op = arith.CmpiOp(self.value, self.lift(other), int_predicate)
        return Number(self.emit.insert(op).result, self.emit)


def _is_number(value: SSAValue) -> bool:
    """Is it known to be no NaN?"""
    known = constant(value)
    return known is not None and known == known


@dataclass(frozen=True)
class Mask:
    """The partial derivative that is 1 where the condition is `when`, else 0. A product with it is a select, so
    that it is 0 even beside an infinity."""

    condition: Number
    when: bool


def where(condition: Real, a: Real, b: Real) -> Real:
    """a if condition else b."""
    if not isinstance(condition, Number):
        return a if condition else b
    if isinstance(a, float) and isinstance(b, float):
        if (a, b) in ((1.0, 0.0), (0.0, 1.0)):
            return Mask(condition, a == 1.0)
        raise TypeError("where() of two constants other than 0 and 1 has no type; use `like`")
    typed = a if isinstance(a, Number) else b
    value = typed.emit.select(condition.value, typed.lift(a), typed.lift(b))
    return Number(value, typed.emit)


def equal(a: Real, b: Real) -> Real:
    """a == b, as a condition."""
    return a.equals(b) if isinstance(a, Number) else a == b


def above(y: Real, x: Real) -> Real:
    """Is the maximum of x and y the latter, as a condition? Of equal ones it is x; a NaN wins, x before y."""
    return y.beats(x, "lt") if isinstance(y, Number) else (x < y or y != y) and x == x


def below(y: Real, x: Real) -> Real:
    """Is the minimum of x and y the latter, as a condition? Of equal ones it is x; a NaN wins, x before y."""
    return y.beats(x, "gt") if isinstance(y, Number) else (x > y or y != y) and x == x


def like(x: Real, value: float) -> Real:
    """The constant with the type of x."""
    return Number(x.lift(value), x.emit) if isinstance(x, Number) else value


def normal(x: Real) -> Real:
    """x; 0 for a positive number below the least normal one, with which every product would take a hundred cycles."""
    if isinstance(x, Number):
        least = LEAST_NORMAL[type(x.type)]
    elif isinstance(x, float):
        least = LEAST_NORMAL[Float64Type]
    else:
        return x
    return where(x < least, like(x, 0.0), x)


def to_float(n: Real, x: Real) -> Real:
    """The integer n as a float of the type of x."""
    if not isinstance(n, Number):
        return float(n)
    assert isinstance(n.type, IntegerType) and isinstance(x.type, AnyFloat)
    return Number(x.emit.insert(arith.SIToFPOp(n.value, x.type)).result, x.emit)


def _function(name: str, op: Any) -> Any:
    def call(*arguments: Real) -> Real:
        x = next((a for a in arguments if isinstance(a, Number)), None)
        if x is not None:
            lifted = [a.value if isinstance(a, Number) else x.lift(a) for a in arguments]
            return Number(x.emit.insert(op(*lifted)).result, x.emit)
        context = getattr(arguments[0], "context", python_math)
        return getattr(context, name)(*arguments)

    call.__name__ = name
    return call


acos = _function("acos", math.AcosOp)
cos = _function("cos", math.CosOp)
cosh = _function("cosh", math.CoshOp)
exp = _function("exp", math.ExpOp)
log = _function("log", math.LogOp)
sin = _function("sin", math.SinOp)
sinh = _function("sinh", math.SinhOp)
sqrt = _function("sqrt", math.SqrtOp)


def sign(x: Real) -> Real:
    """-1, 0 or 1; 0 for NaN."""
    one, zero = like(x, 1.0), like(x, 0.0)
    return where(x > 0.0, one, where(x < 0.0, -one, zero))


def power(x: Real, y: Real) -> Real:
    """x ** y; y is an integer (math.fpowi) or a float (math.powf)."""
    if not isinstance(x, Number):
        return x**y
    op = math.PowFOp if isinstance(y.type, AnyFloat) else math.FPowIOp
    return Number(x.emit.insert(op(x.value, y.value)).result, x.emit)


def times(partial: Any, value: SSAValue, type: Attribute, emit: Emitter) -> SSAValue | None:
    """partial · value, converted to a type; None where the partial is the constant zero."""
    if isinstance(partial, Mask):
        value = emit.masked(partial.condition.value, value, partial.when)
    elif isinstance(partial, Number):
        value = (partial * Number(value, emit)).value
    elif partial == 0.0:
        return None
    elif partial == -1.0:
        value = (-Number(value, emit)).value
    elif partial != 1.0:
        value = (partial * Number(value, emit)).value
    return emit.convert(value, type)
