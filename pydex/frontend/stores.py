"""Which variable a table belongs to, so that assigning its elements means what it means in Python.

A table remembers every variable that may own its memory: its stores. It gets one when it is first assigned to a name;
an alias or a part of it has the same, a branch joins those of both arms, and what a parameter or a captured array holds
belongs to nobody. A table that a function made and returns belongs to its caller.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydex.diagnostics import Span
from pydex.frontend.values import Record, Struct, Table, Tuple, Value


@dataclass(eq=False)
class Store:
    """A variable that owns a table: its name, where it got it, and the activation it is a local of (None: nobody's)."""

    name: str
    span: Span
    scope: Any = None


def stores_of(value: Value | None) -> frozenset[Store]:
    """The stores of every table in a value."""
    match value:
        case Table():
            return value.store
        case Tuple(items):
            return frozenset[Store]().union(*map(stores_of, items))
        case Record(fields) | Struct(_, fields):
            return frozenset[Store]().union(*map(stores_of, fields.values()))
    return frozenset()


def _each_table(value: Value, change: Callable[[Table], Table]) -> Value:
    match value:
        case Table():
            return change(value)
        case Tuple(items):
            return Tuple(tuple(_each_table(item, change) for item in items))
        case Record(fields):
            return Record({name: _each_table(field, change) for name, field in fields.items()})
        case Struct(cls, fields):
            return Struct(cls, {name: _each_table(field, change) for name, field in fields.items()})
    return value


def stored(value: Value, store: Store) -> Value:
    """The value, its new tables belonging to the store."""
    if all_stored(value):
        return value
    return _each_table(value, lambda t: t if t.store else Table(t.leaves, t.type, frozenset((store,))))


def all_stored(value: Value) -> bool:
    """Whether no table in a value is new."""
    match value:
        case Table():
            return bool(value.store)
        case Tuple(items):
            return all(map(all_stored, items))
        case Record(fields) | Struct(_, fields):
            return all(map(all_stored, fields.values()))
    return True


def with_stores(value: Value, stores: frozenset[Store]) -> Value:
    """The value, its tables belonging to any of these."""
    return _each_table(value, lambda t: Table(t.leaves, t.type, stores)) if stores or stores_of(value) else value


def given_to_caller(value: Value, callee: Any, caller: Any) -> Value:
    """A result: the tables that the callee made are the caller's now."""
    for store in stores_of(value):
        if store.scope is callee:
            store.scope = caller
    return value
