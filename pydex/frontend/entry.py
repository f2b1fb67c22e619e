"""A compiled function as a module with one entry for Python, and what a call of it looks like."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import ModuleOp

from pydex.frontend import expressions, loops, statements, whiles  # noqa: F401 - they register their handlers
from pydex.frontend.boundary import entry_instance, external, signature_of
from pydex.frontend.callable import Compiled
from pydex.frontend.elaborator import Elaborator
from pydex.frontend.instances import Instance
from pydex.frontend.unit import Unit
from pydex.types import Type

if TYPE_CHECKING:
    from pydex.runtime.signature import Signature


@dataclass
class Program:
    """An elaborated function: `module` has `entry`; `params` and `result` are its types in the sizes of the entry."""

    module: ModuleOp
    instance: Instance
    names: list[str]
    params: list[Type]
    result: Type
    unit: Unit

    @property
    def entry(self) -> str:
        return self.instance.name

    def signature(self) -> Signature:
        """What the runtime needs to know to call the entry."""
        return signature_of(self.instance, self.names, [external(p) for p in self.params])


def new_elaborator() -> Elaborator:
    return Elaborator(Unit())


def elaborate(function: Compiled, types: Sequence[Type] | None = None) -> Program:
    """The program of a function, for its annotated types or the given ones."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        el = new_elaborator()
        instance, names, params = entry_instance(el, function, types)
        return Program(el.unit.module, instance, names, params, el.unit.result or instance.result, el.unit)
    finally:
        if enabled:
            gc.enable()
