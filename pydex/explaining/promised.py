"""What `dx.explain` says of `fastmath=` and `deterministic=`."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.ir import Operation

from pydex.dialects import eff, ix
from pydex.explaining.analysis import Analysed
from pydex.passes.cost_formula import Formula
from pydex.passes.cost_ops import OpCosts
from pydex.passes.cost_scope import Scope
from pydex.passes.lower_outline import MAX_CHUNKS
from pydex.passes.lower_parallel import shared_accumulators


def asked(of: Analysed) -> Iterator[str]:
    """A line for each option."""
    if of.program.asked.fastmath:
        yield f"  fastmath   {', '.join(of.program.asked.fastmath)}, in all of its code"
    if of.program.asked.deterministic:
        yield f"  deterministic for any number of threads: {_price(of)}"


def _price(of: Analysed) -> str:
    """What it costs that parts are made by sizes, and combined in order."""
    shared = of.cost.memory.shared
    costs = OpCosts(Scope(of.cost.function), of.cost.memory)
    total = sum((_partial_results(op, costs) for op in shared), Formula({})) * MAX_CHUNKS
    if not total:
        return "no loop leaves partial results"
    return f"at most {total} partial results are combined, in the order of chunks"


def _partial_results(op: Operation, costs: OpCosts) -> Formula:
    """The numbers that a chunk of a loop leaves to be combined."""
    assert isinstance(op, ix.ForOp)
    total = Formula.of(sum(kind in ix.REDUCTIONS for kind in op.kind_names))
    for accumulator in shared_accumulators(op):
        content = accumulator.type.content if isinstance(accumulator.type, eff.AccType) else None
        total = total + (costs.box(content) if isinstance(content, ix.TableType) else 1)
    return total
