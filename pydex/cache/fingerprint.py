"""What a compilation depends on, as one text: the source of a function and all that it refers to, by value.

Two functions with the same fingerprint are compiled to the same code. So whatever is not wholly understood here, such
as an object of a class that pydex does not know, is `Unknown`, and the function is compiled each time.
"""

from __future__ import annotations

import ast
import dataclasses
import sys
import types
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import numpy as np

from pydex.builtins import Builtin
from pydex.cache.syntax import Chain, chains, outer_chains, source_of
from pydex.diagnostics import DexError
from pydex.frontend.constants import LIBRARIES, Guard, attribute, is_guarded, root_module
from pydex.outer import MISSING, content, place, python_value
from pydex.sets import IndexSet, Ragged
from pydex.sizes import FloorDiv, Size, Symbol
from pydex.types import Type

VALUES = (IndexSet, Ragged, Type, Size, Symbol, FloorDiv, Builtin)
"""Immutable dataclasses that are equal if their fields are."""

NATIVE = (types.BuiltinFunctionType, np.ufunc, type, types.FunctionType)

CLASS_MACHINERY = {"__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__annotations__", "__hash__",
                   "__match_args__", "__dataclass_fields__", "__dataclass_params__", "__pydex_struct__",
                   "__class_getitem__", "__parameters__", "__orig_bases__", "__static_attributes__",
                   "__firstlineno__"}  # fmt: skip


class Unknown(Exception):
    """Something whose meaning for a program is not known here; str() says what."""


class Fingerprint:
    """Tokens, collected from objects. An object that was met before is its number: cycles end, identity counts.

    guards: what names stand for, of those whose object may be another one later (constants.py).
    """

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.guards: list[Guard] = []
        self._numbers: dict[int, int] = {}
        self._alive: list[Any] = []

    def text(self) -> str:
        return "\n".join(self.tokens)

    def _token(self, *parts: Any) -> None:
        self.tokens.append(repr(parts))

    def add(self, object: Any) -> None:
        """An object that a program refers to. Raises Unknown."""
        if object is MISSING or object is None or object is Ellipsis:
            return self._token("missing" if object is MISSING else object)
        if type(object) in (bool, int, float, str):
            return self._token(type(object).__name__, object)
        if isinstance(object, np.ndarray | np.generic):  # read at each call: its type counts
            return self._token("array", object.dtype.str, object.ndim)
        if isinstance(object, tuple | Mapping):
            return self._items(object)
        if id(object) in self._numbers:
            return self._token("again", self._numbers[id(object)])
        self._numbers[id(object)] = len(self._numbers)
        self._alive.append(object)
        self._thing(object)

    def _items(self, object: Any) -> None:
        self._token(type(object).__name__, len(object))
        for item in object.items() if isinstance(object, Mapping) else object:
            self.add(item)

    def _thing(self, object: Any) -> None:
        if isinstance(object, VALUES):
            self._fields(object)
        elif hasattr(type(object), "parts_of_program"):
            self._token("compiled", type(object).__name__)
            self.add(object.parts_of_program())
        elif isinstance(object, NATIVE) and _root(object) in LIBRARIES:
            self._library(object)
        elif isinstance(object, types.FunctionType):
            self._function(object)
        elif isinstance(object, types.GenericAlias):
            self._token("alias")
            self.add((object.__origin__, object.__args__))
        elif isinstance(object, type):
            self._class(object)
        elif isinstance(object, Enum) or getattr(type(object), "__pydex_struct__", False):
            self._token("instance", object.name if isinstance(object, Enum) else "")
            self.add(type(object))
            if not isinstance(object, Enum):
                self._fields(object)
        else:
            raise Unknown(f"a {type(object).__name__}")

    def _fields(self, object: Any) -> None:
        self._token("value", type(object).__module__, type(object).__qualname__)
        for field in dataclasses.fields(object):
            self.add(getattr(object, field.name))

    def _library(self, object: Any) -> None:
        module, name = object.__module__ or "builtins", object.__qualname__
        found = getattr(sys.modules.get(module), name, MISSING)
        if getattr(found, "function", None) is object:  # compiled by the library, such as rand
            return self._function(object)
        if not isinstance(object, np.ufunc) and found is not object:
            raise Unknown(f"{module}.{name}, which is not what that module defines")
        self._token("library", module, name)

    # ---- functions

    def _function(self, function: types.FunctionType) -> None:
        code = function.__code__
        try:
            text, node = source_of(function)
        except DexError:
            raise Unknown(f"{code.co_name}, which has no source") from None
        self._token("function", code.co_filename, code.co_firstlineno, text)
        own = {*code.co_varnames, *code.co_cellvars}
        for chain in dict.fromkeys(outer_chains(node, own)):
            self._name(function, chain)
        self.add((function.__defaults__, function.__kwdefaults__))
        for name, annotation in function.__annotations__.items():
            self._token("annotation", name)
            if not isinstance(annotation, str):
                self.add(annotation)
            else:
                self._text_annotation(function, annotation)

    def _name(self, function: Callable[..., Any], chain: Chain) -> None:
        object = _object(function, chain)
        self._token("name", *chain)
        if isinstance(object, types.ModuleType):
            raise Unknown(f"{chain[0]}, a module as a value")
        self._guard(function, chain, object)
        self.add(object)

    def _guard(self, function: Callable[..., Any], chain: Chain, object: Any) -> None:
        at = place(function, chain[0])
        for name in chain[1:]:
            if at is None or not isinstance(content(at), types.ModuleType):
                break
            at = attribute(content(at), name)
        if at is not None and is_guarded(object):
            self.guards.append((*at, object))

    def _text_annotation(self, function: Callable[..., Any], text: str) -> None:
        """Its names are known by value already; what it computes from them has to follow from these values."""
        node = ast.parse(text, mode="eval")
        called = [chain for part in ast.walk(node) if isinstance(part, ast.Call) for chain in chains(part.func)]
        if any(_root(_object(function, chain)) not in LIBRARIES for chain in called):
            raise Unknown(f"the annotation {text}, which calls a function")
        if any(isinstance(_object(function, chain), np.ndarray | np.generic) for chain in chains(node)):
            raise Unknown(f"the annotation {text}, which depends on an array")

    # ---- classes

    def _class(self, cls: type) -> None:
        self._token("class", cls.__module__, cls.__qualname__)
        if issubclass(cls, Enum):
            return self.add(tuple((member.name, member.value) for member in cls))
        if not dataclasses.is_dataclass(cls):
            raise Unknown(f"the class {cls.__qualname__}")
        self._bases(cls)
        for field in dataclasses.fields(cls):
            self.add((field.name, _annotation_of(cls, field.type)))
        for name, member in vars(cls).items():
            if name not in CLASS_MACHINERY and not _generated(member):
                self._token("member", name)
                self._member(member)

    def _bases(self, cls: type) -> None:
        for base in cls.__bases__:
            if base is not object:
                self.add(base)

    def _member(self, member: Any) -> None:
        if isinstance(member, property):
            return self.add(member.fget)
        self.add(member.__func__ if isinstance(member, classmethod | staticmethod) else member)


def _object(function: Callable[..., Any], chain: Chain) -> Any:
    """What a chain refers to: the name, or the attribute of a module."""
    object, attributes = python_value(function, chain[0]), list(chain[1:])
    while isinstance(object, types.ModuleType) and attributes:
        object = getattr(object, attributes.pop(0), MISSING)
    return object


def _root(object: Any) -> str:
    return "numpy" if isinstance(object, np.ufunc) else root_module(object)


def _generated(member: Any) -> bool:
    """Whether dataclasses made this member."""
    if not isinstance(member, types.FunctionType):
        return False
    return member.__code__.co_filename in ("<string>", dataclasses.__file__)


def _annotation_of(cls: type, annotation: Any) -> Any:
    from pydex.structs import struct_fields

    if not isinstance(annotation, str):
        return annotation
    return dict(struct_fields(cls) or ()).get(annotation, annotation)
