"""Values at the boundary: NumPy arrays, Python numbers and records become a reference execution's values, and back.

An annotated argument must have the annotated element type; there is no silent cast. An array that enters without an
annotation, or is captured, has flexible axes. Ragged tables are lists of arrays; tables of indices are int64 arrays.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from pydex.reference import dual, scalars
from pydex.reference.accumulators import unwrap
from pydex.reference.binding import Binding, row_pattern
from pydex.reference.dual import Dual
from pydex.reference.indices import Index, at, extent, is_flexible, is_part, is_same, ordinal, size_of
from pydex.reference.operators import as_pydex, is_scalar, is_struct
from pydex.reference.tables import Table, coerce_scalar, make_table, storage_axis
from pydex.sets import IndexSet
from pydex.types import (
    ElementType,
    IndexType,
    RecordType,
    SizeType,
    StructType,
    TableType,
    TupleType,
    Type,
    element_type_of,
)


def learn(binding: Binding, type: Type | None, value: Any, where: str) -> None:
    """Bind the sizes that an argument determines. TypeError if it has not the shape of its annotation."""
    value = unwrap(value)
    match type:
        case TableType(axes, element):
            _learn_axes(binding, axes, element, value, where)
        case SizeType(index_set):
            binding.size(index_set, _integer(value, where), where)
        case TupleType() | RecordType() | StructType():
            for name, part, inner in _fields(type, value, where):
                learn(binding, part, inner, f"{where}{name}")


def enter(type: Type | None, value: Any, where: str) -> Any:
    """An argument as a value of `type`, whose sets are known; a struct's field may have no type.

    Raises: TypeError for a wrong type; IndexError for an integer that is no index, naming its position.
    """
    value = unwrap(value)
    if type is None:
        return enter_any(value)
    match type:
        case ElementType():
            return _enter_scalar(type, value, where)
        case TableType(axes, element):
            return _enter_table(list(axes), element, value, None, 0, where)
        case SizeType(index_set):
            return np.int64(_integer(value, where))
        case IndexType(index_set):
            return _enter_index(index_set, value, where)
        case TupleType() | RecordType() | StructType():
            return _rebuild(
                type, value, [enter(part, inner, where + name) for name, part, inner in _fields(type, value, where)]
            )
    raise TypeError(f"{where}: values of type {type!r} cannot be passed")


def enter_any(value: Any) -> Any:
    """A value from outside without an annotation."""
    if isinstance(value, (bool, int, float, np.generic)):
        return scalars.typed(value)
    if isinstance(value, list):
        return _literal_table(value)
    if _is_array(value):
        return _flexible_table(np.asarray(value))
    if isinstance(value, tuple):
        return tuple(map(enter_any, value))
    if isinstance(value, dict):
        return {name: enter_any(part) for name, part in value.items()}
    if is_struct(value):
        return type(value)(*(enter_any(getattr(value, part.name)) for part in dataclasses.fields(value)))
    if isinstance(value, FunctionType):
        return as_pydex(value)
    inside: Callable[[], Any] | None = getattr(value, "__pydex_reference__", None)
    return inside() if inside is not None and not isinstance(value, type) else value


def leave(value: Any, type: Type | None = None) -> Any:
    """A result as NumPy arrays, NumPy scalars and records of these; a type gives empty tables their shape."""
    value = scalars.plain(unwrap(value))
    if isinstance(value, Table):
        return _leave_table(value, type)
    if is_scalar(value):
        return scalars.typed(dual.primal(value))
    if isinstance(value, tuple):
        types = type.items if isinstance(type, TupleType) else (None,) * len(value)
        return tuple(leave(part, part_type) for part, part_type in zip(value, types, strict=True))
    if isinstance(value, dict):
        return {name: leave(part) for name, part in value.items()}
    if is_struct(value):
        return value.__class__(*(leave(getattr(value, part.name)) for part in dataclasses.fields(value)))
    return value


def result(type: Type | None, value: Any, where: str) -> Any:
    """A function's result as its annotation says: untyped numbers take the type, anything else must have it."""
    value = unwrap(value)
    match type:
        case None:
            return value
        case ElementType():
            if not is_scalar(scalars.plain(value)):
                raise TypeError(f"{where}: expected {type!r}, found {value!r}")
            return coerce_scalar(value, type)
        case TableType(axes, element):
            return _result_table(list(axes), element, value, None, 0, where)
        case TupleType() | RecordType() | StructType():
            return _rebuild(
                type, value, [result(part, inner, where + name) for name, part, inner in _fields(type, value, where)]
            )
        case IndexType(index_set):
            return _enter_index(index_set, value, where)
    return value


def call_builtin(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """A built-in function called from ordinary Python, on numbers and arrays."""
    from pydex.reference.surface import SURFACE  # what programs see is built on how values enter

    inside = [arg if is_untyped_number(arg) else enter_any(arg) for arg in args]
    return leave(SURFACE[name](*inside, **kwargs))


def is_untyped_number(value: Any) -> bool:
    """Whether `value` is a Python number, which as a literal has no type yet."""
    return isinstance(value, (int, float)) and scalars.is_untyped(value)


def _learn_axes(binding: Binding, axes: tuple[Any, ...], element: Type, value: Any, where: str) -> None:
    outer: IndexSet | None = None
    rows = [value]
    for depth, pattern in enumerate(axes):
        if not isinstance(pattern, IndexSet):
            return  # the rows of a ragged table are checked when they are made
        if rows:
            actual = _axis_of(rows[0], f"{where}, axis {depth}")
            binding.axis(pattern, actual, where if len(axes) == 1 else f"axis {depth} of {where}")
            outer = actual
        rows = [inner for row in rows[:1] for inner in _items(row)[:1]]
    assert outer is not None or axes, "a table has an axis"
    if rows and isinstance(element, (StructType, TupleType, RecordType)):
        learn(binding, element, rows[0], where)


def _enter_table(axes: list[Any], element: Type, value: Any, outer: IndexSet | None, k: int, where: str) -> Any:
    if not axes:
        return enter(element, value, where)
    axis = storage_axis(_row_axis(axes[0], outer, k))
    items = _items(value)
    if len(items) != size_of(axis):
        raise ValueError(f"{where} has {len(items)} elements, expected {size_of(axis)} over {axis!r}")
    if isinstance(value, Table) and not is_same(value.axis, axis):
        raise TypeError(f"{where} is over {value.axis!r}, expected {axis!r}")
    if isinstance(value, np.ndarray) and value.dtype != object and isinstance(element, ElementType):
        _check_dtype(value, element, where)
    made = [_enter_table(axes[1:], element, item, axis, j, f"{where}[{j}]") for j, item in enumerate(items)]
    return Table(axis, made, element if isinstance(element, ElementType) else None)


def _result_table(axes: list[Any], element: Type, value: Any, outer: IndexSet | None, k: int, where: str) -> Any:
    if not axes:
        return result(element, value, where)
    axis = storage_axis(_row_axis(axes[0], outer, k))
    if not isinstance(value, Table) or (len(value.items) or not size_of(axis) == 0) and not is_same(value.axis, axis):
        found = f"a table over {value.axis!r}" if isinstance(value, Table) else repr(value)
        raise TypeError(f"{where}: expected a table over {axis!r}, found {found}")
    made = [_result_table(axes[1:], element, item, axis, j, where) for j, item in enumerate(value.items)]
    return Table(axis, made, element if isinstance(element, ElementType) else None)


def _enter_scalar(type: ElementType, value: Any, where: str) -> Any:
    value = value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else scalars.plain(value)
    if not is_scalar(value):
        raise TypeError(f"{where}: expected {type!r}, found {value.__class__.__name__}")
    try:
        return coerce_scalar(value, type)
    except TypeError as error:
        raise TypeError(f"{where}: {error}") from None


def _enter_index(index_set: IndexSet, value: Any, where: str) -> Any:
    if isinstance(value, Index):
        if not is_part(value.set, index_set):
            raise TypeError(f"{where} is an index of {value.set!r}, expected one of {index_set!r}")
        return at(index_set, value.ordinal)
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        return at(index_set, ordinal(value))
    try:
        return at(index_set, value)
    except IndexError as error:
        raise IndexError(f"{where}: {error}") from None


def _check_dtype(value: np.ndarray, element: ElementType, where: str) -> None:
    found = element_type_of(value.dtype)
    if found != element:
        raise TypeError(f"{where}: expected {element!r}, found {found!r}: pass it as .astype(numpy.{element.dtype})")


def _axis_of(value: Any, where: str) -> IndexSet:
    if isinstance(value, Table):
        return value.axis
    return extent(where, len(_items(value)), flexible=True)


def _items(value: Any) -> Any:
    """The elements along the first axis. TypeError if there is none."""
    value = unwrap(value)
    if isinstance(value, Table):
        return value.items
    if isinstance(value, (list, tuple)):
        return value
    if _is_array(value) and np.ndim(value):
        return value if isinstance(value, np.ndarray) else np.asarray(value)
    raise TypeError(f"expected a table, found {value!r}")


def _is_array(value: Any) -> bool:
    return (
        isinstance(value, np.ndarray)
        or (hasattr(value, "__array__") or hasattr(value, "__dlpack__"))
        and not isinstance(value, np.generic)
    )


def _row_axis(pattern: Any, outer: IndexSet | None, k: int) -> IndexSet:
    if isinstance(pattern, IndexSet):
        return pattern
    if outer is None:
        raise TypeError(f"{pattern!r} depends on the axis before it, but is the first")
    return row_pattern(pattern, outer, Index(k, outer))


def _literal_table(value: list[Any]) -> Table:
    """A Python list: a table of run-time length, whose Python numbers are i64 or f64."""
    items = [part if is_untyped_number(part) else enter_any(part) for part in value]
    made = make_table(extent("length", len(items), flexible=True), items)
    if made.items and all(map(is_untyped_number, made.items)):
        kind = float if any(isinstance(item, float) for item in made.items) else int
        return Table(made.axis, [scalars.typed(kind(item)) for item in made.items], scalars.default_type(kind))
    return made


def _flexible_table(array: np.ndarray) -> Any:
    if array.ndim == 0:
        return enter_any(array[()])
    axes = [extent(f"axis {depth}", size, flexible=True) for depth, size in enumerate(array.shape)]
    return _table_over(axes, array, element_type_of(array.dtype))


def _table_over(axes: Sequence[IndexSet], array: Any, element: ElementType | None) -> Any:
    if not axes:
        return array
    return Table(axes[0], [_table_over(axes[1:], row, element) for row in array], element)


def _leave_table(table: Table, type: Type | None) -> Any:
    if not table.items and isinstance(type, TableType) and isinstance(type.element, (ElementType, IndexType)):
        shape = [size_of(axis) if isinstance(axis, IndexSet) else 0 for axis in type.axes]
        dtype = type.element.dtype if isinstance(type.element, ElementType) else np.dtype("i8")
        return np.zeros(shape, dtype)
    inner = TableType(type.axes[1:], type.element) if isinstance(type, TableType) and len(type.axes) > 1 else None
    parts = [_leave_item(item, inner) for item in table.items]
    if not parts:
        return np.zeros(0, table.element.dtype if table.element else np.float64)
    if isinstance(parts[0], np.ndarray):
        return np.stack(parts) if len({part.shape for part in parts}) == 1 and not _is_ragged(table) else parts
    return np.array(parts) if isinstance(parts[0], np.generic) else parts


def _leave_item(item: Any, type: Type | None) -> Any:
    return np.int64(item.ordinal) if isinstance(item, Index) else leave(item, type)


def _is_ragged(table: Table) -> bool:
    """Whether the rows are over sets that depend on their index."""
    axes = [row.axis for row in table.items if isinstance(row, Table)]
    return any(not is_same(axes[0], axis) for axis in axes[1:]) and not any(map(is_flexible, axes))


def _integer(value: Any, where: str) -> int:
    value = scalars.plain(value)
    if isinstance(value, (bool, np.bool_, float, Dual)) or not hasattr(value, "__index__"):
        raise TypeError(f"{where}: expected a size, found {value!r}")
    return int(value)


def _fields(type: Type, value: Any, where: str) -> list[tuple[str, Type | None, Any]]:
    """How each part is named in messages, its type and its value."""
    match type:
        case TupleType(items) if isinstance(value, tuple) and len(value) == len(items):
            return [(f"[{k}]", item, value[k]) for k, item in enumerate(items)]
        case RecordType(fields) if isinstance(value, dict) and set(value) == {name for name, _ in fields}:
            return [(f"[{name!r}]", part, value[name]) for name, part in fields]
        case StructType(cls) if isinstance(value, cls):
            return [(f".{name}", part, getattr(value, name)) for name, part in type.fields]
    raise TypeError(f"{where}: expected {type!r}, found {value!r}")


def _rebuild(type: Type, value: Any, parts: list[Any]) -> Any:
    match type:
        case RecordType(fields):
            return dict(zip((name for name, _ in fields), parts, strict=True))
        case StructType(cls):
            return cls(*parts)
    return tuple(parts)
