"""carry-narrow: integers of which only the low bits are read are carried as such.

    while (c : i64 = 0) { ... trunci c : i32 ... } do { yield c + 1 }      and afterwards  trunci c : i32
    ==>
    while (c : i32 = 0) { ... c ... } do { yield c + 1 }

The low bits of sums, products, bitwise operations and choices are those of the operands' low bits, so this is exact.
Names that start as an untyped literal are such integers; in lanes, half as wide ones are twice as many.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, IntegerType, ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from pydex.dialects import eff

from .edit import new, ops_inside, replace, terminator

#: Ops whose low bits are made of the operands' low bits; the condition of a select is read as it is.
RING = (arith.AddiOp, arith.SubiOp, arith.MuliOp, arith.AndIOp, arith.OrIOp, arith.XOrIOp, arith.SelectOp)


class CarryNarrow(ModulePass):
    name: ClassVar[str] = "carry-narrow"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for loop in [o for o in ops_inside(op) if isinstance(o, eff.LoopOp | eff.WhileOp)]:
            for k in range(len(loop.initial)):
                if isinstance(loop.initial[k].type, IntegerType):
                    found = _found(loop, k)
                    if found is not None:
                        found.narrow()


@dataclass
class Narrowing:
    """A carried value, as seen in and after the loop, what is computed from it, and the ops that read its low bits."""

    loop: eff.LoopOp | eff.WhileOp
    k: int
    carried: list[SSAValue]
    ring: list[Operation] = field(default_factory=list)
    reads: list[arith.TruncIOp] = field(default_factory=list)

    def narrow(self) -> None:
        """Do it: all reads have one type."""
        type = self.reads[0].result.type
        assert isinstance(type, IntegerType)
        made = {*self.carried, *(r for op in self.ring for r in op.results)}
        self._truncate(self.loop, self.k, made, type)
        self._truncate(terminator(self.loop.body.block), self.k, made, type)
        for op in self.ring:
            for at in range(isinstance(op, arith.SelectOp), len(op.operands)):
                self._truncate(op, at, made, type)
        for value in made:
            Rewriter.replace_value_with_new_type(value, type)
        for read in self.reads:
            replace(read, [read.operands[0]])

    def _truncate(self, op: Operation, at: int, made: set[SSAValue], type: IntegerType) -> None:
        """An operand from elsewhere: its low bits."""
        value = op.operands[at]
        if value in made:
            return
        constant = value.owner
        if isinstance(constant, arith.ConstantOp) and isinstance(constant.value, IntegerAttr):
            bits = type.width.data
            number = (constant.value.value.data + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)
            op.operands[at] = new(op, arith.ConstantOp(IntegerAttr(number, type)))
        else:
            op.operands[at] = new(op, arith.TruncIOp(value, type))


def _found(loop: eff.LoopOp | eff.WhileOp, k: int) -> Narrowing | None:
    """The narrowing of a carried value, or None if more than its low bits may be read."""
    inside = [loop.carried[k]] if isinstance(loop, eff.LoopOp) else [r.block.args[k] for r in loop.regions]
    found = Narrowing(loop, k, [*inside, loop.results_[k]])
    last, todo = terminator(loop.body.block), list(found.carried)
    while todo:
        for use in todo.pop().uses:
            op = use.operation
            if isinstance(op, arith.TruncIOp):
                found.reads.append(op)
            elif isinstance(op, RING) and not (isinstance(op, arith.SelectOp) and use.index == 0):
                if op not in found.ring:
                    found.ring.append(op)
                    todo += op.results
            elif op is not last or use.index != k:
                return None
    return found if len({op.result.type for op in found.reads}) == 1 else None
