"""Arrays outside of a program that it reads: further arguments of the functions that use them, read at each call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pydex.frontend.kinds import leaves
from pydex.frontend.structure import leaf_type, rebuild
from pydex.frontend.values import Value
from pydex.sets import Fin
from pydex.sizes import Symbol
from pydex.types import TableType, Type, element_type_of

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator
    from pydex.frontend.frame import Frame


@dataclass(eq=False)
class Hidden:
    """An array (or NumPy scalar), the name it was found under, and its value in the frame it is an argument of."""

    array: Any
    name: str
    value: Value

    def read(self) -> Any:
        """The array now."""
        return self.array


def hidden_type(array: Any, name: str) -> Type:
    """The type of an array: each of its dimensions is a size of its own."""
    dtype = element_type_of(array)
    assert dtype is not None
    axes = tuple(Fin(Symbol(f"{name}_{k}", id(array))) for k in range(np.ndim(array)))
    return TableType(axes, dtype) if axes else dtype


def hidden_argument(el: Elaborator, array: Any, name: str) -> Value:
    """The array as a value of this frame."""
    from pydex.frontend.capture import import_value

    root: Frame = el.frame
    while root.outer is not None:
        root = root.outer
    known = next((h for h in root.hidden if h.array is array), None)
    if known is None:
        known = Hidden(array, name, _argument(el, root, hidden_type(array, name or "array")))
        root.hidden.append(known)
    return known.value if root is el.frame else import_value(el, known.value, root)


def _argument(el: Elaborator, root: Frame, type: Type) -> Value:
    from pydex.frontend.kinds import symbols_of

    for symbol in symbols_of(type):
        root.add_size(symbol)
    made = [root.entry.insert_arg(leaf_type(root, leaf), len(root.entry.args)) for leaf in leaves(type)]
    return rebuild(el, type, made)
