"""The names that a Python function sees outside of itself: its closure, its module, Python's own."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from types import CellType
from typing import Any

MISSING = object()

Place = tuple[dict[str, Any] | CellType, str | None]  # a namespace and a name in it; or a cell of a closure


def place(function: Callable[..., Any], name: str) -> Place | None:
    """Where a function finds a name outside of itself; None if it is one of Python's own, or nowhere."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    if name in cells:
        return cells[name], None
    return (function.__globals__, name) if name in function.__globals__ else None


def content(place: Place) -> Any:
    """What is there, or MISSING."""
    owner, name = place
    if not isinstance(owner, CellType):
        return owner.get(name, MISSING)  # type: ignore[arg-type] - only cells have no name
    try:
        return owner.cell_contents
    except ValueError:
        return MISSING


def python_value(function: Callable[..., Any], name: str) -> Any:
    """What a name refers to in a Python function, or MISSING."""
    found = place(function, name)
    return getattr(builtins, name, MISSING) if found is None else content(found)
