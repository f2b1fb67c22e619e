"""The monoids of accumulators and reductions, as ops: what combines two values, and what changes none."""

from __future__ import annotations

from math import inf

from xdsl.dialects import arith
from xdsl.dialects.builtin import AnyFloat, FloatAttr, IntegerAttr, IntegerType, UnitAttr
from xdsl.ir import Attribute, Operation, SSAValue

from pydex.dialects import ix

from .edit import new
from .fold_scalar import LINEAR, constant
from .symbols import fresh

_FLOAT = {"add": arith.AddfOp, "mul": arith.MulfOp, "max": arith.MaximumfOp, "min": arith.MinimumfOp}
_INT = {
    "add": arith.AddiOp,
    "mul": arith.MuliOp,
    "max": arith.MaxSIOp,
    "min": arith.MinSIOp,
    "umax": arith.MaxUIOp,
    "umin": arith.MinUIOp,
    "and": arith.AndIOp,
    "or": arith.OrIOp,
}
_FLOAT_IDENTITY = {"add": 0.0, "mul": 1.0, "max": -inf, "min": inf}


def _int_identity(monoid: str, type: Attribute) -> int:
    bits = type.width.data if isinstance(type, IntegerType) else 64
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    return {"add": 0, "mul": 1, "max": low, "min": high, "umax": 0, "umin": -1, "and": -1, "or": 0}[monoid]


def identity(monoid: str, type: Attribute, near: Operation) -> SSAValue:
    """The value (or table) that changes nothing, put before an op."""
    if isinstance(type, ix.TableType):
        return new(near, ix.FillOp(identity(monoid, type.element, near), type))
    if isinstance(type, AnyFloat):
        return new(near, arith.ConstantOp(FloatAttr(_FLOAT_IDENTITY[monoid], type)))
    return new(near, arith.ConstantOp(IntegerAttr(_int_identity(monoid, type), type)))  # pyright: ignore


def is_identity(monoid: str, value: SSAValue) -> bool:
    """Is the value (or every element of the table) the identity?"""
    if isinstance(fill := value.owner, ix.FillOp):
        return is_identity(monoid, fill.value)
    if isinstance(value.type, AnyFloat):
        return constant(value) == _FLOAT_IDENTITY.get(monoid)
    return not isinstance(value.type, ix.TableType) and constant(value) == _int_identity(monoid, value.type)


def combine(monoid: str, a: SSAValue, b: SSAValue, near: Operation, linear: bool = False) -> SSAValue:
    """a ⊕ b, element by element for tables, put before an op; -a + -b as -(a + b), which may meet a + b."""
    if isinstance(a.type, ix.TableType):
        return _combine_tables(monoid, a, b, near, linear)
    if monoid == "add" and isinstance(a.owner, arith.NegfOp) and isinstance(b.owner, arith.NegfOp):
        return new(near, arith.NegfOp(combine(monoid, a.owner.operand, b.owner.operand, near, linear)))
    kinds = _FLOAT if isinstance(a.type, AnyFloat) else _INT
    op = kinds[monoid](a, b)
    if linear and monoid == "add":
        op.attributes[LINEAR] = UnitAttr()
    return new(near, op)


def _combine_tables(monoid: str, a: SSAValue, b: SSAValue, near: Operation, linear: bool) -> SSAValue:
    """for i. a[i] ⊕ b[i]"""
    type = a.type
    assert isinstance(type, ix.TableType)
    loop = ix.ForOp(type.sizes.data[0], ["tab"], [type], symbol=fresh("i"))
    last = ix.YieldOp([])
    loop.body.block.add_op(last)
    last.location = near.location
    rows = [new(last, ix.AtOp(t, [loop.index])) for t in (a, b)]
    last.operands = [combine(monoid, rows[0], rows[1], last, linear)]
    return new(near, loop)
