"""Tables in a reference execution: an axis and a Python list of its elements; a table of two axes is a table of tables.

Indexing is checked here: a bare index must belong to the table's own set or to a declared part of it, an integer must
be in range (negative ones are not), and an element that is assigned must have the table's element type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pydex.reference import dual, scalars
from pydex.reference.binding import row_axis
from pydex.reference.dual import Dual
from pydex.reference.indices import Index, Length, is_flexible, is_same, ordinal, ordinal_in, ordinals, size_of
from pydex.sets import Dependent, EnumSet, Fin, IndexSet, Product, RecordSet, Slice, UserSet, make_slice
from pydex.types import ElementType, TableType, Type, element_type_of, promote_untyped


@dataclass(frozen=True)
class FromEnd:
    """The literal negative index −distance."""

    distance: int


@dataclass(eq=False)
class Table:
    """A total map from `axis`; `element` is the type of its scalars, None while they are untyped or no scalars."""

    axis: IndexSet
    items: list[Any]
    element: ElementType | None = field(default=None)
    __array_ufunc__ = None  # NumPy scalars leave operators to this class

    def __getitem__(self, key: Any) -> Any:
        return take(self, key if isinstance(key, tuple) else (key,))

    def __setitem__(self, key: Any, value: Any) -> None:
        place, last = _place(self, key if isinstance(key, tuple) else (key,))
        place.items[last] = fit(value, place, place.items[last])

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)

    def __eq__(self, other: Any) -> Any:
        return compare(self, other, lambda x, y: x == y)

    def __ne__(self, other: Any) -> Any:
        return compare(self, other, lambda x, y: x != y)

    def __lt__(self, other: Any) -> Any:
        return compare(self, other, lambda x, y: x < y)

    def __le__(self, other: Any) -> Any:
        return compare(self, other, lambda x, y: x <= y)

    def __gt__(self, other: Any) -> Any:
        return compare(self, other, lambda x, y: x > y)

    def __ge__(self, other: Any) -> Any:
        return compare(self, other, lambda x, y: x >= y)

    def __bool__(self) -> bool:
        raise TypeError("a table is neither true nor false; use any(…) or all(…)")

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes; of a ragged table, of its first row."""
        inner = self.items[0].shape if self.items and isinstance(self.items[0], Table) else ()
        return (Length.of(self.axis), *inner)

    @property
    def T(self) -> Table:
        """The transpose of a table of two axes."""
        rows = self.items
        if not rows or not isinstance(rows[0], Table) or any(isinstance(item, Table) for item in rows[0].items):
            raise TypeError("only a table of two axes, the first not empty, has a transpose .T")
        columns = [make_table(self.axis, [row.items[k] for row in rows]) for k in range(len(rows[0].items))]
        return make_table(rows[0].axis, columns)

    def copy(self) -> Table:
        """The same table, owned by nobody else."""
        items = [item.copy() if isinstance(item, Table) else item for item in self.items]
        return Table(self.axis, items, self.element)

    def get(self, *args: Any) -> Any:
        """`x.get(i, default)`: the element, or `default` where the table has no such index."""
        *keys, default = args
        table: Any = self
        for key in keys[0] if len(keys) == 1 and isinstance(keys[0], tuple) else keys:
            try:
                position = ordinal(key)
            except TypeError:
                position = -1
            if not 0 <= position < len(table.items):
                return default if table.element is None else coerce_scalar(default, table.element)
            table = table.items[position]
        return table


def make_table(axis: IndexSet, items: list[Any]) -> Table:
    """A table of these elements, untyped ones taking the type of the typed. TypeError if they have no one type."""
    axis = storage_axis(axis)
    if len(items) != size_of(axis):
        raise ValueError(f"{len(items)} elements for a table over {axis!r}, which has {size_of(axis)} indices")
    if any(isinstance(item, Table) for item in items):
        return _make_rows(axis, items)
    element = _element(items)
    return Table(axis, [coerce_scalar(item, element) for item in items] if element else list(items), element)


def constant(type: Type, value: Any) -> Any:
    """A table, or scalar, of `type` that is `value` everywhere. TypeError for an element that is not a scalar type."""
    if isinstance(type, ElementType):
        return coerce_scalar(value, type)
    if not isinstance(type, TableType) or not isinstance(type.element, ElementType):
        raise TypeError(f"expected a table type of scalars such as f32[n], found {type!r}")
    return _constant_rows(list(type.axes), None, None, coerce_scalar(value, type.element), type.element)


def storage_axis(axis: IndexSet) -> IndexSet:
    """The set by which a table built over `axis` is indexed: one whose ordinals start at 0."""
    if isinstance(axis, Slice):
        return Fin(axis.size)
    if isinstance(axis, Dependent) and axis.kind in ("above", "starting"):
        return Fin(size_of(axis))
    return axis


def take(table: Any, keys: tuple[Any, ...]) -> Any:
    """`table[keys]`, with slices that make new tables and fewer keys than axes."""
    if not keys:
        return table
    if not isinstance(table, Table):
        raise TypeError(f"too many indices: nothing is left to index with {keys!r}")
    if isinstance(keys[0], slice):
        rows = _sliced(table, keys[0])
        return make_table(rows.axis, [take(row, keys[1:]) for row in rows.items])
    position, rest = locate(table.axis, keys)
    return take(table.items[position], rest)


def locate(axis: IndexSet, keys: tuple[Any, ...]) -> tuple[int, tuple[Any, ...]]:
    """The position on `axis` that the first keys name, and the keys that are left."""
    key, rest = keys[0], keys[1:]
    match axis:
        case Product(factors) if not isinstance(key, tuple) and len(keys) >= len(factors):
            key, rest = keys[: len(factors)], keys[len(factors) :]
            return ordinal_in(axis, _joined(factors, key)), rest
        case Product() | RecordSet() | EnumSet() | UserSet() if not _is_integer(key):
            return ordinal_in(axis, key), rest
    if isinstance(key, tuple):
        return locate(axis, (*key, *rest))
    return _position(axis, key), rest


def elementwise(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """`function` of scalars, element by element on tables of the same axes; a scalar meets every element."""
    tables = [arg for arg in args if isinstance(arg, Table)]
    if not tables:
        return function(*args)
    axis = _common_axis(tables)
    if len({isinstance(item, Table) for table in tables for item in table.items[:1]}) > 1:
        raise TypeError("elementwise operations need tables with the same number of axes")
    rows = [[arg.items[k] if isinstance(arg, Table) else arg for arg in args] for k in range(len(tables[0].items))]
    return make_table(axis, [elementwise(function, tuple(row)) for row in rows])


def compare(left: Any, right: Any, function: Callable[[Any, Any], Any]) -> Any:
    """An elementwise comparison: a table of bools."""
    return elementwise(lambda x, y: np.bool_(function(x, y)), (left, right))


def coerce_scalar(value: Any, type: ElementType) -> Any:
    """`value` where a scalar of `type` is required; duals keep their tangents."""
    value = scalars.plain(value)
    if isinstance(value, Dual):
        scalars.adopt(dual.primal(value), type)
        return dual.convert(value, type)
    if not isinstance(value, scalars.SCALARS):
        raise TypeError(f"expected {type!r}, found {value!r}")
    return scalars.adopt(value, type)


def fit(value: Any, table: Table, old: Any) -> Any:
    """`value` as an element of `table` in the place of `old`. TypeError if it is of another type or other axes."""
    if isinstance(old, Table):
        if not isinstance(value, Table) or not is_same(value.axis, old.axis):
            raise TypeError(f"a row over {old.axis!r} cannot be replaced by {value!r}")
        return Table(
            old.axis, [fit(new, old, item) for new, item in zip(value.items, old.items, strict=True)], old.element
        )
    if table.element is not None:
        return coerce_scalar(value, table.element)
    found = scalar_type(value)
    if found is not None:
        _adopt_type(table, value, found)
    return value


def scalar_type(value: Any) -> ElementType | None:
    """The element type of a typed scalar; None for anything else."""
    value = dual.primal(scalars.plain(value))
    return element_type_of(value) if isinstance(value, scalars.SCALARS) and not scalars.is_untyped(value) else None


def _adopt_type(table: Table, value: Any, found: ElementType) -> None:
    """An untyped table whose element meets a type takes that type."""
    if any(scalars.is_untyped(item) for item in table.items):
        literal = float if any(isinstance(item, float) for item in table.items) else int
        table.element = promote_untyped(found, literal)
        table.items = [coerce_scalar(item, table.element) for item in table.items]
        coerce_scalar(value, table.element)


def _make_rows(axis: IndexSet, items: list[Any]) -> Table:
    if not all(isinstance(item, Table) for item in items):
        raise TypeError("some elements of this table are tables and some are not: use a tuple")
    types = {item.element for item in items if item.element is not None}
    if len(types) > 1:
        raise TypeError(f"the rows of this table have different types, {_names(types)}: convert them, or use a tuple")
    return Table(axis, [_with_element(item, types) for item in items], next(iter(types), None))


def _with_element(table: Table, types: set[ElementType]) -> Table:
    """The table with its untyped numbers in the one type, if there is one."""
    if table.element is not None or not types or not table.items:
        return table
    (element,) = types
    if isinstance(table.items[0], Table):
        return Table(table.axis, [_with_element(row, types) for row in table.items], element)
    return Table(table.axis, [coerce_scalar(item, element) for item in table.items], element)


def _element(items: list[Any]) -> ElementType | None:
    types = {type for type in map(scalar_type, items) if type is not None}
    if len(types) > 1:
        raise TypeError(
            f"the elements of this table have different types, {_names(types)}: convert them, or use a tuple"
        )
    return next(iter(types), None)


def _names(types: set[ElementType]) -> str:
    return " and ".join(sorted(type.name for type in types))


def _constant_rows(axes: list[Any], outer: IndexSet | None, at: int | None, value: Any, element: ElementType) -> Any:
    if not axes:
        return value
    axis = storage_axis(row_axis(axes[0], outer, at or 0))
    size = size_of(axis)
    return Table(axis, [_constant_rows(axes[1:], axis, k, value, element) for k in range(size)], element)


def _place(table: Table, keys: tuple[Any, ...]) -> tuple[Table, int]:
    """The innermost table that `keys` name, and the position in it."""
    if any(isinstance(key, slice) for key in keys):
        raise TypeError("a slice of a table cannot be assigned to; write the loop over the slice of its index set")
    position, rest = locate(table.axis, keys)
    if not rest:
        return table, position
    if not isinstance(table.items[position], Table):
        raise TypeError(f"too many indices: nothing is left to index with {rest!r}")
    return _place(table.items[position], rest)


def _sliced(table: Table, bounds: slice) -> Table:
    """Tables that are slices of tables start at 0."""
    bounds = slice(*(None if bound is None else ordinal(bound) for bound in (bounds.start, bounds.stop, bounds.step)))
    axis = make_slice(table.axis, bounds)
    if axis == table.axis:
        return Table(axis, list(table.items), table.element)
    items = [table.items[k] for k in ordinals(axis)]
    return Table(storage_axis(axis) if items else Fin(0), items, table.element)


def _position(axis: IndexSet, key: Any) -> int:
    if isinstance(key, FromEnd):
        key = size_of(axis) - key.distance
    if not _is_integer(key):
        return ordinal_in(axis, key)
    if not 0 <= key < size_of(axis):
        raise IndexError(f"{key} is not an index of {axis!r}, which has {size_of(axis)}")
    return int(key)


def _is_integer(key: Any) -> bool:
    return isinstance(key, (int, np.integer, FromEnd)) and not isinstance(key, bool)


def _joined(factors: tuple[IndexSet, ...], keys: tuple[Any, ...]) -> tuple[Any, ...]:
    """Keys of a product's factors; integers become indices."""
    if len(keys) != len(factors):
        raise TypeError(f"an index of a product of {len(factors)} sets, found {len(keys)}")
    return tuple(
        Index(_position(factor, key), factor) if _is_integer(key) else key
        for factor, key in zip(factors, keys, strict=True)
    )


def _common_axis(tables: list[Table]) -> IndexSet:
    first = tables[0]
    for other in tables[1:]:
        if not is_same(first.axis, other.axis):
            raise TypeError(
                f"elementwise operations need tables over the same sets, not over {first.axis!r} and {other.axis!r}"
            )
    rigid = [table.axis for table in tables if not is_flexible(table.axis)]
    return rigid[0] if rigid else first.axis
