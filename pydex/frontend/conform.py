"""Arguments against declared types: literals take them, size symbols are bound, everything else must agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydex.frontend import kinds, overloads, scalars
from pydex.frontend.kinds import StaticType, StructOf, WeakType, dims_of, substitute, symbols_of
from pydex.frontend.prove import equate, refute_in_range
from pydex.frontend.scalars import form_of
from pydex.frontend.values import NUMBERS, Int, Literal, Record, Struct, Table, Tuple, Value
from pydex.sets import EnumSet, Fin, IndexSet, Product, RecordSet, UserSet
from pydex.sizes import Size, Symbol
from pydex.types import ElementType, IndexType, RecordType, SizeType, TableType, TupleType, Type

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator

SizeMap = dict[Symbol, Size]


def conform_all(
    el: Elaborator, values: Sequence[Value], declared: Sequence[Type], sizes: SizeMap, what: Sequence[str]
) -> list[Value]:
    """The values as values of the declared types. `sizes` gets what the declared symbols stand for."""
    bind_sizes(el, values, declared, sizes)
    return [conform(el, v, t, sizes, w) for v, t, w in zip(values, declared, what, strict=True)]


def bind_sizes(el: Elaborator, values: Sequence[Value], declared: Sequence[Type], sizes: SizeMap) -> None:
    """Solves for the declared symbols: bare ones first, then those that are the one unknown of an equation."""
    equations = [pair for value, type in zip(values, declared, strict=True) for pair in _equations(el, value, type)]
    equations.sort(key=lambda pair: pair[0].symbol is None)
    while True:
        solved = [pair for pair in equations if _solve(pair[0], pair[1], sizes)]
        if not solved:
            return
        equations = [pair for pair in equations if pair not in solved]


def _solve(declared: Size, actual: Size, sizes: SizeMap) -> bool:
    """Binds the only unknown of declared == actual, if there is one and it has a whole solution."""
    unknown = declared.symbols() - sizes.keys()
    if len(unknown) != 1:
        return False
    (symbol,) = unknown
    known = declared.substitute(sizes)
    zero, one = (known.substitute({symbol: Size.of(k)}) for k in (0, 1))
    slope = (one - zero).constant
    rest = actual - zero
    if not slope or known != zero + Size.of(symbol) * slope:
        return False
    if slope < 0:
        slope, rest = -slope, -rest
    quotient = rest // slope
    if quotient * slope != rest:
        return False
    sizes[symbol] = quotient
    return True


def _equations(el: Elaborator, value: Value, declared: Type) -> list[tuple[Size, Size]]:
    match value, declared:
        case _, SizeType(set):
            form = form_of(value)
            if form is None and isinstance(value, NUMBERS):
                from pydex.frontend.sizes_at_runtime import open_size

                form = open_size(el, value)
            return [(kinds.size_of(set), form)] if form is not None else []
        case Table(), TableType():
            pairs: list[tuple[Size, Size]] = []
            for ours, theirs in zip(declared.axes, value.axes, strict=False):
                pairs += zip(dims_of(ours), dims_of(theirs), strict=False)
            if isinstance(declared.element, IndexType) and isinstance(value.element, IndexType):
                pairs.append((kinds.size_of(declared.element.set), kinds.size_of(value.element.set)))
            return pairs
        case Int(_, own), IndexType(set) if own is not None:
            return list(zip(dims_of(set), dims_of(kinds.root(own)), strict=False))
        case Tuple(items), TupleType(types):
            return [pair for v, t in zip(items, types, strict=False) for pair in _equations(el, v, t)]
        case Record(fields) | Struct(_, fields), RecordType(types) | StructOf(_, types):
            return [pair for name, t in types if name in fields for pair in _equations(el, fields[name], t)]
    return []


def conform(el: Elaborator, value: Value, declared: Type, sizes: SizeMap, what: str) -> Value:
    """The value as one of the declared type. Fails where it is none."""
    target = substitute(declared, sizes)
    unbound = [s for s in symbols_of(target) if s in symbols_of(declared) and s not in sizes and not el.frame.knows(s)]
    if unbound and not isinstance(value, Table):
        names = ", ".join(s.name for s in unbound)
        el.fail(f"{what}: the size of {names} is not determined")
    return _conform(el, value, target, declared, what)


def _conform(el: Elaborator, value: Value, target: Type, declared: Type, what: str) -> Value:
    match value, target:
        case _, SizeType(set):
            return Int(kinds.size_of(set))
        case _, ElementType() if isinstance(value, NUMBERS):
            return _scalar(el, value, target, what)
        case _, WeakType() if isinstance(value, NUMBERS):
            return value
        case Table(), TableType():
            return _table(el, value, target, declared, what)
        case Int() | Literal(), IndexType(set):
            return _index(el, value, set, what)
        case Tuple(items), IndexType(Product(factors)) if len(items) == len(factors):
            return Tuple(tuple(_index(el, i, f, what) for i, f in zip(items, factors, strict=True)))
        case Tuple(items), TupleType(types) if len(items) == len(types):
            pairs = enumerate(zip(items, types, strict=True))
            return Tuple(tuple(_conform(el, v, t, t, f"{what}, item {k}") for k, (v, t) in pairs))
        case Record(fields), RecordType(types) if set_of(fields) == {n for n, _ in types}:
            return Record({n: _conform(el, fields[n], t, t, f"{what}[{n!r}]") for n, t in types})
        case Struct(cls, fields), StructOf(other, types) if cls is other:
            return Struct(cls, {n: _conform(el, fields[n], t, t, f"{what}.{n}") for n, t in types})
        case Struct(cls, _), IndexType(RecordSet(other, _)) if cls is other:
            return value
        case _, StaticType() if value.type == target:
            return value
    el.fail(f"{what}: expected {declared!r}, found {_found(value)}")


def set_of(fields) -> set[str]:
    return set(fields)


def _found(value: Value) -> str:
    if isinstance(value, Literal):
        return f"the number {value.value}"
    return repr(value.type) if not isinstance(value.type, StaticType) else overloads.describe(value)


def _scalar(el: Elaborator, value: Value, target: ElementType, what: str) -> Value:
    found = scalars.dtype_of(value)  # type: ignore[arg-type]
    try:
        from pydex.frontend.structure import Mismatch, unify

        fits = unify(found, target) == target
    except Mismatch:
        fits = False
    if not fits:
        el.fail(f"{what}: expected {target!r}, found {_found(value)}", help=f"convert it: {target!r}(…)")
    return scalars.adopt(el, value, target)  # type: ignore[arg-type]


def _index(el: Elaborator, value: Value, index_set: IndexSet, what: str) -> Value:
    form = form_of(value)
    own = value.set if isinstance(value, Int) else None
    nominal = EnumSet | UserSet | RecordSet
    if isinstance(index_set, nominal) or isinstance(own, nominal):
        if own != index_set:
            el.fail(f"{what}: expected an index of {index_set!r}, found {_found(value)}")
        return value
    assert form is not None
    refuted = refute_in_range(el.frame, form, kinds.size_of(index_set))
    if refuted is not None:
        why = f" if {refuted}" if refuted.values else ""
        el.fail(
            f"{what}: expected an index of {index_set!r}, found {_found(value)}, which may be none{why}",
            help=f"convert it: {index_set!r}.at(…)",
        )
    return Int(form, index_set)


def _table(el: Elaborator, value: Table, target: TableType, declared: Type, what: str) -> Value:
    same = len(value.axes) == len(target.axes) and all(
        a == b or _flexible(a, b) for a, b in zip(value.axes, target.axes, strict=True)
    )
    if not same and _same_sizes(value, target):
        from pydex.frontend.tables import with_axes

        return _table(el, with_axes(el, value, target.axes), target, declared, what)
    if not same:
        for ours, theirs in zip(target.axes, value.axes, strict=False):
            equate(el, kinds.size_of(ours), kinds.size_of(theirs))
        axes = "[" + ", ".join(map(repr, target.axes)) + "]"
        shown = repr(declared) if declared == target else f"{declared!r}, that is {target.element!r}{axes}"
        el.fail(f"{what}: expected {shown}, found {value.type!r}")
    if value.element == target.element:
        return value
    from pydex.frontend.structure import Mismatch, unify
    from pydex.frontend.tables import convert_elements

    if isinstance(value.element, IndexType) and isinstance(target.element, IndexType):
        ours, theirs = kinds.root(value.element.set), kinds.root(target.element.set)
        if ours == theirs:
            return Table(value.leaves, target)
    try:
        if unify(value.element, target.element) == target.element:
            return convert_elements(el, value, target.element)
    except Mismatch:
        pass
    el.fail(f"{what}: expected {declared!r}, found {value.type!r}", help=f"convert it: {target.element!r}(…)")


def _same_sizes(value: Table, target: TableType) -> bool:
    """Whether a table has one axis where the target has a product of sets of the same size."""
    if len(value.axes) != len(target.axes):
        return False
    return all(
        a == b or _flexible(a, b) or (isinstance(a, Fin) and kinds.factors_of(b) and a.extent == kinds.size_of(b))
        for a, b in zip(value.axes, target.axes, strict=True)
    )


def _flexible(actual: object, declared: object) -> bool:
    """Whether two axes are the same set but for its name: sets of one size that are only sizes."""
    return isinstance(actual, Fin) and isinstance(declared, Fin) and actual.extent == declared.extent
