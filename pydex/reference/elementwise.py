"""The elementwise functions: NumPy's, with derivatives by the table of `dual`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from pydex.reference import dual, scalars
from pydex.reference.accumulators import unwrap
from pydex.reference.binding import is_wide
from pydex.reference.dual import Dual
from pydex.reference.reductions import greater, lesser
from pydex.reference.tables import Table, elementwise
from pydex.types import f32, f64, u32

FLOAT_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": np.exp,
    "exp2": np.exp2,
    "expm1": np.expm1,
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "cbrt": np.cbrt,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "erf": lambda x: type(x)(math.erf(x)),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)) if x >= 0 else np.exp(x) / (1 + np.exp(x)),
    "floor": np.floor,
    "ceil": np.ceil,
    "trunc": np.trunc,
    "round": np.rint,
    "atan2": np.arctan2,
}
"""Functions that compute in floats: integers become f64, half precision f32."""

NUMBER_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "sign": np.sign,
    "relu": lambda x: type(x)(0) if x <= 0 else x,
}
"""Functions that keep the type of their argument."""

TESTS: dict[str, Callable[..., Any]] = {"isnan": np.isnan, "isinf": np.isinf, "isfinite": np.isfinite}
"""Questions about floats, of which integers are finite ones."""


def call(name: str, *args: Any) -> Any:
    """The elementwise function `name` of scalars and tables. TypeError for a wrong number of arguments."""
    function = ELEMENTWISE[name]
    return elementwise(lambda *items: function(*map(scalars.plain, items)), tuple(map(unwrap, args)))


def where(condition: Any, if_true: Any, if_false: Any) -> Any:
    """`if_true` where the condition holds, else `if_false`, in their common type."""
    if not scalars.is_bool(condition):
        raise TypeError(f"where needs a bool, found {condition!r}")
    left, right = dual.primal(if_true), dual.primal(if_false)
    chosen = if_true if condition else if_false
    if scalars.same_type(left, right):
        return chosen
    type = scalars.common_type(left, right)
    return chosen if type is None else dual.convert(chosen, type)


def _as_floats(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments in the float type that a function of floats computes in; untyped ones stay f64."""
    primals = [dual.primal(arg) for arg in args]
    type = scalars.common_type(primals[0], primals[-1])
    type = type if type is not None and type.is_float else f64
    return tuple(dual.convert(arg, type) for arg in args)


def _of_floats(name: str) -> Callable[..., Any]:
    def function(*args: Any) -> Any:
        untyped = all(not isinstance(arg, Dual) and scalars.is_untyped(arg) for arg in args)
        with np.errstate(all="ignore"):
            result = dual.apply(name, FLOAT_FUNCTIONS[name], _as_floats(args))
        return float(result) if untyped else result

    return function


def _of_numbers(name: str) -> Callable[..., Any]:
    def function(arg: Any) -> Any:
        if scalars.is_untyped(arg):
            return scalars.as_python(NUMBER_FUNCTIONS[name](scalars.typed(arg)))
        with np.errstate(all="ignore"):
            return dual.apply(name, NUMBER_FUNCTIONS[name], (arg,))

    return function


def _test(name: str) -> Callable[..., Any]:
    return lambda arg: np.bool_(TESTS[name](dual.primal(arg)))


ELEMENTWISE: dict[str, Callable[..., Any]] = {
    **{name: _of_floats(name) for name in FLOAT_FUNCTIONS},
    **{name: _of_numbers(name) for name in NUMBER_FUNCTIONS},
    **{name: _test(name) for name in TESTS},
    "minimum": lesser,
    "maximum": greater,
    "pow": lambda x, y: dual.binary("**", x, y),
    "where": where,
}


def bitcast(value: Any, type: Any) -> Any:
    """The bits of each scalar read as another type of the same width."""
    return elementwise(lambda x: _bitcast(dual.primal(scalars.plain(x)), type), (unwrap(value),))


def _bitcast(value: Any, type: Any) -> Any:
    """In a wide call f64 stands for f32 as well."""
    if is_wide() and type == f64 and scalars.element_type_of(value) == u32:
        return scalars.convert(scalars.bitcast(value, f32), f64)
    return scalars.bitcast(value, type)


def convert(value: Any, type: Any) -> Any:
    """`type(value)` of a scalar or, element by element, of a table."""
    value = scalars.plain(unwrap(value))
    if isinstance(value, Table):
        return elementwise(lambda x: convert(x, type), (value,))
    return dual.convert(value, type)


def stop_gradient(value: Any) -> Any:
    """`value` without tangents."""
    return elementwise(dual.primal, (unwrap(value),))
