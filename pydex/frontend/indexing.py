"""`x[i, j]`: which dimension each index belongs to, the proof that it is in range, and the ops."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xdsl.ir import SSAValue

from pydex import types
from pydex.diagnostics import Note
from pydex.dialects import ix
from pydex.frontend import kinds, overloads
from pydex.frontend.frame import Precondition
from pydex.frontend.kinds import dims_of, factors_of, renumber, size_of
from pydex.frontend.prove import Counterexample, equate, only_sizes, refute_in_range
from pydex.frontend.scalars import form_of, is_float
from pydex.frontend.setvalues import as_set
from pydex.frontend.structure import rebuild
from pydex.frontend.values import Int, Literal, Record, Scalar, Static, Struct, Table, Tuple, Value
from pydex.sets import EnumSet, Fin, IndexSet, RecordSet, UserSet
from pydex.sizes import Size
from pydex.types import TableType, Type

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator


def read(el: Elaborator, value: Value, node: ast.Subscript) -> Value:
    """`value[…]`."""
    if isinstance(value, Table):
        nodes = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if any(isinstance(n, ast.Slice) for n in nodes):
            _record_whole(el, node)
            from pydex.frontend.slices import read_slices

            return read_slices(el, value, nodes, node)
        keys = [el.value(n) for n in nodes]
        place = locate(el, value.type, keys, list(nodes), node.value)
        _record(el, node, place)
        return _view(read_place(el, value, place), value)
    if isinstance(value, Tuple | Record):
        return _component(el, value, node)
    index_set = as_set(el, value)
    if index_set is not None and isinstance(node.slice, ast.Slice):
        from pydex.frontend.slices import slice_set

        return slice_set(el, index_set, node.slice)
    if isinstance(value, Static):
        return _type_expression(el, value, node)
    el.fail(f"{overloads.describe(value)} cannot be indexed", node.value)


def _record(el: Elaborator, node: ast.Subscript, place: Place) -> None:
    """Tells the loops that ask whether a table is theirs about a read; of `x[i][j]` the row."""
    if el.watches and isinstance(node.value, ast.Name):
        from pydex.frontend.updates import record

        record(el, node.value.id, place, node, False)


def _record_whole(el: Elaborator, node: ast.Subscript) -> None:
    if el.watches and isinstance(node.value, ast.Name):
        from pydex.frontend.updates import record

        record(el, node.value.id, Place([], [], types.f32), node, False)


def _view(part: Value, table: Table) -> Value:
    """A part of a table, which is no table of its own."""
    return Table(part.leaves, part.type, table.store) if isinstance(part, Table) else part


def _component(el: Elaborator, value: Tuple | Record, node: ast.Subscript) -> Value:
    if isinstance(value, Tuple) and isinstance(node.slice, ast.Slice):
        bounds = [None if b is None else el.value(b) for b in (node.slice.lower, node.slice.upper, node.slice.step)]
        if all(b is None or isinstance(b, Literal) for b in bounds):
            return Tuple(value.items[slice(*(b and b.value for b in bounds))])  # type: ignore[union-attr]
        el.fail("the bounds of a tuple's slice are constants", node.slice)
    key = el.value(node.slice)
    if isinstance(value, Record):
        name = key.value if isinstance(key, Static) else None
        if not isinstance(name, str) or name not in value.fields:
            el.fail(f"this record has no {name!r}", node.slice, KeyErrorAsIndex, f"it has {', '.join(value.fields)}")
        return value.fields[name]
    form = form_of(key)
    position = form.constant if form is not None else None
    if position is None:
        el.fail("a tuple is indexed by constants", node.slice, help="write `[a, b, c]` for a table")
    if not -len(value.items) <= position < len(value.items):
        el.fail(f"this tuple has {len(value.items)} items, not an item {position}", node.slice, IndexError)
    return value.items[position]


KeyErrorAsIndex = IndexError


def _type_expression(el: Elaborator, value: Static, node: ast.Subscript) -> Value:
    """`f32[n, m]`: a type as a value."""
    from pydex.frontend.annotations import type_index

    return type_index(el, value, node)


# ------------------------------------------------------------------------------------------------- elements


@dataclass
class Place:
    """Where an access goes: an ordinal and the SSA index for each dimension, and the type of what is there."""

    forms: list[Size]
    indices: list[SSAValue]
    type: Type


def element(el: Elaborator, table: Table, keys: list[Value], nodes: list[ast.expr], base: ast.expr) -> Value:
    """`table[keys]`, an element or, with fewer keys than axes, a table."""
    place = locate(el, table.type, keys, nodes, base)
    return read_place(el, table, place)


def read_place(el: Elaborator, table: Table, place: Place) -> Value:
    """What is at a place."""
    return rebuild(el, place.type, [el.emit(ix.AtOp(leaf, place.indices)) for leaf in table.leaves])


def locate(el: Elaborator, type: TableType, keys: list[Value], nodes: list[ast.expr], base: ast.expr | None) -> Place:
    """The place of `table[keys]`. Fails where an index is not proved."""
    place = Place([], [], type)
    queue = list(zip(keys, nodes, strict=True))
    while queue:
        key, node = queue.pop(0)
        if not isinstance(place.type, TableType):
            count = len(place.forms)
            el.fail(f"{count + 1 + len(queue)} indices for a table of {count} {'axes' if count > 1 else 'axis'}", node)
        axis = place.type.axes[0]
        factors = factors_of(axis)
        if factors is not None:
            parts = _parts(el, axis, factors, key, node, [k for k, _ in queue])
            del queue[: parts.taken]
            pairs = list(zip(factors, parts.keys, strict=True))
        else:
            pairs = [(axis, key)]
        forms = [_ordinal(el, factor, part, node, base) for factor, part in pairs]
        _advance(el, place, forms)
    return place


@dataclass
class Parts:
    """The components of an index of a product, and how many further keys they used."""

    keys: list[Value]
    taken: int


def _parts(
    el: Elaborator, axis: Any, factors: tuple[IndexSet, ...], key: Value, node: ast.expr, rest: list[Value]
) -> Parts:
    if isinstance(axis, RecordSet):
        if isinstance(key, Struct) and key.cls is axis.cls:
            return Parts(list(key.fields.values()), 0)
    elif isinstance(key, Tuple) and len(key.items) == len(factors):
        return Parts(list(key.items), 0)
    elif len(rest) >= len(factors) - 1 and not isinstance(key, Tuple):
        return Parts([key, *rest[: len(factors) - 1]], len(factors) - 1)
    el.fail(f"this axis is indexed by {axis!r}, found {overloads.describe(key)}", node)


def _advance(el: Elaborator, place: Place, forms: list[Size]) -> None:
    assert isinstance(place.type, TableType)
    for form, dim in zip(forms, dims_of(place.type.axes[0]), strict=True):
        place.forms.append(form)
        place.indices.append(_named_index(el, place, form, dim))
    axes = place.type.axes[1:]
    rest = TableType((Fin(1), *axes), place.type.element) if axes else None
    for form in forms:
        axes = renumber(axes, -1, form)
    place.type = TableType(axes, place.type.element) if rest else place.type.element


def _named_index(el: Elaborator, place: Place, form: Size, dim: Size) -> SSAValue:
    assert isinstance(place.type, TableType)
    later = [s for axis in place.type.axes[1:] for d in dims_of(axis) for s in d.symbols()]
    if any(kinds.is_axis_symbol(s) for s in later):
        for symbol in form.symbols():
            el.frame.attr(Size.of(symbol))  # a later size depends on this index, so its parts need names in the IR
    return el.frame.index(form, dim)


def _ordinal(el: Elaborator, axis: Any, key: Value, node: ast.expr, base: ast.expr | None) -> Size:
    """The ordinal of an index in an axis, proved to be in range."""
    form = form_of(key)
    if form is None:
        _not_an_index(el, axis, key, node, base)
    assert form is not None
    if isinstance(key, Literal) and key.value < 0:
        form = form + size_of(axis)  # x[-1]: a literal counts from the end
    own = key.set if isinstance(key, Int) else None
    if isinstance(axis, EnumSet | UserSet | RecordSet) or isinstance(own, EnumSet | UserSet | RecordSet):
        if own != axis:
            _wrong_set(el, axis, key, node, base, None)
        return form
    refuted = refute_in_range(el.frame, form, size_of(axis))
    if refuted is None:
        return form
    if own is not None:
        equate(el, size_of(axis), size_of(own))
    if own is None and only_sizes(el.frame, form) and _require_in_range(el, form, size_of(axis), node):
        return form
    _wrong_set(el, axis, key, node, base, refuted)
    raise AssertionError


def _require_in_range(el: Elaborator, form: Size, size: Size, node: ast.expr) -> bool:
    """Whether 0 <= form < size is a condition on sizes that can hold; it becomes preconditions."""
    if not only_sizes(el.frame, size):
        return False
    for difference in (form, size - form - 1):
        constant = difference.constant
        if constant is not None and constant < 0:
            return False
        if constant is None and not difference.is_nonnegative():
            least = -_constant_part(difference)
            message = f"{kinds_text(difference + least)} ≥ {least}"
            el.frame.preconditions.append(Precondition(difference + least, least, message, el.span(node)))
    return True


def _constant_part(size: Size) -> int:
    return next((c for monomial, c in size.terms if not monomial), 0)


def kinds_text(size: Size) -> str:
    """A size as users write it: names of loops without what tells loops of one name apart."""
    return re.sub(r"(?<=\w)#\d+", "", repr(size))


def _not_an_index(el: Elaborator, axis: IndexSet, key: Value, node: ast.expr, base: ast.expr | None) -> None:
    shown = repr(axis) if " " not in repr(axis) else f"({axis!r})"
    if isinstance(key, Scalar):
        text = f"i64({ast.unparse(node)})" if is_float(key.dtype) else ast.unparse(node)
        el.fail(
            f"this axis is indexed by {axis!r}, found a number ({key.type!r}) that is known only at run time",
            node,
            help=f"convert it with {shown}.at({text}), checked, or {shown}.clamp({text}) or {shown}.wrap({text})",
        )
    el.fail(f"this axis is indexed by {axis!r}, found {overloads.describe(key)}", node)


def _wrong_set(
    el: Elaborator, axis: IndexSet, key: Value, node: ast.expr, base: ast.expr | None, refuted: Counterexample | None
) -> None:
    table = ast.unparse(base) if base is not None else "this table"
    own = key.set if isinstance(key, Int) else None
    text = ast.unparse(node)
    shown = repr(axis) if " " not in repr(axis) else f"({axis!r})"
    if own is not None:
        notes = _origin(el, node)
        help = f"give them the same index set, or convert with `{shown}.at({text})`"
        el.fail(f"{table} is indexed by {axis!r}, but {text} ranges over {own!r}", node, TypeError, help, notes)
    why = f", e.g. if {refuted}" if refuted and refuted.values else ""
    proofs = " (conditions such as `if i > 0` prove nothing)" if el.conditions else ""
    form = form_of(key)
    size = size_of(axis)
    extent = f"size {kinds_text(size)}"
    number = "" if form is None or kinds_text(form) == text else f" = {kinds_text(form)}"
    el.fail(
        f"{text}{number} is not always an index of {table}, an axis of {extent}{why}",
        node,
        IndexError,
        f"say what is meant: {shown}.at({text}), .clamp({text}), .wrap({text}), or {table}.get({text}, default); "
        f"or loop over fewer indices, such as {shown}[1:-1]{proofs}",
    )


def _origin(el: Elaborator, node: ast.expr) -> tuple[Note, ...]:
    name = node.id if isinstance(node, ast.Name) else None
    if name is None:
        return ()
    span = el.scope.origins.get(name)
    return (Note(f"{name} comes from here", span),) if span else ()
