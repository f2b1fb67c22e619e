"""What `@dx.jit` and `dx.grad` make, as the frontend sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydex.asked import Asked
from pydex.frontend.values import Value

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator
    from pydex.types import Type

REQUIRED = object()


@dataclass(frozen=True)
class Parameter:
    """A parameter of a compiled function; `annotation` is None if its type comes from the call."""

    name: str
    annotation: Type | None
    default: Any = REQUIRED
    node: Any = None


class Compiled:
    """A function that can be called from Python and from compiled code."""

    __name__: str
    asked: Asked = Asked()

    def parameter_names(self) -> list[str]:
        """The names of the positional ones."""
        raise NotImplementedError(f"{type(self).__name__} must name its parameters")

    def apply(self, el: Elaborator, args: list[Value], kwargs: dict[str, Value]) -> Value:
        """A call in compiled code."""
        raise NotImplementedError(f"{type(self).__name__} must say what a call means")

    def describe(self) -> str:
        return f"the function {self.__name__}"
