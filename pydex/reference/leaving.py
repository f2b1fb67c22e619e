"""Results: checked against their annotation, then given out as NumPy arrays, NumPy scalars and records of these.

A ragged table leaves as a list of arrays, a table of indices as an int64 array, a table of records as a list.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from pydex.reference import dual, scalars
from pydex.reference.accumulators import unwrap
from pydex.reference.binding import row_axis
from pydex.reference.entering import enter_index
from pydex.reference.fields import fields, rebuild
from pydex.reference.indices import Index, is_flexible, is_same, size_of
from pydex.reference.operators import is_scalar, is_struct
from pydex.reference.tables import Table, coerce_scalar, storage_axis
from pydex.sets import IndexSet
from pydex.types import ElementType, IndexType, TableType, TupleType, Type


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
        case IndexType(index_set):
            return enter_index(index_set, value, where)
    return rebuild(type, [result(part, inner, place) for place, part, inner in fields(type, value, where)])


def leave(value: Any, type: Type | None = None) -> Any:
    """A result as NumPy has it; a type gives empty tables their shape."""
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


def _result_table(axes: list[Any], element: Type, value: Any, outer: IndexSet | None, k: int, where: str) -> Any:
    if not axes:
        return result(element, value, where)
    axis = storage_axis(row_axis(axes[0], outer, k))
    if not isinstance(value, Table) or not _is_over(value, axis):
        found = f"a table over {value.axis!r}" if isinstance(value, Table) else repr(value)
        raise TypeError(f"{where}: expected a table over {axis!r}, found {found}")
    made = [_result_table(axes[1:], element, item, axis, j, where) for j, item in enumerate(value.items)]
    return Table(axis, made, element if isinstance(element, ElementType) else None)


def _is_over(table: Table, axis: IndexSet) -> bool:
    """Whether a table is over `axis`; an empty one need not know its set."""
    return is_same(table.axis, axis) or not table.items and size_of(axis) == 0


def _leave_table(table: Table, type: Type | None) -> Any:
    if not table.items:
        return _empty(table, type)
    inner = TableType(type.axes[1:], type.element) if isinstance(type, TableType) and len(type.axes) > 1 else None
    parts = [np.int64(item.ordinal) if isinstance(item, Index) else leave(item, inner) for item in table.items]
    if isinstance(parts[0], np.ndarray):
        return parts if _is_ragged(table) else np.stack(parts)
    return np.array(parts) if isinstance(parts[0], np.generic) else parts


def _empty(table: Table, type: Type | None) -> np.ndarray:
    """An empty array, of the shape and type that the annotation says, if there is one."""
    if not isinstance(type, TableType) or not isinstance(type.element, (ElementType, IndexType)):
        return np.zeros(0, table.element.dtype if table.element else np.float64)
    shape = [size_of(axis) if isinstance(axis, IndexSet) else 0 for axis in type.axes]
    return np.zeros(shape, type.element.dtype if isinstance(type.element, ElementType) else np.int64)


def _is_ragged(table: Table) -> bool:
    """Whether the rows are over sets that depend on their index."""
    axes = [row.axis for row in table.items if isinstance(row, Table)]
    different = any(not is_same(axes[0], axis) for axis in axes[1:])
    return different and not any(map(is_flexible, axes)) or len({size_of(axis) for axis in axes}) > 1
