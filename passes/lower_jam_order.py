"""The order in which the ops of jammed iterations are lowered: `late(block)`.

    s = w[a] * y[a];  t = Σ over b in a. …;  z = s + t     ==>     t = Σ over b in a. …;  s = w[a] * y[a];  z = s + t

What no loop inside needs is computed after it: during the loop, all iterations' copies of it would fill registers.
"""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.ir import Block, Operation, SSAValue

from pydex.passes.needs import needs


def late(block: Block) -> Iterator[Operation]:
    """The ops of a block that updates no table, without its terminator: numbers are made where first needed."""
    held: dict[Operation, None] = {}
    for op in block.ops:
        if not op.regions and needs(op).pure and op is not block.last_op:
            held[op] = None
            continue
        wanted = _needed(op, held)
        for other in [other for other in held if other in wanted]:
            del held[other]
            yield other
        if op is not block.last_op:
            yield op


def _needed(op: Operation, held: dict[Operation, None]) -> set[Operation]:
    """Those of the ops that the op needs, themselves or through each other."""
    found, waiting = set[Operation](), list[SSAValue](needs(op).values)
    while waiting:
        owner = waiting.pop().owner
        if isinstance(owner, Operation) and owner in held and owner not in found:
            found.add(owner)
            waiting += owner.operands
    return found
