"""`dx.check_grads`: derivatives of a function against finite differences, in one random direction."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np


def check_grads(function: Callable[..., Any], *args: Any, seed: int = 0, tolerance: float | None = None) -> None:
    """Compares forward mode with a central difference, and reverse mode with forward mode: ⟨c, Jv⟩ = ⟨Jᵀc, v⟩.

    The direction v and the cotangent c are drawn from NumPy's default_rng(seed). The tolerance is relative to the
    largest number compared; by default the cube root of eps for differences, and its square for the modes.

    Raises: AssertionError, with the numbers, where they disagree; TypeError if no argument or result has floats.
    """
    from pydex import api

    rng = np.random.default_rng(seed)
    direction = tuple(_random(arg, rng) for arg in args)
    if all(part is None for part in direction):
        raise TypeError("no argument has floats to differentiate by")
    _, tangent = api.jvp(function, args, direction)
    eps = max(np.finfo(x.dtype).eps for x in _floats(args))
    step = eps ** (1 / 3)
    difference = _difference(api.jit(function), args, direction, step)
    _agree("forward mode and a finite difference", tangent, difference, tolerance or 100 * step)
    value, pull_back = api.vjp(function, *args)
    cotangent = _random(value, rng)
    back = pull_back(cotangent)
    back = back if len(args) > 1 else (back,)
    forward, reverse = _dot(cotangent, tangent), _dot(back, direction)
    _agree("forward and reverse mode", forward, reverse, tolerance or 100 * step**2)


def _difference(function: Callable[..., Any], args: tuple, direction: tuple, step: float) -> Any:
    moved = [function(*_moved(args, direction, sign * step)) for sign in (1, -1)]
    return _map(lambda plus, minus: (plus - minus) / (2 * step) if _is_float(plus) else None, *moved)


def _moved(value: Any, direction: Any, by: float) -> Any:
    return _map(lambda x, v: x if v is None else type(x)(x + by * v) if np.ndim(x) == 0 else x + x.dtype.type(by) * v,
                value, direction)  # fmt: skip


def _map(function: Callable[..., Any], value: Any, *others: Any) -> Any:
    """The function of each number or array, in the structure of the first value."""
    if isinstance(value, tuple | list):
        return tuple(_map(function, *parts) for parts in zip(value, *others, strict=True))
    if isinstance(value, dict):
        return {name: _map(function, part, *(o and o[name] for o in others)) for name, part in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        moved = [{name: getattr(other, name) for name in parts} for other in others]
        return type(value)(**_map(function, parts, *moved))
    return function(value, *others)


def _is_float(value: Any) -> bool:
    return isinstance(value, float) or (isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "f")


def _random(value: Any, rng: np.random.Generator) -> Any:
    """A random tangent: None for what has none."""

    def draw(x: Any) -> Any:
        if not _is_float(x):
            return None
        made = rng.standard_normal(np.shape(x))
        return made.astype(x.dtype) if isinstance(x, np.ndarray) else type(x)(made)

    return _map(draw, value)


def _floats(value: Any) -> list[np.ndarray]:
    """The floats of a value, as arrays."""
    if isinstance(value, tuple | list):
        return [x for part in value for x in _floats(part)]
    if isinstance(value, dict):
        return [x for part in value.values() for x in _floats(part)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [x for f in dataclasses.fields(value) for x in _floats(getattr(value, f.name))]
    return [np.asarray(value)] if _is_float(value) else []


def _dot(left: Any, right: Any) -> float:
    pairs = zip(_floats(left), _floats(right), strict=True)
    return float(sum(np.sum(a.astype(float) * b.astype(float)) for a, b in pairs))


def _agree(what: str, left: Any, right: Any, tolerance: float) -> None:
    for a, b in zip(_floats(left), _floats(right), strict=True):
        scale = max(np.max(np.abs(a), initial=0.0), np.max(np.abs(b), initial=0.0), 1e-300)
        worst = np.max(np.abs(a.astype(float) - b), initial=0.0) / scale
        if not worst <= tolerance:
            raise AssertionError(f"{what} disagree: {a} and {b}, relative to the largest {worst:.2g} > {tolerance:.2g}")
