"""Arrays and floats outside of a program that it reads: further arguments of the functions that use them.

They are read at each call. Integers, bools and strings are constants of the program, which is compiled again when they
change (unit.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pydex.frontend.kinds import WEAK_FLOAT, flexible_symbol, leaves, substitute, symbols_of
from pydex.frontend.stores import Store, stored
from pydex.frontend.structure import leaf_type, rebuild
from pydex.frontend.values import Value
from pydex.outer import python_value
from pydex.sets import Fin
from pydex.types import TableType, Type, element_type_of

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator
    from pydex.frontend.frame import Frame


@dataclass(eq=False)
class Outside:
    """An array or float outside of the program: the function that mentions it, the name, and its type."""

    python: Callable[..., Any]
    name: str
    type: Type

    def read(self) -> Any:
        """What it is now."""
        return python_value(self.python, self.name)

    def fits(self) -> bool:
        """Whether it is still of the type that the program was compiled for."""
        now = self.read()
        if isinstance(now, float) and not isinstance(now, np.generic):
            return self.type == WEAK_FLOAT
        return isinstance(now, np.ndarray | np.generic) and same_shape(array_type(now, self.name), self.type)


def same_shape(left: Type, right: Type) -> bool:
    """Whether two types of arrays agree in element type and number of axes."""
    if isinstance(left, TableType) and isinstance(right, TableType):
        return left.element == right.element and len(left.axes) == len(right.axes)
    return left == right


@dataclass(eq=False)
class Hidden:
    """An argument of a function that stands for something outside."""

    outside: Outside
    value: Value

    @property
    def name(self) -> str:
        return self.outside.name


def array_type(array: Any, name: str) -> Type:
    """The type of an array: each of its dimensions is a size of its own."""
    dtype = element_type_of(array)
    assert dtype is not None
    axes = tuple(Fin(flexible_symbol(name, k)) for k in range(np.ndim(array)))
    return TableType(axes, dtype) if axes else dtype


def outside(el: Elaborator, object: Any, name: str) -> Value:
    """An array or float that a name of the surrounding program refers to, as a value of this frame."""
    scope = el.scope
    while scope.parent is not None:
        scope = scope.parent
    python = scope.python
    if python is None or not name.isidentifier():
        el.fail(f"{name or 'an array'} is an array that no name refers to", help="give it a name outside, or pass it")
    cells = dict(zip(python.__code__.co_freevars, python.__closure__ or (), strict=True))
    key = (id(cells.get(name, python.__globals__)), name)
    if key not in el.unit.outside:
        is_number = isinstance(object, float) and not isinstance(object, np.generic)
        type = WEAK_FLOAT if is_number else array_type(object, name)
        el.unit.outside[key] = Outside(python, name, substitute(type, el.unit.equal))
    return hidden_argument(el, el.unit.outside[key])


def hidden_argument(el: Elaborator, source: Outside) -> Value:
    """What is outside as a value of this frame."""
    from pydex.frontend.capture import import_value

    root: Frame = el.frame
    while root.outer is not None:
        root = root.outer
    known = next((h for h in root.hidden if h.outside is source), None)
    if known is None:
        known = Hidden(source, _argument(el, root, source.type))
        root.hidden.append(known)
    return known.value if root is el.frame else import_value(el, known.value, root)


def _argument(el: Elaborator, root: Frame, type: Type) -> Value:
    for symbol in symbols_of(type):
        root.add_size(symbol)
    made = [root.entry.insert_arg(leaf_type(root, leaf), len(root.entry.args)) for leaf in leaves(type)]
    return stored(rebuild(el, type, made), Store("an array outside of the program", el.span()))
