"""The iterations that run together in the lanes of vectors: what the rules know of them while the body is lowered.

Lanes can be off: in the last group those beyond the end (`tail`), in a branch those that take the other one
(`branch`). Lanes that are off compute, but what they compute goes nowhere: they neither read nor write memory of
outside, nor divide by their own numbers. None: all are on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from xdsl.ir import SSAValue

from pydex.passes.lower_text import Code, Idx, Val
from pydex.passes.lower_varying import Varying
from pydex.passes.lower_vectors import both


@dataclass
class Group:
    """Iterations in lanes: how many, what varies with them, which are on.

    spread: for an accumulator of outside, cells of which every lane has its own.
    last: the number of the last lane that is not beyond the end.
    rows: for a table of outside, the rows of the lanes, side by side (lower_lane_packs.py).
    """

    width: int
    varying: Varying
    last: Idx = 0
    tail: Val | None = None
    branch: Val | None = None
    on: Val | None = None
    spread: dict[SSAValue, Any] = field(default_factory=dict)
    rows: dict[SSAValue, Any] = field(default_factory=dict)

    def begin(self, last: Idx, tail: Val | None) -> None:
        """A group of which the lanes of `tail` are on, those up to `last`."""
        self.last, self.tail, self.on = last, tail, tail

    @contextmanager
    def only(self, code: Code, condition: Val) -> Iterator[Val]:
        """Inside, lanes are on where the condition holds, too; gives those that are on."""
        before = self.branch, self.on
        self.branch, on = both(code, self.branch, condition), both(code, self.on, condition)
        assert on is not None
        self.on = on
        yield on
        self.branch, self.on = before

    @contextmanager
    def exactly(self, on: Val) -> Iterator[None]:
        """Inside, these lanes are on, which are some of those that are on here."""
        before = self.branch, self.on
        self.branch = self.on = on
        yield
        self.branch, self.on = before
