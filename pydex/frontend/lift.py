"""Python objects of the surrounding program as values: what globals and closures refer to."""

from __future__ import annotations

import dataclasses
import types as python_types
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from pydex.builtins import Builtin
from pydex.frontend.callable import Compiled
from pydex.frontend.constants import is_replaceable
from pydex.frontend.functions import Closure, Intrinsic
from pydex.frontend.hidden import outside
from pydex.frontend.source import function_syntax
from pydex.frontend.values import Int, Literal, Record, Static, Struct, Tuple, Value
from pydex.sets import EnumSet, IndexSet, Ragged, is_index_set
from pydex.sizes import Size, Symbol
from pydex.structs import struct_fields
from pydex.types import Type, as_type

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator


def lift(el: Elaborator, object: Any, name: str = "") -> Value:
    """The value of a Python object. Fails if pydex has no values of its kind."""
    if isinstance(object, Value):
        return object
    if isinstance(object, float) and name.isidentifier() and not isinstance(object, np.generic):
        return outside(el, object, name)
    if isinstance(object, bool | int | float) and not isinstance(object, np.generic):
        if name.isidentifier():
            el.unit.depends_on(el.scope, name, object)
        return Literal(object.value if isinstance(object, Enum) else object)
    if isinstance(object, np.ndarray | np.generic):
        return outside(el, object, name)
    if isinstance(object, Size | Symbol):
        return Int(Size.of(object))
    if isinstance(object, Enum):
        return Int(Size.of(list(type(object)).index(object)), EnumSet(type(object)))
    if isinstance(object, tuple | Mapping) or struct_fields(type(object)) is not None:
        if name.isidentifier():
            el.unit.depends_on(el.scope, name, object)
        return _lift_parts(el, object)
    if name.isidentifier() and is_replaceable(object):
        el.unit.depends_on(el.scope, name, object)
    return _lift_static(el, object, name)


def _lift_parts(el: Elaborator, object: Any) -> Value:
    if isinstance(object, tuple):
        return Tuple(tuple(lift(el, item, "") for item in object))
    if isinstance(object, Mapping):
        return Record({key: lift(el, item) for key, item in object.items()})
    fields = dataclasses.fields(object)
    return Struct(type(object), {f.name: lift(el, getattr(object, f.name)) for f in fields})


def _lift_static(el: Elaborator, object: Any, name: str) -> Value:
    if isinstance(object, python_types.ModuleType):
        return Static(object)
    compiled = getattr(object, "__pydex_compiled__", None)
    if compiled is not None:
        return Static(compiled)
    if object is None or isinstance(object, str | Type | Ragged | IndexSet | Builtin | Compiled):
        return Static(object)
    transform = getattr(object, "__pydex_transform__", None)
    if isinstance(transform, str):
        from pydex.frontend.derivatives import TRANSFORMS

        return Intrinsic(f"dx.{transform}", TRANSFORMS[transform])
    if isinstance(object, python_types.FunctionType):
        source, node = function_syntax(object)
        return Closure(node, None, object.__name__, source, object)
    if isinstance(object, python_types.BuiltinFunctionType | np.ufunc | type):
        return Static(object)
    if is_index_set(object):
        return Static(object)
    if isinstance(object, python_types.GenericAlias):
        return Static(as_type(object))
    if callable(object):
        return Static(object)  # an error where it is called
    what = f"{name} is" if name else "this is"
    el.fail(f"{what} a {type(object).__name__}, which pydex cannot use")
