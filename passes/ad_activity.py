"""Activity: which values have a derivative that matters.

Differentiable dependence is a graph between SSA values: x -> y where the tangent of x enters that of y. Loops feed
what they yield to what they carry, so reachability is the fixpoint over loop headers. A value is active if it is
reachable from what is differentiated (`wrt`) and reaches a result.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from xdsl.dialects import scf
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, Region, SSAValue

from pydex.dialects import ad, eff, ix

from .ad_emit import has_tangent
from .ad_errors import no_rule
from .ad_rules import REFUSED, ZERO

Edge = tuple[SSAValue, SSAValue]
Graph = dict[SSAValue, list[SSAValue]]


def active_values(function: FuncOp, wrt: Iterable[int]) -> set[SSAValue]:
    """The active values of a function whose arguments `wrt` are differentiated; all its float results count.

    Raises DexNotImplementedError at an op without a derivative that is given what depends on these arguments, also if
    its result is an integer: no derivative is lost in silence.
    """
    block = function.body.block
    assert block.last_op is not None
    edges = [(a, b) for op in function.walk() for a, b in _edges(op) if has_tangent(a.type) and has_tangent(b.type)]
    forward: Graph = defaultdict(list)
    backward: Graph = defaultdict(list)
    for a, b in edges:
        forward[a].append(b)
        backward[b].append(a)
    varied = _reach(forward, [block.args[i] for i in wrt])
    for op in function.walk():
        if type(op) in REFUSED and any(o in varied for o in op.operands):
            raise no_rule(op)
    return varied & _reach(backward, block.last_op.operands)


def _reach(graph: Graph, start: Iterable[SSAValue]) -> set[SSAValue]:
    reached = set(start)
    work = list(reached)
    while work:
        for value in graph.get(work.pop(), ()):
            if value not in reached:
                reached.add(value)
                work.append(value)
    return reached


def _edges(op: Operation) -> Iterator[Edge]:
    match op:
        case ix.ForOp():
            own = iter(zip(op.owned, op.body.block.args[1:], strict=True))
            for kind, value, result in zip(op.kind_names, op.yielded, op.results_, strict=True):
                if kind == "own":
                    initial, argument = next(own)
                    yield initial, argument
                    yield value, argument  # whose other elements are those of other iterations
                    yield initial, result  # what belongs to no iteration stays
                yield value, result
        case eff.LoopOp():
            yield from zip(op.yielded, op.results_, strict=True)
            yield from _carried(op.initial, op.carried, op.yielded, op.results_)
        case eff.WhileOp():
            last = op.body.block.last_op
            assert last is not None
            yield from zip(last.operands, op.results_, strict=False)
            yield from _carried(op.initial, op.body.block.args, last.operands, op.results_)
        case scf.IfOp():
            for region in op.regions:
                if region.blocks and region.block.last_op is not None:
                    yield from zip(region.block.last_op.operands, op.results, strict=True)
        case eff.AccumOp():
            yield from zip(op.initial, op.accumulators, strict=True)
            yield from zip((*op.accumulators, *op.yielded), op.results_, strict=True)
        case eff.AddOp():
            yield op.value, op.accumulator
        case ad.StopOp():
            return
        case _ if type(op) in ZERO:
            return
        case _:
            yield from ((a, b) for a in op.operands for b in op.results)


def _carried(
    initial: Iterable[SSAValue], arguments: Iterable[SSAValue], yielded: Iterable[SSAValue], results: Iterable[SSAValue]
) -> Iterator[Edge]:
    """A carried value starts at `initial`, goes round, and is the result (also after no iteration at all)."""
    for start, argument, value, result in zip(initial, arguments, yielded, results, strict=False):
        yield start, argument
        yield value, argument
        yield start, result


def free_values(*regions: Region) -> list[SSAValue]:
    """Values used inside the regions and defined outside of them, in order of use."""
    inside: set[SSAValue] = set()
    used: dict[SSAValue, None] = {}
    for op in (o for r in regions for o in r.walk()):
        used.update(dict.fromkeys(op.operands))
        inside.update(op.results)
        for block in (b for r in op.regions for b in r.blocks):
            inside.update(block.args)
    for block in (b for r in regions for b in r.blocks):
        inside.update(block.args)
    return [v for v in used if v not in inside]
