"""Tangents and cotangents of values: the float parts of a value, in its structure; None where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from xdsl.ir import SSAValue

from pydex.frontend import overloads
from pydex.frontend.instances import is_float_leaf
from pydex.frontend.kinds import StructOf, WeakType, dims_of, leaves
from pydex.frontend.structure import flatten, ir_types, leaf_type
from pydex.frontend.values import NONE, NUMBERS, Record, Scalar, Static, Struct, Table, Tuple, Value
from pydex.types import ElementType, RecordType, TableType, TupleType, Type

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator


def float_leaves(type: Type) -> list[bool]:
    """For each leaf of a type, whether it has a tangent."""
    return [is_float_leaf(leaf) for leaf in leaves(type)]


def tangent_type(type: Type) -> Type | None:
    """The type of tangents of values of a type; None if there are none."""
    kept = float_leaves(type)
    return type if kept and all(kept) else None


def from_leaves(el: Elaborator, type: Type, stream: Iterator[SSAValue]) -> Value:
    """The tangent of a value of this type that consists of these SSA values (one for each float leaf)."""
    if not any(float_leaves(type)):
        return NONE
    match type:
        case ElementType() | WeakType():
            return Scalar(next(stream), type)
        case TableType():
            if not all(float_leaves(type)):
                el.fail(f"the derivative of {type!r}, some parts of which have none", kind=NotImplementedError)
            return Table(tuple(next(stream) for _ in leaves(type)), type)
        case TupleType(items):
            return Tuple(tuple(from_leaves(el, item, stream) for item in items))
        case RecordType(fields):
            return Record({name: from_leaves(el, field, stream) for name, field in fields})
        case StructOf(cls, fields):
            return Struct(cls, {name: from_leaves(el, field, stream) for name, field in fields})
    raise AssertionError(f"no tangents of {type!r}")


def to_leaves(el: Elaborator, value: Value, type: Type, what: str) -> list[SSAValue]:
    """The SSA values of a tangent of a value of this type, one for each float leaf. None means zero."""
    from pydex.frontend.conform import conform
    from pydex.frontend.tables import zero

    if not any(float_leaves(type)):
        return []
    if isinstance(value, Static) and value.value is None:
        return [zero(el, leaf_type(el.frame, leaf)) for leaf in leaves(type) if is_float_leaf(leaf)]
    match value, type:
        case _, ElementType() | WeakType() if isinstance(value, NUMBERS):
            typed = isinstance(type, ElementType)
            return flatten(el, conform(el, value, type, {}, what)) if typed else _weak(el, value)
        case Table(), TableType():
            if [d for a in value.axes for d in dims_of(a)] == [d for a in type.axes for d in dims_of(a)]:
                value = Table(value.leaves, TableType(type.axes, value.element))  # of a tangent only the shape counts
            return flatten(el, conform(el, value, type, {}, what))
        case Tuple(items), TupleType(types) if len(items) == len(types):
            return [ssa for v, t in zip(items, types, strict=True) for ssa in to_leaves(el, v, t, what)]
        case Record(fields), RecordType(types) if len(fields) == len(types):
            return [ssa for name, t in types for ssa in to_leaves(el, fields[name], t, f"{what}[{name!r}]")]
        case Struct(_, fields), StructOf(_, types) if len(fields) == len(types):
            return [ssa for name, t in types for ssa in to_leaves(el, fields[name], t, f"{what}.{name}")]
    el.fail(f"{what}: expected one like {type!r}, found {overloads.describe(value)}")


def _weak(el: Elaborator, value: Value) -> list[SSAValue]:
    from pydex.frontend.kinds import WEAK_FLOAT
    from pydex.frontend.scalars import to_ssa

    return [to_ssa(el, value, WEAK_FLOAT)]  # type: ignore[arg-type]


def float_types(el: Elaborator, type: Type) -> list:
    """The IR's types of the float leaves."""
    return [t for t, kept in zip(ir_types(el.frame, type), float_leaves(type), strict=True) if kept]
