"""How the arguments of a call bind the sizes and sets of a function's annotations.

First every bare size is bound to the axis it names, then each remaining equation with one unknown size is solved
(`f32[n + 1]` binds n), then all of them are checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace

from pydex.reference.fields import KnownStruct
from pydex.reference.indices import Extent, Index, evaluate, extent, is_flexible, is_same, size_of
from pydex.sets import Axis, Fin, IndexSet, Product, RecordSet, Slice, Sum
from pydex.sizes import Size, Symbol
from pydex.types import (
    ElementType,
    IndexType,
    RecordType,
    SizeType,
    StructType,
    TableType,
    TupleType,
    Type,
    f64,
)

_wide: ContextVar[bool] = ContextVar("wide", default=False)


def is_wide() -> bool:
    """Whether this call computes all floats in f64, whatever their types say."""
    return _wide.get()


@contextmanager
def all_floats_in_f64() -> Iterator[None]:
    """Calls inside of this are wide: what a compiled f32 program is compared with."""
    token = _wide.set(True)
    try:
        yield
    finally:
        _wide.reset(token)


@dataclass
class Binding:
    """What the symbols of one call stand for."""

    sets: dict[Symbol, IndexSet] = field(default_factory=dict)
    equations: list[tuple[Size, int, str]] = field(default_factory=list)
    sources: dict[Symbol, str] = field(default_factory=dict)

    def axis(self, pattern: IndexSet, actual: IndexSet, where: str) -> None:
        """Learn from an argument's axis. ValueError if it is not the annotation's set or of another size."""
        if isinstance(pattern, Fin) and pattern.symbol is not None and not isinstance(pattern.symbol, Extent):
            self._bind(pattern.symbol, actual, where)
        elif (
            isinstance(pattern, Product) and isinstance(actual, Product) and len(pattern.factors) == len(actual.factors)
        ):
            for part, actual_part in zip(pattern.factors, actual.factors, strict=True):
                self.axis(part, actual_part, where)
        elif pattern.size.constant is None or isinstance(pattern, Slice) or is_flexible(actual):
            self.equations.append((pattern.size, size_of(actual), where))
        elif not is_same(pattern, actual):
            raise TypeError(f"{where} is over {actual!r}, expected {pattern!r}")

    def size(self, index_set: IndexSet, value: int, where: str) -> None:
        """Learn from an argument that is the size of `index_set`."""
        if value < 0:
            raise ValueError(f"{where} is the size of {index_set!r}: {value} is negative")
        self.axis(index_set, extent(where, value, flexible=True), where)

    def solve(self) -> None:
        """Bind the unknown of each equation that has one, and check all. ValueError for sizes that disagree."""
        waiting = self.equations
        while waiting:
            solved = [equation for equation in waiting if self._solve(*equation)]
            waiting = [equation for equation in waiting if equation not in solved]
            if waiting and not solved:
                raise TypeError(f"{waiting[0][2]} has {waiting[0][0]} indices, which does not determine its sizes")

    def substitute(self, axis: Axis) -> Axis:
        """The set that an annotation's axis stands for in this call; unbound symbols stay."""
        match axis:
            case Fin():
                symbol = axis.symbol
                return self.sets[symbol] if symbol in self.sets else Fin(self._known(axis.extent))
            case Product(factors):
                return Product(tuple(map(self.substitute_set, factors)))
            case Sum(parts):
                return Sum(tuple(map(self.substitute_set, parts)))
            case Slice(base, lo, hi, step):
                return Slice(self.substitute_set(base), self._known(lo), self._known(hi), step)
            case RecordSet(cls, fields):
                return RecordSet(cls, tuple((name, self.substitute_set(part)) for name, part in fields))
        return axis

    def substitute_set(self, axis: IndexSet) -> IndexSet:
        """As `substitute`, of a set."""
        found = self.substitute(axis)
        assert isinstance(found, IndexSet), f"{axis!r} is a set"
        return found

    def type(self, type: Type) -> Type:
        """An annotation with its sets as they are in this call."""
        match type:
            case ElementType():
                return f64 if is_wide() and type.is_float else type
            case StructType() | KnownStruct():
                parts = ((name, None if part is None else self.type(part)) for name, part in type.fields)
                return KnownStruct(type.cls, tuple(parts))
            case TableType(axes, element):
                return TableType(tuple(map(self.substitute, axes)), self.type(element))
            case IndexType(index_set):
                return IndexType(self.substitute_set(index_set))
            case TupleType(items):
                return TupleType(tuple(map(self.type, items)))
            case RecordType(fields):
                return RecordType(tuple((name, self.type(part)) for name, part in fields))
            case SizeType(index_set):
                return SizeType(self.substitute_set(index_set))
        return type

    def _bind(self, symbol: Symbol, actual: IndexSet, where: str) -> None:
        known = self.sets.get(symbol)
        if known is None:
            self.sets[symbol] = _rigid(symbol, actual)
            self.sources[symbol] = where
        elif size_of(known) != size_of(actual):
            raise ValueError(
                f"{where} has {size_of(actual)} indices where {symbol.name} = {size_of(known)}, "
                f"as bound by {self.sources[symbol]}"
            )
        elif not is_same(known, actual):
            raise TypeError(f"{where} is over {actual!r}, but {self.sources[symbol]} over {known!r}")

    def _solve(self, size: Size, value: int, where: str) -> bool:
        """Bind the one unknown, or check; False if there are several unknowns or one that is not linear."""
        known = self._known(size)
        unknown = [symbol for symbol in known.symbols() if not isinstance(symbol, Extent)]
        if not unknown:
            if evaluate(known) != value:
                raise ValueError(f"{where} has {value} indices, expected {size!r} = {evaluate(known)}")
            return True
        if len(unknown) > 1:
            return False
        at = [evaluate(known.substitute({unknown[0]: Size.of(k)})) for k in (0, 1, 2)]
        if at[2] - at[1] != at[1] - at[0] or at[1] == at[0]:
            return False
        found, rest = divmod(value - at[0], at[1] - at[0])
        if rest or found < 0:
            raise ValueError(f"{where} has {value} indices: no {unknown[0].name} makes {size!r} that many")
        self._bind(unknown[0], extent(unknown[0].name, found), where)
        return True

    def _known(self, size: Size) -> Size:
        return size.substitute({symbol: index_set.size for symbol, index_set in self.sets.items()})


def _rigid(symbol: Symbol, actual: IndexSet) -> IndexSet:
    """A set known only by its size becomes the set that the symbol names."""
    if not is_flexible(actual) or not isinstance(actual, Fin):
        return actual
    found = actual.symbol
    if isinstance(found, Extent):
        return Fin(replace(found, name=symbol.name, flexible=False))
    return extent(symbol.name, size_of(actual))


def row_axis(axis: Axis, outer: IndexSet | None, at: int) -> IndexSet:
    """The axis itself; of a ragged one, the set at ordinal `at` of the axis before it."""
    if isinstance(axis, IndexSet):
        return axis
    if outer is None:
        raise TypeError(f"{axis!r} depends on the axis before it, but is the first")
    return axis(Index(at, outer))
