"""Rows that come into the lanes, or leave them: blocks of as many columns as a register has lanes are turned round.

    rows of 8 lanes in memory, far apart        8 vectors, each with a column of the lanes, side by side
    a0 a1 … a7
    b0 b1 … b7           <==>                   a0 b0 … h0,   a1 b1 … h1,   …,   a7 b7 … h7
    …

    @pdx_turn_out_v8f64(%own, %apart, %rows, %distance, %first, %last)     lanes first … first + 7, of 8 columns

So a row is read or written by whole vectors, not number by number (lower_lane_moves.py). The last block of columns ends
where the row ends, and may overlap the one before it. Lanes that are off go where lane 0 goes, which is written last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import NamedTuple

from pydex.passes.lower import Lowering
from pydex.passes.lower_text import Code, Idx, Val, add, known, minimum, mul, sub
from pydex.passes.vector_math import INLINE

#: The bits of a register, and of the parts of it inside of which shuffles are cheapest.
REGISTER, PART = 512, 128


class Side(NamedTuple):
    """Where a copy reads or writes: the first number of lane 0, the strides of the table, how far neighbouring lanes
    are apart (and offsets, if unevenly), and what is known about aliases."""

    pointer: Val
    strides: Sequence[Idx]
    distance: Idx
    offsets: Val | None
    aliases: str


@dataclass(frozen=True)
class Turn:
    """A copy of numbers of a type from the lanes' own memory to rows of outside (`out`), or the other way."""

    own: Side
    rows: Side
    out: bool
    type: str

    def run(self, low: Lowering, sizes: Sequence[Idx], helpers: dict[str, str], plainly: Callable[[], None]) -> bool:
        """Copies tables of these sizes; where rows turn out to be shorter than a block, `plainly`. False: not done."""
        assert low.group is not None
        side = min(low.group.width, REGISTER // int(self.type[1:])) if self.type[1:] in ("32", "64") else 0
        if not side or low.group.branch is not None or not self._lies_in_order(low.group.width, sizes):
            return False
        count = sizes[0] if len(sizes) == 1 else prod(n for n in sizes if isinstance(n, int))
        if isinstance(count, int):
            if count >= side:
                self._blocks(low, count, side, helpers)
            return count >= side
        code = low.code
        code.do("scf.if {} {{", code.let("i1", f"arith.cmpi sge, {{}}, {{}} : {code.index}", count, side))
        with low.frame():
            self._blocks(low, count, side, helpers)
        code.do("}} else {{")
        with low.frame():
            plainly()
        code.do("}}")
        return True

    def _lies_in_order(self, width: int, sizes: Sequence[Idx]) -> bool:
        """Are rows apart, and the numbers of one side by side? Of more than one axis, all sizes have to be known."""
        if self.rows.offsets is not None or known(self.rows.distance) in (0, 1):
            return False
        if len(sizes) > 1 and not all(isinstance(n, int) for n in sizes):
            return False
        steps = [prod(n for n in sizes[k + 1 :] if isinstance(n, int)) for k in range(len(sizes))]
        strides = zip(self.rows.strides, self.own.strides, steps, strict=True)
        return all(known(row) == step and known(own) == step * width for row, own, step in strides)

    def _blocks(self, low: Lowering, count: Idx, side: int, helpers: dict[str, str]) -> None:
        """So many columns, at least as many as a block has."""
        assert low.group is not None
        code, width, last = low.code, low.group.width, low.group.last
        aliases = self.own.aliases, self.rows.aliases
        scopes = "_".join(a.split("#")[1].split(",")[0] for a in aliases)
        name = f"pdx_turn_{'out' if self.out else 'in'}_v{side}{self.type}_{scopes}"
        helpers[name] = definition(name, self.out, side, self.type, aliases)
        types = "(!llvm.ptr, i64, !llvm.ptr, i64, i64, i64) -> ()"
        call = f"func.call @{name}({{}}, {{}}, {{}}, {{}}, {{}}, {{}}) : {types}"

        def block(start: Val, _: list[Val]) -> list[Val]:
            column = minimum(code, start, sub(code, count, side))
            rows = self._moved(code, self.rows.pointer, column)
            for first in reversed(range(0, width, side)):
                own = self._moved(code, self.own.pointer, add(code, mul(code, column, width), first))
                code.do(call, own, width, rows, self.rows.distance, first, last)
            return []

        low.loop(0, count, [], block, step=side)

    def _moved(self, code: Code, pointer: Val, offset: Idx) -> Val:
        line = f"llvm.getelementptr inbounds {{}}[{{}}] : (!llvm.ptr, i64) -> !llvm.ptr, {self.type}"
        return code.let("!llvm.ptr", line, pointer, offset)


@cache
def definition(name: str, out: bool, side: int, type: str, aliases: tuple[str, str]) -> str:
    """The text of the function that moves one block."""
    arguments = "%own: !llvm.ptr, %apart: i64, %rows: !llvm.ptr, %distance: i64, %first: i64, %last: i64"
    lines = [f"func.func private @{name}({arguments}) attributes {{{INLINE}}} {{", "  %zero = arith.constant 0 : i64"]
    for k in range(side):
        lines += [f"  {line}" for line in _addresses(k, type)]
    bits, whole = int(type[1:]), f"vector<{side}x{type}>"
    aligned = f"alignment = {side * bits // 8} : i64, {aliases[0]}"
    anywhere = f"alignment = {bits // 8} : i64, {aliases[1]}"
    own, row = ("column", aligned), ("row", anywhere)
    (source, read), (target, written) = (own, row) if out else (row, own)
    for k in range(side):
        lines.append(f"  %v0_{k} = llvm.load %{source}{k} {{{read}}} : !llvm.ptr -> {whole}")
    part, stages = PART // bits, stages_of(side, PART // bits)
    for n, stage in enumerate(stages):
        for k, (a, b, order) in enumerate(stage):
            lines.append(f"  %v{n + 1}_{k} = llvm.shufflevector %v{n}_{a}, %v{n}_{b} {order} : {whole}")
    for k in reversed(range(side)):
        value = f"%v{len(stages)}_{k - k % part + _reversed(k % part, part)}"
        lines.append(f"  llvm.store {value}, %{target}{k} {{{written}}} : {whole}, !llvm.ptr")
    return "\n".join([*lines, "  return", "}", ""])


def _addresses(k: int, type: str) -> Sequence[str]:
    """Of column k of a block, and of the row of its lane k."""
    return (
        f"%k{k} = arith.constant {k} : i64",
        f"%near{k} = arith.muli %k{k}, %apart : i64",
        f"%column{k} = llvm.getelementptr inbounds %own[%near{k}] : (!llvm.ptr, i64) -> !llvm.ptr, {type}",
        f"%lane{k} = arith.addi %first, %k{k} : i64",
        f"%there{k} = arith.muli %lane{k}, %distance : i64",
        f"%on{k} = arith.cmpi sle, %lane{k}, %last : i64",
        f"%far{k} = arith.select %on{k}, %there{k}, %zero : i64",
        f"%row{k} = llvm.getelementptr inbounds %rows[%far{k}] : (!llvm.ptr, i64) -> !llvm.ptr, {type}",
    )


@cache
def stages_of(side: int, part: int) -> Sequence[Sequence[tuple[int, int, list[int]]]]:
    """The shuffles that turn `side` vectors round: what each vector of a stage is made of, and in which order.

    First, inside of all parts, two vectors' numbers are interleaved, then pairs, …: afterwards part p of a vector holds
    `part` numbers of one column. Then the even parts of two vectors become one, and the odd parts another.
    """
    stages = []
    for distance in (1 << n for n in range((side - 1).bit_length())):
        inside, stage = distance < part, [(0, 0, list[int]())] * side
        for k in (k for k in range(side) if not k & distance):
            for odd in (0, 1):
                order = _interleaved(side, part, distance, odd) if inside else _every_other(side, part, odd)
                stage[k + odd * distance] = (k, k + distance, order)
        stages.append(stage)
    return stages


def _interleaved(side: int, part: int, unit: int, odd: int) -> list[int]:
    """Of each part of two vectors one half, units of the one and the other by turns."""
    starts = (p + odd * part // 2 + u for p in range(0, side, part) for u in range(0, part // 2, unit))
    return [n for s in starts for vector in (0, side) for n in range(vector + s, vector + s + unit)]


def _every_other(side: int, part: int, odd: int) -> list[int]:
    """The even or the odd parts of one vector, then those of another."""
    starts = range(odd * part, 2 * side, 2 * part)
    return [n for s in starts for n in range(s, s + part)]


def _reversed(number: int, size: int) -> int:
    """The number with its bits in reverse order."""
    result = 0
    while size > 1:
        result, number, size = result * 2 + number % 2, number // 2, size // 2
    return result
