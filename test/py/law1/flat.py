"""Values of a pydex type as a flat list of leaves, the way compiled code passes them; written apart from the frontend.

A leaf is a number or an array. Ragged tables lie in their padded box, products as one axis a factor, tables of records
as one table a field. `None`, where a derivative has nothing, is None for every leaf.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pydex.frontend.kinds import StructOf, factors_of, leaves
from pydex.types import IndexType, RecordType, SizeType, TableType, TupleType, Type


def flatten(type: Type, value: Any) -> list[Any]:
    """The leaves of a value; rows of ragged tables stay lists of arrays (see `box`)."""
    if isinstance(type, SizeType):
        return []
    if value is None:
        return [None] * len(leaves(type))
    match type:
        case TupleType() | RecordType() | StructOf():
            return [leaf for name, field in _fields(type) for leaf in flatten(field, _part(value, name))]
        case IndexType(set) if factors_of(set) is not None:
            return [int(part) for part in value]
        case TableType(axes, element) if len(leaves(element)) != 1 or _fields(element):
            return _columns(element, value, len(axes))
    return [value]


def unflatten(type: Type, like: Any, stream: Any) -> Any:
    """A value with the structure of `like` and the leaves that an iterator gives."""
    if isinstance(type, SizeType):
        return None
    match type:
        case TupleType():
            return tuple(unflatten(field, _part(like, name), stream) for name, field in _fields(type))
        case RecordType():
            return {name: unflatten(field, _part(like, name), stream) for name, field in _fields(type)}
        case StructOf(cls, fields):
            return cls(**{name: unflatten(field, _part(like, name), stream) for name, field in fields})
    leaf = next(stream)
    return None if leaf is None else _rows(leaf, like)


def box(shape: Sequence[int], value: Any, dtype: Any) -> np.ndarray:
    """A leaf as an array of its padded box; what belongs to no element is 0."""
    made = np.zeros(shape, dtype)
    _fill(made, value)
    return made


def elements(shape: Sequence[int], value: Any) -> np.ndarray:
    """Where in its box a leaf has elements."""
    return box(shape, _ones(value), bool)


def _rows(box: Any, like: Any) -> Any:
    """A box as rows of the lengths that those of `like` have."""
    if isinstance(like, list):
        return [_rows(part, row) for part, row in zip(box, like, strict=False)]
    return box[tuple(slice(0, size) for size in np.shape(like))] if np.ndim(like) else box


def _ones(value: Any) -> Any:
    return [_ones(row) for row in value] if isinstance(value, list) else np.ones(np.shape(value), bool)


def _fill(box: np.ndarray, value: Any) -> None:
    if isinstance(value, list):
        for row, part in zip(box, value, strict=False):
            _fill(row, part)
        return
    array = np.asarray(value)
    if array.size == box.size:
        box[...] = array.reshape(box.shape)
    else:
        box[tuple(slice(0, size) for size in array.shape)] = array


def _fields(type: Type) -> list[tuple[Any, Type]]:
    match type:
        case TupleType(items):
            return list(enumerate(items))
        case RecordType(fields) | StructOf(_, fields):
            return list(fields)
    return []


def _part(value: Any, name: Any) -> Any:
    if value is None:
        return None
    return value[name] if isinstance(name, int) or isinstance(value, Mapping) else getattr(value, name)


def _columns(element: Type, rows: Any, depth: int) -> list[Any]:
    """A list of records as one list for each leaf of the record."""
    made = [flatten(element, row) if depth == 1 else _columns(element, row, depth - 1) for row in rows]
    return [list(column) if depth > 1 else np.array(column) for column in zip(*made, strict=True)]
