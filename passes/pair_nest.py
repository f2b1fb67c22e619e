"""The loops of `pair-sums`: one along the diagonal, one over the pairs below it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeAlias

from xdsl.dialects import arith
from xdsl.dialects.builtin import AnyFloat, FloatAttr, StringAttr
from xdsl.ir import Block, Operation, Region, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr

from .edit import insert, new, ops_inside
from .fold_scalar import constant
from .pair_terms import Column, PairWriter, Unpaired, column_of
from .symbols import fresh

#: Writes the body of a loop, given its index, in front of its terminator; gives what it yields.
Body: TypeAlias = Callable[[SSAValue, Operation], Sequence[SSAValue]]


class PairNest:
    """What goes through the pairs of `for outer. for inner. sums`; of those in `totals` only the sum of all is wanted.

    block: all of it, up to a terminator; sums: what it makes of them, tables or numbers; pairs: the loop over the pairs
    of one element. Raises Unpaired.
    """

    pairs: ix.ForOp

    def __init__(self, outer: ix.ForOp, inner: ix.ForOp, totals: Sequence[int]):
        self.outer, self.inner, self.totals = outer, inner, totals
        self.rows = [k for k in range(len(inner.results)) if k not in totals]
        self.adds = [op for op in inner.body.block.ops if isinstance(op, eff.AddOp)]
        end = eff.YieldOp()
        end.location = inner.location
        self.block = Block([end])
        self.written = [self.block]
        try:
            self._write(end)
        except Unpaired:
            self.drop()
            raise

    def drop(self) -> None:
        """Let go of what the program has, which else would seem to be used."""
        for block in self.written:
            block.drop_all_references()

    def _write(self, end: eff.YieldOp) -> None:
        outer, inner, totals = self.outer, self.inner, self.totals
        reads = _columns(outer, inner)
        kinds = ["tab"] * (len(reads) + len(self.rows)) + ["add"] * len(totals)
        made = list(self._loop(end, outer.size, kinds, lambda i, last: self._diagonal(i, last, reads)).results)
        self.columns = dict(zip(reads, made, strict=False))
        starts = made[len(reads) : len(reads) + len(self.rows)]
        last = eff.YieldOp()
        last.location = inner.location
        body = Block([last], arg_types=[eff.AccType(StringAttr("add"), s.type) for s in starts])
        self.written.append(body)
        self.cells = dict(zip(self.rows, body.args, strict=True))
        symbol = fresh("i")
        kinds = ["add"] * len(totals)
        pairs = self._loop(last, outer.size, kinds, lambda i, last: self._row(i, last, symbol), symbol)
        last.operands = list(pairs.results)
        accum = eff.AccumOp(starts, ["add"] * len(starts), [v.type for v in last.operands], Region(body))
        insert(accum, end)
        self.sums: dict[int, SSAValue] = dict(zip(self.rows, accum.results, strict=False))
        for k, diagonal, rest in zip(
            totals, made[len(reads) + len(starts) :], accum.results[len(starts) :], strict=True
        ):
            self.sums[k] = new(end, arith.AddfOp(diagonal, rest))

    def _diagonal(self, index: SSAValue, near: Operation, reads: Mapping[Hashable, Column]) -> list[SSAValue]:
        """The elements of columns, and what the pair of an element with itself gives: sums start from +0."""
        values = [column.element(index, near) for column in reads.values()]
        writer = PairWriter(self.outer, self.inner, near, (index, index), 0, dict(zip(reads, values, strict=True)))
        for op in self.adds:
            if constant(value := writer.value(op.value, False)) != 0:
                insert(eff.AddOp(op.accumulator, [index], value), near)
        for value in [writer.value(self.inner.yielded[k], False) for k in (*self.rows, *self.totals)]:
            assert isinstance(value.type, AnyFloat)
            zero = new(near, arith.ConstantOp(FloatAttr(0.0, value.type)))
            values.append(new(near, arith.AddfOp(zero, value)))
        return values

    def _row(self, index: SSAValue, near: Operation, symbol: str) -> Sequence[SSAValue]:
        """The pairs of one element with all before it, the number of which has this symbol; what totals get."""
        kinds = ["add"] * (len(self.adds) + len(self.inner.results))
        self.pairs = self._loop(near, SizeAttr.of(symbol), kinds, lambda j, last: self._pair(index, j, last))
        cells = [*(op.accumulator for op in self.adds), *self.cells.values()]
        for cell, result in zip(cells, self.pairs.results, strict=False):
            insert(eff.AddOp(cell, [index], result), near)
        return self.pairs.results[len(cells) :]

    def _pair(self, index: SSAValue, other: SSAValue, near: Operation) -> list[SSAValue]:
        """What a pair gives to the sums of the first, and to totals; those of the other get it in their cells."""
        other = new(near, ix.IndexOp([other], [1], 0, self.outer.size))
        writer = PairWriter(self.outer, self.inner, near, (index, other), 1, self.columns)
        back = []
        for op in self.adds:
            insert(eff.AddOp(op.accumulator, [other], writer.value(op.value, False)), near)
            back.append(writer.value(op.value, True))
        here, there = ([writer.value(v, exchanged) for v in self.inner.yielded] for exchanged in (False, True))
        for k in self.rows:
            insert(eff.AddOp(self.cells[k], [other], there[k]), near)
        both = [new(near, arith.AddfOp(here[k], there[k])) for k in self.totals]
        return [*back, *(here[k] for k in self.rows), *both]

    def _loop(
        self, near: Operation, size: SizeAttr, kinds: Sequence[str], body: Body, symbol: str | None = None
    ) -> ix.ForOp:
        """A loop in front of an op, whose block is noted while it is written."""

        def noted(index: SSAValue, last: Operation) -> Sequence[SSAValue]:
            assert last.parent is not None
            self.written.append(last.parent)
            return body(index, last)

        return loop_before(near, size, kinds, noted, symbol)


def loop_before(
    near: Operation, size: SizeAttr, kinds: Sequence[str], body: Body, symbol: str | None = None
) -> ix.ForOp:
    """A loop in front of an op."""
    last = ix.YieldOp([])
    last.location = near.location
    block = Block([last], arg_types=[ix.IdxType(size)])
    values = list(body(block.args[0], last))
    last.operands = values
    types = [
        ix.TableType.over(size, symbol, v.type) if kind == "tab" else v.type
        for kind, v in zip(kinds, values, strict=True)
    ]
    loop = ix.ForOp(size, kinds, types, (), symbol, Region(block))
    insert(loop, near)
    return loop


def _columns(outer: ix.ForOp, inner: ix.ForOp) -> dict[Hashable, Column]:
    """All columns that the body reads."""
    reads = [column_of(op, {outer.index, inner.index}, outer) for op in ops_inside(outer) if isinstance(op, ix.AtOp)]
    return {column.key: column for column in reads if column is not None}
