"""The reductions of a loop, as values that the loop carries.

Three kinds are made in blocks. A long f32 sum: in f32 within a block, in f64 across, so that 10**7 terms keep six
digits. argmax and argmin: the values of a block go to a buffer, and only the best of a block is carried; where it
beats what was best before, its index is looked for in the buffer. So LLVM vectorises both loops, which it does not
for an index that is carried along. The greatest of pairs (ad_winners.py), integers of 128 bits: likewise, by halves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from xdsl.dialects.builtin import i64
from xdsl.ir import Attribute

from pydex.passes.lower import Lowering
from pydex.passes.lower_monoids import combine, identity, is_float, narrow, widen
from pydex.passes.lower_position import first_position
from pydex.passes.lower_text import Code, Val, sub
from pydex.passes.lower_vectors import alike, element, lanes_of, select, splat, with_element

#: Terms that are added up in f32 before the sum goes on in f64.
SUM_BLOCK = 4096

#: Values among which the index of the best is looked for; loops of at most FEW iterations carry the index along.
SEARCH_BLOCK = 256
FEW = 16


def reduction(kind: str, type: str, attribute: Attribute, blocks: bool = True) -> Reduction:
    """A reduction of values of this type, in the text and in the program. blocks: may winners be found in blocks?"""
    if kind in ("argmax", "argmin"):
        return Winner(kind, type, attribute, blocks)
    if kind == "max" and type == "i128" and blocks:
        return Pairs(kind, type)
    return Reduction(kind, type)


class Reduction:
    """A reduction by a monoid; it carries one value."""

    width = 1
    block: int | None = None

    def __init__(self, kind: str, type: str):
        self.kind = kind
        self.type = type
        if kind == "add" and element(type) == "f32":
            self.block = SUM_BLOCK

    def first(self, low: Lowering, wide: bool = False) -> list[Val]:
        """The values before the first iteration; wide: those of a loop over blocks, or chunks."""
        wider = wide and self.block
        return [identity(low.code, self.kind, with_element(self.type, "f64") if wider else self.type)]

    def step(self, low: Lowering, now: Sequence[Val], value: Val, i: Val) -> list[Val]:
        """One more value, that of iteration i."""
        return self.join(low, now, [value])

    def join(self, low: Lowering, a: Sequence[Val], b: Sequence[Val]) -> list[Val]:
        """The values of two parts of the iterations, the first maybe wider."""
        return [combine(low.code, self.kind, a[0], widen(low.code, b[0], a[0].type))]

    def finish(self, low: Lowering, values: Sequence[Val]) -> Val:
        """The result."""
        return narrow(low.code, values[0], self.type)

    def first_of_block(self, low: Lowering) -> Val:
        """What a block starts from."""
        return identity(low.code, self.kind, self.type)

    def step_of_block(self, low: Lowering, now: Val, value: Val, i: Val, start: Val) -> Val:
        """One more value, in a block that has begun with iteration `start`."""
        return combine(low.code, self.kind, now, value)

    def close_block(self, low: Lowering, before: Sequence[Val], value: Val, start: Val, end: Val) -> list[Val]:
        """The values after the block `start … end`, which has given `value`."""
        return self.join(low, before, [value])


class Winner(Reduction):
    """argmax or argmin: the least index of the best value, the first NaN if there is one. Carries the best and its
    index."""

    width = 2

    def __init__(self, kind: str, type: str, attribute: Attribute, blocks: bool):
        super().__init__(kind, type)
        self.attribute = attribute
        self.block = SEARCH_BLOCK if blocks else None
        self.monoid = "max" if kind == "argmax" else "min"
        self.buffer: Any = None

    def first(self, low: Lowering, wide: bool = False) -> list[Val]:
        first = splat(low.code, low.code.number(0), lanes_of(self.type))
        return [identity(low.code, self.monoid, self.type), first]

    def step(self, low: Lowering, now: Sequence[Val], value: Val, i: Val) -> list[Val]:
        return self.join(low, now, [value, i])

    def join(self, low: Lowering, a: Sequence[Val], b: Sequence[Val]) -> list[Val]:
        better, code = self._better(low.code, a[0], b[0]), low.code
        return [select(code, better, y, x) for x, y in zip(a, b, strict=True)]

    def finish(self, low: Lowering, values: Sequence[Val]) -> Val:
        return values[1]

    def _better(self, code: Code, best: Val, value: Val) -> Val:
        """Does the later value win? Only if it is strictly better, or the first NaN."""
        best, value = alike(code, (best, value))
        type, sign = best.type, "gt" if self.monoid == "max" else "lt"
        truth = with_element(type, "i1")
        if not is_float(type):
            return code.let(truth, f"arith.cmpi s{sign}, {{}}, {{}} : {type}", value, best)
        beyond = code.let(truth, f"arith.cmpf u{sign}, {{}}, {{}} : {type}", value, best)
        number = code.let(truth, f"arith.cmpf ord, {{}}, {{}} : {type}", best, best)
        return code.let(truth, f"arith.andi {{}}, {{}} : {truth}", beyond, number)

    def first_of_block(self, low: Lowering) -> Val:
        self.buffer = low.target.allocate(low, [SEARCH_BLOCK], self.attribute, True)
        return identity(low.code, self.monoid, self.type)

    def step_of_block(self, low: Lowering, now: Val, value: Val, i: Val, start: Val) -> Val:
        low.target.store(low, self.buffer, [sub(low.code, i, start)], value)
        return combine(low.code, self.monoid, now, value)

    def close_block(self, low: Lowering, before: Sequence[Val], value: Val, start: Val, end: Val) -> list[Val]:
        code, index = low.code, low.code.index
        better = self._better(code, before[0], value)
        results = code.let_many([self.type, index], f"scf.if {code.use(better)} -> ({self.type}, {index}) {{")
        with low.frame():
            position = first_position(low, self.monoid, value, sub(code, end, start), SEARCH_BLOCK, self._kept(low))
            found = code.let(index, f"arith.addi {{}}, {{}} : {index}", start, position)
            code.do(f"scf.yield {{}}, {{}} : {self.type}, {index}", value, found)
        code.do("}} else {{")
        with low.frame():
            code.do(f"scf.yield {{}}, {{}} : {self.type}, {index}", *before)
        code.do("}}")
        return results

    def _kept(self, low: Lowering) -> Callable[[Val], Val]:
        return lambda i: low.target.load(low, self.buffer, [i])


class Pairs(Reduction):
    """The greatest integer of 128 bits. The high halves of a block are compared; the low ones only of those that are
    the highest, and only where they are not less than what was before."""

    block = SEARCH_BLOCK
    buffers: tuple[Any, Any]

    def first(self, low: Lowering, wide: bool = False) -> list[Val]:
        return [identity(low.code, "max", "i128")]

    def first_of_block(self, low: Lowering) -> Val:
        self.buffers = tuple(low.target.allocate(low, [SEARCH_BLOCK], i64, True) for _ in range(2))
        return identity(low.code, "max", "i64")

    def step_of_block(self, low: Lowering, now: Val, value: Val, i: Val, start: Val) -> Val:
        high, place = self._high(low.code, value), [sub(low.code, i, start)]
        low.target.store(low, self.buffers[0], place, high)
        low.target.store(low, self.buffers[1], place, low.code.let("i64", "arith.trunci {} : i128 to i64", value))
        return combine(low.code, "max", now, high)

    def close_block(self, low: Lowering, before: Sequence[Val], value: Val, start: Val, end: Val) -> list[Val]:
        code = low.code
        may_win = code.let("i1", "arith.cmpi sge, {}, {} : i64", value, self._high(code, before[0]))
        result = code.let_many(["i128"], f"scf.if {code.use(may_win)} -> (i128) {{")
        with low.frame():
            best = self._low(low, value, sub(code, end, start))
            high = code.let("i128", "arith.extsi {} : i64 to i128", value)
            high = code.let("i128", "arith.shli {}, {} : i128", high, code.constant("64", "i128"))
            best = code.let("i128", "arith.extui {} : i64 to i128", best)
            best = code.let("i128", "arith.ori {}, {} : i128", high, best)
            code.do("scf.yield {} : i128", combine(code, "max", before[0], best))
        code.do("}} else {{")
        with low.frame():
            code.do("scf.yield {} : i128", before[0])
        code.do("}}")
        return result

    @staticmethod
    def _high(code: Code, value: Val) -> Val:
        shifted = code.let("i128", "arith.shrsi {}, {} : i128", value, code.constant("64", "i128"))
        return code.let("i64", "arith.trunci {} : i128 to i64", shifted)

    def _low(self, low: Lowering, highest: Val, count: Any) -> Val:
        """The greatest low half, without a sign, of those in the buffer with this high half."""
        code, zero = low.code, low.code.constant("0", "i64")

        def one(i: Val, now: list[Val]) -> list[Val]:
            high, value = (low.target.load(low, buffer, [i]) for buffer in self.buffers)
            hit = code.let("i1", "arith.cmpi eq, {}, {} : i64", high, highest)
            return [combine(code, "umax", now[0], select(code, hit, value, zero))]

        return low.loop(0, count, [zero], one)[0]


class Reductions:
    """All reductions of a loop."""

    def __init__(self, all: Sequence[Reduction]):
        self.all = all

    def block(self, trips: int | None) -> int | None:
        """How many iterations make a block; None where they are few, or no reduction asks for blocks."""
        sizes = [r.block for r in self.all if r.block]
        few = FEW if SEARCH_BLOCK in sizes else SUM_BLOCK
        return min(sizes) if sizes and (trips is None or trips > few) else None

    def split(self, values: Sequence[Val]) -> list[Sequence[Val]]:
        """The values of each reduction."""
        parts, at = [], 0
        for r in self.all:
            parts.append(values[at : at + r.width])
            at += r.width
        return parts

    def first(self, low: Lowering, wide: bool = False) -> list[Val]:
        return [v for r in self.all for v in r.first(low, wide)]

    def step(self, low: Lowering, now: Sequence[Val], values: Sequence[Val], i: Val) -> list[Val]:
        parts = zip(self.all, self.split(now), values, strict=True)
        return [v for r, part, value in parts for v in r.step(low, part, value, i)]

    def join(self, low: Lowering, a: Sequence[Val], b: Sequence[Val]) -> list[Val]:
        parts = zip(self.all, self.split(a), self.split(b), strict=True)
        return [v for r, x, y in parts for v in r.join(low, x, y)]

    def first_of_block(self, low: Lowering) -> list[Val]:
        return [r.first_of_block(low) for r in self.all]

    def step_of_block(self, low: Lowering, now: Sequence[Val], values: Sequence[Val], i: Val, start: Val) -> list[Val]:
        return [r.step_of_block(low, n, v, i, start) for r, n, v in zip(self.all, now, values, strict=True)]

    def close_block(
        self, low: Lowering, before: Sequence[Val], values: Sequence[Val], start: Val, end: Val
    ) -> list[Val]:
        parts = zip(self.all, self.split(before), values, strict=True)
        return [v for r, part, value in parts for v in r.close_block(low, part, value, start, end)]
