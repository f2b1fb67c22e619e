"""What a function costs: float operations, loads, stores and allocated bytes, as formulas in its sizes.

    total = sum(x[i] * y[i] for i in n)
    ==>  flops 2*n, loads 2*n, bytes 16*n, stores 0, allocated 0

One walk over the function after the pipeline: what a block costs is the sum over its ops (`cost_ops.py`), what a loop
costs the sum of its body over the index. Which memory is allocated and copied is found in `cost_memory.py`. What
depends on data is named: trips of a `while`, branches taken, sizes that the program computes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from xdsl.dialects import func, scf
from xdsl.ir import Block, Operation

from pydex.dialects import eff, ix
from pydex.dialects.blocks import BlocksOp
from pydex.dialects.contract import ContractOp
from pydex.dialects.sizes import SizeAttr
from pydex.passes.cost_bounds import larger
from pydex.passes.cost_formula import Formula, Unknown
from pydex.passes.cost_memory import Allocated, Memory, memory
from pydex.passes.cost_ops import Cost, OpCosts
from pydex.passes.cost_scope import Scope, where

#: What goes over a set; a contraction is a nest of loops in one.
Loop = ix.ForOp | eff.LoopOp | eff.WhileOp | ContractOp


@dataclass
class LoopCost:
    """A loop, and what all its runs in a call cost together."""

    op: Loop
    cost: Cost
    inner: list[LoopCost]


@dataclass
class FunctionCost:
    """What a call costs: exactly, and at most, whichever branches are taken.

    assumed: the sizes that have to be at least 0 for that. allocations: each table that is made, the op in front of
    which it is, and its bytes. bounds: greatest values of some unknowns.
    """

    function: func.FuncOp
    cost: Cost
    most: Cost
    loops: list[LoopCost]
    memory: Memory
    assumed: list[SizeAttr]
    allocations: list[tuple[Allocated, Operation, Formula]]
    bounds: dict[Unknown, Formula]


def function_cost(function: func.FuncOp) -> FunctionCost:
    """The cost of a function whose module has been through the pipeline."""
    ops = OpCosts(Scope(function), memory(function))
    cost, loops = _Walk(ops).block(function.body.block)
    most = cost
    if any(isinstance(op, scf.IfOp) for op in function.walk()) or ops.memory.shared:
        most, _ = _Walk(OpCosts(Scope(function), ops.memory, exact=False)).block(function.body.block)
    names = {symbol: Formula.of(unknown) for symbol, unknown in ops.scope.opened.items()}
    allocations = [(made, op, size.substitute(names)) for made, op, size in ops.allocations]
    return FunctionCost(function, cost, most, loops, ops.memory, list(ops.scope.assumed), allocations, ops.scope.bounds)


class _Walk:
    """One walk over a function."""

    def __init__(self, ops: OpCosts):
        self.ops = ops
        self.scope = ops.scope

    def block(self, block: Block) -> tuple[Cost, list[LoopCost]]:
        """The cost of one run of a block, and the loops in it."""
        cost, loops = Cost(), []
        for op in block.ops:
            mine, inner = self.op(op)
            cost, loops = cost + mine, loops + inner

        def leave(cost: Cost) -> Cost:
            return cost.each(lambda f: self.scope.close(block, f))

        self.close_loops(loops, leave)
        return leave(cost), loops

    def op(self, op: Operation) -> tuple[Cost, list[LoopCost]]:
        """The cost of reaching an op once: its own, that of its memory, that of its regions."""
        if isinstance(op, ix.OpenOp | ix.NameOp):
            self.scope.define(op)
        cost = self.ops.of(op)
        inner, loops = self.regions(op)
        return cost + inner, loops

    def regions(self, op: Operation) -> tuple[Cost, list[LoopCost]]:
        """The cost of the regions of an op."""
        match op:
            case ix.ForOp() | eff.LoopOp():
                return self.loop(op)
            case BlocksOp():
                return self.blocks(op)
            case eff.WhileOp():
                return self.while_(op)
            case scf.IfOp():
                return self.branch(op)
            case ContractOp():
                return Cost(), [LoopCost(op, self.ops.own(op), [])]
            case _:
                return self.together([b for r in op.regions for b in r.blocks])

    def together(self, blocks: Iterable[Block]) -> tuple[Cost, list[LoopCost]]:
        cost, loops = Cost(), []
        for block in blocks:
            mine, inner = self.block(block)
            cost, loops = cost + mine, loops + inner
        return cost, loops

    def loop(self, op: ix.ForOp | eff.LoopOp) -> tuple[Cost, list[LoopCost]]:
        scope, symbol = self.scope, op.symbol.data if op.symbol is not None else None
        extent = scope.extent(op, op.size)
        if symbol is not None:
            scope.indices[symbol] = op.size
        body, inner = self.block(op.body.block)

        def leave(cost: Cost) -> Cost:
            return cost.each(lambda f: scope.leave_loop(symbol, extent, f))

        self.close_loops(inner, leave)
        if symbol is not None:
            del scope.indices[symbol]
        return leave(body), [LoopCost(op, leave(body), inner)]

    def blocks(self, op: BlocksOp) -> tuple[Cost, list[LoopCost]]:
        """Blocks of points cost what loops over all points do."""
        scope, symbol = self.scope, op.symbol.data
        scope.indices[symbol] = op.size
        body, inner = self.block(op.body.block)

        def leave(cost: Cost) -> Cost:
            return cost.each(lambda f: scope.leave_blocks(op, f))

        self.close_loops(inner, leave)
        del scope.indices[symbol]
        return leave(body), inner

    def while_(self, op: eff.WhileOp) -> tuple[Cost, list[LoopCost]]:
        trips = Formula.of(self.scope.trips(op))
        condition, asked = self.block(op.condition.block)
        body, inner = self.block(op.body.block)
        self.close_loops(asked, lambda c: c.each(lambda f: self.scope.times(trips + 1, f)))
        self.close_loops(inner, lambda c: c.each(lambda f: self.scope.times(trips, f)))
        cost = condition.each(lambda f: self.scope.times(trips + 1, f))
        cost = cost + body.each(lambda f: self.scope.times(trips, f))
        return cost, [LoopCost(op, cost, [*asked, *inner])]

    def branch(self, op: scf.IfOp) -> tuple[Cost, list[LoopCost]]:
        """What both branches do, and how often each does more."""
        costs, loops = [], []
        place = f"({where(op, 'if')})"
        for what, region in (("taken", op.true_region), ("else", op.false_region)):
            often = Formula.of(self.scope.unknown(op, what, what + place))
            cost, inner = self.together(region.blocks)
            self.close_loops(inner, lambda c, often=often: c.each(lambda f: self.scope.times(often, f)))
            costs.append((often, cost))
            loops += inner
        (taken, then), (skipped, other) = costs
        return self.chosen(taken, then, skipped, other), loops

    def chosen(self, taken: Formula, then: Cost, skipped: Formula, other: Cost) -> Cost:
        total = Cost()
        for unit in {**then, **other}:
            a, b = then[unit], other[unit]
            if not self.ops.exact:
                total[unit] = larger(a, b)
                continue
            both = a - larger(a - b, Formula({}))
            extra = self.scope.times(taken, a - both) + self.scope.times(skipped, b - both)
            total[unit] = both + extra
        return total

    def close_loops(self, loops: Iterable[LoopCost], leave: Callable[[Cost], Cost]) -> None:
        """The costs of loops as seen from outside of a block around them."""
        for loop in loops:
            loop.cost = leave(loop.cost)
            self.close_loops(loop.inner, leave)
