"""Where derivatives are written: an insertion point with a location, and the loops over whole tables they need.

Every op gets the source location of the op that is being differentiated. Values are SSA values; arithmetic on
scalars is in `ad_numbers.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from xdsl.builder import Builder
from xdsl.dialects import arith
from xdsl.dialects.builtin import (
    AnyFloat,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    LocationAttr,
    UnitAttr,
    UnknownLoc,
)
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.rewriter import InsertPoint

from pydex.dialects import eff, ix
from pydex.passes.symbols import fresh

Op = TypeVar("Op", bound=Operation)


def has_tangent(type: Attribute) -> bool:
    """Do values of this type (or the cells of such an accumulator) have tangents? Floats and tables of floats do."""
    if isinstance(type, eff.AccType):
        type = type.content
    return isinstance(type.element if isinstance(type, ix.TableType) else type, AnyFloat)


@dataclass
class Emitter:
    """Appends ops at one place."""

    point: InsertPoint
    location: LocationAttr

    @staticmethod
    def before(op: Operation) -> Emitter:
        return Emitter(InsertPoint.before(op), op.location)

    def into(self, block: Block) -> Emitter:
        """An emitter at the end of a block, at the same location."""
        return Emitter(InsertPoint.at_end(block), self.location)

    def insert(self, op: Op) -> Op:
        if isinstance(op.location, UnknownLoc):
            op.location = self.location
        return Builder(self.point).insert(op)

    # ------------------------------------------------------------------------------------------ scalars

    def constant(self, value: float | int, type: Attribute) -> SSAValue:
        if isinstance(type, IntegerType | IndexType):
            return self.insert(arith.ConstantOp(IntegerAttr(int(value), type))).result
        assert isinstance(type, AnyFloat), type
        return self.insert(arith.ConstantOp(FloatAttr(float(value), type))).result

    def select(self, condition: SSAValue, a: SSAValue, b: SSAValue) -> SSAValue:
        return self.insert(arith.SelectOp(condition, a, b)).result

    def convert(self, value: SSAValue, type: Attribute) -> SSAValue:
        """A float rounded or extended to a type; anything else as it is."""
        source = value.type
        if source == type or not (isinstance(source, AnyFloat) and isinstance(type, AnyFloat)):
            return value
        cast = arith.ExtFOp if source.bitwidth < type.bitwidth else arith.TruncFOp
        return self.insert(cast(value, type)).result

    # ------------------------------------------------------------------------------------------- tables

    def at(self, table: SSAValue, indices: Sequence[SSAValue]) -> SSAValue:
        """`table[indices]`; the table itself without indices."""
        return self.insert(ix.AtOp(table, indices)).result if indices else table

    def update(self, table: SSAValue, indices: Sequence[SSAValue], value: SSAValue) -> SSAValue:
        return self.insert(ix.UpdateOp(table, indices, value)).result if indices else value

    def zero(self, type: Attribute) -> SSAValue:
        """The zero of a float type or of a table type."""
        if isinstance(type, ix.TableType):
            return self.insert(ix.FillOp(self.constant(0.0, type.element), type)).result
        return self.constant(0.0, type)

    def add(self, a: SSAValue, b: SSAValue) -> SSAValue:
        """a + b, elementwise."""
        return self.elementwise([a, b], lambda inner, xs: inner.insert(arith.AddfOp(xs[0], xs[1])).result)

    def masked(self, condition: SSAValue, value: SSAValue, when: bool = True) -> SSAValue:
        """The value where the condition is `when`, zero elsewhere: never 0·inf."""
        zero = self.zero(value.type)
        return self.select(condition, value, zero) if when else self.select(condition, zero, value)

    def elementwise(self, tables: Sequence[SSAValue], value: Callable[[Emitter, list[SSAValue]], SSAValue]) -> SSAValue:
        """`[value(t[i], u[i], …) for i in …]` over all axes of tables of one type; of scalars, just the value."""
        type = tables[0].type
        if not isinstance(type, ix.TableType):
            return value(self, list(tables))
        loop = self.loop_over_axis(type)
        inner = self.into(loop.body.block)
        row = inner.elementwise([inner.at(t, [loop.index]) for t in tables], value)
        return self.finish_for(loop, ["tab"], [row]).results[0]

    def sum_of(self, table: SSAValue) -> SSAValue:
        """The sum of all elements; of a scalar, itself."""
        if not isinstance(table.type, ix.TableType):
            return table
        loop = self.loop_over_axis(table.type)
        inner = self.into(loop.body.block)
        row = inner.sum_of(inner.at(table, [loop.index]))
        return self.finish_for(loop, ["add"], [row]).results[0]

    def loop_over_axis(self, type: ix.TableType) -> ix.ForOp:
        """An unfinished loop over the first axis; named where later axes depend on it."""
        dependent = any("#0" in s.symbols() for s in type.sizes.data[1:])
        return ix.ForOp(type.sizes.data[0], [], [], symbol=fresh("a") if dependent else None)

    # ------------------------------------------------- loops whose results are known when the body is written

    def finish_for(self, loop: ix.ForOp, kinds: Sequence[str], yielded: Sequence[SSAValue]) -> ix.ForOp:
        """Insert `loop`, so far without results, with these results of what its body yields."""
        self.into(loop.body.block).insert(ix.YieldOp(yielded))
        types = [loop.result_type(k, v.type) for k, v in zip(kinds, yielded, strict=True)]
        symbol = loop.symbol.data if loop.symbol else None
        owned = list(loop.owned)
        final = ix.ForOp(loop.size, kinds, types, owned, symbol, loop.detach_region(loop.body))
        loop.drop_all_references()
        return self.insert(final)

    def replace_for(self, loop: ix.ForOp, kinds: Sequence[str], yielded: Sequence[SSAValue]) -> ix.ForOp:
        """The inserted `loop`, with other results."""
        last = loop.body.block.last_op
        assert last is not None
        last.detach()
        last.erase()
        loop.detach()
        return self.finish_for(loop, kinds, yielded)

    def finish_loop(self, loop: eff.LoopOp, yielded: Sequence[SSAValue]) -> eff.LoopOp:
        """Insert `loop`, so far without tables: what is yielded beyond the carried values becomes tables."""
        self.into(loop.body.block).insert(eff.YieldOp(yielded))
        initial = list(loop.initial)
        types = [loop.table_type(v.type) for v in yielded[len(initial) :]]
        symbol = loop.symbol.data if loop.symbol else None
        size, reverse = loop.size, loop.reverse is not None
        final = eff.LoopOp(size, initial, types, reverse, symbol, loop.detach_region(loop.body))
        loop.drop_all_references()
        return self.insert(final)

    def finish_linear(self, loop: eff.LoopOp, yielded: Sequence[SSAValue]) -> eff.LoopOp:
        """The same, of a loop that carries cotangents and nothing else."""
        final = self.finish_loop(loop, yielded)
        final.linear = UnitAttr()
        return final

    def finish_accum(self, accum: eff.AccumOp, yielded: Sequence[SSAValue]) -> eff.AccumOp:
        """Insert `accum`, so far without yielded values."""
        self.into(accum.body.block).insert(eff.YieldOp(yielded))
        initial, monoids = list(accum.initial), accum.monoids
        final = eff.AccumOp(initial, monoids, [v.type for v in yielded], accum.detach_region(accum.body))
        accum.drop_all_references()
        return self.insert(final)
