"""What a function costs: float operations, loads, stores and allocated bytes, as formulas in its sizes.

    total = sum(x[i] * y[i] for i in n)
    ==>  flops 2*n, loads 2*n, bytes 16*n, stores 0, allocated 0

One walk over the function after the pipeline: what a block costs is the sum over its ops, what a loop costs the sum of
its body over the index. Which number each op has is in `cost_units.py`, which memory is allocated and copied in
`cost_memory.py`. What depends on data is named: trips of a `while`, branches taken, sizes that the program computes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from xdsl.dialects import func, scf
from xdsl.ir import Block, Operation

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr
from pydex.passes.cost_formula import Formula, larger
from pydex.passes.cost_memory import Allocated, Memory, memory
from pydex.passes.cost_scope import Scope, line_of, trips_label
from pydex.passes.cost_units import (
    UNITS,
    bytes_of,
    flops,
    has_cells,
    is_elementary,
    is_float,
    reduced_by,
    stored_by,
)

Loop = ix.ForOp | eff.LoopOp | eff.WhileOp
ALL = (*UNITS, "allocated")


class Cost(dict[str, Formula]):
    """A formula for each of `ALL`; what is missing is 0."""

    def __missing__(self, unit: str) -> Formula:
        return Formula({})

    def __add__(self, other: Cost) -> Cost:
        if not (self and other):
            return self or other
        return Cost({unit: self[unit] + other[unit] for unit in {**self, **other}})

    def each(self, change: Callable[[Formula], Formula]) -> Cost:
        """Every formula changed."""
        return Cost({unit: change(formula) for unit, formula in self.items() if formula})


@dataclass
class LoopCost:
    """A loop: its extent where it is one known before, and what all its runs in a call cost together."""

    op: Loop
    extent: Formula | None
    cost: Cost
    inner: list[LoopCost]


@dataclass
class FunctionCost:
    """What a call costs, its loops, and the sizes that have to be at least 0 for that."""

    function: func.FuncOp
    cost: Cost
    loops: list[LoopCost]
    memory: Memory
    assumed: list[SizeAttr]
    allocations: list[tuple[Allocated, Formula]] = field(default_factory=list)


def function_cost(function: func.FuncOp) -> FunctionCost:
    """The cost of a function whose module has been through the pipeline."""
    walk = _Walk(Scope(function), memory(function))
    cost, loops = walk.block(function.body.block)
    return FunctionCost(function, cost, loops, walk.memory, list(walk.scope.assumed), walk.allocations)


class _Walk:
    """One walk over a function."""

    def __init__(self, scope: Scope, memory: Memory):
        self.scope = scope
        self.memory = memory
        self.allocations: list[tuple[Allocated, Formula]] = []

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
        cost = self.own(op) + self.copies(op) + self.allocates(op)
        inner, loops = self.regions(op)
        return cost + inner, loops

    # ------------------------------------------------------------------------------------------------ one op

    def own(self, op: Operation) -> Cost:
        """The op without memory and regions."""
        match op:
            case ix.AtOp() if not isinstance(op.result.type, ix.TableType):
                return moved(loads=1, size=bytes_of(op.result.type))
            case ix.UpdateOp() if not isinstance(op.value.type, ix.TableType):
                return moved(stores=1, size=bytes_of(op.value.type))
            case ix.FillOp():
                return moved(stores=self.cells(op, op.result.type), size=bytes_of(op.result.type))
            case ix.PackOp() if not isinstance(op.values[0].type, ix.TableType):
                return moved(stores=len(op.values), size=bytes_of(op.values[0].type))
            case eff.AddOp():
                return self.combined(op)
            case ix.YieldOp() | eff.YieldOp():
                return self.yielded(op)
        each = {"flops": flops(op), "elementary": int(is_elementary(op))}
        return Cost({unit: Formula.of(number) for unit, number in each.items() if number})

    def combined(self, op: eff.AddOp) -> Cost:
        """`acc[i] += v`."""
        cells = self.cells(op, op.value.type)
        cost = Cost({"flops": cells * int(is_float(op.value.type))})
        if has_cells(op):
            reads = 2 if isinstance(op.value.type, ix.TableType) else 1
            cost += moved(loads=cells * reads, stores=cells, size=bytes_of(op.value.type))
        return cost

    def yielded(self, op: Operation) -> Cost:
        """The end of an iteration: elements are stored, values are combined."""
        cost = Cost({"flops": Formula.of(sum(is_float(v.type) for v in reduced_by(op)))})
        for value in stored_by(op):
            cost += moved(stores=1, size=bytes_of(value.type))
        return cost

    def copies(self, op: Operation) -> Cost:
        cost = Cost()
        for type in self.memory.copied.get(op, ()):
            cells = self.cells(op, type)
            cost += moved(loads=cells, stores=cells, size=bytes_of(type))
        return cost

    def allocates(self, op: Operation) -> Cost:
        """The bytes of the tables made in front of an op."""
        total = Formula({})
        for made in self.memory.allocated.get(op, ()):
            if not made.small:
                size = self.box(made.type) * bytes_of(made.type)
                if made.times != "once":
                    label = f"{made.times}{'es' if made.times == 'copy' else 's'}(loop at line {line_of(op)})"
                    size = size * Formula.of(self.scope.unknown(op, made.times, label.replace("copyes", "copies")))
                self.allocations.append((made, size))
                total = total + size
        return Cost({"allocated": total}) if total else Cost()

    def box(self, type: ix.TableType) -> Formula:
        """The elements that there is room for."""
        cells = Formula.of(1)
        for size in ix.bounding_sizes(type):
            self.scope.is_natural(size)
            cells = cells * self.scope.formula(size)
        return cells

    def cells(self, op: Operation, type: object, depth: int = 0) -> Formula:
        """The elements that there are."""
        if not isinstance(type, ix.TableType):
            return Formula.of(1)
        size, symbol = type.sizes.data[0], f"@{depth}"
        if not self.scope.is_natural(size):
            return Formula.of(self.scope.unknown(op, f"cells {type}", f"elements({type})"))
        self.scope.indices[symbol] = size
        inner = self.cells(op, type.under(SizeAttr.of(symbol)), depth + 1)
        del self.scope.indices[symbol]
        return self.scope.leave_loop(symbol, self.scope.formula(size), inner)

    # ----------------------------------------------------------------------------------------------- regions

    def regions(self, op: Operation) -> tuple[Cost, list[LoopCost]]:
        """The cost of the regions of an op."""
        match op:
            case ix.ForOp() | eff.LoopOp():
                return self.loop(op)
            case eff.WhileOp():
                return self.while_(op)
            case scf.IfOp():
                return self.branch(op)
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
        return leave(body), [LoopCost(op, extent, leave(body), inner)]

    def while_(self, op: eff.WhileOp) -> tuple[Cost, list[LoopCost]]:
        trips = Formula.of(self.scope.unknown(op, "trips", trips_label(op)))
        condition, asked = self.block(op.condition.block)
        body, inner = self.block(op.body.block)
        self.close_loops(asked, lambda c: c.each(lambda f: self.scope.times(trips + 1, f)))
        self.close_loops(inner, lambda c: c.each(lambda f: self.scope.times(trips, f)))
        cost = condition.each(lambda f: self.scope.times(trips + 1, f))
        cost = cost + body.each(lambda f: self.scope.times(trips, f))
        return cost, [LoopCost(op, None, cost, [*asked, *inner])]

    def branch(self, op: scf.IfOp) -> tuple[Cost, list[LoopCost]]:
        """What both branches do, and how often each does more."""
        costs, loops = [], []
        place = f"(if at line {line_of(op)})"
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
        for unit in ALL:
            a, b = then[unit], other[unit]
            both = a - larger(a - b, Formula({}))
            extra = self.scope.times(taken, a - both) + self.scope.times(skipped, b - both)
            total[unit] = both + extra
        return total

    def close_loops(self, loops: Iterable[LoopCost], leave: Callable[[Cost], Cost]) -> None:
        """The costs of loops as seen from outside of a block around them."""
        for loop in loops:
            loop.cost = leave(loop.cost)
            self.close_loops(loop.inner, leave)


def moved(size: int, loads: int | Formula = 0, stores: int | Formula = 0) -> Cost:
    """So many loads and stores of elements of so many bytes."""
    read, written = Formula.of(loads), Formula.of(stores)
    return Cost({"loads": read, "stores": written, "bytes": (read + written) * size})
