"""The differential operators, by dual numbers: one run of the function for each scalar that it is differentiated by.

Slow and obvious on purpose. They take and give a reference execution's values; the gradient of a value has its
structure, with None where there is no tangent: integers, bools, indices, functions.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from pydex.reference.dual import Dual, new_tag
from pydex.reference.operators import binary
from pydex.reference.structure import Path, in_type_of, is_float, leaves, like, pick, put, seed, split, typed
from pydex.reference.tables import Table


def jvp(
    function: Callable[..., Any], args: tuple[Any, ...] | None = None, tangents: tuple[Any, ...] | None = None
) -> Any:
    """`jvp(f, args, tangents)`: f(*args) and its derivative in the direction; `jvp(f)`: that function of the two."""
    if args is None:
        return lambda args, tangents: jvp(function, args, tangents)
    if not isinstance(args, tuple) or not isinstance(tangents, tuple):
        raise TypeError("jvp takes a tuple of arguments and a tuple of tangents: jvp(f, (x,), (v,))")
    tag = new_tag()
    moved = [seed(arg, tangent, tag) for arg, tangent in zip(args, tangents, strict=True)]
    return split(function(*moved), tag)


def linearize(function: Callable[..., Any], *args: Any) -> Any:
    """`linearize(f, *args)`: f(*args) and the linear function of the tangents; `linearize(f)`: that, given args."""
    if not args:
        return lambda *args: linearize(function, *args)
    return function(*args), lambda *tangents: jvp(function, args, tangents)[1]


def vjp(function: Callable[..., Any], *args: Any) -> Any:
    """`vjp(f, *args)`: f(*args) and the function from a cotangent of it to those of args (one: bare, else a tuple)."""
    if not args:
        return lambda *args: vjp(function, *args)
    return function(*args), lambda cotangent: _alone(_pull_back(function, args, cotangent))


def transpose(function: Callable[..., Any], *args: Any) -> Any:
    """`transpose(f, *args)`: the transpose of a linear f, at arguments that only give the shapes."""
    if not args:
        return lambda *args: transpose(function, *args)
    return vjp(function, *args)[1]


def checkpoint(function: Callable[..., Any], policy: str | int | None = None) -> Callable[..., Any]:
    """The function: what reverse mode keeps of it does not change its derivatives."""
    return function


def grad(function: Callable[..., Any], wrt: Any = 0) -> Callable[..., Any]:
    """The gradient of a function whose result is a float scalar, by the arguments `wrt` (position, name, tuple)."""
    both = value_and_grad(function, wrt)
    return _like(function, lambda *args, **kwargs: both(*args, **kwargs)[1])


def value_and_grad(function: Callable[..., Any], wrt: Any = 0) -> Callable[..., Any]:
    """The value and the gradient."""

    def run(*args: Any, **kwargs: Any) -> Any:
        value, chosen, restricted = _restrict(function, wrt, args, kwargs)
        if not is_float(value):
            raise TypeError(f"grad needs a function whose result is a float scalar, found {value!r}")
        return value, _shaped(wrt, [_gradient(restricted, chosen, k) for k in range(len(chosen))])

    return _like(function, run)


def jacobian(function: Callable[..., Any], wrt: Any = 0, mode: str | None = None) -> Callable[..., Any]:
    """For each scalar of the result, the gradient of that scalar: the result's structure with gradients for leaves."""

    def run(*args: Any, **kwargs: Any) -> Any:
        value, chosen, restricted = _restrict(function, wrt, args, kwargs)
        rows = [_columns(restricted, chosen, k, value) for k in range(len(chosen))]
        return _shaped(wrt, rows)

    return _like(function, run)


def hessian(function: Callable[..., Any], wrt: Any = 0) -> Callable[..., Any]:
    """The jacobian of the gradient."""
    return jacobian(grad(function, wrt), wrt)


def hvp(function: Callable[..., Any], wrt: Any = 0) -> Callable[..., Any]:
    """`hvp(f)(*args, v)`: the derivative of the gradient in the direction v of the argument `wrt`."""

    def run(*args: Any) -> Any:
        *inputs, direction = args
        (place,) = _places(function, wrt)

        def gradient(moved: Any) -> Any:
            return grad(function, place)(*inputs[:place], moved, *inputs[place + 1 :])

        return jvp(gradient, (inputs[place],), (direction,))[1]

    return run


def _gradient(function: Callable[..., Any], chosen: list[Any], k: int) -> Any:
    """The gradient of a scalar function by its k-th argument."""
    return like(chosen[k], {path: _partial(function, chosen, k, path)[()] for path in leaves(chosen[k])})


def _columns(function: Callable[..., Any], chosen: list[Any], k: int, value: Any) -> Any:
    """The jacobian by the k-th argument: one run for each of its scalars."""
    columns = {path: _partial(function, chosen, k, path) for path in leaves(chosen[k])}
    rows = {out: like(chosen[k], {path: column[out] for path, column in columns.items()}) for out in leaves(value)}
    return like(value, rows)


def _partial(function: Callable[..., Any], chosen: list[Any], k: int, path: Path) -> dict[Path, Any]:
    """The derivative of every scalar of the result by one scalar of the k-th argument."""
    tag = new_tag()
    at = typed(pick(chosen[k], path))
    moved = put(chosen[k], path, Dual(at, in_type_of(at, 1.0), tag))
    _, tangent = split(function(*chosen[:k], moved, *chosen[k + 1 :]), tag)
    return {out: pick(tangent, out) for out in leaves(tangent)}


def _pull_back(function: Callable[..., Any], args: tuple[Any, ...], cotangent: Any) -> tuple[Any, ...]:
    """For each argument ⟨cotangent, ∂f/∂(scalar)⟩ at each of its scalars."""

    def at(k: int, path: Path) -> Any:
        total: Any = 0
        for out, tangent in _partial(function, list(args), k, path).items():
            total = binary("+", total, binary("*", tangent, pick(cotangent, out)))
        return total

    return tuple(like(arg, {path: at(k, path) for path in leaves(arg)}) for k, arg in enumerate(args))


def _is_empty(arg: Any) -> bool:
    """A table without elements has an empty gradient."""
    return isinstance(arg, Table) and not arg.items


def _restrict(
    function: Callable[..., Any], wrt: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, list[Any], Callable[..., Any]]:
    """f(*args), the arguments that it is differentiated by, and f as a function of these."""
    bound = _signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    positions = list(bound.args)
    places = _places(function, wrt)
    chosen = [positions[place] for place in places]
    for place, arg in zip(places, chosen, strict=True):
        if next(leaves(arg), None) is None and not _is_empty(arg):
            raise TypeError(f"argument {place} has no floats to differentiate by: {arg!r}")

    def restricted(*moved: Any) -> Any:
        inputs = list(positions)
        for place, arg in zip(places, moved, strict=True):
            inputs[place] = arg
        return function(*inputs, **bound.kwargs)

    return function(*bound.args, **bound.kwargs), chosen, restricted


def _places(function: Callable[..., Any], wrt: Any) -> list[int]:
    """The positions of the arguments that `wrt` names."""
    names = list(_signature(function).parameters)
    wanted = wrt if isinstance(wrt, (tuple, list, Table)) else (wrt,)
    missing = [name for name in wanted if isinstance(name, str) and name not in names]
    if missing:
        raise ValueError(f"wrt names {missing[0]!r}, but the parameters are {', '.join(names)}")
    return [names.index(name) if isinstance(name, str) else int(name) for name in wanted]


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    return getattr(function, "signature", None) or inspect.signature(function)


def _like(function: Callable[..., Any], run: Callable[..., Any]) -> Callable[..., Any]:
    """`run`, with the parameters of `function`, so that `wrt` can name them again."""
    run.signature = _signature(function)  # type: ignore[attr-defined]
    return run


def _shaped(wrt: Any, found: list[Any]) -> Any:
    """One result for one argument, a tuple for a tuple of arguments."""
    return tuple(found) if isinstance(wrt, (tuple, list, Table)) else found[0]


def _alone(found: tuple[Any, ...]) -> Any:
    return found[0] if len(found) == 1 else found
