"""The types of the arguments of a call from Python, for functions whose parameters are not annotated."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pydex.diagnostics import DexTypeError, Diagnostic
from pydex.frontend.callable import REQUIRED, Compiled
from pydex.frontend.kinds import StaticType, StructOf, flexible_symbol
from pydex.sets import Fin
from pydex.structs import struct_fields
from pydex.types import PYTHON_TYPES, RecordType, TableType, TupleType, Type, element_type_of


def in_order(function: Compiled, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
    """The arguments in the order of the parameters, defaults filled in. DexTypeError if they do not fit."""
    from pydex.frontend.entries import defaults_of, python_names

    names = python_names(function)
    if names is None:
        if kwargs:
            raise DexTypeError(f"{function.__name__} takes no keyword arguments")
        return list(args)
    if len(args) > len(names):
        wanted = f"{len(names)} argument{'s' if len(names) != 1 else ''}"
        raise DexTypeError(Diagnostic(f"{function.__name__} takes {wanted}, found {len(args)}"))
    given = dict(zip(names, args, strict=False))
    for name, value in kwargs.items():
        if name not in names:
            raise DexTypeError(Diagnostic(f"{function.__name__} has no parameter {name}"))
        if name in given:
            raise DexTypeError(Diagnostic(f"{function.__name__} got two values for {name}"))
        given[name] = value
    defaults = defaults_of(function)
    missing = [name for name in names if name not in given and defaults.get(name, REQUIRED) is REQUIRED]
    if missing:
        raise DexTypeError(Diagnostic(f"{function.__name__} is called without {', '.join(missing)}"))
    return [given[name] if name in given else defaults[name] for name in names]


def types_of_call(function: Compiled, values: Sequence[Any]) -> tuple[Type, ...] | None:
    """The types that these arguments give to a function; None if its own annotations say all."""
    from pydex.frontend.entries import annotated_parameters, python_names

    declared = annotated_parameters(function, len(values))
    if None not in declared:
        return None
    names = python_names(function) or [f"x{k}" for k in range(len(values))]
    return tuple(
        given if given is not None else type_of_python(value, name)
        for given, value, name in zip(declared, values, names, strict=True)
    )


def type_of_python(value: Any, name: str) -> Type:
    """The type of a Python value; each dimension of an array is a size of its own."""
    if isinstance(value, bool | int | float) and not isinstance(value, np.generic):
        return PYTHON_TYPES[bool if isinstance(value, bool) else int if isinstance(value, int) else float]
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        dtype = element_type_of(value)
        assert dtype is not None
        return dtype
    if isinstance(value, tuple):
        return TupleType(tuple(type_of_python(v, f"{name}_{k}") for k, v in enumerate(value)))
    if isinstance(value, Mapping):
        return RecordType(tuple((key, type_of_python(v, f"{name}_{key}")) for key, v in value.items()))
    if struct_fields(type(value)) is not None:
        fields: Any = dataclasses.fields(value)  # type: ignore[arg-type]
        return StructOf(type(value), tuple((f.name, type_of_python(getattr(value, f.name), f"{name}_{f.name}"))
                                           for f in fields))  # fmt: skip
    if value is None or isinstance(value, str) or callable(value):
        return StaticType(value)
    return _array_type(value, name)


def _array_type(value: Any, name: str) -> Type:
    array = _as_array(value, name)
    try:
        dtype = element_type_of(array.dtype)
    except TypeError as error:
        raise DexTypeError(f"argument {name}: {error}") from None
    assert dtype is not None
    if dtype.is_storage_only:
        raise DexTypeError(f"argument {name}: tables of {dtype} are not supported yet; convert it: x.astype('f4')")
    return TableType(tuple(Fin(flexible_symbol(name, k)) for k in range(array.ndim)), dtype)


def _as_array(value: Any, name: str) -> np.ndarray:
    """The array that a value is. DexTypeError if it is none of numbers."""
    if isinstance(value, np.ndarray):
        array = value
    elif hasattr(value, "__dlpack__"):
        array = np.from_dlpack(value)
    elif isinstance(value, list):
        try:
            array = np.array(value)
        except ValueError:
            raise DexTypeError(f"argument {name}: a list whose rows differ in shape has no type of its own; annotate "
                               "the parameter") from None  # fmt: skip
    else:
        message = f"argument {name}: {type(value).__name__} is no type of pydex"
        help = "" if type(value).__module__ == "builtins" else "pass its parts, or make its class a @dx.struct"
        raise DexTypeError(Diagnostic(message, help=help))
    if array.dtype == object:
        raise DexTypeError(f"argument {name}: an array of Python objects is no table; convert it, with x.astype(float)")
    return array
