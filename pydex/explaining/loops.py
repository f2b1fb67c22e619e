"""What is said of a loop: whether it is parallel, where it runs, and why."""

from __future__ import annotations

import linecache
from collections.abc import Iterator

from xdsl.dialects.builtin import FileLineColLoc

from pydex.dialects import eff, ix
from pydex.dialects.contract import ContractOp
from pydex.frontend.entry import Program
from pydex.passes.cost import Loop, LoopCost
from pydex.passes.cost_memory import Memory
from pydex.passes.cost_scope import line_of, shown
from pydex.passes.lower_parallel import shared_accumulators
from pydex.passes.lower_sweep import STEPS, sweep_of

#: What an iteration of an order-free loop does that leaves it parallel.
ELEMENTS = {"tab": "makes its own element of a table", "own": "updates its own part of a table"}


def described(loop: LoopCost, program: Program, memory: Memory) -> str:
    """`line 7, for i in n: parallel, each iteration makes its own element of a table; on threads`."""
    return f"{place(loop.op)}: {'; '.join([_kind(loop.op, program), *_where(loop.op, memory)])}"


def place(op: Loop) -> str:
    """The line of a loop with its text, as far as the source is there."""
    line = line_of(op)
    if not line:
        return "a loop of the compiler's own"
    assert isinstance(op.location, FileLineColLoc)
    text = linecache.getline(op.location.filename.data, line).strip().rstrip(":")
    return f"line {line}, {text}" if text else f"line {line}"


def extent(op: Loop) -> str:
    """How many iterations one run of the loop has."""
    match op:
        case eff.WhileOp():
            return "as many iterations as it takes"
        case ContractOp():
            return f"{' * '.join(map(shown, op.sizes.data))} products"
        case _:
            return f"{shown(op.size)} iterations"


def lanes(op: Loop, memory: Memory) -> str:
    """Whether iterations of the loop run in the lanes of vectors, and why, or several steps in one sweep; nothing where
    the question was not asked."""
    if isinstance(op, eff.LoopOp) and sweep_of(op) is not None:
        return f"steps: up to {STEPS} in one sweep over the rows"
    choice = memory.lanes.get(op)
    if choice is None:
        return ""
    if choice.width:
        return f"vector lanes: {choice.width} iterations at a time, {choice.reason}"
    return f"vector lanes: no, {choice.reason.partition(':')[0]}"


def _kind(op: Loop, program: Program) -> str:
    match op:
        case ix.ForOp():
            return f"parallel, each iteration {' and '.join(dict.fromkeys(_effects(op))) or 'only reads'}"
        case ContractOp():
            return "parallel, sums of products of two tables, by a library of linear algebra where that is faster"
        case eff.LoopOp():
            direction = ", in reverse" if op.reverse else ""
            return f"sequential{direction}, {_carried(op, program) or _count(len(op.initial))}"
        case _:
            return "sequential, it goes on as long as its condition holds"


def _effects(op: ix.ForOp) -> Iterator[str]:
    for kind in op.kind_names:
        yield ELEMENTS.get(kind, f"reduces ({kind})")
    for child in op.walk():
        if isinstance(child, eff.AddOp) and isinstance(child.accumulator.type, eff.AccType):
            owner = child.accumulator.owner
            outside = owner.parent_op() if not hasattr(owner, "results") else owner
            if outside is not None and not op.is_ancestor(outside):
                yield f"accumulates ({child.accumulator.type.monoid.data})"


def _carried(op: eff.LoopOp, program: Program) -> str:
    """What the frontend says of the loop at this line: `y is carried`."""
    start = f"line {line_of(op)}, "
    texts = [text for text in program.unit.effects.values() if text.startswith(start) and "sequential" in text]
    return "; ".join(part for part in texts[0].split("; ")[1:] if part.endswith("is carried")) if texts else ""


def _count(values: int) -> str:
    return f"{values} value{'s are' if values != 1 else ' is'} carried" if values else "its order is that of the source"


def _where(op: Loop, memory: Memory) -> Iterator[str]:
    """Where an order-free loop runs."""
    if not isinstance(op, ix.ForOp):
        return
    if op in memory.shared:
        yield "on threads, where it is large enough"
        copies = shared_accumulators(op)
        if copies:
            yield f"each chunk but the first then adds to copies of {_tables(len(copies))}"
    elif op in memory.unrolled:
        yield "written out, iteration by iteration"
    elif _inside_shared(op, memory):
        yield "in one thread, inside a loop that is shared out"
    else:
        yield "in one thread, too short to share"


def _tables(count: int) -> str:
    return "the accumulator" if count == 1 else f"the {count} accumulators"


def _inside_shared(op: ix.ForOp, memory: Memory) -> bool:
    parent = op.parent_op()
    while parent is not None:
        if parent in memory.shared:
            return True
        parent = parent.parent_op()
    return False
