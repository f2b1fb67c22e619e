"""Counts what a run does: the numbers that the formulas of `passes/cost.py` must agree with.

Which op counts how much is in `passes/cost_units.py`. Here nothing is summed up but what happens: one op after the
other, with the numbers that sizes have at that moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from math import prod
from typing import Any

from xdsl.dialects import scf
from xdsl.ir import Attribute, Operation

from pydex.dialects import eff, ix
from pydex.dialects.contract import ContractOp
from pydex.dialects.sizes import SizeAttr
from pydex.passes.cost_formula import Unknown
from pydex.passes.cost_memory import Memory
from pydex.passes.cost_units import (
    bytes_of,
    flops,
    has_cells,
    is_elementary,
    is_float,
    reduced_by,
    stored_by,
    summed_by,
)

#: The dialects whose ops do more than compute a scalar (`func` copies what it returns, `scf` branches).
TABLES = {"ix", "eff", "scf", "func"}

#: A run of the interpreter is one chunk, which needs no copies.
CHUNKS = {"once": 1, "chunk": 1, "copy": 0}


@dataclass
class Tally:
    """Counters, by the names of `cost.ALL`. `memory`: the tables that compiled code allocates and copies. `told`: the
    unknowns of formulas, whose numbers are kept as they come, with those of all sizes."""

    memory: Memory
    told: Collection[Unknown] = ()
    counts: Counter[str] = field(default_factory=Counter)
    simple: Counter[Operation] = field(default_factory=Counter)
    seen: dict[object, list[tuple[int, dict[str, int]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._keys = {unknown.key for unknown in self.told}

    def value(self, unknown: Unknown) -> int:
        """What an unknown turned out to be."""
        total = 0
        for number, sizes in self.seen.get(unknown.key, ()):
            for name in unknown.weights:
                number *= sizes[name]
            total += number
        return total

    def count(self, frame: Any, op: Operation) -> None:
        """The op has been executed in the frame; a terminator ends its block."""
        if op in self.simple or not (op.dialect_name() in TABLES or op in self.memory.copied):
            self.simple[op] += 1
            return
        match op:
            case ix.AtOp() if not isinstance(op.result.type, ix.TableType):
                self._move(op.result.type, loads=1)
            case ix.UpdateOp() if not isinstance(op.value.type, ix.TableType):
                self._move(op.value.type, stores=1)
            case ix.FillOp():
                self._move(op.result.type, stores=self._cells(frame, op, op.result.type))
            case ix.PackOp() if not isinstance(op.values[0].type, ix.TableType):
                self._move(op.values[0].type, stores=len(op.values))
            case eff.AddOp():
                self._combine(frame, op)
            case ContractOp():
                terms = prod(frame.size(size) for size in op.sizes.data)
                self.counts["flops"] += 2 * terms
                self._move(op.result.type, loads=2 * terms, stores=self._cells(frame, op, op.result.type))
            case ix.YieldOp() | eff.YieldOp():
                self._end(frame, op)
            case _:
                self._note(frame, op)
        for type in self.memory.copied.get(op, ()):
            cells = self._cells(frame, op, type)
            self._move(type, loads=cells, stores=cells)
        self._allocate(frame, op)

    def total(self) -> Counter[str]:
        """All counts."""
        total = Counter(self.counts)
        for op, times in self.simple.items():
            total["flops"] += times * flops(op)
            total["elementary"] += times * is_elementary(op)
        return total

    def _move(self, type: Attribute, loads: int = 0, stores: int = 0) -> None:
        self.counts["loads"] += loads
        self.counts["stores"] += stores
        self.counts["bytes"] += (loads + stores) * bytes_of(type)

    def _combine(self, frame: Any, op: eff.AddOp) -> None:
        cells = self._cells(frame, op, op.value.type)
        self.counts["flops"] += cells * is_float(op.value.type)
        if has_cells(op):
            reads = 2 if isinstance(op.value.type, ix.TableType) else 1
            self._move(op.value.type, loads=reads * cells, stores=cells)

    def _end(self, frame: Any, op: Operation) -> None:
        self.counts["flops"] += sum(is_float(v.type) for v in reduced_by(op))
        for value in stored_by(op):
            self._move(value.type, stores=1)
        for value in summed_by(op):
            cells = self._cells(frame, op, value.type)
            self.counts["flops"] += cells
            self._move(value.type, loads=2 * cells, stores=cells)

    def _cells(self, frame: Any, op: Operation, type: Attribute) -> int:
        """How many elements a table has: those of ragged rows one by one."""
        cells = _elements(frame, type, ())
        self._see(frame, op, f"cells {type}", cells)
        return cells

    def _allocate(self, frame: Any, op: Operation) -> None:
        tables = self.memory.allocated.get(op, ())
        for what in {made.times for made in tables}:
            self._see(frame, op, what, CHUNKS[what])
        for made in tables:
            times = CHUNKS[made.times]
            if not made.small:
                cells = 1
                for extent in frame.box(made.type):
                    cells *= extent
                self.counts["allocated"] += cells * times * made.lanes * bytes_of(made.type)

    def _note(self, frame: Any, op: Operation) -> None:
        """What only the run knows."""
        match op:
            case eff.WhileOp():
                self._see(frame, op, "trips", frame.values[op.trips])
            case scf.IfOp():
                self._see(frame, op, "taken", int(frame.values[op.cond]))
                self._see(frame, op, "else", 1 - int(frame.values[op.cond]))
            case ix.OpenOp() | ix.NameOp():
                self._see(frame, op, "value", frame.symbols[op.symbol.data])
            case ix.ForOp() | eff.LoopOp():
                self._see(frame, op, f"max(0, {op.size})", frame.size(op.size))

    def _see(self, frame: Any, op: Operation, what: str, number: int) -> None:
        if (op, what) in self._keys:
            self.seen.setdefault((op, what), []).append((number, dict(frame.symbols)))


def _elements(frame: Any, type: Attribute, indices: tuple[int, ...]) -> int:
    if not isinstance(type, ix.TableType):
        return 1
    axes = {f"@{axis}": index for axis, index in enumerate(indices)}
    extent, symbol = frame.size(type.sizes.data[0], axes), f"@{len(indices)}"
    inner = type.under(SizeAttr.of(symbol))
    if not (isinstance(inner, ix.TableType) and any("@" in s for size in inner.sizes for s in size.symbols())):
        return extent * _elements(frame, inner, (*indices, 0)) if extent else 0
    return sum(_elements(frame, inner, (*indices, i)) for i in range(extent))
