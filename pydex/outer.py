"""The names that a Python function sees outside of itself: its closure, its module, Python's own."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

MISSING = object()


def python_value(function: Callable[..., Any], name: str) -> Any:
    """What a name refers to in a Python function, or MISSING."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    if name in cells:
        try:
            return cells[name].cell_contents
        except ValueError:
            return MISSING
    if name in function.__globals__:
        return function.__globals__[name]
    return getattr(builtins, name, MISSING)
