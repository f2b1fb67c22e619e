"""Accumulators: cells in memory, written by load, combine, store.

A scalar accumulator is a cell on the stack, which LLVM keeps in a register; that of an f32 sum is an f64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from xdsl.dialects import arith
from xdsl.dialects.builtin import Float32Type, Float64Type
from xdsl.ir import Attribute, SSAValue

from pydex.dialects import eff, ix
from pydex.passes import ix_own
from pydex.passes.lower import Lowering, is_table
from pydex.passes.lower_group import Group
from pydex.passes.lower_monoids import across, combine, identity, is_float, lanes_of_register, narrow, widen
from pydex.passes.lower_text import Code, Val
from pydex.passes.lower_vectors import Index, lanes_of, part_of, select, splat, vector


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
    if op in low.delayed:
        return
    place, indices = cells_of(low, op), low.indices(op.indices)
    if not isinstance(op.value.type, ix.TableType):
        _combine_into(low, op, place, indices, low.value(op.value))
        return
    row, value = low.target.view(low, place, indices), low.places[op.value]
    low.each(op.value.type, lambda at: _combine_into(low, op, row, at, low.target.load(low, value, at)))


def cells_of(low: Lowering, op: eff.AddOp) -> Any:
    """The cells that the op adds to: in lanes, a few that all of them share are kept apart (lower_lanes.py)."""
    group = low.group
    if group is not None and op.accumulator in group.spread and not any(i in group.varying for i in op.indices):
        return group.spread[op.accumulator]
    return low.places[op.accumulator]


def _combine_into(low: Lowering, op: eff.AddOp, place: Any, indices: Any, value: Val) -> None:
    code, group, monoid = low.code, low.group, monoid_of(op)
    cell = low.target.load(low, place, indices)
    if group is not None and not lanes_of(cell.type):
        factors, lanes = _of_all_lanes(low, op, cell.type, value)
        low.target.store(low, place, indices, _with_total(code, monoid, cell, factors, across(code, monoid, lanes)))
        return
    total = combine(code, monoid, cell, widen(code, value, cell.type))
    if group is not None and group.on is not None and place.own:
        total = select(code, group.on, total, cell)
    low.target.store(low, place, indices, total)


def monoid_of(op: eff.AddOp) -> str:
    """What the accumulator combines by."""
    assert isinstance(op.accumulator.type, eff.AccType)
    return op.accumulator.type.monoid.data


#: The factors of a product that are the same in all lanes (None: -1), as values of the program.
Factors: TypeAlias = "list[SSAValue | None]"


def is_shared(low: Lowering, op: eff.AddOp) -> bool:
    """Do all lanes add a number to one cell of outside, that is not kept apart for each of them?"""
    group = low.group
    if group is None or op.accumulator in group.spread or op.accumulator in group.varying:
        return False
    return not any(i in group.varying for i in op.indices) and not isinstance(op.value.type, ix.TableType)


def shared_term(low: Lowering, op: eff.AddOp) -> tuple[Factors, SSAValue]:
    """What a shared add adds: factors that are the same in all lanes, and what they multiply.

    Where AD wrote the add, Σ -(a x) over the lanes, a the same in all, is -(a Σ x): often Σ x does not change in the
    loops inside. An add of the source stays a sum of its terms.
    """
    if op.linear is None or monoid_of(op) != "add" or not is_float(low.target.spell(op.value.type)):
        return [], op.value
    assert low.group is not None
    return _factors(low.group, op.value)


def lanes_of_term(low: Lowering, op: eff.AddOp, term: SSAValue) -> Val:
    """What the lanes of a shared add have for the cell, but for factors: a vector that fits one register."""
    return _lanes_of(low, op, low.target.spell(cells_of(low, op).element), term)


def add_total(
    low: Lowering, monoid: str, place: Any, indices: Sequence[Index], factors: Sequence[Val | None], total: Val
) -> None:
    """`place[indices] ⊕= factors * total`."""
    cell = low.target.load(low, place, indices)
    low.target.store(low, place, indices, _with_total(low.code, monoid, cell, factors, total))


def values_of(low: Lowering, factors: Factors) -> list[Val | None]:
    """The factors as they are here."""
    return [None if factor is None else low.value(factor) for factor in factors]


def _of_all_lanes(low: Lowering, op: eff.AddOp, cell: str, value: Val) -> tuple[Sequence[Val | None], Val]:
    """What the lanes have for a cell of this type: factors, and the vector whose sum they multiply."""
    if isinstance(op.value.type, ix.TableType):
        return [], _in_one_register(low, monoid_of(op), cell, [value])
    factors, term = shared_term(low, op)
    return values_of(low, factors), _lanes_of(low, op, cell, term)


def _lanes_of(low: Lowering, op: eff.AddOp, cell: str, term: SSAValue) -> Val:
    product, monoid, sides = term.owner, monoid_of(op), [term]
    fits = monoid == "add" and low.target.spell(term.type) == cell
    if fits and isinstance(product, arith.MulfOp) and term.has_one_use():  # else the product is there anyway
        sides = [product.lhs, product.rhs]
    return _in_one_register(low, monoid, cell, [low.value(side) for side in sides])


def _in_one_register(low: Lowering, monoid: str, cell: str, product: Sequence[Val]) -> Val:
    """What all lanes have, a value or a product of two, combined until it fits one register.

    Register by register, so that lanes that are off cost nothing: a masked multiply-add leaves them as they are.
    """
    code, group = low.code, low.group
    assert group is not None
    sides = [widen(code, splat(code, side, group.width), cell) for side in product]
    width = min(group.width, lanes_of_register(cell))
    total = identity(code, monoid, vector(width, cell))
    for start in range(0, group.width, width):
        part, *others = [part_of(code, side, start, width) for side in sides]
        for other in others:
            part = code.let(part.type, f"arith.mulf {{}}, {{}} fastmath<contract> : {part.type}", part, other)
        both = combine(code, monoid, total, part) if start else part
        total = both if group.on is None else select(code, part_of(code, group.on, start, width), both, total)
    return total


def _with_total(code: Code, monoid: str, cell: Val, factors: Sequence[Val | None], total: Val) -> Val:
    for factor in factors:
        if factor is None:
            total = code.let(cell.type, f"arith.negf {{}} fastmath<contract> : {cell.type}", total)
        else:
            line = f"arith.mulf {{}}, {{}} fastmath<contract> : {cell.type}"
            total = code.let(cell.type, line, total, widen(code, factor, cell.type))
    return combine(code, monoid, cell, total)


def _factors(group: Group, value: SSAValue) -> tuple[Factors, SSAValue]:
    """The factors of a product that are the same in all lanes, and the rest of it."""
    factors: Factors = []
    while True:
        op = value.owner
        if isinstance(op, arith.NegfOp):
            factors.append(None)
            value = op.operand
            continue
        sides = [(op.lhs, op.rhs), (op.rhs, op.lhs)] if isinstance(op, arith.MulfOp) else []
        same = next(((a, b) for a, b in sides if a not in group.varying and b in group.varying), None)
        if same is None:
            return factors, value
        factors.append(same[0])
        value = same[1]
