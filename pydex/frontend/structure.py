"""Values as lists of SSA values and back: what functions, branches and loops pass around."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from xdsl.ir import Attribute, SSAValue

from pydex.dialects import ix
from pydex.frontend import kinds
from pydex.frontend.frame import Frame, new_symbol
from pydex.frontend.kinds import Leaf, StaticType, StructOf, UndefinedType, WeakType, factors_of, leaves, root
from pydex.frontend.scalars import ir_type, to_ssa
from pydex.frontend.values import (
    NONE,
    NUMBERS,
    Int,
    Literal,
    Record,
    Scalar,
    Static,
    Struct,
    Table,
    Tuple,
    Undefined,
    Value,
)
from pydex.sets import IndexSet
from pydex.sizes import Size
from pydex.types import ElementType, IndexType, RecordType, SizeType, TableType, TupleType, Type

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator


def leaf_type(frame: Frame, leaf: Leaf) -> Attribute:
    """The IR's type of a leaf."""
    if isinstance(leaf.element, IndexType):
        element: Attribute = ix.IdxType(frame.attr(kinds.size_of(leaf.element.set)))
    else:
        element = ir_type(leaf.element)
    return ix.TableType.of([frame.attr(d) for d in leaf.dims], element)


def ir_types(frame: Frame, type: Type) -> list[Attribute]:
    """The IR's types of the leaves of a type."""
    return [leaf_type(frame, leaf) for leaf in leaves(type)]


def flatten(el: Elaborator, value: Value) -> list[SSAValue]:
    """The SSA values of a value, in the order of the leaves of its type."""
    match value:
        case Scalar(ssa):
            return [ssa]
        case Literal():
            return [to_ssa(el, value, value.type)]  # type: ignore[arg-type]
        case Int(form, set):
            if set is None:
                return [to_ssa(el, value, kinds.WEAK_INT)]
            return [el.frame.index(form, kinds.size_of(root(set)))]
        case Table(parts):
            return list(parts)
        case Tuple(items):
            return [ssa for item in items for ssa in flatten(el, item)]
        case Record(fields) | Struct(_, fields):
            return [ssa for field in fields.values() for ssa in flatten(el, field)]
    return []


def rebuild(el: Elaborator, type: Type, values: Sequence[SSAValue]) -> Value:
    """The value of a type that consists of these SSA values."""
    stream = iter(values)
    result = _rebuild(el, type, stream)
    assert next(stream, None) is None, f"more SSA values than the leaves of {type!r}"
    return result


def _rebuild(el: Elaborator, type: Type, stream: Iterator[SSAValue]) -> Value:
    match type:
        case ElementType() | WeakType():
            return Scalar(next(stream), type)
        case IndexType(set):
            return _rebuild_index(el, set, stream)
        case TableType():
            return Table(tuple(next(stream) for _ in leaves(type)), type)
        case TupleType(items):
            return Tuple(tuple(_rebuild(el, item, stream) for item in items))
        case RecordType(fields):
            return Record({name: _rebuild(el, field, stream) for name, field in fields})
        case StructOf(cls, fields):
            return Struct(cls, {name: _rebuild(el, field, stream) for name, field in fields})
        case StaticType(value):
            return NONE if value is None else value if isinstance(value, Value) else Static(value)
        case SizeType(set):
            return Int(kinds.size_of(set))
        case UndefinedType():
            return Undefined()
    raise AssertionError(f"no value has the type {type!r}")


def _rebuild_index(el: Elaborator, set: IndexSet, stream: Iterator[SSAValue]) -> Value:
    parts = factors_of(set)
    if parts is None:
        return index_value(el, next(stream), set)
    made = tuple(_rebuild_index(el, part, stream) for part in parts)
    return index_of_parts(set, made)


def index_of_parts(set: IndexSet, parts: tuple[Value, ...]) -> Value:
    """The index of a product that has these parts."""
    from pydex.sets import RecordSet

    if isinstance(set, RecordSet):
        return Struct(set.cls, {name: part for (name, _), part in zip(set.fields, parts, strict=True)})
    return Tuple(parts)


def index_value(el: Elaborator, ssa: SSAValue, set: IndexSet, name: str = "k") -> Int:
    """An SSA index of `set` as a value; its ordinal is a new symbol."""
    symbol = new_symbol(name)
    el.frame.add_index(symbol, ssa, kinds.size_of(root(set)))
    return Int(Size.of(symbol), set)


# ---------------------------------------------------------------------------------------- one type for several


class Mismatch(Exception):
    """Two values have no common type. Only between `unify` and its callers."""


def unify(left: Type, right: Type) -> Type:
    """The type that values of both types can be brought to. Raises Mismatch."""
    if left == right:
        return left
    match left, right:
        case (UndefinedType(), _):
            return right
        case (_, UndefinedType()):
            return left
        case (WeakType(), WeakType()):
            return kinds.WEAK_FLOAT
        case (WeakType(), ElementType()):
            return unify(right, left)
        case (ElementType(), WeakType(kind)):
            if left.kind == "b" or (kind == "float" and not left.is_float):
                raise Mismatch
            return left
        case (IndexType(), IndexType() | WeakType()) | (WeakType(), IndexType()):
            return kinds.WEAK_INT
        case (IndexType(), ElementType()) | (ElementType(), IndexType()):
            return unify(kinds.WEAK_INT, right if isinstance(left, IndexType) else left)
        case (TableType(), TableType()) if left.axes == right.axes:
            if isinstance(left.element, IndexType) != isinstance(right.element, IndexType):
                raise Mismatch
            return TableType(left.axes, unify(left.element, right.element))
        case (TupleType(a), TupleType(b)) if len(a) == len(b):
            return TupleType(tuple(map(unify, a, b)))
        case (RecordType(a), RecordType(b)) if [n for n, _ in a] == [n for n, _ in b]:
            return RecordType(tuple((n, unify(x, y)) for (n, x), (_, y) in zip(a, b, strict=True)))
        case (StructOf(cls, a), StructOf(other, b)) if cls is other:
            return StructOf(cls, tuple((n, unify(x, y)) for (n, x), (_, y) in zip(a, b, strict=True)))
    raise Mismatch


def bring(el: Elaborator, value: Value, type: Type) -> Value:
    """The value in a type that `unify` found for it."""
    if isinstance(value, NUMBERS) and isinstance(type, ElementType | WeakType):
        return Scalar(to_ssa(el, value, type), type)
    if value.type == type:
        return value
    if isinstance(value, Undefined):
        from pydex.frontend.branches import placeholder

        return rebuild(el, type, placeholder(el, type))
    match value, type:
        case Table(), TableType():
            from pydex.frontend.tables import convert_elements

            return convert_elements(el, value, type.element)
        case Tuple(items), TupleType(types):
            return Tuple(tuple(bring(el, item, t) for item, t in zip(items, types, strict=True)))
        case Record(fields), RecordType(types):
            return Record({name: bring(el, fields[name], t) for name, t in types})
        case Struct(cls, fields), StructOf(_, types):
            return Struct(cls, {name: bring(el, fields[name], t) for name, t in types})
    return value
