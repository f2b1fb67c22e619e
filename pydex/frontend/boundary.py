"""Between Python and the entry of a module: its parameters flattened, and their checks."""

from __future__ import annotations

from collections.abc import Sequence

from pydex.frontend.callable import Compiled
from pydex.frontend.elaborator import Elaborator
from pydex.frontend.instances import Instance
from pydex.types import Type


def entry_instance(
    el: Elaborator, function: Compiled, types: Sequence[Type] | None
) -> tuple[Instance, list[str]]:
    """The instance that Python calls, and the names of its parameters."""
    instance = function.instance(el)  # type: ignore[attr-defined]
    return instance, [p.name for p in function.parameters_in(el)]  # type: ignore[attr-defined]
