"""What a sequential loop keeps of an iteration because it would be dear to compute again.

    loop t (h = h0) { h' = [tanh(Σ_j w[i, j] h[j]) for i] }     forward:  h is kept, and the tanh of each i, too
                                                                reverse:  1 - tanh² is known, no sum runs again

Dear are elementary functions, and sums that run long, unless something dear is summed; a division is not, nor a root.
Those in an order-free loop are kept as a table, which the loop reads when it is run again. A body keeps at most MORE
such numbers for each that is on its tape anyway, so a tape stays within a constant factor of the states that it must
have, and what has another shape than these is not kept. Nor is anything where memory was asked to be little, or inside
of an iteration of an order-free loop, of which there are many. What the reverse turns out not to read is left to dce.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import replace

from xdsl.dialects import arith, math
from xdsl.dialects.builtin import AnyFloat
from xdsl.ir import Block, Operation, SSAValue, Use

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr

from .ad_store import CHEAP
from .ad_tape import Tape, cells, cells_kept, is_at_most
from .fuse_inline import op_cost

#: So many numbers may be kept for each that is on the tape anyway: the gates of a recurrent network.
MORE = 8

#: Of the ops of `math`, those that cost no more than a few operations.
LIGHT = (
    *(math.AbsFOp, math.AbsIOp, math.CopySignOp, math.FmaOp, math.SqrtOp, math.RsqrtOp, math.FPowIOp, math.IPowIOp),
    *(math.FloorOp, math.CeilOp, math.RoundOp, math.RoundEvenOp, math.TruncOp),
)

#: Ops of which the reverse asks for the result only.
BY_RESULT = (math.ExpOp, math.Exp2Op, math.TanhOp, math.TanOp, math.CbrtOp, math.SqrtOp)

#: Ops whose reverse asks neither for operands nor for the result.
LINEAR = (arith.AddfOp, arith.SubfOp, arith.NegfOp, arith.ExtFOp, arith.TruncFOp)


def with_dear(tape: Tape, block: Block, active: Set[SSAValue]) -> Tape:
    """The tape of a body, with what is dear in it as far as there is room."""
    loops = {op: with_dear(t, op.body.block, active) if isinstance(op, ix.ForOp) else t for op, t in tape.loops.items()}
    found, room = replace(tape, values=[*tape.values], loops=loops), _room(tape, active)
    for op, further in _offers(block, active):
        if op not in tape.absent and is_at_most(size := _size(further), room):
            room = room - size
            found.values += further.values
            found.loops.update(further.loops)
    return found


def _offers(block: Block, active: Set[SSAValue]) -> Iterator[tuple[Operation, Tape]]:
    """What could be kept of the ops of a body."""
    for op in block.ops:
        if _is_dear(op, active):
            yield op, Tape([op.results[0]])
        elif isinstance(op, ix.ForOp):
            inside = [tape for _, tape in _offers(op.body.block, active)]
            if inside:
                values = [v for tape in inside for v in tape.values]
                yield op, Tape([], {op: Tape(values, {o: t for tape in inside for o, t in tape.loops.items()})})
            elif _is_long_sum(op, active):
                yield op, Tape([*op.results_])


def _is_dear(op: Operation, active: Set[SSAValue]) -> bool:
    """Is it an elementary function of floats whose result the reverse needs?"""
    if not op.name.startswith("math.") or isinstance(op, LIGHT) or not isinstance(op.results[0].type, AnyFloat):
        return False
    return isinstance(op, BY_RESULT) or _is_asked_for(op.results[0], active)


def _is_long_sum(op: ix.ForOp, active: Set[SSAValue]) -> bool:
    """Does it only sum, more than is worth a number on a tape, and does the reverse need the sum?"""
    trips = op.size.constant
    short = trips is not None and trips * sum(op_cost(child) for child in op.body.block.ops) <= CHEAP
    sums = set(op.kind_names) == {"add"} and all(isinstance(r.type, AnyFloat) for r in op.results_)
    return sums and not short and any(_is_asked_for(r, active) for r in op.results_)


def _is_asked_for(value: SSAValue, active: Set[SSAValue]) -> bool:
    """May the reverse need the value itself, or what is made of it by linear ops?"""
    todo, reached = [value], {value}
    while todo:
        for use in todo.pop().uses:
            op = use.operation
            if isinstance(op, LINEAR) or (isinstance(op, arith.SelectOp) and use.index > 0):
                todo += set(op.results) - reached
                reached.update(op.results)
            elif _asks(use, active):
                return True
    return False


def _asks(use: Use, active: Set[SSAValue]) -> bool:
    """Does the reverse of an op that is not linear ask for an operand? For a factor if the other has a derivative."""
    match op := use.operation:
        case arith.MulfOp():
            return op.operands[1 - use.index] in active
        case eff.YieldOp() | eff.AddOp():
            return False
        case ix.YieldOp():
            loop = op.parent_op()
            return isinstance(loop, ix.ForOp) and loop.kind_names[use.index] != "add"
        case _:
            return not isinstance(op, BY_RESULT)


def _room(tape: Tape, active: Set[SSAValue]) -> SizeAttr:
    """How many more numbers may be kept: none beside values that are only factors of what has no derivative, and which
    therefore need not be kept."""
    needed = tape.loops or tape.histories or any(_is_asked_for(v, active) for v in tape.values)
    return _size(tape) * MORE if needed else SizeAttr.of(0)


def _size(tape: Tape) -> SizeAttr:
    """How many numbers an iteration keeps."""
    total = SizeAttr.of(0)
    for value in tape.values:
        total = total + cells(value.type)
    for loop, inner in tape.loops.items():
        total = total + cells_kept(loop, inner)
    return total
