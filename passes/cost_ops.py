"""What one op costs, without its regions: what it computes, moves, copies and allocates each time it is reached."""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects.builtin import FileLineColLoc
from xdsl.ir import Operation

from pydex.dialects import eff, ix
from pydex.dialects.contract import ContractOp
from pydex.dialects.sizes import SizeAttr
from pydex.passes.cost_formula import Formula, Unknown
from pydex.passes.cost_memory import Allocated, Memory
from pydex.passes.cost_scope import Scope, line_of, where
from pydex.passes.cost_units import (
    UNITS,
    bytes_of,
    flops,
    has_cells,
    is_elementary,
    is_float,
    reduced_by,
    stored_by,
    summed_by,
)
from pydex.passes.lower_parallel import MAX_CHUNKS

#: The units of a cost. Others, `math.exp@7:12`, count how often a function at a place is evaluated.
ALL = (*UNITS, "allocated")


class Cost(dict[str, Formula]):
    """A formula for each unit; what is missing is 0."""

    def __missing__(self, unit: str) -> Formula:
        return Formula({})

    def __add__(self, other: Cost) -> Cost:
        if not (self and other):
            return self or other
        return Cost({unit: self[unit] + other[unit] for unit in {**self, **other}})

    def each(self, change: Callable[[Formula], Formula]) -> Cost:
        """Every formula changed."""
        return Cost({unit: change(formula) for unit, formula in self.items() if formula})


class OpCosts:
    """The costs of ops, in a scope of sizes. exact: what only the run knows has a name; else it counts as the most that
    it can be."""

    def __init__(self, scope: Scope, memory: Memory, exact: bool = True):
        self.scope = scope
        self.memory = memory
        self.exact = exact
        self.allocations: list[tuple[Allocated, Operation, Formula]] = []

    def of(self, op: Operation) -> Cost:
        """The cost of reaching an op once."""
        return self.own(op) + self.copies(op) + self.allocates(op)

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
            case ContractOp():
                return self.contracted(op)
            case ix.YieldOp() | eff.YieldOp():
                return self.yielded(op)
        each = {"flops": flops(op)}
        if is_elementary(op):
            each |= {"elementary": 1, evaluations(op): 1}
        return Cost({unit: Formula.of(number) for unit, number in each.items() if number})

    def combined(self, op: eff.AddOp) -> Cost:
        """`acc[i] += v`."""
        cells = self.cells(op, op.value.type)
        cost = Cost({"flops": cells * int(is_float(op.value.type))})
        if has_cells(op):
            reads = 2 if isinstance(op.value.type, ix.TableType) else 1
            cost += moved(loads=cells * reads, stores=cells, size=bytes_of(op.value.type))
        return cost

    def contracted(self, op: ContractOp) -> Cost:
        """A product is added for each index of the box; the sums are stored."""
        terms = Formula.of(1)
        for size in op.sizes.data:
            terms = terms * self.scope.extent(op, size)
        cells = self.cells(op, op.result.type)
        return Cost({"flops": terms * 2}) + moved(loads=terms * 2, stores=cells, size=bytes_of(op.result.type))

    def yielded(self, op: Operation) -> Cost:
        """The end of an iteration: elements are stored, values are combined."""
        cost = Cost({"flops": Formula.of(sum(is_float(v.type) for v in reduced_by(op)))})
        for value in stored_by(op):
            cost += moved(stores=1, size=bytes_of(value.type))
        for value in summed_by(op):
            cells = self.cells(op, value.type)
            cost += Cost({"flops": cells}) + moved(loads=cells * 2, stores=cells, size=bytes_of(value.type))
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
                size = self.size(made) * Formula.of(self.often(made, op))
                self.allocations.append((made, op, size))
                total = total + size
        return Cost({"allocated": total}) if total else Cost()

    def size(self, made: Allocated) -> Formula:
        """The bytes of a table in the arena; none of one on the stack."""
        return Formula({}) if made.small else self.box(made.type) * (bytes_of(made.type) * made.lanes)

    def often(self, made: Allocated, op: Operation) -> int | Unknown:
        """How many tables are made each time the op is reached."""
        if made.times == "once":
            return 1
        if not self.exact:
            return MAX_CHUNKS
        what = "chunks" if made.times == "chunk" else "copies"
        return self.scope.unknown(op, made.times, f"{what}({where(op, 'loop')})")

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


def evaluations(op: Operation) -> str:
    """The unit that counts how often a function at a place of the source is evaluated."""
    column = op.location.column.data if isinstance(op.location, FileLineColLoc) else 0
    return f"{op.name}@{line_of(op)}:{column}"


def moved(size: int, loads: int | Formula = 0, stores: int | Formula = 0) -> Cost:
    """So many loads and stores of elements of so many bytes."""
    read, written = Formula.of(loads), Formula.of(stores)
    return Cost({"loads": read, "stores": written, "bytes": (read + written) * size})
