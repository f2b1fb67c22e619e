"""Choices that a second evaluation might make otherwise: comparisons of numbers that are rounded, and indices of such.

    p = a * b + c > d;  i = i64(a * b + c)      whether a product and a sum are rounded as one depends on what is around

Where derivatives run a body twice and both runs must choose alike, they ask here: what was chosen would else get its
cotangent twice, or never; an element that is put back would be put in another place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from xdsl.dialects import arith, math
from xdsl.ir import Block, Operation, SSAValue

from pydex.dialects import ix


def decides(ops: Iterable[Operation], block: Block) -> bool:
    """Are there choices among these ops of a block that depend on numbers which it rounds?"""
    choices = (op for op in ops if isinstance(op, arith.CmpfOp | arith.FPToSIOp | arith.FPToUIOp))
    return any(not _is_exact(o, block) for op in choices for o in op.operands)


def _is_exact(value: SSAValue, block: Block) -> bool:
    """Is it read, or from outside, or made of such numbers without a rounding?"""
    op = value.owner
    if not isinstance(op, Operation) or block.find_ancestor_op_in_block(op) is None:
        return True
    match op:
        case arith.ConstantOp():
            return True
        case ix.AtOp():  # what an order-free loop makes may be made again where it is read
            return not isinstance(op.table.owner, ix.ForOp)
        case arith.NegfOp() | math.AbsFOp() | arith.ExtFOp() | arith.MaximumfOp() | arith.MinimumfOp():
            return all(_is_exact(o, block) for o in op.operands)
        case _:
            return False


def feeding(block: Block, values: Iterable[SSAValue]) -> Collection[Operation]:
    """The ops of a block that values depend on."""
    found: set[Operation] = set()
    waiting = list(values)
    while waiting:
        op = waiting.pop().owner
        op = block.find_ancestor_op_in_block(op) if isinstance(op, Operation) else None
        if op is not None and op not in found:
            found.add(op)
            waiting += [o for inner in op.walk() for o in inner.operands]
    return found
