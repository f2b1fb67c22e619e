"""Registers pydex's dialects and passes with xDSL's own tools (entry point `xdsl.universe`)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module

from xdsl.passes import ModulePass
from xdsl.universe import Universe

from pydex.dialects.text import DIALECTS
from pydex.passes import PASSES


def _load(path: str) -> type[ModulePass]:
    module, name = path.split(":")
    return getattr(import_module(module), name)


def available_passes() -> dict[str, Callable[[], type[ModulePass]]]:
    """pydex's passes by name, imported on use."""
    return {name: partial(_load, path) for name, path in PASSES.items()}


PYDEX_UNIVERSE = Universe(all_dialects=DIALECTS, all_passes=available_passes())
