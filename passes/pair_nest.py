"""The loops of `pair-sums`: the diagonal, and the pairs below it, with cells for the sums of which each is wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from xdsl.dialects import arith
from xdsl.dialects.builtin import AnyFloat, FloatAttr, StringAttr
from xdsl.ir import Block, Operation, Region, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr

from .edit import insert, new, ops_inside
from .fold_scalar import constant
from .pair_terms import Columns, PairWriter, column_of
from .symbols import Values, clone, fresh

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
        end = eff.YieldOp()
        end.location = inner.location
        self.block = Block([end])
        self.columns = _columns(outer, inner, end)
        starts = [self._zeros(k, end) for k in self.rows]
        last = eff.YieldOp()
        last.location = inner.location
        body = Block([last], arg_types=[eff.AccType(StringAttr("add"), s.type) for s in starts])
        self.cells = dict(zip(self.rows, body.args, strict=True))
        last.operands = self._loops(last)
        accum = eff.AccumOp(starts, ["add"] * len(starts), [v.type for v in last.operands], Region(body))
        insert(accum, end)
        self.sums = dict(zip([*self.rows, *totals], accum.results, strict=True))

    def _zeros(self, k: int, near: Operation) -> SSAValue:
        type = self.inner.results[k].type
        assert isinstance(type, AnyFloat)
        zero = new(near, arith.ConstantOp(FloatAttr(0.0, type)))
        return new(near, ix.FillOp(zero, ix.TableType.over(self.outer.size, None, type)))

    def _loops(self, near: Operation) -> list[SSAValue]:
        """The diagonal, and the pairs; the totals of both."""
        diagonal = _loop(near, self.outer.size, "add", self._diagonal)
        symbol = fresh("i")
        pairs = _loop(near, self.outer.size, "add", lambda i, last: self._row(i, last, symbol), symbol)
        return [new(near, arith.AddfOp(a, b)) for a, b in zip(diagonal.results, pairs.results, strict=True)]

    def _diagonal(self, index: SSAValue, near: Operation) -> list[SSAValue]:
        writer = PairWriter(self.outer, self.inner, near, (index, index), 0, self.columns)
        for k in self.rows:
            value = writer.value(self.inner.yielded[k], False)
            if constant(value) != 0:
                insert(eff.AddOp(self.cells[k], [index], value), near)
        return [writer.value(self.inner.yielded[k], False) for k in self.totals]

    def _row(self, index: SSAValue, near: Operation, symbol: str) -> list[SSAValue]:
        """The pairs of one element with all before it, the number of which has this symbol; what totals get."""
        self.pairs = _loop(near, SizeAttr.of(symbol), "add", lambda j, last: self._pair(index, j, last))
        sums = list(self.pairs.results)
        for k in self.rows:
            insert(eff.AddOp(self.cells[k], [index], sums.pop(0)), near)
        return sums

    def _pair(self, index: SSAValue, other: SSAValue, near: Operation) -> list[SSAValue]:
        """What a pair gives to the sums of the first, and to totals; those of the other get it in their cells."""
        other = new(near, ix.IndexOp([other], [1], 0, self.outer.size))
        writer = PairWriter(self.outer, self.inner, near, (index, other), 1, self.columns)
        here, there = ([writer.value(v, exchanged) for v in self.inner.yielded] for exchanged in (False, True))
        for k in self.rows:
            insert(eff.AddOp(self.cells[k], [other], there[k]), near)
        return [*(here[k] for k in self.rows), *(new(near, arith.AddfOp(here[k], there[k])) for k in self.totals)]


def _loop(near: Operation, size: SizeAttr, kind: str, body: Body, symbol: str | None = None) -> ix.ForOp:
    """A loop in front of an op; all that it yields is of one kind."""
    last = ix.YieldOp([])
    last.location = near.location
    block = Block([last], arg_types=[ix.IdxType(size)])
    values = list(body(block.args[0], last))
    last.operands = values
    types = [ix.TableType.over(size, symbol, v.type) if kind == "tab" else v.type for v in values]
    loop = ix.ForOp(size, [kind] * len(values), types, (), symbol, Region(block))
    insert(loop, near)
    return loop


def _columns(outer: ix.ForOp, inner: ix.ForOp, near: Operation) -> Columns:
    """c[p] = t[p, …] for all that the body reads by an index of the pair that is not the last."""
    found = {}
    for op in [o for o in ops_inside(outer) if isinstance(o, ix.AtOp)]:
        if (column := column_of(op, outer, inner)) is not None:
            found.setdefault(column.key, (op, column))
    if not found:
        return {}

    def body(index: SSAValue, last: Operation) -> list[SSAValue]:
        values: list[SSAValue] = []
        for op, column in found.values():
            known: Values = {column.own: index}
            for place in op.indices:
                if isinstance(made := place.owner, ix.IndexOp) and not made.operands_:
                    insert(clone(made, known), last)
            values.append(insert(clone(op, known), last).results[0])
        return values

    return dict(zip(found, _loop(near, outer.size, "tab", body).results, strict=True))
