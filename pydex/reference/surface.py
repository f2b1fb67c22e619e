"""What each `dx.…` name means in a reference execution: one line a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydex.reference import derivatives, elementwise, loops, reductions
from pydex.reference.accumulators import Accumulator, unwrap
from pydex.reference.entering import enter_any, is_number
from pydex.reference.indices import ordinal
from pydex.reference.leaving import leave
from pydex.reference.operators import is_scalar
from pydex.reference.reductions import MONOIDS
from pydex.reference.tables import constant
from pydex.reference.tables import elementwise as each
from pydex.types import ElementType, TableType, Type

#: The operators that mean the operation of an accumulator, as `+=` does.
SIGNS = {reductions.sum_: "+", reductions.prod: "*", reductions.any_: "|", reductions.all_: "&"}


def accum(type: Type, monoid: Callable[..., Any] = reductions.sum_) -> Accumulator:
    """`accum(f32[m], max)`: starts at the monoid's neutral element everywhere."""
    if monoid not in MONOIDS:
        raise TypeError(f"accum needs a monoid (sum, prod, max, min, any, all), found {monoid!r}")
    element = type.element if isinstance(type, TableType) else type
    if not isinstance(element, ElementType):
        raise TypeError(f"accum needs scalars to combine, found {element!r}")
    found = MONOIDS[monoid]
    start = constant(type, element(found.identity(*_bounds(element))))
    return Accumulator(start, found.operation, SIGNS.get(monoid, ""))


def _bounds(element: ElementType) -> tuple[Any, Any]:
    if element.is_float:
        return float("-inf"), float("inf")
    return element.bounds if element.is_integer else (False, True)


def _full_like(value: Any, fill: int) -> Any:
    value = unwrap(value)
    return each(lambda x: type(x)(fill) if is_scalar(x) else fill, (elementwise.stop_gradient(value),))


def _identity(function: Any = None, **options: Any) -> Any:
    """`jit`: a decorator, or a function of a function, that does not change what is computed."""
    return (lambda found: found) if function is None else function


def _named(name: str) -> Callable[..., Any]:
    def function(*args: Any) -> Any:
        return elementwise.call(name, *args)

    return function


def call_builtin(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """A built-in function called from ordinary Python, on numbers and arrays."""
    inside = [arg if is_number(arg) else enter_any(arg) for arg in args]
    return leave(SURFACE[name](*inside, **kwargs))


SURFACE: dict[str, Callable[..., Any]] = {
    **{name: _named(name) for name in elementwise.ELEMENTWISE},
    "sum": reductions.sum_,
    "prod": reductions.prod,
    "max": reductions.max_,
    "min": reductions.min_,
    "any": reductions.any_,
    "all": reductions.all_,
    "argmax": reductions.argmax,
    "argmin": reductions.argmin,
    "argsort": reductions.argsort,
    "mean": reductions.mean,
    "zeros": lambda type: constant(type, 0),
    "ones": lambda type: constant(type, 1),
    "full": constant,
    "zeros_like": lambda value: _full_like(value, 0),
    "ones_like": lambda value: _full_like(value, 1),
    "accum": accum,
    "stop_gradient": elementwise.stop_gradient,
    "checkpoint": derivatives.checkpoint,
    "parallel": loops.parallel,
    "bitcast": elementwise.bitcast,
    "ordinal": lambda index: ordinal(index),
    "jit": _identity,
    "grad": derivatives.grad,
    "value_and_grad": derivatives.value_and_grad,
    "jvp": derivatives.jvp,
    "vjp": derivatives.vjp,
    "linearize": derivatives.linearize,
    "transpose": derivatives.transpose,
    "jacobian": derivatives.jacobian,
    "hessian": derivatives.hessian,
    "hvp": derivatives.hvp,
}
