"""Python values as the flat arguments of compiled code, by their types, and flat results as Python values again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any

import numpy as np

from pydex.diagnostics import DexTypeError, DexValueError
from pydex.frontend.kinds import (
    Leaf,
    StaticType,
    StructOf,
    WeakType,
    dims_of,
    factors_of,
    is_axis_symbol,
    leaves,
)
from pydex.sets import EnumSet, IndexSet, Product
from pydex.sizes import Size, Symbol
from pydex.types import ElementType, IndexType, RecordType, SizeType, TableType, TupleType, Type

SizeValues = Mapping[Symbol, int]


def is_plain(type: Type) -> bool:
    """Whether values are passed as they are: numbers, indices, sizes, and tables of the first two over simple sets."""
    if isinstance(type, TableType):
        simple = all(len(dims_of(a)) == 1 and factors_of(a) is None for a in type.axes)
        ragged = any(is_axis_symbol(s) for a in type.axes for d in dims_of(a) for s in d.symbols())
        return simple and not ragged and (isinstance(type.element, ElementType | WeakType) or _is_ordinal(type.element))
    return isinstance(type, ElementType | WeakType | SizeType) or _is_ordinal(type)


def _is_ordinal(type: Type) -> bool:
    return isinstance(type, IndexType) and factors_of(type.set) is None and not isinstance(type.set, EnumSet)


def flatten_argument(type: Type, value: Any, where: str) -> list[Any]:
    """The flat arguments that a value of a type is."""
    if is_plain(type):
        return [value]
    match type:
        case IndexType(set):
            return _index(set, value, where)
        case TableType():
            return _table(type, value, where)
        case TupleType(items):
            if not isinstance(value, tuple | list) or len(value) != len(items):
                raise DexTypeError(f"{where}: expected {type!r}, found {_shown(value)}")
            return [x for k, (t, v) in enumerate(zip(items, value, strict=True))
                    for x in flatten_argument(t, v, f"{where}[{k}]")]  # fmt: skip
        case RecordType(fields):
            names = [name for name, _ in fields]
            if not isinstance(value, Mapping) or sorted(value) != sorted(names):
                raise DexTypeError(f"{where}: expected a dict with the keys {', '.join(names)}, found {_shown(value)}")
            return [x for name, t in fields for x in flatten_argument(t, value[name], f"{where}[{name!r}]")]
        case StructOf(cls, fields):
            if not isinstance(value, cls):
                raise DexTypeError(f"{where}: expected a {cls.__name__}, found {_shown(value)}")
            return [x for name, t in fields for x in flatten_argument(t, getattr(value, name), f"{where}.{name}")]
        case StaticType():
            return []
    raise DexTypeError(f"{where}: a {type!r} cannot be passed from Python")


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"a dict with the keys {', '.join(map(str, value))}"
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}"
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}, shape {value.shape}"
    return type(value).__name__


def _index(index_set: IndexSet, value: Any, where: str) -> list[Any]:
    parts = factors_of(index_set)
    if parts is not None:
        items = value if isinstance(value, tuple) else dataclasses.astuple(value)
        return [x for part, v in zip(parts, items, strict=True) for x in _index(part, v, where)]
    if isinstance(index_set, EnumSet) and isinstance(value, index_set.cls):
        return [list(index_set.cls).index(value)]
    return [value]


def _table(type: TableType, value: Any, where: str) -> list[Any]:
    element = type.element
    if isinstance(element, IndexType) and factors_of(element.set) is None:
        return [_box(type, _as_indices(element.set, value, where), where)]
    if isinstance(element, ElementType | WeakType):
        return [_box(type, value, where)]
    if isinstance(value, list) or (isinstance(value, np.ndarray) and value.dtype == object):
        return _columns(type, value, where)
    inner = [(name, t) for name, t in _fields(element)]
    if not all(_has_field(value, name) for name, _ in inner):
        raise DexTypeError(f"{where}: expected {type!r}, a list of elements or one of tables, found {_shown(value)}")
    return [x for name, t in inner for x in flatten_argument(TableType(type.axes, t), _field(value, name), where)]


def _columns(type: TableType, value: Any, where: str) -> list[Any]:
    """A list of records as one array for each field."""
    element, depth = type.element, sum(1 for _ in type.axes)

    def rows(part: Any, level: int) -> list[list[Any]]:
        if level == 0:
            return flatten_argument(element, part, where)
        if not isinstance(part, list | np.ndarray):
            raise DexTypeError(f"{where}: expected {type!r}, found a list with {_shown(part)} in it")
        made = [rows(item, level - 1) for item in part]
        count = len(leaves(element))
        return [[row[k] for row in made] for k in range(count)]

    dtypes = [_dtype(leaf) for leaf in leaves(element)]
    try:
        return [np.array(column, dtype) for column, dtype in zip(rows(value, depth), dtypes, strict=True)]
    except ValueError as error:
        raise DexTypeError(f"{where}: expected {type!r}: {error}") from None


def _dtype(leaf: Leaf) -> np.dtype:
    from pydex.frontend.scalars import storage

    return np.dtype(np.int64) if isinstance(leaf.element, IndexType) else storage(leaf.element).dtype


def _fields(element: Type) -> Iterator[tuple[Any, Type]]:
    match element:
        case TupleType(items):
            yield from enumerate(items)
        case RecordType(fields) | StructOf(_, fields):
            yield from fields


def _has_field(value: Any, name: Any) -> bool:
    if isinstance(name, int):
        return isinstance(value, tuple | list) and name < len(value)
    return name in value if isinstance(value, Mapping) else hasattr(value, name)


def _field(value: Any, name: Any) -> Any:
    return value[name] if isinstance(name, int) or isinstance(value, Mapping) else getattr(value, name)


def _as_indices(index_set: IndexSet, value: Any, where: str) -> Any:
    if isinstance(index_set, EnumSet) and isinstance(value, list | tuple):
        return np.array([list(index_set.cls).index(v) if isinstance(v, Enum) else v for v in value], np.int64)
    array = np.asarray(value)
    if array.dtype == object:
        return value
    if array.size and array.dtype.kind not in "iu":
        raise DexTypeError(f"{where}: expected indices of {index_set!r}, integers, found {array.dtype}")
    return array if array.dtype == np.int64 else array.astype(np.int64)


def _box(type: TableType, value: Any, where: str) -> Any:
    """A ragged table, a list of rows, as the smallest box that holds it."""
    ragged = any(is_axis_symbol(s) for a in type.axes for d in dims_of(a) for s in d.symbols())
    if not ragged or isinstance(value, np.ndarray):
        return value
    if not isinstance(value, list | tuple):
        raise DexTypeError(f"{where}: expected a list of rows, found {_shown(value)}")
    rows = [np.asarray(row) for row in value]
    dtype = _dtype(leaves(type)[0])
    wrong = [row.dtype for row in rows if row.size and row.dtype != dtype]
    if wrong:
        raise DexTypeError(f"{where}: expected rows of {dtype}, found {wrong[0]}")
    for k, row in enumerate(rows):
        expected = [d.substitute({Symbol("#0"): Size.of(k)}).constant for a in type.axes[1:] for d in dims_of(a)]
        if any(e is not None and e != n for e, n in zip(expected, row.shape, strict=False)):
            raise DexValueError(f"{where}[{k}] has {row.shape[0]} elements, expected {expected[0]}")
    rank = rows[0].ndim if rows else len(type.axes) - 1
    shape = [max((row.shape[a] for row in rows), default=0) for a in range(rank)]
    box = np.zeros((len(rows), *shape), dtype)
    for k, row in enumerate(rows):
        box[(k, *(slice(0, n) for n in row.shape))] = row
    return box


# ---------------------------------------------------------------------------------------------------- results


def rebuild_result(type: Type, flat: Iterator[Any], sizes: Callable[[], SizeValues]) -> Any:
    """The Python value of a type that these flat results are. `sizes` are asked for only where rows differ."""
    match type:
        case ElementType() | WeakType():
            return next(flat)
        case IndexType(set):
            return _rebuild_index(set, flat)
        case TableType():
            return _rebuild_table(type, flat, sizes)
        case TupleType(items):
            return tuple(rebuild_result(item, flat, sizes) for item in items)
        case RecordType(fields):
            return {name: rebuild_result(field, flat, sizes) for name, field in fields}
        case StructOf(cls, fields):
            return cls(**{name: rebuild_result(field, flat, sizes) for name, field in fields})
        case StaticType(value):
            return getattr(value, "value", value)
    raise DexTypeError(f"a {type!r} cannot be returned to Python")


def _rebuild_index(index_set: IndexSet, flat: Iterator[Any]) -> Any:
    parts = factors_of(index_set)
    if parts is not None:
        made = tuple(_rebuild_index(part, flat) for part in parts)
        return made if isinstance(index_set, Product) else index_set.cls(*made)  # type: ignore[attr-defined]
    value = next(flat)
    return list(index_set.cls)[value] if isinstance(index_set, EnumSet) else value


def _rebuild_table(type: TableType, flat: Iterator[Any], sizes: Callable[[], SizeValues]) -> Any:
    element = type.element
    if isinstance(element, ElementType | WeakType | IndexType):
        if isinstance(element, IndexType) and factors_of(element.set) is not None:
            return _rows(type, [_shaped(type, next(flat), sizes) for _ in leaves(element)])
        return _shaped(type, next(flat), sizes)
    columns = [_shaped(type, next(flat), sizes) for _ in leaves(element)]
    return _rows(type, columns)


def _rows(type: TableType, columns: list[Any]) -> Any:
    """Columns as a list, for each axis, of records."""

    def at(parts: list[Any], depth: int) -> Any:
        if depth == 0:
            return rebuild_result(type.element, iter([p.item() if np.ndim(p) == 0 and hasattr(p, "item") else p
                                                      for p in parts]), dict)  # fmt: skip
        return [at([part[k] for part in parts], depth - 1) for k in range(len(parts[0]))]

    return at(columns, len(type.axes))


def _shaped(type: TableType, box: Any, sizes: Callable[[], SizeValues]) -> Any:
    """A product's axes as one; a ragged table as a list of rows."""
    if any(factors_of(a) is not None for a in type.axes):
        shape, at = [], 0
        for axis in type.axes:
            count = len(dims_of(axis))
            shape.append(int(np.prod(box.shape[at : at + count])))
            at += count
        return box.reshape(shape + list(box.shape[at:]))
    dims = [d for axis in type.axes for d in dims_of(axis)]
    if not any(is_axis_symbol(s) for d in dims for s in d.symbols()):
        return box
    return _cut(box, dims, sizes(), ())


def _cut(box: Any, dims: list[Size], sizes: SizeValues, position: tuple[int, ...]) -> Any:
    """The rows of a padded box, each of its own length."""
    values = {**sizes, **{Symbol(f"#{k}"): p for k, p in enumerate(position)}}
    if not any(is_axis_symbol(s) for d in dims for s in d.symbols()):
        return box[tuple(slice(0, d.evaluate(values)) for d in dims)].copy()
    length = dims[0].evaluate(values)
    known = len(position)
    rest = [d for d in dims[1:]]
    later = any(Symbol(f"#{k}") in d.symbols() for d in rest for k in range(known, known + len(dims)))
    if not later:
        bound = [Size.of(d.evaluate(values)) for d in dims]
        return _cut(box, bound, sizes, position)
    return [_cut(box[k], [d.substitute({Symbol(f"#{known}"): Size.of(k)}) for d in rest], sizes, (*position, k))
            for k in range(length)]  # fmt: skip
