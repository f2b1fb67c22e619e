"""What a sequential loop keeps of an iteration because it would be dear to compute again.

    loop t (h = h0) { h' = [tanh(Σ_j w[i, j] h[j]) for i] }     forward:  h is kept, and the tanh of each i, too
                                                                reverse:  1 - tanh² is known, no sum runs again

Dear are elementary functions, and sums that run long; a division is not, nor a root. What is kept are numbers, those
of an order-free loop in the body as a table; so are the results of a loop with something dear in it, which then is not
run again. A body keeps at most MORE such numbers for each that is on its tape anyway, so a tape stays within a constant
factor of the states that it must have, and what has another shape than these is not kept. Nor is anything where memory
was asked to be little, or inside of an iteration of an order-free loop, of which there are many.
"""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects import arith, math
from xdsl.dialects.builtin import AnyFloat
from xdsl.ir import Block, Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr

from .ad_store import CHEAP
from .ad_tape import MORE, Tape, cells, cells_kept, is_at_most
from .fuse_inline import op_cost

#: Of the ops of `math`, those that cost no more than a few operations.
LIGHT = (
    *(math.AbsFOp, math.AbsIOp, math.CopySignOp, math.FmaOp, math.SqrtOp, math.RsqrtOp, math.FPowIOp, math.IPowIOp),
    *(math.FloorOp, math.CeilOp, math.RoundOp, math.RoundEvenOp, math.TruncOp),
)

#: Ops whose reverse does not ask what their operands are.
LINEAR = (arith.AddfOp, arith.SubfOp, arith.NegfOp, arith.ExtFOp, arith.TruncFOp, ix.YieldOp, eff.YieldOp, eff.AddOp)


def with_dear(tape: Tape, block: Block) -> Tape:
    """The tape of a body, with what is dear in it as far as there is room."""
    loops = {op: with_dear(t, op.body.block) if isinstance(op, ix.ForOp) else t for op, t in tape.loops.items()}
    room = _size(tape) * MORE
    found = Tape([*tape.values], loops, tape.absent)
    for op in block.ops:
        fits = (t for t in _offers(op) if op not in tape.absent and is_at_most(_size(t), room))
        if (further := next(fits, None)) is not None:
            room = room - _size(further)
            found.values += further.values
            found.loops.update(further.loops)
    return found


def _offers(op: Operation) -> Iterator[Tape]:
    """What could be kept of an op, the most first."""
    if _is_dear(op):
        yield Tape([op.results[0]])
    elif isinstance(op, ix.ForOp) and _has_numbers_only(op):
        inside = _all(op.body.block)
        if any(kind == "tab" for kind in op.kind_names):
            if inside.values:
                yield Tape([*op.results_], {op: inside})
                yield Tape([*op.results_])
        elif _runs_long(op) and any(map(_is_asked_for, op.results_)):
            yield Tape([*op.results_])


def _all(block: Block) -> Tape:
    """All that is dear in a body of an order-free loop."""
    found = Tape([])
    for op in block.ops:
        if (further := next(_offers(op), None)) is not None:
            found.values += further.values
            found.loops.update(further.loops)
    return found


def _is_dear(op: Operation) -> bool:
    """Is it an elementary function of floats whose result or argument the reverse needs?"""
    return op.name.startswith("math.") and not isinstance(op, LIGHT) and isinstance(op.results[0].type, AnyFloat)


def _is_asked_for(value: SSAValue) -> bool:
    """May the reverse need the value itself?"""
    return any(not isinstance(use.operation, LINEAR) for use in value.uses)


def _has_numbers_only(op: ix.ForOp) -> bool:
    """Are its results floats and tables of floats, which need no more than that for their reverse?"""
    types = [r.type.element if isinstance(r.type, ix.TableType) else r.type for r in op.results_]
    return bool(types) and set(op.kind_names) <= {"tab", "add"} and all(isinstance(t, AnyFloat) for t in types)


def _runs_long(op: ix.ForOp) -> bool:
    """Does it compute more than is worth a number on a tape?"""
    trips = op.size.constant
    return trips is None or trips * sum(op_cost(child) for child in op.body.block.ops) > CHEAP


def _size(tape: Tape) -> SizeAttr:
    """How many numbers an iteration keeps."""
    total = SizeAttr.of(0)
    for value in tape.values:
        total = total + cells(value.type)
    for loop, inner in tape.loops.items():
        rows = {v for kind, v in zip(_kinds(loop), loop.yielded, strict=False) if kind == "tab"}
        within = Tape([v for v in inner.values if v not in rows], inner.loops)
        total = total + cells_kept(loop, within)
    return total


def _kinds(loop: eff.LoopOp | ix.ForOp) -> list[str]:
    return loop.kind_names if isinstance(loop, ix.ForOp) else []
