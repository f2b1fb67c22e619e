"""Arguments and captured values: NumPy arrays, Python numbers and records become a reference execution's values.

An annotated argument must have the annotated element type; there is no silent cast. An array that enters without an
annotation, or is captured, has flexible axes. A ragged table is a list of arrays.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from pydex.reference import scalars
from pydex.reference.accumulators import unwrap
from pydex.reference.binding import Binding, is_wide, row_axis
from pydex.reference.dual import Dual
from pydex.reference.fields import COMPOSITE, fields, rebuild
from pydex.reference.indices import Index, at, extent, is_part, is_same, ordinal, size_of
from pydex.reference.operators import as_pydex, is_scalar, is_struct
from pydex.reference.tables import Table, coerce_scalar, make_table, storage_axis
from pydex.sets import IndexSet
from pydex.types import ElementType, IndexType, SizeType, TableType, Type, element_type_of


def learn(binding: Binding, type: Type, value: Any, where: str) -> None:
    """Bind the sizes that an argument determines. TypeError if it has not the shape of its annotation."""
    value = unwrap(value)
    if isinstance(type, TableType):
        _learn_axes(binding, type, value, where)
    elif isinstance(type, SizeType):
        binding.size(type.set, _integer(value, where), where)
    elif isinstance(type, COMPOSITE):
        for place, part, inner in fields(type, value, where):
            if part is not None:
                learn(binding, part, inner, place)


def enter(type: Type, value: Any, where: str) -> Any:
    """An argument as a value of `type`, whose sets are known.

    Raises: TypeError for a wrong type; IndexError for an integer that is no index, naming its position.
    """
    value = unwrap(value)
    match type:
        case ElementType():
            return _enter_scalar(type, value, where)
        case TableType(axes, element):
            return _enter_table(list(axes), element, value, None, 0, where)
        case SizeType():
            return np.int64(_integer(value, where))
        case IndexType(index_set):
            return enter_index(index_set, value, where)
    parts = fields(type, value, where)
    return rebuild(
        type, [enter_any(inner) if part is None else enter(part, inner, name) for name, part, inner in parts]
    )


def enter_any(value: Any) -> Any:
    """A value from outside without an annotation."""
    if isinstance(value, (bool, int, float, np.generic)):
        return scalars.typed(widened(value))
    if isinstance(value, list):
        return _literal_table(value)
    if _is_array(value):
        return _flexible_table(widened(_as_array(value)))
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


def enter_index(index_set: IndexSet, value: Any, where: str) -> Any:
    """An index of `index_set`, from an index or an integer."""
    if isinstance(value, Index):
        if not is_part(value.set, index_set):
            raise TypeError(f"{where} is an index of {value.set!r}, expected one of {index_set!r}")
        return at(index_set, value.ordinal)
    try:
        return at(index_set, ordinal(value))
    except IndexError as error:
        raise IndexError(f"{where}: {error}") from None


def is_number(value: Any) -> bool:
    """Whether `value` is a Python number, which as a literal has no type yet."""
    return isinstance(value, (int, float)) and scalars.is_untyped(value)


def widened(value: Any) -> Any:
    """A float array or number in f64, if this call computes all floats in f64; anything else as it is."""
    if is_wide() and isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind == "f":
        return value.astype(np.float64)
    return value


def _learn_axes(binding: Binding, type: TableType, value: Any, where: str) -> None:
    """The axes of a table; of the rows only the first is asked, the others are compared when they enter."""
    shape = _as_array(value).shape if _is_array(value) else None
    if shape is not None and len(shape) != len(type.axes) and value.dtype != object:
        raise TypeError(f"{where}: expected {type!r}, found an array of {len(shape)} axes")
    for depth, pattern in enumerate(type.axes):
        if not isinstance(pattern, IndexSet) or value is None:
            return
        place = where if len(type.axes) == 1 else f"axis {depth} of {where}"
        size = len(_items(value)) if shape is None else shape[depth]
        actual = value.axis if isinstance(value, Table) else extent(place, size, flexible=True)
        binding.axis(pattern, actual, place)
        value = value if shape is not None else next(iter(_items(value)), None)
    if isinstance(type.element, COMPOSITE) and value is not None:
        learn(binding, type.element, value, where)


def _enter_table(axes: list[Any], element: Type, value: Any, outer: IndexSet | None, k: int, where: str) -> Any:
    if not axes:
        return enter(element, value, where)
    axis = storage_axis(row_axis(axes[0], outer, k))
    items = _items(value)
    if len(items) != size_of(axis):
        raise ValueError(f"{where} has {len(items)} elements, expected {size_of(axis)} over {axis!r}")
    if isinstance(value, Table) and not is_same(value.axis, axis):
        raise TypeError(f"{where} is over {value.axis!r}, expected {axis!r}")
    if isinstance(element, ElementType):
        items = _of_element_type(items, element, where)
    made = [_enter_table(axes[1:], element, item, axis, j, f"{where}[{j}]") for j, item in enumerate(items)]
    return Table(axis, made, element if isinstance(element, ElementType) else None)


def _of_element_type(items: Any, element: ElementType, where: str) -> Any:
    """The rows of an array, which must have the element type."""
    items = widened(items)
    if not isinstance(items, np.ndarray) or items.dtype == object:
        return items
    found = element_type_of(items.dtype)
    if found != element:
        raise TypeError(f"{where}: expected {element!r}, found {found!r}: pass it as .astype(numpy.{element.dtype})")
    return items


def _enter_scalar(type: ElementType, value: Any, where: str) -> Any:
    value = value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else scalars.plain(value)
    if not is_scalar(value):
        raise TypeError(f"{where}: expected {type!r}, found {value.__class__.__name__}")
    try:
        return coerce_scalar(widened(value), type)
    except TypeError as error:
        raise TypeError(f"{where}: {error}") from None


def _items(value: Any) -> Any:
    """The elements along the first axis. TypeError if there is none."""
    value = unwrap(value)
    if isinstance(value, Table):
        return value.items
    if isinstance(value, (list, tuple)):
        return value
    if _is_array(value) and np.ndim(value):
        return _as_array(value)
    raise TypeError(f"expected a table, found {value!r}")


def _is_array(value: Any) -> bool:
    """Whether `value` is an array of NumPy or of a library that NumPy can read."""
    if isinstance(value, (np.generic, Table)):
        return False
    return isinstance(value, np.ndarray) or hasattr(value, "__array__") or hasattr(value, "__dlpack__")


def _as_array(value: Any) -> np.ndarray:
    if isinstance(value, np.ndarray):
        return value
    return np.from_dlpack(value) if hasattr(value, "__dlpack__") else np.asarray(value)


def _literal_table(value: list[Any]) -> Table:
    """A Python list: a table of run-time length, whose Python numbers are i64 or f64."""
    items = [part if is_number(part) else enter_any(part) for part in value]
    made = make_table(extent("length", len(items), flexible=True), items)
    if made.items and all(map(is_number, made.items)):
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


def _integer(value: Any, where: str) -> int:
    value = scalars.plain(value)
    if isinstance(value, (bool, np.bool_, float, Dual)) or not hasattr(value, "__index__"):
        raise TypeError(f"{where}: expected a size, found {value!r}")
    return int(value)
