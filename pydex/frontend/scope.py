"""The names that are visible at a point of a program, from the innermost function outwards."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydex.diagnostics import Span
from pydex.frontend.frame import Frame
from pydex.frontend.source import Source
from pydex.frontend.values import Value
from pydex.outer import MISSING, python_value
from pydex.sizes import Size, Symbol


@dataclass(frozen=True, eq=False)
class Gone(Value):
    """A name that has no value here; `why` is told when it is read."""

    why: str
    help: str = ""
    span: Span | None = None


@dataclass
class Scope:
    """The locals of one activation of a function. `parent` is that of the function it was defined in."""

    source: Source
    frame: Frame
    names: dict[str, Value] = field(default_factory=dict)
    parent: Scope | None = None
    python: Callable[..., Any] | None = None
    sizes: dict[Symbol, Size] = field(default_factory=dict)
    node: Any = None
    owned: set[str] = field(default_factory=set)
    origins: dict[str, Span] = field(default_factory=dict)

    def find(self, name: str) -> tuple[Value, Scope] | None:
        """The value of a name and the scope that holds it; None if no pydex function defines it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name], scope
            scope = scope.parent
        return None

    def find_python(self, name: str) -> Any:
        """The Python object that a name refers to outside of all pydex functions, or MISSING."""
        scope: Scope = self
        while scope.parent is not None:
            scope = scope.parent
        return MISSING if scope.python is None else python_value(scope.python, name)

    def all_names(self) -> set[str]:
        """Every name that has a value here, Python's own among them."""
        found, scope = set(dir(builtins)), self
        while scope.parent is not None:
            found |= scope.names.keys()
            scope = scope.parent
        python = scope.python
        outer = set() if python is None else {*python.__globals__, *python.__code__.co_freevars}
        return found | scope.names.keys() | outer

    def size_of_symbol(self, symbol: Symbol) -> Size | None:
        """What a declared size symbol is in this activation."""
        scope: Scope | None = self
        while scope is not None:
            if symbol in scope.sizes:
                return scope.sizes[symbol]
            scope = scope.parent
        return None
