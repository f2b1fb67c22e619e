"""Indices in a reference execution: an ordinal and the set it belongs to, so that indexing can be checked.

An index of a product is a Python tuple, of an Enum class its member, of a dataclass of sets an instance, of a user's
set whatever `from_ordinal` makes; every other index is an `Index`. Arithmetic on an `Index` gives an integer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import total_ordering
from itertools import count
from typing import Any

import numpy as np

from pydex.sets import Dependent, EnumSet, Fin, IndexSet, Product, RecordSet, Slice, UserSet, as_index_set
from pydex.sets import dependent_range as _dependent_range
from pydex.sizes import Size, Symbol


@dataclass(frozen=True)
class Extent(Symbol):
    """A size symbol that has its value, in one call. A flexible one equals any size of the same value."""

    value: int = 0
    flexible: bool = False

    def __repr__(self) -> str:
        return str(self.value) if self.flexible else self.name


_uids = count(1)


def extent(name: str, value: int, flexible: bool = False) -> Fin:
    """A new set of `value` indices, equal to no other; flexible: interchangeable with sets of the same size."""
    return Fin(Extent(name, next(_uids), value, flexible))


@total_ordering
@dataclass(frozen=True, eq=False)
class Index:
    """The index with this ordinal of `set`; of a slice or a dependent set, the ordinal in the set it is a part of."""

    ordinal: int
    set: IndexSet
    __array_ufunc__ = None  # NumPy scalars leave operators to this class

    def __index__(self) -> int:
        return self.ordinal

    def __hash__(self) -> int:
        return hash(self.ordinal)

    def __eq__(self, other: Any) -> bool:
        return self.ordinal == other

    def __lt__(self, other: Any) -> bool:
        return self.ordinal < other

    def __repr__(self) -> str:
        return f"{self.set!r}.at({self.ordinal})"


class Length(int):
    """A number with its formula in sizes, and the set of which it is the size, if it is one.

    `range(len(x))` ranges over x's own set, and `dx.Fin(n.size - 1)` is n − 1.
    """

    form: Size
    set: IndexSet | None

    def __new__(cls, form: Size, index_set: IndexSet | None = None) -> Length:
        made = super().__new__(cls, evaluate(form))
        made.form, made.set = form, index_set
        return made

    @staticmethod
    def of(index_set: IndexSet) -> Length:
        """The size of a set."""
        return Length(Size.of(size_of(index_set)) if isinstance(index_set, Slice) else index_set.size, index_set)


class _Values(dict):
    def __missing__(self, symbol: Symbol) -> int:
        if isinstance(symbol, Extent):
            return symbol.value
        raise TypeError(f"the size {symbol.name} is not bound by a parameter of this function")


def size_of(index_set: IndexSet) -> int:
    """How many indices the set has. TypeError if no parameter binds one of its symbols."""
    return max(0, evaluate(index_set.size))


def evaluate(size: Size) -> int:
    """The value of a size expression in this call."""
    return size.evaluate(_Values())


def root(index_set: IndexSet) -> IndexSet:
    """The set whose ordinals the indices of `index_set` carry."""
    if isinstance(index_set, Slice):
        return root(index_set.base)
    if isinstance(index_set, Dependent):
        return root(index_set.at.set)
    return index_set


def root_size(at: Index) -> int:
    """How many indices the set has of which `at` carries the ordinal."""
    return size_of(root(at.set))


def ordinals(index_set: IndexSet) -> range:
    """The ordinals of the set's indices, in the set it is a part of. ValueError for a slice that leaves its base."""
    if isinstance(index_set, Dependent):
        return _dependent_range(index_set.kind, index_set.at.ordinal, root_size(index_set.at))
    if not isinstance(index_set, Slice):
        return range(size_of(index_set))
    base = ordinals(index_set.base)
    lo, hi = evaluate(index_set.lo), evaluate(index_set.hi)
    if not (0 <= lo and hi <= len(base)):
        raise ValueError(f"the slice {index_set!r} = [{lo}:{hi}] leaves its base, which has {len(base)} indices")
    return base[lo : max(lo, hi) : index_set.step]


def elements(index_set: IndexSet) -> Iterator[Any]:
    """The indices of the set, in order."""
    return (from_ordinal(index_set, k) for k in ordinals(index_set))


def from_ordinal(index_set: IndexSet, k: int) -> Any:
    """The index of `index_set` with ordinal k, which must be in range."""
    match index_set:
        case Product(factors):
            return _split(factors, k)
        case EnumSet(cls):
            return list(cls)[k]
        case RecordSet(cls, fields):
            return cls(*_split(tuple(part for _, part in fields), k))
        case UserSet(definition):
            return definition.from_ordinal(k)
    return Index(k, index_set)


def ordinal(index: Any) -> int:
    """The ordinal of an index; of a tuple of indices, that in their product."""
    if isinstance(index, Index):
        return index.ordinal
    if isinstance(index, tuple):
        return _join([(ordinal(part), _size_at(part)) for part in index])
    if isinstance(index, Enum):
        return list(type(index)).index(index)
    if isinstance(index, (int, np.integer)) and not isinstance(index, bool):
        return int(index)
    return ordinal_in(as_index_set(type(index)), index)


def ordinal_in(index_set: IndexSet, index: Any) -> int:
    """The ordinal of an index in `index_set`. TypeError if it is an index of a set that is no part of `index_set`."""
    match index_set:
        case Product(factors) if isinstance(index, tuple) and len(index) == len(factors):
            return _join([(ordinal_in(part, at), size_of(part)) for part, at in zip(factors, index, strict=True)])
        case EnumSet(cls) if isinstance(index, cls):
            return list(cls).index(index)
        case RecordSet(cls, fields) if isinstance(index, cls):
            return _join([(ordinal_in(part, getattr(index, name)), size_of(part)) for name, part in fields])
        case UserSet(definition) if not isinstance(index, Index):
            return definition.ordinal(index)
    if isinstance(index, Enum) and is_flexible(index_set):
        return ordinal_in(index_set, Index(ordinal(index), EnumSet(type(index))))
    if not isinstance(index, Index):
        raise TypeError(f"{index!r} is not an index of {index_set!r}")
    if not is_part(index.set, index_set):
        raise TypeError(f"this table is indexed by {index_set!r}, but the index ranges over {index.set!r}")
    return index.ordinal


def is_flexible(index_set: IndexSet) -> bool:
    """Whether the set is only known by its size: an axis of a captured array or of an unannotated parameter."""
    return any(isinstance(symbol, Extent) and symbol.flexible for symbol in _symbols(index_set))


def is_same(left: IndexSet, right: IndexSet) -> bool:
    """Whether tables over `left` and `right` may be combined element by element."""
    if isinstance(left, Dependent) and isinstance(right, Dependent):
        return left == right and is_same(left.at.set, right.at.set)
    return left == right or ((is_flexible(left) or is_flexible(right)) and size_of(left) == size_of(right))


def is_part(inner: IndexSet, outer: IndexSet) -> bool:
    """Whether every index of `inner` is, by its ordinal, declared to be one of `outer`."""
    if is_same(inner, outer):
        return True
    if isinstance(outer, (Dependent, Slice)):
        return root(inner) == root(outer) and set(ordinals(inner)) <= set(ordinals(outer))
    if isinstance(inner, Slice):
        return is_part(inner.base, outer)
    if isinstance(inner, Dependent):
        return is_part(inner.at.set, outer)
    return isinstance(inner, Fin) and isinstance(outer, Fin) and (outer.extent - inner.extent).is_nonnegative()


def at(index_set: IndexSet, value: Any) -> Any:
    """The index with ordinal `value`. IndexError if there is none."""
    index_set, k = as_index_set(index_set), ordinal(value)
    if k not in ordinals(index_set):
        raise IndexError(f"{k} is not an index of {index_set!r}, which has {size_of(index_set)}")
    return from_ordinal(index_set, k)


def clamp(index_set: IndexSet, value: Any) -> Any:
    """The index nearest to the ordinal `value`."""
    index_set, known = _not_empty("clamp", index_set)
    return from_ordinal(index_set, min(max(ordinal(value), known[0]), known[-1]))


def wrap(index_set: IndexSet, value: Any) -> Any:
    """The index at position `value` modulo the size."""
    index_set, known = _not_empty("wrap", index_set)
    return from_ordinal(index_set, known[ordinal(value) % len(known)])


CONVERSIONS = {"at": at, "clamp": clamp, "wrap": wrap}


def _not_empty(how: str, index_set: IndexSet) -> tuple[IndexSet, range]:
    index_set = as_index_set(index_set)
    if not size_of(index_set):
        raise ValueError(f"{how} needs an index of {index_set!r}, which is empty")
    return index_set, ordinals(index_set)


def _symbols(index_set: IndexSet) -> frozenset[Symbol]:
    return frozenset() if isinstance(index_set, Dependent) else index_set.size.symbols()


def _size_at(index: Any) -> int:
    return root_size(index) if isinstance(index, Index) else size_of(as_index_set(type(index)))


def _split(parts: tuple[IndexSet, ...], k: int) -> tuple[Any, ...]:
    digits: list[Any] = []
    for part in reversed(parts):
        k, digit = divmod(k, size_of(part))
        digits.append(from_ordinal(part, digit))
    return tuple(reversed(digits))


def _join(digits: list[tuple[int, int]]) -> int:
    weights = [math.prod(size for _, size in digits[place + 1 :]) for place in range(len(digits))]
    return sum(digit * weight for (digit, _), weight in zip(digits, weights, strict=True))
