"""Rules of `fold` for numbers: each is one equation that is exact in IEEE arithmetic and in two's complement.

A rule takes an op and returns the value it equals, or None. `x * 0` is no rule: it is NaN for an infinite x and -0
for a negative one. `x + 0` is none either: -0 + 0 is 0.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import copysign, frexp, isfinite
from typing import Any

import numpy as np
from xdsl.dialects import arith, math
from xdsl.dialects.builtin import Float16Type, Float32Type, Float64Type, FloatAttr, IntegerAttr, IntegerType, i1
from xdsl.ir import Attribute, Operation, SSAValue

from .edit import new

Number = int | float
Rule = Callable[[Any], SSAValue | None]

_FLOATS: dict[type, Any] = {Float16Type: np.float16, Float32Type: np.float32, Float64Type: np.float64}


#: The attribute of what AD writes and may be rounded as it likes; see `merge-sums`.
LINEAR = "linear"


def constant(value: SSAValue) -> Number | None:
    """The number that a value is, if it is a scalar `arith.constant` (true is -1)."""
    op = value.owner
    if op.__class__ is arith.ConstantOp and isinstance(op.value, FloatAttr | IntegerAttr):  # pyright: ignore
        return op.value.value.data  # pyright: ignore
    return None


def truth(value: SSAValue) -> bool | None:
    """The truth value that a value is, if it is constant."""
    number = constant(value)
    return None if number is None else bool(number)


def new_constant(near: Operation, value: Number, type: Attribute) -> SSAValue:
    """A constant of a scalar type; integers wrap, floats round."""
    if isinstance(value, float):
        return new(near, arith.ConstantOp(FloatAttr(value, type)))  # pyright: ignore
    bits = type.width.data if isinstance(type, IntegerType) else 64
    low = -(1 << (bits - 1))
    return new(near, arith.ConstantOp(IntegerAttr((value - low) % (1 << bits) + low, type)))  # pyright: ignore


def _unsigned(value: int, type: Attribute) -> int:
    return value % (1 << (type.width.data if isinstance(type, IntegerType) else 64))


# ------------------------------------------------------------------------------------------ constant operands


def _floats(compute: Callable[..., Any], op: Operation) -> SSAValue | None:
    """c1 ∘ c2 ==> c, computed in the type of the operation; not where the result is no number."""
    numbers = [constant(o) for o in op.operands]
    kind = _FLOATS.get(type(op.results[0].type))
    if kind is None or None in numbers:
        return None
    with np.errstate(all="ignore"):
        result = float(kind(compute(*map(kind, numbers))))
    return new_constant(op, result, op.results[0].type) if isfinite(result) else None


def _ints(compute: Callable[..., int], op: Operation) -> SSAValue | None:
    """c1 ∘ c2 ==> c, modulo the width."""
    numbers = [constant(o) for o in op.operands]
    if not all(isinstance(n, int) for n in numbers):
        return None
    return new_constant(op, compute(*numbers), op.results[0].type)


_SIGNED = (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge)
_UNSIGNED = _SIGNED[2:]
#: Predicates of cmpi that hold for equal operands.
_REFLEXIVE = (0, 3, 5, 7, 9)
#: arith.cmpf: 1..6 ordered, 8..13 the same unordered: for two numbers they agree.
_ORDERED = (operator.eq, operator.gt, operator.ge, operator.lt, operator.le, operator.ne)


def _cmpi(op: arith.CmpiOp) -> SSAValue | None:
    """cmp(c1, c2) ==> true or false;  cmp(x, x) ==> true or false."""
    predicate = op.predicate.value.data
    if op.lhs is op.rhs:
        return new_constant(op, int(predicate in _REFLEXIVE), i1)
    a, b = constant(op.lhs), constant(op.rhs)
    if not isinstance(a, int) or not isinstance(b, int):
        return None
    if predicate >= len(_SIGNED):
        a, b = _unsigned(a, op.lhs.type), _unsigned(b, op.rhs.type)
        return new_constant(op, int(_UNSIGNED[predicate - len(_SIGNED)](a, b)), i1)
    return new_constant(op, int(_SIGNED[predicate](a, b)), i1)


def _cmpf(op: arith.CmpfOp) -> SSAValue | None:
    """cmp(c1, c2) ==> true or false, for two numbers."""
    predicate = op.predicate.value.data
    a, b = constant(op.lhs), constant(op.rhs)
    if a is None or b is None or a != a or b != b or predicate in (0, 7, 14, 15):
        return None
    kind = _FLOATS[type(op.lhs.type)]
    return new_constant(op, int(bool(_ORDERED[(predicate - 1) % 7](kind(a), kind(b)))), i1)


# --------------------------------------------------------------------------------------------------- identities


def _is(value: SSAValue, number: Number) -> bool:
    """Is the value this constant (0.0 and -0.0 are different)?"""
    found = constant(value)
    return found is not None and found == number and (number != 0 or copysign(1, found) == copysign(1, number))


def _negated(value: SSAValue) -> SSAValue | None:
    """x, if the value is -x."""
    return value.owner.operands[0] if value.owner.__class__ is arith.NegfOp else None  # pyright: ignore


def _addf(op: arith.AddfOp) -> SSAValue | None:
    """x + -0 ==> x;  x + -y ==> x - y;  -x + y ==> y - x"""
    left, right = op._operands
    for x, y in ((left, right), (right, left)):
        if _is(y, -0.0):
            return x
        if (z := _negated(y)) is not None:
            return new(op, arith.SubfOp(x, z))
    return _floats(operator.add, op)


def _subf(op: arith.SubfOp) -> SSAValue | None:
    """x - 0 ==> x;  -0 - x ==> -x;  x - -y ==> x + y"""
    if _is(op.rhs, 0.0):
        return op.lhs
    if _is(op.lhs, -0.0):
        return new(op, arith.NegfOp(op.rhs))
    if (y := _negated(op.rhs)) is not None:
        return new(op, arith.AddfOp(op.lhs, y))
    return _floats(operator.sub, op)


def _mulf(op: arith.MulfOp) -> SSAValue | None:
    """x * 1 ==> x;  x * -1 ==> -x;  -x * -y ==> x * y"""
    left, right = op._operands
    for x, y in ((left, right), (right, left)):
        if _is(y, 1.0):
            return x
        if _is(y, -1.0):
            return new(op, arith.NegfOp(x))
    x, y = _negated(left), _negated(right)
    if x is not None and y is not None:
        return new(op, arith.MulfOp(x, y))
    return _floats(operator.mul, op)


def _divf(op: arith.DivfOp) -> SSAValue | None:
    """x / 1 ==> x;  x / -1 ==> -x;  x / 2^k ==> x * 2^-k;  -x / -y ==> x / y"""
    divisor = constant(op.rhs)
    if divisor == 1.0:
        return op.lhs
    if divisor == -1.0:
        return new(op, arith.NegfOp(op.lhs))
    folded = None if divisor == 0 else _floats(operator.truediv, op)
    if folded is not None:
        return folded
    if divisor and isfinite(divisor) and abs(frexp(divisor)[0]) == 0.5 and abs(frexp(divisor)[1]) < 14:
        return new(op, arith.MulfOp(op.lhs, new_constant(op, 1.0 / divisor, op.rhs.type)))
    x, y = _negated(op.lhs), _negated(op.rhs)
    return new(op, arith.DivfOp(x, y)) if x is not None and y is not None else None


def _negf(op: arith.NegfOp) -> SSAValue | None:
    """--x ==> x"""
    x = _negated(op.operand)
    return x if x is not None else _floats(operator.neg, op)


def _powf(op: math.PowFOp) -> SSAValue | None:
    """x**0 ==> 1;  x**1 ==> x;  x**2 ==> x*x;  x**-1 ==> 1/x  (pow rounds once, and so do these)"""
    match constant(op.rhs):
        case 0.0:
            return new_constant(op, 1.0, op.result.type)
        case 1.0:
            return op.lhs
        case 2.0:
            return new(op, arith.MulfOp(op.lhs, op.lhs))
        case -1.0 if LINEAR not in op.attributes:
            return new(op, arith.DivfOp(new_constant(op, 1.0, op.result.type), op.lhs))
        case _:
            return None


def _fpowi(op: math.FPowIOp) -> SSAValue | None:
    """x**0 ==> 1;  x**1 ==> x;  x**2 ==> x*x"""
    match constant(op.rhs):
        case 0:
            return new_constant(op, 1.0, op.result.type)
        case 1:
            return op.lhs
        case 2:
            return new(op, arith.MulfOp(op.lhs, op.lhs))
        case _:
            return None


def _extreme(op: Operation) -> SSAValue | None:
    """max(x, x) ==> x;  min(x, x) ==> x"""
    return op.operands[0] if op.operands[0] is op.operands[1] else None


def _addi(op: arith.AddiOp) -> SSAValue | None:
    """x + 0 ==> x"""
    for x, y in ((op.lhs, op.rhs), (op.rhs, op.lhs)):
        if constant(y) == 0:
            return x
    return _ints(operator.add, op)


def _subi(op: arith.SubiOp) -> SSAValue | None:
    """x - 0 ==> x;  x - x ==> 0"""
    if constant(op.rhs) == 0:
        return op.lhs
    return new_constant(op, 0, op.result.type) if op.lhs is op.rhs else _ints(operator.sub, op)


def _muli(op: arith.MuliOp) -> SSAValue | None:
    """x * 1 ==> x;  x * 0 ==> 0"""
    for x, y in ((op.lhs, op.rhs), (op.rhs, op.lhs)):
        if constant(y) == 1 and y.type != i1:
            return x
        if constant(y) == 0:
            return y
    return _ints(operator.mul, op)


def _andi(op: arith.AndIOp) -> SSAValue | None:
    """x & x ==> x;  x & -1 ==> x;  x & 0 ==> 0"""
    for x, y in ((op.lhs, op.rhs), (op.rhs, op.lhs)):
        if x is y or constant(y) == -1:
            return x
        if constant(y) == 0:
            return y
    return _ints(operator.and_, op)


def _ori(op: arith.OrIOp) -> SSAValue | None:
    """x | x ==> x;  x | 0 ==> x;  x | -1 ==> -1"""
    for x, y in ((op.lhs, op.rhs), (op.rhs, op.lhs)):
        if x is y or constant(y) == 0:
            return x
        if constant(y) == -1:
            return y
    return _ints(operator.or_, op)


def _xori(op: arith.XOrIOp) -> SSAValue | None:
    """x ^ 0 ==> x;  x ^ x ==> 0;  (x ^ c) ^ c ==> x"""
    if op.lhs is op.rhs:
        return new_constant(op, 0, op.result.type)
    for x, y in ((op.lhs, op.rhs), (op.rhs, op.lhs)):
        if constant(y) == 0:
            return x
        inner = x.owner
        if isinstance(inner, arith.XOrIOp) and constant(y) is not None and constant(inner.rhs) == constant(y):
            return inner.lhs
    return _ints(operator.xor, op)


def _maxsi(op: arith.MaxSIOp) -> SSAValue | None:
    """max(int(x), 0) ==> int(x if x > 0 else 0), which need not ask for NaN and negative numbers again"""
    number, cast = op.lhs, op.lhs.owner
    if isinstance(cast, arith.IndexCastOp):
        number, cast = cast.input, cast.input.owner
    if constant(op.rhs) != 0 or not isinstance(cast, arith.FPToSIOp) or is_natural(cast.input):
        return _extreme(op)
    zero = new_constant(op, 0.0, cast.input.type)
    above = new(op, arith.CmpfOp(cast.input, zero, "ogt"))
    natural = new(op, arith.FPToSIOp(new(op, arith.SelectOp(above, cast.input, zero)), number.type))  # pyright: ignore
    return natural if number is op.lhs else new(op, arith.IndexCastOp(natural, op.result.type))


def is_natural(x: SSAValue) -> bool:
    """Is the float `y if y > 0 else 0`?"""
    op = x.owner
    if not isinstance(op, arith.SelectOp) or not isinstance(compare := op.cond.owner, arith.CmpfOp):
        return False
    above = compare.predicate.value.data == 2 and compare.lhs is op.lhs
    return above and constant(compare.rhs) == 0.0 and constant(op.rhs) == 0.0


def _quotient(op: Operation) -> SSAValue | None:
    """x // 1 ==> x"""
    return op.operands[0] if constant(op.operands[1]) == 1 and op.operands[1].type != i1 else None


def _select(op: arith.SelectOp) -> SSAValue | None:
    """select(true, x, y) ==> x;  select(c, x, x) ==> x;  select(c, true, false) ==> c"""
    chosen = truth(op.cond)
    if chosen is not None:
        return op.lhs if chosen else op.rhs
    if op.lhs is op.rhs:
        return op.lhs
    if op.lhs.type == i1 and truth(op.lhs) is True and truth(op.rhs) is False:
        return op.cond
    return None


# -------------------------------------------------------------------------------------------------------- casts


def _index_cast(op: arith.IndexCastOp) -> SSAValue | None:
    """cast(cast(x)) ==> x, through 64 bits;  cast(c) ==> c"""
    inner = op.input.owner
    if isinstance(inner, arith.IndexCastOp) and inner.input.type == op.result.type:
        widths = [t.width.data for t in (op.input.type, op.result.type) if isinstance(t, IntegerType)]
        return inner.input if min(widths) == 64 or isinstance(op.result.type, IntegerType) else None
    return _ints(int, op)


def _truncf(op: arith.TruncFOp) -> SSAValue | None:
    """trunc(ext x) ==> x;  trunc(c) ==> c"""
    inner = op.input.owner
    if isinstance(inner, arith.ExtFOp) and inner.input.type == op.result.type:
        return inner.input
    return _float_of_float(op)


def _float_of_float(op: arith.TruncFOp | arith.ExtFOp) -> SSAValue | None:
    """ext(c) ==> c;  trunc(c) ==> c"""
    value, to, source = constant(op.input), _FLOATS.get(type(op.result.type)), _FLOATS.get(type(op.input.type))
    if value is None or to is None or source is None:
        return None
    with np.errstate(all="ignore"):
        result = float(to(source(value)))
    return new_constant(op, result, op.result.type) if isfinite(result) else None


def _float_of_int(op: arith.SIToFPOp | arith.UIToFPOp) -> SSAValue | None:
    """float(c) ==> c"""
    value, kind = constant(op.input), _FLOATS.get(type(op.result.type))
    if not isinstance(value, int) or kind is None:
        return None
    number = _unsigned(value, op.input.type) if isinstance(op, arith.UIToFPOp) else value
    return new_constant(op, float(kind(number)), op.result.type)


RULES: dict[type[Operation], Rule] = {
    arith.AddfOp: _addf,
    arith.SubfOp: _subf,
    arith.MulfOp: _mulf,
    arith.DivfOp: _divf,
    arith.NegfOp: _negf,
    arith.MaximumfOp: _extreme,
    arith.MinimumfOp: _extreme,
    arith.MaxnumfOp: _extreme,
    arith.MinnumfOp: _extreme,
    math.PowFOp: _powf,
    math.FPowIOp: _fpowi,
    arith.CmpiOp: _cmpi,
    arith.CmpfOp: _cmpf,
    arith.SelectOp: _select,
    arith.AddiOp: _addi,
    arith.SubiOp: _subi,
    arith.MuliOp: _muli,
    arith.AndIOp: _andi,
    arith.OrIOp: _ori,
    arith.XOrIOp: _xori,
    arith.MaxSIOp: _maxsi,
    arith.MinSIOp: _extreme,
    arith.MaxUIOp: _extreme,
    arith.MinUIOp: _extreme,
    arith.DivSIOp: _quotient,
    arith.DivUIOp: _quotient,
    arith.FloorDivSIOp: _quotient,
    arith.CeilDivSIOp: _quotient,
    arith.IndexCastOp: _index_cast,
    arith.ExtSIOp: lambda op: _ints(int, op),
    arith.ExtUIOp: lambda op: _ints(lambda x: _unsigned(x, op.input.type), op),
    arith.TruncIOp: lambda op: _ints(int, op),
    arith.ExtFOp: _float_of_float,
    arith.TruncFOp: _truncf,
    arith.SIToFPOp: _float_of_int,
    arith.UIToFPOp: _float_of_int,
}
