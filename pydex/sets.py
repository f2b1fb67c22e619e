"""Index sets, as users write them in annotations and loops.

    Set = Fin(size)                              n, Fin(10), n + 1, n - k + 1, 2 * n
        | Product(factors) | Sum(parts)          n * m, n | m
        | Slice(base, lo, hi, step)              n[1:-1], n[::2]
        | Dependent(kind, at)                    upto(i), below(i), above(i), starting(i)
        | EnumSet(cls) | RecordSet(cls)          an Enum class, a dataclass whose fields are index sets
        | UserSet(definition)                    anything with `size`, `ordinal` and `from_ordinal`

A polymorphic set `n` *is* `Fin` of the size symbol n, so that `n`, `n + 1` and `Fin(n.size)` need no case of their own.
Every set is immutable, and two sets are the same set exactly if they are equal. An axis of a table is a set or a
`Ragged` (an unapplied `dx.upto`: it depends on the index of the axis before it).
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

from pydex.sizes import Size, Symbol

if TYPE_CHECKING:
    from pydex.types import IndexType


class IndexSet:
    """A finite, ordered set; what tables are indexed by and loops range over."""

    @property
    def size(self) -> Size:
        """How many indices there are. TypeError for a dependent set whose index has no number yet."""
        raise NotImplementedError(f"{type(self).__name__} must define its size")

    @property
    def Index(self) -> IndexType:
        """The type of this set's indices as data; `n.Index[p]` is a table over p of indices of n."""
        from pydex.types import IndexType  # types are built on sets

        return IndexType(self)

    def __mul__(self, other: Any) -> IndexSet:
        return Product((self, as_index_set(other)))

    def __rmul__(self, other: Any) -> IndexSet:
        """`2 * n` is a size; a class that is an index set may stand on the left as well."""
        if isinstance(other, int):
            return Fin(self.size * other)
        return Product((as_index_set(other), self))

    def __or__(self, other: Any) -> IndexSet:
        return Sum((self, as_index_set(other)))

    def __ror__(self, other: Any) -> IndexSet:
        return Sum((as_index_set(other), self))

    def __add__(self, other: IndexSet | Size | int) -> Fin:
        return Fin(self.size + _size(other))

    def __radd__(self, other: Size | int) -> Fin:
        return Fin(self.size + other)

    def __sub__(self, other: IndexSet | Size | int) -> Fin:
        return Fin(self.size - _size(other))

    def __rsub__(self, other: Size | int) -> Fin:
        return Fin(other - self.size)

    def __floordiv__(self, divisor: int) -> Fin:
        return Fin(self.size // divisor)

    def __getitem__(self, bounds: slice) -> IndexSet:
        if not isinstance(bounds, slice):
            raise TypeError(f"an index set is sliced, `n[1:-1]`; for one index of it write `n.at({bounds!r})`")
        return make_slice(self, bounds)

    def __iter__(self) -> Any:
        raise TypeError(f"the index set {self!r} can be iterated only inside a pydex function")

    def at(self, ordinal: Any) -> Any:
        """The index with this ordinal. Raises IndexError if there is none."""
        return self._convert("at", ordinal)

    def clamp(self, ordinal: Any) -> Any:
        """The index nearest to this ordinal. The set must not be empty."""
        return self._convert("clamp", ordinal)

    def wrap(self, ordinal: Any) -> Any:
        """The index whose ordinal is this number modulo the size. The set must not be empty."""
        return self._convert("wrap", ordinal)

    def _convert(self, how: str, ordinal: Any) -> Any:
        from pydex.reference.indices import CONVERSIONS  # outside of compiled code, their meaning is the reference's

        return CONVERSIONS[how](self, ordinal)


@dataclass(frozen=True)
class Fin(IndexSet):
    """The ordinals 0 … extent − 1. `Fin(10)`; `index_sets("n")` gives `Fin` of a symbol."""

    extent: Size

    def __init__(self, extent: IndexSet | Size | Symbol | int):
        size = extent.size if isinstance(extent, IndexSet) else Size.of(extent)
        if size.constant is not None and size.constant < 0:
            raise ValueError(f"an index set cannot have {size.constant} elements")
        object.__setattr__(self, "extent", size)

    @property
    def size(self) -> Size:
        return self.extent

    @property
    def symbol(self) -> Symbol | None:
        """The symbol, if this is a polymorphic set as declared by `index_sets`."""
        return self.extent.symbol

    def __repr__(self) -> str:
        constant = self.extent.constant
        return repr(self.extent) if constant is None else f"Fin({constant})"


@dataclass(frozen=True)
class Product(IndexSet):
    """Tuples of indices, one per factor, in row-major order. `n * m * k` has three factors, `n * (m * k)` two."""

    factors: tuple[IndexSet, ...]

    @property
    def size(self) -> Size:
        return math.prod((factor.size for factor in self.factors), start=Size.of(1))

    def __mul__(self, other: Any) -> Product:
        return Product((*self.factors, as_index_set(other)))

    def __repr__(self) -> str:
        return " * ".join(_nested(factor) for factor in self.factors)


@dataclass(frozen=True)
class Sum(IndexSet):
    """The indices of the first part, then those of the second, and so on."""

    parts: tuple[IndexSet, ...]

    @property
    def size(self) -> Size:
        return sum((part.size for part in self.parts), start=Size.of(0))

    def __or__(self, other: Any) -> Sum:
        return Sum((*self.parts, as_index_set(other)))

    def __repr__(self) -> str:
        return " | ".join(_nested(part) for part in self.parts)


@dataclass(frozen=True)
class Slice(IndexSet):
    """Every `step`-th index of `base` with lo ≤ ordinal < hi. Indices keep their ordinals in `base`."""

    base: IndexSet
    lo: Size
    hi: Size
    step: int = 1

    @property
    def size(self) -> Size:
        return (self.hi - self.lo + (self.step - 1)) // self.step

    def __repr__(self) -> str:
        lo = "" if self.lo == Size.of(0) else repr(self.lo)
        hi = "" if self.hi == self.base.size else repr(self.hi)
        return f"{_nested(self.base)}[{lo}:{hi}{'' if self.step == 1 else f':{self.step}'}]"


@dataclass(frozen=True)
class Dependent(IndexSet):
    """The part of the set of `at` that lies before or after `at`; indices keep their ordinals.

    `at` is an index: a value of a reference execution, or whatever a compiler has in its place.
    """

    kind: str
    at: Any

    @property
    def size(self) -> Size:
        return Size.of(len(dependent_range(self.kind, _ordinal(self.at), _root_size(self.at))))

    def __repr__(self) -> str:
        return f"{self.kind}({self.at})"


@dataclass(frozen=True)
class Ragged:
    """`dx.upto` and its like: applied to an index, a set; unapplied, an axis that depends on the axis before it."""

    kind: str

    def __call__(self, at: Any) -> Dependent:
        return Dependent(self.kind, at)

    def __repr__(self) -> str:
        return self.kind


@dataclass(frozen=True)
class EnumSet(IndexSet):
    """The members of an Enum class, in order of definition."""

    cls: type[Enum]

    @property
    def size(self) -> Size:
        return Size.of(len(self.cls))

    def __repr__(self) -> str:
        return self.cls.__name__


@dataclass(frozen=True)
class RecordSet(IndexSet):
    """A dataclass whose fields are annotated with index sets: its instances, in row-major order of the fields."""

    cls: type
    fields: tuple[tuple[str, IndexSet], ...]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """An index: an instance of the class."""
        return self.cls(*args, **kwargs)

    @property
    def size(self) -> Size:
        return math.prod((part.size for _, part in self.fields), start=Size.of(1))

    def __repr__(self) -> str:
        return self.cls.__name__


@dataclass(frozen=True)
class UserSet(IndexSet):
    """What has `size`, `ordinal(index)` and `from_ordinal(k)`, inverse to each other on 0 … size − 1."""

    definition: Any

    @property
    def size(self) -> Size:
        size: Any = self.definition.size
        return Size.of(cast(int, size() if callable(size) else size))

    def __repr__(self) -> str:
        return getattr(self.definition, "__name__", None) or repr(self.definition)


Axis = IndexSet | Ragged

upto = Ragged("upto")
"""`upto(i)`: the indices 0 … i of the set of i, i included."""
below = Ragged("below")
"""`below(i)`: the indices 0 … i − 1 of the set of i."""
above = Ragged("above")
"""`above(i)`: the indices i + 1 … of the set of i."""
starting = Ragged("starting")
"""`starting(i)`: the indices i … of the set of i, i included."""

RANGES = {
    "upto": lambda at, size: range(at + 1),
    "below": lambda at, size: range(at),
    "above": lambda at, size: range(at + 1, size),
    "starting": lambda at, size: range(at, size),
}


def dependent_range(kind: str, at: int, size: int) -> range:
    """The ordinals of a dependent set at ordinal `at` of a set of `size` indices."""
    return RANGES[kind](at, size)


def index_sets(names: str) -> Any:
    """Polymorphic index sets, whose sizes are known when a function is called: one for one name, else a tuple."""
    sets = tuple(Fin(Symbol(name)) for name in names.replace(",", " ").split())
    if not sets:
        raise ValueError('index_sets needs names, as in index_sets("n m")')
    return sets[0] if len(sets) == 1 else sets


def as_index_set(value: Any) -> IndexSet:
    """The index set that `value` stands for: itself, an Enum class, a dataclass of index sets, or a user's own set."""
    if isinstance(value, IndexSet):
        return value
    if isinstance(value, type) and issubclass(value, Enum):
        return EnumSet(value)
    if all(hasattr(value, name) for name in ("size", "ordinal", "from_ordinal")):
        return UserSet(value)
    if isinstance(value, type) and dataclasses.is_dataclass(value):
        return RecordSet(value, _field_sets(value))
    raise TypeError(f"{value!r} is not an index set")


def is_index_set(value: Any) -> bool:
    """Whether `as_index_set` accepts `value`."""
    try:
        as_index_set(value)
    except TypeError:
        return False
    return True


def as_axis(value: Any) -> Axis:
    """The axis that `value` stands for in the brackets of a table type."""
    if isinstance(value, Ragged):
        return value
    if isinstance(value, Size) or (isinstance(value, int) and not isinstance(value, bool)):
        raise TypeError(f"an axis is an index set; for a fixed size write `dx.Fin({value!r})`")
    return as_index_set(value)


def make_slice(base: IndexSet, bounds: slice) -> IndexSet:
    """`base[lo:hi:step]`, of a slice the slice of its base; negative constants count from the end."""
    step = 1 if bounds.step is None else bounds.step
    if not isinstance(step, int) or step < 1:
        raise ValueError(f"the step of an index set's slice is a positive integer, not {step!r}; see `reversed(n)`")
    lo = _bound(bounds.start, Size.of(0), base.size)
    hi = _bound(bounds.stop, base.size, base.size)
    if lo == Size.of(0) and hi == base.size and step == 1:
        return base
    if isinstance(base, Slice):
        end = base.hi if bounds.stop is None else base.lo + (hi - 1) * base.step + 1
        return Slice(base.base, base.lo + lo * base.step, end, base.step * step)
    return Slice(base, lo, hi, step)


def _bound(bound: Any, default: Size, size: Size) -> Size:
    if bound is None:
        return default
    bound = _size(bound)
    return bound + size if bound.constant is not None and bound.constant < 0 else bound


def _size(value: IndexSet | Size | int) -> Size:
    return value.size if isinstance(value, IndexSet) else Size.of(value)


def _nested(part: IndexSet) -> str:
    atomic = not isinstance(part, (Product, Sum)) and " " not in repr(part)
    return repr(part) if atomic else f"({part!r})"


def _field_sets(cls: type) -> tuple[tuple[str, IndexSet], ...]:
    return tuple((field.name, as_index_set(field.type)) for field in dataclasses.fields(cls))


def _ordinal(at: Any) -> int:
    from pydex.reference.indices import ordinal

    return ordinal(at)


def _root_size(at: Any) -> int:
    from pydex.reference.indices import root_size

    return root_size(at)
