"""What a random program may mention at a place, and the writer that draws and writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from hypothesis import strategies as st

Sets = tuple[str, ...]


@dataclass
class Scope:
    """Float and integer scalars, indices by set, tables of floats and of integers by their sets."""

    floats: list[str] = field(default_factory=lambda: ["s"])
    integers: list[str] = field(default_factory=list)
    indices: list[tuple[str, str]] = field(default_factory=list)
    tables: list[tuple[str, Sets]] = field(default_factory=lambda: [("x", ("n",)), ("y", ("m",)), ("a", ("n", "m"))])
    numbers: list[tuple[str, Sets]] = field(default_factory=lambda: [("c", ("n",))])

    def copy(self) -> Scope:
        return Scope(*(list(part) for part in vars(self).values()))

    def inside(self, *indices: tuple[str, str]) -> Scope:
        """The scope in loops over these."""
        inner = self.copy()
        inner.indices += indices
        return inner

    def table(self, sets: Sets) -> str:
        """A table over these sets that is not assigned to: a parameter."""
        return {("n",): "x", ("m",): "y", ("n", "m"): "a"}[sets]


class Writer:
    """Draws choices and writes lines."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]):
        self.draw = draw
        self.lines: list[str] = []
        self.depth = 1
        self.names = count()

    def pick(self, options: Sequence[Any]) -> Any:
        return self.draw(st.sampled_from(options))

    def maybe(self) -> bool:
        return self.draw(st.booleans())

    def new(self, stem: str) -> str:
        return f"{stem}{next(self.names)}"

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        self.line(head)
        self.depth += 1
        yield
        self.depth -= 1
