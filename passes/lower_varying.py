"""What depends on the index of a loop: the values that become vectors when its iterations run in lanes.

    for i in n. { a = x[i]; b = w[0]; for j in m. a * y[j] -> add }        x[i], a * y[j] and the sum vary with i; b not

Of an index, what varies is told by its slope: how much it grows with i, if evenly. A table varies if it is made by the
iteration (every lane has its own), or is a part of another one whose place depends on i.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith, scf
from xdsl.ir import Block, Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr
from pydex.passes import ix_own
from pydex.passes.edit import ops_inside
from pydex.passes.needs import defined_symbol, mentioned

_INDICES = (ix.IndexOp, ix.OrdOp, ix.NameOp, arith.IndexCastOp)
_MADE = (ix.FillOp, ix.PackOp)


class Varying:
    """The values of a loop's body that vary with its index."""

    def __init__(self, op: ix.ForOp):
        self.op = op
        self.values: set[SSAValue] = {op.index}
        self.slopes: dict[SSAValue, int | None] = {op.index: 1}
        self._count = -1
        while self._count < len(self.values):  # carried values may vary only from the second turn on
            self._count = len(self.values)
            self._visit(op.body.block)

    def __contains__(self, value: SSAValue) -> bool:
        return value in self.values

    def slope(self, index: SSAValue) -> int | None:
        """How much the index grows from iteration to iteration; None if not evenly."""
        return self.slopes.get(index) if index in self.values else 0

    def _any(self, values: Sequence[SSAValue]) -> bool:
        return any(v in self.values for v in values)

    def _mark(self, value: SSAValue, varies: bool = True) -> None:
        if varies:
            self.values.add(value)

    def _visit(self, block: Block) -> None:
        for op in block.ops:
            if not op.regions:
                self._plain(op)
                continue
            match op:
                case ix.ForOp():
                    self._order_free(op)
                case eff.LoopOp():
                    self._sequential(op, op.carried, op.yielded)
                case eff.WhileOp():
                    self._while(op)
                case eff.AccumOp():
                    self._accum(op)
                case scf.IfOp():
                    self._branch(op)
                case _:
                    self._plain(op)

    def _plain(self, op: Operation) -> None:
        kind, old, made = op.__class__, op._operands, False  # pyright: ignore[reportPrivateUsage]
        if kind in _INDICES:
            self._index(op)
        elif kind in _MADE:
            made = True
        elif isinstance(op, ix.UpdateOp):
            old, made = (op.table,), not ix_own.in_place(op)[0]
        for result in op.results:
            self._mark(result, made or self._any(old))

    def _index(self, op: Operation) -> None:
        coefs = op.coefs.data if isinstance(op, ix.IndexOp) else [SizeAttr.of(1)] * len(op.operands)
        total: int | None = 0
        for coef, operand in zip(coefs, op.operands, strict=True):
            slope = self.slope(operand)
            if slope != 0:
                known = None if slope is None or coef.constant is None else slope * coef.constant
                total = None if total is None or known is None else total + known
        self.slopes[op.results[0]] = total

    def _order_free(self, op: ix.ForOp) -> None:
        for arg, table, flag in zip(op.body.block.args[1:], op.owned, ix_own.in_place(op), strict=True):
            self._mark(arg, not flag or table in self.values)
        self._visit(op.body.block)
        owned = iter(op.body.block.args[1:])
        for kind, value, result in zip(op.kind_names, op.yielded, op.results_, strict=True):
            self._mark(result, next(owned) in self.values if kind == "own" else kind == "tab" or value in self.values)

    def _sequential(self, op: eff.LoopOp, args: Sequence[SSAValue], yielded: Sequence[SSAValue]) -> None:
        self._enter(op, args)
        self._visit(op.body.block)
        self._turn(args, yielded)
        for arg, result in zip(args, op.results_, strict=False):
            self._mark(result, arg in self.values)
        for result in op.results_[len(args) :]:
            self._mark(result)

    def _while(self, op: eff.WhileOp) -> None:
        last = op.body.block.last_op
        assert last is not None
        for args in (op.condition.block.args, op.body.block.args):
            self._enter(op, args)
            self._turn(args, last.operands)
        self._visit(op.condition.block)
        self._visit(op.body.block)
        ends_apart = self.has_varying_trips(op)  # then even of what is the same in all that go on, lanes have their own
        for arg, result in zip(op.body.block.args, op.results_, strict=False):
            self._mark(result, ends_apart or arg in self.values)
        self._mark(op.trips, ends_apart)

    def has_varying_trips(self, op: eff.WhileOp) -> bool:
        """Does the condition vary?"""
        last = op.condition.block.last_op
        return isinstance(last, eff.ConditionOp) and last.condition in self.values

    def _enter(self, op: eff.LoopOp | eff.WhileOp, args: Sequence[SSAValue]) -> None:
        flags = iter(ix_own.in_place(op))
        for arg, first in zip(args, op.initial, strict=True):
            made = isinstance(arg.type, ix.TableType) and not next(flags)
            self._mark(arg, made or first in self.values)

    def _turn(self, args: Sequence[SSAValue], yielded: Sequence[SSAValue]) -> None:
        for arg, value in zip(args, yielded, strict=False):
            self._mark(arg, value in self.values)

    def _accum(self, op: eff.AccumOp) -> None:
        flags = iter(ix_own.in_place(op))
        for first, arg, result in zip(op.initial, op.accumulators, op.results_, strict=False):
            outside = isinstance(first.type, ix.TableType) and next(flags) and first not in self.values
            self._mark(arg, not outside)
            self._mark(result, not outside)
        self._visit(op.body.block)
        for value, result in zip(op.yielded, op.results_[len(op.initial) :], strict=True):
            self._mark(result, value in self.values)

    def _branch(self, op: scf.IfOp) -> None:
        blocks = [r.block for r in (op.true_region, op.false_region) if r.blocks]
        for block in blocks:
            self._visit(block)
        for position, result in enumerate(op.results):
            yielded = [list(b.last_op.operands)[position] for b in blocks if b.last_op]
            if isinstance(result.type, ix.TableType):
                first = ix_own.origin(result)
                self._mark(result, first is result or first in self.values)
            else:
                self._mark(result, op.cond in self.values or self._any(yielded))


def mentions_symbol(op: ix.ForOp, varying: Varying) -> bool:
    """Does a size inside of the loop depend on its index?"""
    names = {op.symbol.data} if op.symbol is not None else set[str]()
    for child in ops_inside(op):
        if isinstance(child, ix.NameOp | ix.OpenOp) and child.operands[0] in varying:
            names.add(defined_symbol(child) or "")
    return bool(names) and any(not names.isdisjoint(_mentioned(child)) for child in ops_inside(op))


def _mentioned(op: Operation) -> set[str]:
    attributes = [*(r.type for r in op.results), *(o.type for o in op.operands), *op.properties.values()]
    attributes += [a.type for region in op.regions for block in region.blocks for a in block.args]
    return {s for attribute in attributes for s in mentioned(attribute)}
