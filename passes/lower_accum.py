"""Accumulators: cells in memory, written by load, combine, store.

A scalar accumulator is a cell on the stack, which LLVM keeps in a register; that of an f32 sum is an f64.
"""

from __future__ import annotations

from typing import Any

from xdsl.dialects.builtin import Float32Type, Float64Type
from xdsl.ir import Attribute

from pydex.dialects import eff, ix
from pydex.passes import ix_own
from pydex.passes.lower import Lowering, is_table
from pydex.passes.lower_monoids import combine, narrow, widen
from pydex.passes.lower_vectors import select


def cell_type(content: Attribute, monoid: str) -> Attribute:
    """What a scalar accumulator is kept as."""
    return Float64Type() if isinstance(content, Float32Type) and monoid == "add" else content


def accumulate(low: Lowering, op: eff.AccumOp) -> None:
    """`eff.accum`: the initial contents become the cells; the region runs; the cells are the results."""
    count = len(op.initial)
    for result, value in zip(op.results_[count:], op.yielded, strict=True):
        if is_table(value) and result in low.wanted:
            low.want(value, low.wanted[result])
    flags = iter(ix_own.in_place(op))
    for first, arg, result, monoid in zip(op.initial, op.accumulators, op.results_, op.monoids, strict=False):
        if is_table(first):
            low.places[arg] = low.take_over(first, result, next(flags))
        else:
            cell = cell_type(first.type, monoid)
            low.places[arg] = low.target.allocate(low, [], cell, True)
            start = widen(low.code, low.value(first), low.target.spell(cell))
            low.target.store(low, low.places[arg], [], start)
    low.run(op.body.block)
    for arg, result in zip(op.accumulators, op.results_, strict=False):
        if is_table(result):
            low.places[result] = low.places[arg]
        else:
            total = low.target.load(low, low.places[arg], [])
            low.values[result] = narrow(low.code, total, low.target.spell(result.type))
    for result, value in zip(op.results_[count:], op.yielded, strict=True):
        if is_table(value):
            low.places[result] = low.places[value]
        else:
            low.values[result] = low.values[value]


def add(low: Lowering, op: eff.AddOp) -> None:
    """`acc[i] ⊕= v`, element by element where v is a table."""
    accumulator = op.accumulator.type
    assert isinstance(accumulator, eff.AccType)
    place, indices = cells_of(low, op), low.indices(op.indices)
    monoid = accumulator.monoid.data
    if not isinstance(op.value.type, ix.TableType):
        _combine_into(low, monoid, place, indices, low.value(op.value))
        return
    row, value = low.target.view(low, place, indices), low.places[op.value]
    low.each(op.value.type, lambda at: _combine_into(low, monoid, row, at, low.target.load(low, value, at)))


def cells_of(low: Lowering, op: eff.AddOp) -> Any:
    """The cells that the op adds to: in lanes, those that all of them share are kept apart (lower_lanes.py)."""
    group = low.group
    if group is not None and op.accumulator in group.spread and not any(i in group.varying for i in op.indices):
        return group.spread[op.accumulator]
    return low.places[op.accumulator]


def _combine_into(low: Lowering, monoid: str, place: Any, indices: Any, value: Any) -> None:
    cell = low.target.load(low, place, indices)
    total = combine(low.code, monoid, cell, widen(low.code, value, cell.type))
    if low.group is not None and low.group.on is not None and place.own:
        total = select(low.code, low.group.on, total, cell)
    low.target.store(low, place, indices, total)
