"""Ops on tables and indices: reads are loads or views, an update is a store."""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue

from pydex.dialects import ix
from pydex.passes import ix_own
from pydex.passes.lower import Lowering, is_table
from pydex.passes.lower_lanes import read_place
from pydex.passes.lower_vectors import Linear, Spread, linear


def nothing(low: Lowering, op: Operation) -> None:
    """Ops that only say something about sizes, bound by the function's header."""


def size_of(low: Lowering, op: ix.SizeOp) -> None:
    low.values[op.result] = low.code.number(low.size(op.size))


def open_(low: Lowering, op: ix.OpenOp) -> None:
    low.define(op.symbol.data, low.value(op.value))


def name(low: Lowering, op: ix.NameOp) -> None:
    low.values[op.result] = low.values[op.index]
    if not isinstance(ordinal := low.values[op.index], Spread):
        low.define(op.symbol.data, ordinal)


def ordinal(low: Lowering, op: ix.OrdOp) -> None:
    low.values[op.result] = low.values[op.index]


def index(low: Lowering, op: ix.IndexOp) -> None:
    """The affine form; it is in range, so nothing can overflow."""
    terms = [(low.size(coef), low.values[operand]) for coef, operand in zip(op.coefs, op.operands_, strict=True)]
    total = linear(low.code, Linear(low.size(op.offset), 0, None), terms).index(low.code)
    low.values[op.result] = total if isinstance(total, Spread) else low.code.number(total)


def at(low: Lowering, op: ix.AtOp) -> None:
    """An element is loaded; a sub-table is a view."""
    place, values = read_place(low, op)
    indices = low.indices(values)
    if is_table(op.result):
        low.places[op.result] = low.target.view(low, place, indices)
    else:
        low.values[op.result] = low.target.load(low, place, indices)


def update(low: Lowering, op: ix.UpdateOp) -> None:
    """A store, into the old table or a copy of it."""
    place = low.take_over(op.table, op.result, ix_own.in_place(op)[0])
    low.places[op.result] = place
    indices = low.indices(op.indices)
    if is_table(op.value):
        part = low.parts.get(op)
        low.deliver(op.value, low.target.view(low, place, indices) if part is None else part)
    else:
        low.target.store(low, place, indices, low.value(op.value))


def fill(low: Lowering, op: ix.FillOp) -> None:
    place = low.places[op.result] = low.result(op.result)
    low.fill(op.result.type, place, low.value(op.value))


def pack(low: Lowering, op: ix.PackOp) -> None:
    """The values side by side."""
    if _stays_apart(low, op):
        return
    place = low.places[op.result] = low.result(op.result)
    for position, value in enumerate(op.values):
        _put_at(low, value, place, position)


def _stays_apart(low: Lowering, op: ix.PackOp) -> bool:
    """In lanes, tables that loops make for nothing but a row that is yielded go there from where they are made."""
    if low.group is None or op.result in low.wanted or not all(map(_is_made_here, op.values)):
        return False
    uses = [use.operation for use in op.result.uses]
    return len(uses) == 1 and isinstance(uses[0], ix.YieldOp) and uses[0].parent is op.parent


def _is_made_here(value: SSAValue) -> bool:
    """Is it a table of its own, which nobody else may read or update?"""
    loop = value.owner
    return isinstance(loop, ix.ForOp) and loop.kind_names[loop.results.index(value)] == "tab" and value.has_one_use()


def _put_at(low: Lowering, value: SSAValue, place: object, position: int) -> None:
    if is_table(value):
        low.put(value, low.target.view(low, place, [position]))
    else:
        low.target.store(low, place, [position], low.value(value))
