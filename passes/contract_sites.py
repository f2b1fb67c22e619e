"""Where a program contracts: sums, in loops or into an accumulator, of a product of two numbers.

    for i { for j { s = for k { x * y } -> add } }                  the sum s
    accum c { for i { for j { for k { add c[i, j], x * y } } } }    the add
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xdsl.dialects import arith
from xdsl.dialects.builtin import Float32Type, Float64Type
from xdsl.ir import Operation, SSAValue

from pydex.dialects import eff, ix

from .contract_nest import Nest
from .symbols import defined_symbols


@dataclass
class Site:
    """A sum of products, in a nest of loops.

    end: what stands for all terms: the outermost loop that adds up (its result `position`), or the `eff.add`.
    inner: how many of the loops, the innermost ones, are between the place where the sum is known and the product.
    """

    product: arith.MulfOp
    negative: bool
    end: ix.ForOp | eff.AddOp
    position: int
    nest: Nest
    inner: int

    @property
    def outer(self) -> int:
        """How many loops are around the place where the sum is known."""
        return len(self.nest.loops) - self.inner


def sites(root: Operation) -> Iterator[Site]:
    """The sites inside `root`, in the order of the program, each with as many loops as can belong to it."""
    for op in root.walk():
        if isinstance(op, arith.MulfOp) and isinstance(op.result.type, Float32Type | Float64Type):
            found = _site(op, root)
            if found is not None:
                yield found


def _site(op: arith.MulfOp, root: Operation) -> Site | None:
    negative, value = False, op.result
    use = _only_use(value)
    while use is not None and isinstance(use.operation, arith.NegfOp):
        negative = not negative
        use = _only_use(use.operation.result)
    if use is None:
        return None
    if isinstance(end := use.operation, eff.AddOp):
        if use.index != len(end.operands) - 1 or _monoid(end) != "add":
            return None
        return _with_nest(op, negative, end, end, 0, root)
    summed = _sum(use)
    return None if summed is None else _with_nest(op, negative, use.operation, *summed, root)


def _only_use(value: SSAValue):
    uses = list(value.uses)
    return uses[0] if len(uses) == 1 else None


def _monoid(add: eff.AddOp) -> str:
    assert isinstance(add.accumulator.type, eff.AccType)
    return add.accumulator.type.monoid.data


def _sum(use) -> tuple[ix.ForOp, int] | None:
    """The outermost of the loops that add up a value, and its result, if the value is yielded to a sum."""
    found = None
    while use is not None and isinstance(use.operation, ix.YieldOp):
        loop = use.operation.parent_op()
        if not isinstance(loop, ix.ForOp) or loop.kind_names[use.index] != "add":
            break
        found = loop, use.index
        result = loop.results[use.index]
        use = _only_use(result)
        if use is not None and use.operation.parent is not loop.parent:
            break
    return found if found is not None and found[0].results[found[1]].first_use is not None else None


def _with_nest(
    op: arith.MulfOp, negative: bool, first: Operation, end: ix.ForOp | eff.AddOp, position: int, root: Operation
) -> Site | None:
    """The site with all loops around `first`: as far as `root`, and as sizes do not depend on a loop around."""
    loops: list[ix.ForOp] = []
    inner: int | None = None if isinstance(end, eff.AddOp) else -1
    sizes: set[str] = set()
    home = end.accumulator.owner if isinstance(end, eff.AddOp) else end.parent
    current: Operation | None = first
    while current is not None and current is not root:
        if current.parent is home:
            inner = len(loops)
        current = current.parent_op()
        if isinstance(current, ix.ForOp) and sizes.isdisjoint(defined_symbols(current)):
            loops.insert(0, current)
            sizes |= set(current.size.symbols())
        elif not isinstance(current, eff.AccumOp):
            break
    inner = len(loops) if inner is None else inner
    return Site(op, negative, end, position, Nest(loops), inner) if loops and inner >= 0 else None
