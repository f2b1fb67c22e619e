"""What the names that a function takes from outside mean while it runs: the namespace of one call.

Python's built-in functions that pydex defines otherwise, index sets with their sizes in this call, captured arrays as
tables, other functions as the reference execution runs them.
"""

from __future__ import annotations

import builtins
from dataclasses import dataclass, is_dataclass
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

from pydex.builtins import Builtin
from pydex.reference import loops, operators, reductions
from pydex.reference.binding import Binding
from pydex.reference.entering import enter_any, is_number
from pydex.reference.indices import Length
from pydex.reference.leaving import result
from pydex.reference.surface import SURFACE
from pydex.reference.tables import FromEnd
from pydex.sets import Fin, IndexSet, as_index_set, is_index_set
from pydex.types import PYTHON_TYPES, Type, as_type


def fin(extent: Any) -> Fin:
    """`dx.Fin(k)`; of a length, with its formula, so that `dx.Fin(n.size)` is n."""
    return Fin(extent.form if isinstance(extent, Length) else extent)


MEANINGS: dict[Any, Any] = {
    builtins.sum: reductions.sum_,
    builtins.max: reductions.max_,
    builtins.min: reductions.min_,
    builtins.any: reductions.any_,
    builtins.all: reductions.all_,
    builtins.abs: SURFACE["abs"],
    builtins.pow: SURFACE["pow"],
    builtins.len: loops.length,
    builtins.range: loops.range_,
    builtins.enumerate: loops.enumerate_,
    builtins.zip: loops.zip_,
    builtins.reversed: loops.reversed_,
    Fin: fin,
    **PYTHON_TYPES,
}
"""Python's functions and types that pydex defines otherwise; `float(x)` is `f64(x)`."""

IMPORTED = {"prod": reductions.prod, "argmax": reductions.argmax, "argmin": reductions.argmin}
"""Reductions that Python has not, and that need no import."""


@dataclass(frozen=True)
class ModuleView:
    """A module as the names in it mean in one call."""

    module: ModuleType
    binding: Binding

    def __getattr__(self, name: str) -> Any:
        if self.module.__name__ == "pydex" and name in SURFACE:
            return SURFACE[name]
        return resolve(getattr(self.module, name), self.binding)


def resolve(value: Any, binding: Binding) -> Any:
    """What a value from outside means in the call with these sizes."""
    if isinstance(value, IndexSet):
        return binding.substitute_set(value)
    if isinstance(value, Type):
        return binding.type(value)
    if isinstance(value, type) and is_dataclass(value) and is_index_set(value):
        return binding.substitute_set(as_index_set(value))
    if isinstance(value, ModuleType):
        return ModuleView(value, binding)
    if isinstance(value, Builtin):
        return SURFACE[value.name]
    if callable(value) or isinstance(value, type):
        return _resolve_callable(value)
    if isinstance(value, tuple):
        return tuple(resolve(part, binding) for part in value)
    if isinstance(value, dict):
        return {name: resolve(part, binding) for name, part in value.items()}
    return value if is_number(value) else enter_any(value)


def annotated(value: Any, note: Any) -> Any:
    """`name: note = value`: an untyped number takes the type; anything else must have it."""
    return result(Binding().type(as_type(note)), value, "this value")


RUNTIME = SimpleNamespace(
    binary=operators.binary,
    unary=operators.unary,
    attribute=operators.attribute,
    augment=operators.augment,
    augment_item=operators.augment_item,
    annotated=annotated,
    as_loop=loops.as_loop,
    collect=loops.collect,
    display=loops.display,
    generate=loops.generate,
    FromEnd=FromEnd,
)
"""What rewritten source calls."""


def _resolve_callable(value: Any) -> Any:
    if value.__hash__ is not None and value in MEANINGS:
        return MEANINGS[value]
    if getattr(value, "__module__", None) == "pydex.api" and getattr(value, "__name__", None) in SURFACE:
        return SURFACE[value.__name__]
    if isinstance(value, FunctionType):
        return operators.as_pydex(value)
    inside = getattr(value, "__pydex_reference__", None)
    return inside() if inside is not None and not isinstance(value, type) else value
