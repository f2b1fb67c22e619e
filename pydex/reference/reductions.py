"""Reductions, over a generator, a table or several arguments: folds from the first element to the last.

Ties go to the first element, and NaN propagates through max and min.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from pydex.reference import dual, scalars
from pydex.reference.accumulators import unwrap
from pydex.reference.loops import Generated, as_loop
from pydex.reference.operators import binary, is_scalar
from pydex.reference.tables import Table, elementwise, scalar_type

_MISSING = object()


def greater(left: Any, right: Any) -> Any:
    """The greater of two scalars; the first on a tie; NaN if one is."""
    left, right = _same_type(left, right)
    return left if _is_nan(left) or left >= right else right


def lesser(left: Any, right: Any) -> Any:
    """The lesser of two scalars; the first on a tie; NaN if one is."""
    left, right = _same_type(left, right)
    return left if _is_nan(left) or left <= right else right


def add(left: Any, right: Any) -> Any:
    """left + right."""
    return binary("+", left, right)


def multiply(left: Any, right: Any) -> Any:
    """left · right."""
    return binary("*", left, right)


def either(left: Any, right: Any) -> Any:
    """Whether one of two bools holds."""
    return np.bool_(left or right)


def both(left: Any, right: Any) -> Any:
    """Whether two bools hold."""
    return np.bool_(left and right)


@dataclass(frozen=True)
class Monoid:
    """An associative operation and its neutral element, `identity(least, greatest)` for a type with these bounds."""

    operation: Callable[[Any, Any], Any]
    identity: Callable[[Any, Any], Any]


def sum_(values: Any, start: Any = 0) -> Any:
    """`sum`: bools are counted; the start is an untyped 0."""
    items = list(as_values(values))
    if items and not is_scalar(items[0]) and not isinstance(start, Table) and is_scalar(start) and start == 0:
        return reduce(add, items)
    return reduce(add, items, start)


def prod(values: Any) -> Any:
    """The product; of nothing, an untyped 1."""
    return reduce(multiply, as_values(values), 1)


def max_(*values: Any, default: Any = _MISSING) -> Any:
    """`max` of a generator or table, or of several arguments, element by element if they are tables."""
    return _extremum("max", greater, values, default)


def min_(*values: Any, default: Any = _MISSING) -> Any:
    """`min` of a generator or table, or of several arguments, element by element if they are tables."""
    return _extremum("min", lesser, values, default)


def any_(values: Any) -> Any:
    """Whether one of the values holds."""
    return reduce(either, as_values(values), np.bool_(False))


def all_(values: Any) -> Any:
    """Whether all values hold."""
    return reduce(both, as_values(values), np.bool_(True))


def argmax(values: Any) -> Any:
    """The index of the first greatest value, or of the first NaN. ValueError if there is no value."""
    return _arg("argmax", lambda best, new: not _is_nan(best) and not best >= new, values)


def argmin(values: Any) -> Any:
    """The index of the first least value, or of the first NaN. ValueError if there is no value."""
    return _arg("argmin", lambda best, new: not _is_nan(best) and not best <= new, values)


def mean(values: Any) -> Any:
    """The sum divided by the number of values."""
    items = list(as_values(values))
    return binary("/", sum_(items), len(items))


def argsort(values: Table) -> Table:
    """The indices of a table in ascending order of its elements; equal ones keep their order, NaN is last."""
    loop = as_loop(values)
    order = sorted(range(len(loop)), key=lambda k: (_is_nan(loop.values[k]), loop.values[k]))
    return Table(loop.axis, [loop.keys[k] for k in order])


MONOIDS: dict[Callable[..., Any], Monoid] = {
    sum_: Monoid(add, lambda least, greatest: 0),
    prod: Monoid(multiply, lambda least, greatest: 1),
    max_: Monoid(greater, lambda least, greatest: least),
    min_: Monoid(lesser, lambda least, greatest: greatest),
    any_: Monoid(either, lambda least, greatest: False),
    all_: Monoid(both, lambda least, greatest: True),
}


def as_values(values: Any) -> Iterator[Any]:
    """What there is to reduce."""
    values = unwrap(values)
    return iter(values if isinstance(values, Generated) else as_loop(values))


def flatten(table: Table) -> Generated:
    """The scalars of a table of any number of axes, each with its index, a tuple if there are several axes."""
    pairs = list(_flatten(table, ()))
    keys = tuple(key[0] if len(key) == 1 else key for key, _ in pairs)
    return Generated(keys, tuple(value for _, value in pairs))


TABLE_METHODS: dict[str, Callable[..., Any]] = {
    "sum": lambda table: sum_(flatten(table)),
    "prod": lambda table: prod(flatten(table)),
    "max": lambda table: max_(flatten(table)),
    "min": lambda table: min_(flatten(table)),
    "any": lambda table: any_(flatten(table)),
    "all": lambda table: all_(flatten(table)),
    "mean": lambda table: mean(flatten(table)),
    "argmax": lambda table: argmax(flatten(table)),
    "argmin": lambda table: argmin(flatten(table)),
    "astype": lambda table, type: type(table),
}
"""`x.sum()` and its like: over all axes of x."""


def _extremum(name: str, pick: Callable[[Any, Any], Any], values: tuple[Any, ...], default: Any) -> Any:
    first, *others = values
    if others:
        return reduce(lambda left, right: elementwise(pick, (left, right)), map(unwrap, values))
    items = list(as_values(first))
    if not items and default is not _MISSING:
        return default
    if not items:
        raise ValueError(f"{name} of nothing: the set is empty")
    return reduce(pick, items)


def _arg(name: str, better: Callable[[Any, Any], bool], values: Any) -> Any:
    values = unwrap(values)
    source = values if isinstance(values, Generated) else as_loop(values)
    pairs: list[Any] = list(zip(source.keys, source.values, strict=True))
    if not pairs:
        raise ValueError(f"{name} of nothing: the set is empty")
    index, _ = reduce(lambda best, new: new if better(best[1], new[1]) else best, pairs)
    return index


def _flatten(table: Table, outer: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    for key, item in zip(as_loop(table).keys, table.items, strict=True):
        if isinstance(item, Table):
            yield from _flatten(item, (*outer, key))
        else:
            yield (*outer, key), item


def _same_type(left: Any, right: Any) -> tuple[Any, Any]:
    """Two scalars in the type in which arithmetic on them is done."""
    if not is_scalar(left) or not is_scalar(right) or scalar_type(left) == scalar_type(right):
        return left, right
    type = scalars.common_type(dual.primal(left), dual.primal(right))
    return (left, right) if type is None else (dual.convert(left, type), dual.convert(right, type))


def _is_nan(value: Any) -> bool:
    return dual.primal(value) != dual.primal(value)
