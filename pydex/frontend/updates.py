"""`x[i] = e`: allowed through a name that solely owns its table, one made here and with no other name (stores.py)."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pydex.diagnostics import Note
from pydex.dialects import ix
from pydex.frontend import overloads
from pydex.frontend.accumulators import Accumulator, Retype, retyped, subscript_keys
from pydex.frontend.effects import base_name, read_after
from pydex.frontend.indexing import Place, locate, read_place
from pydex.frontend.own import Access
from pydex.frontend.stores import Store, stored, stores_of
from pydex.frontend.structure import Mismatch, bring, flatten, unify
from pydex.frontend.values import NUMBERS, Table, Value
from pydex.types import TableType

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator


def note_owner(el: Elaborator, target: ast.expr) -> None:
    """After `name = value`: new tables belong to the name."""
    if isinstance(target, ast.Name):
        names, span = el.scope.names, el.span(target)
        names[target.id] = stored(names[target.id], Store(target.id, span, el.scope))


def assign_element(el: Elaborator, target: ast.Subscript, value: Value) -> None:
    """`x[i] = value`."""
    name, table = _owner(el, target)
    place = _place(el, name, table, target, writes=True)
    _write(el, name, table, place, value, target)


def augment_element(el: Elaborator, target: ast.Subscript, op: str, expression: ast.expr) -> None:
    """`x[i] += e`."""
    name, table = _owner(el, target)
    place = _place(el, name, table, target, writes=True)
    record(el, name, place, target, False)
    value = el.value(expression)
    current = read_place(el, table, place)
    _, table = _owner(el, target)
    _write(el, name, table, place, overloads.binary(el, op, current, value), target)


def record(el: Elaborator, name: str, place: Place, node: ast.AST, writes: bool) -> None:
    """Tells the loops that ask whether a table is theirs."""
    for watch in el.watches:
        if watch.name == name:
            watch.accesses.append(Access(writes, list(place.forms), node))


def _place(el: Elaborator, name: str, table: Table, target: ast.Subscript, writes: bool) -> Place:
    keys = subscript_keys(target)
    if any(isinstance(key, ast.Slice) for key in keys):
        el.fail("a slice of a table cannot be assigned", target, NotImplementedError, "loop over the indices")
    place = locate(el, table.type, [el.value(key) for key in keys], keys, ast.Name(name, ast.Load()))
    record(el, name, place, target, writes)
    return place


def _owner(el: Elaborator, target: ast.Subscript) -> tuple[str, Table]:
    """The variable whose element is assigned. Fails if it may not be."""
    name = base_name(target)
    if name is None:
        el.fail("only elements of a table that a name owns can be assigned", target)
    value = el.scope.names.get(name)
    if value is None:
        el.value(ast.copy_location(ast.Name(name, ast.Load()), target))  # undefined names have an error of their own
        el.fail(f"{name} belongs to the surrounding function, which this one may not change", target,
                help=f"change a copy: mine = {name}.copy()")  # fmt: skip
    if isinstance(value, Accumulator):
        el.fail(f"{name} is accumulated into by this loop and cannot be assigned", target)
    if not isinstance(value, Table):
        value = el.value(ast.copy_location(ast.Name(name, ast.Load()), target))
        help = "tuples and records are never changed in place"
        el.fail(f"{overloads.describe(value)} has no elements to assign", target, help=help)
    check_sole(el, name, value, target)
    return name, value


def check_sole(el: Elaborator, name: str, table: Table, target: ast.Subscript) -> None:
    """Fails unless a table was made here and no other name that is read later may hold it."""
    if not table.store or any(store.scope is not el.scope for store in table.store):
        origin = el.scope.origins.get(name)
        notes = (Note(f"{name} comes from here", origin),) if origin else ()
        el.fail(f"{name} was not made here, so its elements cannot be assigned", target,
                help=f"change a copy: {name} = {name}.copy()", notes=notes)  # fmt: skip
    for other, value in el.scope.names.items():
        shared = other != name and not table.store.isdisjoint(stores_of(value))
        if shared and (" " in other or read_after(el.function, el.loops, target, other)):  # a function has it
            origin = el.scope.origins.get(other)
            notes = (Note(f"{other} is the same table, or a part of it", origin),) if origin else ()
            el.fail(f"{name} is also known as {other.split()[0]}, which is read later", target,
                    help=f"change a copy: {name} = {name}.copy()", notes=notes)  # fmt: skip


def _write(el: Elaborator, name: str, table: Table, place: Place, value: Value, target: ast.AST) -> None:
    element = place.type
    try:
        common = unify(element, value.type)
    except Mismatch:
        if isinstance(element, TableType) and isinstance(value, NUMBERS):
            from pydex.frontend.tables import fill

            value = fill(el, element, bring(el, value, unify(element.element, value.type)))
            common = element
        else:
            el.fail(f"an element of {name} is {element!r}, found {value.type!r}", target)
    if common != element:
        if not _is_weak(table):
            help = f"convert it: {element!r}(…)"
            el.fail(f"an element of {name} is {element!r}, found {value.type!r}", target, help=help)
        raise_or_convert(el, name, table, common)
        converted = el.scope.names[name]
        assert isinstance(converted, Table)
        table = converted
    el.scope.names[name] = updated(el, table, Place(place.forms, place.indices, common), value)


def updated(el: Elaborator, table: Table, place: Place, value: Value) -> Table:
    """The table with the value at a place."""
    flat = flatten(el, bring(el, value, place.type))
    leaves = [el.emit(ix.UpdateOp(leaf, place.indices, ssa)) for leaf, ssa in zip(table.leaves, flat, strict=True)]
    return Table(tuple(leaves), table.type, table.store)


def _is_weak(table: Table) -> bool:
    from pydex.frontend.kinds import WeakType

    return isinstance(table.element, WeakType)


def raise_or_convert(el: Elaborator, name: str, table: Table, common) -> None:
    """A table of untyped numbers gets the type of what is assigned."""
    from pydex.frontend.tables import convert_elements

    content = retyped(table.type, common)
    assert isinstance(content, TableType)
    if any(watch.name == name for watch in el.watches):
        raise Retype(name, content)
    made = convert_elements(el, table, content.element)
    el.scope.names[name] = Table(made.leaves, made.type, table.store)
