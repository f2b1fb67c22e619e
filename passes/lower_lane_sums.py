"""What lanes have for cells that they share, combined across the lanes for many cells together.

    acc[a] += x in the lanes, a = 0, 1, …     ==>     eight vectors;  one vector of their eight sums;  each to its cell

The sums of as many vectors as have room in one take two shuffles and an addition each, those of one alone three times
that. Those for cells that lie side by side are added as a vector. Sums that a loop inside needs in each of its turns
are made in front of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from xdsl.ir import Block, Operation, SSAValue

from pydex.dialects import eff
from pydex.passes.lower import Lowering
from pydex.passes.lower_accum import add_total, cells_of, lanes_of_term, monoid_of, shared_term, values_of
from pydex.passes.lower_copies import Copy
from pydex.passes.lower_group import Group
from pydex.passes.lower_monoids import across_each, across_together, combine, sums_in_a_vector
from pydex.passes.lower_text import Val
from pydex.passes.lower_vectors import Index, Spread, part_of


@dataclass(frozen=True)
class Part:
    """What the lanes of one copy have for a cell: the sum of a vector's lanes, times factors."""

    monoid: str
    place: Any
    indices: Sequence[Index]
    factors: Sequence[Val | None]
    lanes: Val


#: A sum over lanes: the values, how they are combined and as what type, in which copy.
Known: TypeAlias = tuple[SSAValue, str, str, Copy]


class Sums:
    """The parts that wait to be combined where the code stands; and sums that are known."""

    def __init__(self, low: Lowering):
        self.low = low
        self.waiting: dict[tuple[str, str], list[Part]] = {}
        self.rows: dict[eff.AddOp, list[list[Part]]] = {}
        self.known: dict[Known, Val] = {}

    def within(self, rows: Sequence[eff.AddOp] = ()) -> Sums:
        """Those of a loop inside. rows: adds whose cells lie side by side from turn to turn."""
        inner = Sums(self.low)
        inner.known, inner.rows = dict(self.known), {op: [] for op in rows}
        return inner

    @contextmanager
    def again(self) -> Iterator[None]:
        """Inside, a loop's body is written once more: what becomes known of its values is forgotten."""
        before, self.known = self.known, dict(self.known)
        yield
        self.known = before

    def add(self, op: eff.AddOp, copies: Sequence[Copy]) -> None:
        """A shared add, of all copies."""
        parts = []
        for copy in copies:
            with copy.current(self.low):
                parts.append(self._part(op, copy))
        found = [part for part in parts if part is not None]
        if op in self.rows:
            self.rows[op].append(found)
        else:
            for part in found:
                self._put(part)

    def _part(self, op: eff.AddOp, copy: Copy) -> Part | None:
        """What the current copy has for a cell; None: the sum is known, and has been added."""
        low = self.low
        place, indices, (outer, term) = cells_of(low, op), low.indices(op.indices), shared_term(low, op)
        factors = values_of(low, outer)
        if (total := self.known.get(self._key(op, term, copy))) is not None:
            add_total(low, monoid_of(op), place, indices, factors, total)
            return None
        return Part(monoid_of(op), place, indices, factors, lanes_of_term(low, op, term))

    def _put(self, part: Part) -> None:
        """The part waits, until there are as many as can be combined together."""
        kind = part.monoid, part.lanes.type
        parts = self.waiting.setdefault(kind, [])
        parts.append(part)
        if len(parts) == sums_in_a_vector(part.lanes.type):
            self._combine(self.waiting.pop(kind))

    def close(self) -> None:
        """All that waits is added."""
        for parts in self.waiting.values():
            self._combine(parts)
        for turns in self.rows.values():
            self._add_rows(list(zip(*turns, strict=True)))
        self.waiting.clear()

    def _combine(self, parts: Sequence[Part]) -> None:
        totals = across_each(self.low.code, parts[0].monoid, [p.lanes for p in parts])
        for part, total in zip(parts, totals, strict=True):
            add_total(self.low, part.monoid, part.place, part.indices, part.factors, total)

    def steady(self, block: Block, adds: Sequence[eff.AddOp], copies: Sequence[Copy]) -> None:
        """In front of a loop with such a body: sums of what does not change in it are made known."""
        for op in adds:
            term, found = shared_term(self.low, op)[1], dict[Known, Val]()
            if _is_made_in(block, term):
                continue
            for copy in copies:
                if (key := self._key(op, term, copy)) not in self.known:
                    with copy.current(self.low):
                        found[key] = lanes_of_term(self.low, op, term)
            totals = across_each(self.low.code, monoid_of(op), list(found.values()))
            self.known.update(zip(found, totals, strict=True))

    def _key(self, op: eff.AddOp, term: SSAValue, copy: Copy) -> Known:
        return term, monoid_of(op), self.low.target.spell(cells_of(self.low, op).element), copy

    def _add_rows(self, rows: Sequence[Sequence[Part]]) -> None:
        """Parts for cells that lie side by side, row by row: the sums of a row are added as a vector."""
        first, turns = rows[0][0], len(rows[0])
        at_once = sums_in_a_vector(first.lanes.type) // turns
        for start in range(0, len(rows), at_once):
            some = rows[start : start + at_once]
            sums = across_together(self.low.code, first.monoid, [p.lanes for row in some for p in row])
            for k, row in enumerate(some):
                self._add_row(row[0], part_of(self.low.code, sums, k * turns, turns), turns)

    def _add_row(self, first: Part, sums: Val, turns: int) -> None:
        low, before = self.low, self.low.group
        assert before is not None
        low.group = Group(turns, before.varying, last=turns - 1)
        *outer, last = first.indices
        assert not isinstance(last, Spread)
        row = [*outer, Spread(last, 1)]
        cells = low.target.load(low, first.place, row)
        low.target.store(low, first.place, row, combine(low.code, first.monoid, cells, sums))
        low.group = before


def _is_made_in(block: Block, value: SSAValue) -> bool:
    owner = value.owner
    return owner is block or isinstance(owner, Operation) and owner.parent is block
