"""What of the surrounding Python program is compiled in: integers, bools, texts, tuples, records and structs of them,
functions and classes.

A program is compiled again when one of them changes. Floats and arrays are read at each call (hidden.py).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import CellType, FunctionType, ModuleType
from typing import Any

from pydex.outer import MISSING, Place, content, place, python_value
from pydex.structs import struct_fields

LIBRARIES = ("pydex", "numpy", "math", "builtins", "operator")
"""What they define never changes. Their versions are part of every key of the cache."""

Guard = tuple[dict[str, Any] | CellType, str | None, Any]  # a place, and the object that is there


@dataclass(frozen=True, eq=False)
class Constant:
    """Something outside of the program that it was compiled for: of a name that a function sees, or an attribute."""

    owner: Any  # the function; or the module or class
    name: str
    object: Any  # kept, so that no other has its id
    frozen: Any

    @staticmethod
    def of(owner: Any, name: str, object: Any) -> Constant:
        return Constant(owner, name, object, freeze(object))

    def holds(self) -> bool:
        """Whether it still is what it was."""
        if isinstance(self.owner, FunctionType):
            return freeze(python_value(self.owner, self.name)) == self.frozen
        return freeze(getattr(self.owner, self.name, MISSING)) == self.frozen

    def guard(self) -> Guard | None:
        """Where the object is that it stands for: it holds while that is the very object. None if it can change."""
        at = place(self.owner, self.name) if isinstance(self.owner, FunctionType) else attribute(self.owner, self.name)
        return (*at, content(at)) if at is not None and _never_changes(content(at)) else None


def is_replaceable(object: Any) -> bool:
    """Whether a program is compiled for this text, function or class, whose name may mean another one later."""
    if isinstance(object, FunctionType | type):
        return root_module(object) not in LIBRARIES
    return object is None or isinstance(object, str) or hasattr(type(object), "parts_of_program")


def is_guarded(object: Any) -> bool:
    """Whether a program is compiled for what a name stands for, as long as that is this very object."""
    return (isinstance(object, bool | int | tuple) or is_replaceable(object)) and _never_changes(object)


def root_module(object: Any) -> str:
    """The outermost package of the module that defines it."""
    return (getattr(object, "__module__", None) or "builtins").split(".")[0]


def attribute(owner: Any, name: str) -> Place | None:
    """Where an attribute of a module is."""
    return (vars(owner), name) if type(owner) is ModuleType and name in vars(owner) else None


def _never_changes(object: Any) -> bool:
    """Whether one object is always the same to a program."""
    if isinstance(object, tuple):
        return all(map(_never_changes, object))
    return not isinstance(object, Mapping) and struct_fields(type(object)) is None


def freeze(object: Any) -> Any:
    """A value that is equal for objects that a program cannot tell apart."""
    if isinstance(object, tuple):
        return (type(object), *map(freeze, object))
    if isinstance(object, Mapping):
        return (dict, *((key, freeze(value)) for key, value in object.items()))
    if struct_fields(type(object)) is not None:
        return (type(object), *(freeze(getattr(object, field.name)) for field in dataclasses.fields(object)))
    if isinstance(object, bool | int | float | str):
        return (type(object), repr(object))  # 0.0 is not -0.0, NaN is NaN
    return (type(object), id(object))
