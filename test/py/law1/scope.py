"""What a random program may mention at a place, and the writer that draws and writes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

Sets = tuple[str, ...]
TYPES = ("i8", "i32", "i64")


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

    def __init__(self, random: Random):
        self.random = random
        self.lines: list[str] = []
        self.depth = 1
        self.names = count()

    def pick(self, options: Sequence[Any]) -> Any:
        return self.random.choice(options)

    def maybe(self) -> bool:
        return self.random.random() < 0.5

    def new(self, stem: str) -> str:
        """A name that nothing has, not even a type."""
        name = f"{stem}{next(self.names)}"
        return self.new(stem) if name in TYPES else name

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        self.line(head)
        self.depth += 1
        yield
        self.depth -= 1
