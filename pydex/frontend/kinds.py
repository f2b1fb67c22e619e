"""Types of the elaborator: those of annotations (pydex.types), and what only exists while a program is elaborated.

    WeakType("int" | "float")    a number that has met no type yet, but is known only at run time
    StaticType(value)            a function, a set, None, a string: known at compile time, no value at run time
    StructOf(cls, fields)        a struct with the types its fields have here

In a table type the symbol `#k` is the ordinal of the table's k-th dimension, as in the IR. `leaves` says which scalars
and tables of scalars a value of a type consists of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydex.sets import Dependent, Fin, IndexSet, Product, Ragged, RecordSet, Slice, Sum
from pydex.sizes import Size, Symbol
from pydex.types import ElementType, IndexType, RecordType, SizeType, StructType, TableType, TupleType, Type, f64, i64

Sizes = Mapping[Symbol, Size]


@dataclass(frozen=True)
class WeakType(Type):
    """A number without a type of its own: it takes that of what it meets (NEP 50)."""

    kind: str

    @property
    def default(self) -> ElementType:
        return i64 if self.kind == "int" else f64

    def __repr__(self) -> str:
        return f"an untyped {self.kind}"


@dataclass(frozen=True)
class UndefinedType(Type):
    """The type of a variable that is assigned before it is read: it takes any other."""

    def __repr__(self) -> str:
        return "undefined"


WEAK_INT, WEAK_FLOAT = WeakType("int"), WeakType("float")


@dataclass(frozen=True)
class StaticType(Type):
    """What is known at compile time and has no value at run time."""

    value: Any

    def __repr__(self) -> str:
        return "None" if self.value is None else getattr(self.value, "describe", lambda: repr(self.value))()


@dataclass(frozen=True)
class StructOf(Type):
    """A struct with these types of fields."""

    cls: type
    fields: tuple[tuple[str, Type], ...]

    def __repr__(self) -> str:
        return self.cls.__name__


@dataclass(frozen=True)
class Leaf:
    """One SSA value of a value: a scalar (no dims) or a table of scalars; `element` is a scalar or index type."""

    dims: tuple[Size, ...]
    element: ElementType | WeakType | IndexType


def size_of(axis: Any) -> Size:
    """How many indices a set has."""
    if isinstance(axis, Slice) and axis.step == 1:
        return axis.hi - axis.lo
    return axis.size


def dims_of(axis: Any) -> tuple[Size, ...]:
    """The sizes of the dimensions that an axis becomes: one, or one for each factor of a product."""
    match axis:
        case Product(factors):
            return tuple(d for factor in factors for d in dims_of(factor))
        case RecordSet(_, fields):
            return tuple(d for _, part in fields for d in dims_of(part))
    return (size_of(axis),)


def factors_of(axis: Any) -> tuple[IndexSet, ...] | None:
    """The sets whose product this is, if its indices are made of several."""
    match axis:
        case Product(factors):
            return factors
        case RecordSet(_, fields):
            return tuple(part for _, part in fields)
    return None


def root(index_set: IndexSet) -> IndexSet:
    """The set whose ordinals the indices of a set carry."""
    return root(index_set.base) if isinstance(index_set, Slice) else index_set


def table_axis(axis: Any) -> IndexSet:
    """The axis of a table built over a set: positions in a slice start at 0."""
    return Fin(size_of(axis)) if isinstance(axis, Slice) else axis


def substitute_set(axis: Any, sizes: Sizes) -> Any:
    """A set with size symbols replaced."""
    match axis:
        case Fin(extent):
            return axis if not extent.symbols() & sizes.keys() else Fin(extent.substitute(sizes))
        case Slice(base, lo, hi, step):
            return Slice(substitute_set(base, sizes), lo.substitute(sizes), hi.substitute(sizes), step)
        case Product(factors):
            return Product(tuple(substitute_set(f, sizes) for f in factors))
        case Sum(parts):
            return Sum(tuple(substitute_set(p, sizes) for p in parts))
        case RecordSet(cls, fields):
            return RecordSet(cls, tuple((n, substitute_set(f, sizes)) for n, f in fields))
    return axis


def substitute(type: Type, sizes: Sizes) -> Type:
    """A type with size symbols replaced."""
    if not sizes:
        return type
    match type:
        case IndexType(set):
            return IndexType(substitute_set(set, sizes))
        case SizeType(set):
            return SizeType(substitute_set(set, sizes))
        case TableType(axes, element):
            return TableType(tuple(substitute_set(a, sizes) for a in axes), substitute(element, sizes))
        case TupleType(items):
            return TupleType(tuple(substitute(i, sizes) for i in items))
        case RecordType(fields):
            return RecordType(tuple((n, substitute(f, sizes)) for n, f in fields))
        case StructOf(cls, fields):
            return StructOf(cls, tuple((n, substitute(f, sizes)) for n, f in fields))
    return type


def flexible_symbol(name: str, axis: int) -> Symbol:
    """The size of an axis of an argument without annotation, or of an array from outside: it may turn out to be equal
    to another size, which is then checked at entry."""
    return Symbol(f"{name}.shape[{axis}]")


def is_flexible(symbol: Symbol) -> bool:
    return symbol.name.endswith("]")


def axis_symbol(position: int) -> Symbol:
    """`#k`, the ordinal of a table's k-th dimension."""
    return Symbol(f"#{position}")


def is_axis_symbol(symbol: Symbol) -> bool:
    return symbol.name.startswith("#")


def renumber(axes: tuple[Any, ...], by: int, first: Size | None = None) -> tuple[Any, ...]:
    """Axes whose `#k` become `#k+by`; by = −1 drops the first dimension, whose ordinal is `first`."""
    used = {s for axis in axes for d in dims_of(axis) for s in d.symbols() if is_axis_symbol(s)}
    values: dict[Symbol, Size] = {}
    for symbol in used:
        position = int(symbol.name[1:]) + by
        values[symbol] = Size.of(axis_symbol(position)) if position >= 0 else (first or Size.of(symbol))
    return tuple(substitute_set(axis, values) for axis in axes) if values else axes


def table_of(axes: tuple[IndexSet, ...], element: Type) -> Type:
    """The type of tables of `element`, which may itself be a table, over more axes in front."""
    axes = tuple(table_axis(a) for a in axes)
    if not axes:
        return element
    if isinstance(element, TableType):
        dims = sum(len(dims_of(a)) for a in axes)
        return TableType(axes + renumber(element.axes, dims), element.element)
    return TableType(axes, element)


def map_axes(type: Type, change: Callable[[Size], Size]) -> Type:
    """A type with every size in it changed."""

    def of_set(axis: Any) -> Any:
        match axis:
            case Fin(extent):
                return Fin(change(extent))
            case Slice(base, lo, hi, step):
                return Slice(of_set(base), change(lo), change(hi), step)
            case Product(factors):
                return Product(tuple(map(of_set, factors)))
            case Sum(parts):
                return Sum(tuple(map(of_set, parts)))
            case RecordSet(cls, fields):
                return RecordSet(cls, tuple((n, of_set(f)) for n, f in fields))
        return axis

    def of_type(type: Type) -> Type:
        match type:
            case IndexType(set):
                return IndexType(of_set(set))
            case TableType(axes, element):
                return TableType(tuple(map(of_set, axes)), of_type(element))
            case TupleType(items):
                return TupleType(tuple(map(of_type, items)))
            case RecordType(fields):
                return RecordType(tuple((n, of_type(f)) for n, f in fields))
            case StructOf(cls, fields):
                return StructOf(cls, tuple((n, of_type(f)) for n, f in fields))
        return type

    return of_type(type)


def leaves(type: Type, dims: tuple[Size, ...] = ()) -> list[Leaf]:
    """The scalars and tables of scalars that a value of this type consists of, in order."""
    match type:
        case ElementType() | WeakType():
            return [Leaf(dims, type)]
        case IndexType(set):
            parts = factors_of(set)
            if parts is None:
                return [Leaf(dims, IndexType(root(set)))]
            return [leaf for part in parts for leaf in leaves(IndexType(part), dims)]
        case TableType(axes, element):
            inner = tuple(d for axis in renumber(axes, len(dims)) for d in dims_of(axis))
            return leaves(element, dims + inner)
        case TupleType(items):
            return [leaf for item in items for leaf in leaves(item, dims)]
        case RecordType(fields) | StructOf(_, fields):
            return [leaf for _, field in fields for leaf in leaves(field, dims)]
    return []


def symbols_of(type: Type) -> list[Symbol]:
    """The size symbols a type mentions, in order of appearance; axis references not counted."""
    found: dict[Symbol, None] = {}

    def visit(size: Size) -> Size:
        for monomial, _ in size.terms:
            for atom in monomial:
                for symbol in [atom] if isinstance(atom, Symbol) else sorted(atom.dividend.symbols(), key=repr):
                    if not is_axis_symbol(symbol):
                        found[symbol] = None
        return size

    map_axes(type if not isinstance(type, SizeType) else IndexType(type.set), visit)
    return list(found)


def resolve(type: Type, field_type: Callable[[Any], Type] | None = None) -> Type:
    """An annotation's type as the elaborator knows it: ragged axes and dependent sets applied, structs opened."""
    match type:
        case TableType(axes, element):
            done: list[IndexSet] = []
            for axis in axes:
                done.append(_resolve_axis(axis, done))
            return TableType(tuple(done), resolve(element))
        case TupleType(items):
            return TupleType(tuple(resolve(i) for i in items))
        case RecordType(fields):
            return RecordType(tuple((n, resolve(f)) for n, f in fields))
        case StructType():
            return StructOf(type.cls, tuple((n, resolve(f) if f is not None else f64) for n, f in type.fields))
    return type


def _resolve_axis(axis: Any, before: list[IndexSet]) -> IndexSet:
    if isinstance(axis, Ragged):
        if not before or len(dims_of(before[-1])) != 1:
            raise TypeError(f"the axis {axis!r} depends on the axis before it, which has to be one simple set")
        at = Size.of(axis_symbol(sum(len(dims_of(a)) for a in before) - 1))
        return table_axis(part_at(axis.kind, before[-1], at))
    if isinstance(axis, Dependent):
        raise TypeError(f"{axis!r} stands for a set only where its index is known")
    return table_axis(axis)


def part_at(kind: str, whole: IndexSet, at: Size) -> IndexSet:
    """`upto(i)`, `below(i)`, `above(i)`, `starting(i)` for the index with ordinal `at` of a set."""
    base = root(whole)
    size, zero = size_of(base), Size.of(0)
    lo, hi = {"upto": (zero, at + 1), "below": (zero, at), "above": (at + 1, size), "starting": (at, size)}[kind]
    return Slice(base, lo, hi)
