"""The edits that passes share: put an op somewhere, replace one by values, erase one, move a body."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Block, Operation, SSAValue


def blocks(op: Operation) -> list[Block]:
    """The blocks of an op's regions (each region has one, or none)."""
    return [b for r in op.regions for b in r.blocks] if op.regions else []


def ops_of(block: Block) -> list[Operation]:
    """The ops of a block as they are now. (`list(block.ops)` goes through them twice, and slowly.)"""
    found, op = list[Operation](), block.first_op
    while op is not None:
        found.append(op)
        op = op._next_op  # pyright: ignore[reportPrivateUsage]
    return found


def ops_inside(root: Operation) -> list[Operation]:
    """The ops inside an op, in the order of `root.walk()`, which takes several times as long."""
    found = list[Operation]()
    for block in blocks(root):
        for op in ops_of(block):
            found.append(op)
            if op.regions:
                found += ops_inside(op)
    return found


def terminator(block: Block) -> Operation:
    assert block.last_op is not None
    return block.last_op


def insert(op: Operation, near: Operation) -> Operation:
    """Put `op` before `near`, with its location."""
    op.location = near.location
    assert near.parent is not None
    near.parent.insert_op_before(op, near)
    return op


def new(near: Operation, op: Operation) -> SSAValue:
    """The first result of `op`, put before `near` with its location."""
    return insert(op, near).results[0]


def erase(op: Operation) -> None:
    """Take an op out and destroy it. What still uses its results is dead too, or the caller's to mend."""
    op.detach()
    op.erase(safe_erase=False)


def replace(op: Operation, values: Sequence[SSAValue]) -> None:
    """Replace the results of an op, and erase it."""
    for result, value in zip(op.results, values, strict=True):
        result.replace_all_uses_with(value)
    erase(op)


def splice(block: Block, before: Operation) -> list[SSAValue]:
    """Move the ops of a block before an op; the operands of its terminator, which is erased."""
    *body, last = block.ops
    values = list(last.operands)
    erase(last)
    for op in body:
        op.detach()
    assert before.parent is not None
    before.parent.insert_ops_before(body, before)
    return values
