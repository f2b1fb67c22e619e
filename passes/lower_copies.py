"""Copies of a loop's body that are lowered side by side, op by op: what is known in each of them alone.

    with copy.current(low): low.rules[type(op)](low, op)

Iterations inside of lanes that share what they read (lower_jam.py), and groups of lanes that take turns of one `while`
(lower_lanes.py), are such copies.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pydex.passes.lower import Lowering
from pydex.passes.lower_group import Group
from pydex.passes.lower_text import Idx, Val


@dataclass(eq=False)
class Copy:
    """One of the iterations, or groups of them, that run side by side: its index, and what is known in it alone."""

    index: Val
    group: Group | None
    values: MutableMapping[Any, Any]
    places: MutableMapping[Any, Any]
    wanted: MutableMapping[Any, Any]
    symbols: MutableMapping[str, Idx]

    @staticmethod
    def of(low: Lowering, index: Val, group: Group | None) -> Copy:
        values, places, wanted = ChainMap({}, low.values), ChainMap({}, low.places), ChainMap({}, low.wanted)
        return Copy(index, group, values, places, wanted, ChainMap({}, low.symbols))

    @staticmethod
    def only(low: Lowering) -> Copy:
        """What is lowered now, as the only copy."""
        return Copy(low.code.number(0), low.group, low.values, low.places, low.wanted, low.symbols)

    @contextmanager
    def current(self, low: Lowering) -> Iterator[None]:
        """Inside, ops are lowered for this copy."""
        before = low.group, low.values, low.places, low.wanted, low.symbols
        low.group, low.values, low.places = self.group, self.values, self.places
        low.wanted, low.symbols = self.wanted, self.symbols
        yield
        low.group, low.values, low.places, low.wanted, low.symbols = before
