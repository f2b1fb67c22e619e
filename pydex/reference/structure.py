"""The structure of values: the float scalars in them, and tangents of the same structure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from pydex.reference import dual, scalars
from pydex.reference.accumulators import unwrap
from pydex.reference.dual import Dual
from pydex.reference.operators import is_scalar, is_struct
from pydex.reference.tables import Table

Path = tuple[Any, ...]
"""How to get to a scalar inside of a value: positions in tables and tuples, keys of dicts, names of fields."""


def seed(value: Any, tangent: Any, tag: int) -> Any:
    """`value` with `tangent`, of the same structure or None, for its tangents. ValueError if the structures differ."""
    value = unwrap(value)
    if tangent is None:
        return value
    if is_composite(value):
        if isinstance(value, (Table, tuple)) and len(value) != len(tangent):
            raise ValueError(f"{len(tangent)} tangents for {len(value)} values")
        return rebuild(value, {step: seed(part, _into(tangent, step), tag) for step, part in parts(value)})
    if not is_float(value):
        return value
    value = typed(value)
    return Dual(value, in_type_of(value, tangent), tag)


def split(value: Any, tag: int) -> tuple[Any, Any]:
    """A value without its tangents of `tag`, and the tangents; None for what has none by its type."""
    value = unwrap(value)
    if is_composite(value):
        found = {step: split(part, tag) for step, part in parts(value)}
        primal = rebuild(value, {step: part for step, (part, _) in found.items()})
        return primal, _tangent(value, {step: part for step, (_, part) in found.items()})
    if not is_float(value):
        return value, None
    primal, tangent = dual.parts(value, tag)
    return primal, in_type_of(primal, 0.0) if tangent is None else tangent


def leaves(value: Any) -> Iterator[Path]:
    """The paths of the float scalars of a value."""
    value = unwrap(value)
    if is_composite(value):
        for step, part in parts(value):
            yield from ((step, *path) for path in leaves(part))
    elif is_float(value):
        yield ()


def pick(value: Any, path: Path) -> Any:
    """The scalar at a path."""
    for step in path:
        value = _into(unwrap(value), step)
    return unwrap(value)


def put(value: Any, path: Path, item: Any) -> Any:
    """The value with another scalar at a path."""
    if not path:
        return item
    changed = {step: put(part, path[1:], item) if step == path[0] else part for step, part in parts(value)}
    return rebuild(value, changed)


def like(value: Any, found: dict[Path, Any], path: Path = ()) -> Any:
    """The structure of `value` with the found scalars for its floats, and None for what has no tangent."""
    value = unwrap(value)
    if not is_composite(value):
        return found.get(path)
    return _tangent(value, {step: like(part, found, (*path, step)) for step, part in parts(value)})


def is_composite(value: Any) -> bool:
    """Whether a value has parts."""
    return isinstance(value, (Table, tuple, dict)) or is_struct(value)


def parts(value: Any) -> list[tuple[Any, Any]]:
    """The parts of a table, tuple, dict or struct, each with the step that leads to it."""
    if isinstance(value, dict):
        return list(value.items())
    if is_struct(value):
        return [(part.name, getattr(value, part.name)) for part in dataclasses.fields(value)]
    return list(enumerate(value))


def rebuild(value: Any, changed: dict[Any, Any]) -> Any:
    """A value of the structure of `value` with other parts."""
    if isinstance(value, Table):
        return Table(value.axis, list(changed.values()), value.element)
    if isinstance(value, tuple):
        return tuple(changed.values())
    return changed if isinstance(value, dict) else type(value)(**changed)


def is_float(value: Any) -> bool:
    """Whether a value is a float scalar: what can have a tangent."""
    return is_scalar(value) and isinstance(dual.primal(value), (float, np.floating))


def typed(value: Any) -> Any:
    """A float scalar with the default type if it is untyped."""
    return value if isinstance(value, Dual) else scalars.typed(value)


def in_type_of(value: Any, tangent: Any) -> Any:
    """A tangent in the type of the scalar that it belongs to."""
    found = scalars.element_type_of(scalars.typed(dual.primal(value)))
    assert found is not None, f"{value!r} is typed"
    return dual.convert(tangent, found)


def _tangent(value: Any, changed: dict[Any, Any]) -> Any:
    """The tangents of a value's parts together; None for a table none of whose elements has any."""
    if isinstance(value, Table) and changed and all(part is None for part in changed.values()):
        return None
    return rebuild(value, changed)


def _into(value: Any, step: Any) -> Any:
    """The part of a value, or of an array from outside, to which a step leads."""
    if isinstance(value, Table):
        return value.items[step]
    return getattr(value, step) if is_struct(value) else value[step]
