"""A compiled function as a module with one entry for Python, and what a call of it looks like."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import ModuleOp

from pydex.frontend import expressions, loops, statements  # noqa: F401 - they register their handlers
from pydex.frontend.callable import Compiled
from pydex.frontend.elaborator import Elaborator
from pydex.frontend.frame import Frame
from pydex.frontend.instances import Instance
from pydex.frontend.unit import Unit
from pydex.types import Type


@dataclass
class Program:
    """An elaborated function: `module` has `entry`; `params` and `result` are its types in the sizes of the entry."""

    module: ModuleOp
    entry: str
    names: list[str]
    params: list[Type]
    result: Type
    instance: Instance
    unit: Unit

    @property
    def frame(self) -> Frame:
        return self.instance.frame


def new_elaborator() -> Elaborator:
    return Elaborator(Unit())


def elaborate(function: Compiled, types: Sequence[Type] | None = None) -> Program:
    """The program of a function, for its annotated types or the given ones."""
    from pydex.frontend.boundary import entry_instance

    enabled = gc.isenabled()
    gc.disable()
    try:
        el = new_elaborator()
        instance, names = entry_instance(el, function, types)
        el.unit.module.verify()
        return Program(el.unit.module, instance.name, names, instance.params, instance.result, instance, el.unit)
    finally:
        if enabled:
            gc.enable()


