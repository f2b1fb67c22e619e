"""Reads go before writes: a read of the old version of a table that stands after its update is moved before it.

    %b = ix.update %a[%i], %v           %w = ix.at %a[%j]
    %w = ix.at %a[%j]             ==>   %b = ix.update %a[%i], %v

Then nobody needs the old version any more, and `ix-own` updates in place instead of copying the table. What the read
needs moves with it, if that is free of effects.

What it does not do: move loops, or reads out of them.
"""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, OpResult, SSAValue

from pydex.dialects import eff, ix

from .edit import ops_inside
from .needs import defined_symbol, needs


def read_first(module: ModuleOp) -> None:
    """Rewrite every function of the module."""
    for update in [op for op in ops_inside(module) if isinstance(op, ix.UpdateOp)]:
        for use in list(update.table.uses):
            read = use.operation
            if isinstance(read, ix.AtOp) and use.index == 0 and read.parent is update.parent:
                _move_before(read, update)


def _move_before(read: ix.AtOp, update: ix.UpdateOp) -> None:
    if read is update or not update.is_before_in_block(read):
        return
    moved: dict[Operation, None] = {}
    if not _collect(read, update, moved):
        return
    defined = _symbols_between(update, read)
    if any(needs(op).symbols & defined for op in moved):
        return
    for op in moved:
        op.detach()
        assert update.parent is not None
        update.parent.insert_op_before(op, update)


def _collect(op: Operation, update: ix.UpdateOp, moved: dict[Operation, None]) -> bool:
    """Add to `moved`, operands first, what stands after the update and is needed for `op`; whether it may move."""
    if op is update or op.regions or eff.effects(op):
        return False
    for operand in op.operands:
        owner = _owner_after(operand, update)
        if owner is not None and owner not in moved and not _collect(owner, update, moved):
            return False
    moved[op] = None
    return True


def _owner_after(value: SSAValue, update: ix.UpdateOp) -> Operation | None:
    """The op that makes the value, if it is the update or stands after it."""
    if not isinstance(value, OpResult) or value.op.parent is not update.parent:
        return None
    return value.op if value.op is update or update.is_before_in_block(value.op) else None


def _symbols_between(update: ix.UpdateOp, read: ix.AtOp) -> set[str]:
    found: set[str] = set()
    op = update.next_op
    while op is not None and op is not read:
        symbol = defined_symbol(op)
        found |= {symbol} if symbol else set()
        op = op.next_op
    return found
