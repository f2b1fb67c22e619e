"""ix-skip-zeros: sums over rows of a Jacobian's tangents skip the rows that are zero.

    for v. for d. sum s. a[v, s] * t[d, s, …]
    ==>
    live[d] = the s where any … t[d, s, …] ≠ 0, or all s if there is a v, s with a[v, s] = ±∞ or NaN
    for v. for d. sum s in live[d]. a[v, s] * t[d, s, …]

Each direction of a Jacobian begins with one number that is not zero, and often reaches few rows of a table: a joint
moves the bones behind it, a control point the curve near it. Which ones is known at run time. The zeros are found as
values, and all numbers that they would be multiplied with are looked at once, so each sum is what it was: ±0 times a
finite number adds nothing, and no row is skipped where a factor is not finite.

Only where t is made in a loop over d that begins with such a seed, and where a row takes part in PRODUCTS sums or more,
so that a look at it pays. What it does not do: look for zeros where the loop over d is the outer one (see ix-sink).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects import arith, math
from xdsl.dialects.builtin import Float32Type, Float64Type, IndexType, ModuleOp, i1
from xdsl.ir import Block, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr

from .ad_emit import Emitter
from .edit import ops_inside, replace
from .fold_scalar import constant
from .needs import defined_symbol
from .symbols import Values, clone, fresh

#: A row must take part in so many sums, and there must be so many directions.
PRODUCTS, DIRECTIONS = 4, 4

#: Sums of more terms are left to the lowering, which knows how to add many numbers.
TERMS = 64


class IxSkipZeros(ModulePass):
    name: ClassVar[str] = "ix-skip-zeros"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for loop in [o for o in ops_inside(op) if isinstance(o, ix.ForOp)]:
            site = _site(loop)
            if site is not None:
                _rewrite(site)


@dataclass(frozen=True)
class _Site:
    """`for outer. for directions. sum`, with what the products read."""

    outer: ix.ForOp
    directions: ix.ForOp
    sum: ix.ForOp
    rows: Sequence[ix.AtOp]  # of tangents
    factors: Sequence[ix.AtOp]  # of what they are multiplied with


def _site(loop: ix.ForOp) -> _Site | None:
    """The sum as a site, if it is one."""
    directions = loop.parent_op()
    outer = directions.parent_op() if directions is not None else None
    if not (isinstance(directions, ix.ForOp) and isinstance(outer, ix.ForOp) and _is_sum(loop)):
        return None
    if (directions.size.constant or 0) < DIRECTIONS or _depends(outer, directions, loop):
        return None
    rows: list[ix.AtOp] = []
    factors: list[ix.AtOp] = []
    for product in loop.yielded:
        if not isinstance(product.owner, arith.MulfOp):
            return None
        row = next((v for v in product.owner.operands if _is_row(v, outer, directions, loop)), None)
        factor = next((v for v in product.owner.operands if v is not row), None)
        if row is None or factor is None or not _is_read(factor, outer, (outer.index, loop.index)):
            return None
        assert isinstance(row.owner, ix.AtOp) and isinstance(factor.owner, ix.AtOp)
        rows.append(row.owner)
        factors.append(factor.owner)
    return _Site(outer, directions, loop, rows, list(dict.fromkeys(factors)))


def _is_sum(loop: ix.ForOp) -> bool:
    """Is it a loop of products alone, added up?"""
    few = loop.size.constant is not None and 1 < loop.size.constant <= TERMS
    plain = all(isinstance(op, ix.AtOp | arith.MulfOp | ix.YieldOp) for op in loop.body.block.ops)
    floats = all(isinstance(v.type, Float32Type | Float64Type) for v in loop.yielded)
    return few and plain and floats and set(loop.kind_names) == {"add"} and len(loop.yielded) >= PRODUCTS


def _depends(outer: ix.ForOp, *loops: ix.ForOp) -> bool:
    """Do sizes of the loops depend on what is in the outer one?"""
    inside = {defined_symbol(op) for op in outer.walk()}
    return any(not inside.isdisjoint(loop.size.symbols()) for loop in (outer, *loops))


def _is_row(value: SSAValue, outer: ix.ForOp, directions: ix.ForOp, loop: ix.ForOp) -> bool:
    """Is it t[d, s, …], of tangents that the outer loop shares?"""
    indices = (directions.index, loop.index)
    if not _is_read(value, outer, indices):
        return False
    assert isinstance(value.owner, ix.AtOp)
    return set(indices) <= set(value.owner.indices) and _is_seeded(value.owner.table)


def _is_read(value: SSAValue, outer: ix.ForOp, indices: Sequence[SSAValue]) -> bool:
    """Is it read from a table of outside, by some of these indices and ones of outside?"""
    read = value.owner
    if not isinstance(read, ix.AtOp):
        return False
    return all(v in indices or _is_outside(v, outer) for v in (read.table, *read.indices))


def _is_outside(value: SSAValue, outer: ix.ForOp) -> bool:
    owner = value.owner
    parent = owner.parent_op() if isinstance(owner, Block) else owner
    return parent is None or not outer.is_ancestor(parent)


def _is_seeded(table: SSAValue) -> bool:
    """Is it made in a loop over directions that begins with zeros and one number for each?"""
    loop = table.owner
    if not isinstance(loop, ix.ForOp):
        return False
    return any(
        isinstance(op, ix.UpdateOp)
        and list(op.indices) == [loop.index]
        and isinstance(fill := op.table.owner, ix.FillOp)
        and constant(fill.value) == 0
        for op in loop.body.block.ops
    )


def _rewrite(site: _Site) -> None:
    counts, lists = _lists(site)
    emit, loop = Emitter.before(site.sum), site.sum
    symbol = fresh("live")
    emit.insert(ix.OpenOp(emit.at(counts, [site.directions.index]), symbol))
    short = ix.ForOp(SizeAttr.of(symbol), [], [])
    inner = emit.into(short.body.block)
    place = inner.insert(ix.IndexOp([short.index], [1], 0, loop.size)).result
    values: Values = {loop.index: inner.at(lists, [site.directions.index, place])}
    short.body.block.add_ops([clone(op, values) for op in loop.body.block.ops if not isinstance(op, ix.YieldOp)])
    replace(loop, list(emit.finish_for(short, loop.kind_names, [values[v] for v in loop.yielded]).results))


def _lists(site: _Site) -> Sequence[SSAValue]:
    """For each direction how many rows its sums must not skip, and which; what follows in a list is not read."""
    emit = Emitter.before(site.outer)
    unsure = _any_not_finite(emit, site)
    loop = ix.ForOp(site.directions.size, [], [])
    each = emit.into(loop.body.block)
    size = site.sum.size
    first = each.insert(ix.IndexOp([], [], 0, size)).result
    listed = each.insert(ix.FillOp(first, ix.TableType.over(size, None, first.type))).result
    turns = eff.LoopOp(size, [each.constant(0, IndexType()), listed])
    count, listed = turns.carried
    turn = each.into(turns.body.block)
    place = turn.insert(ix.IndexOp([count], [1], 0, size)).result
    listed = turn.update(listed, [place], turns.index)
    live = unsure
    for row in dict.fromkeys(site.rows):
        number = turn.insert(clone(row, {site.directions.index: loop.index, site.sum.index: turns.index})).results[0]
        differs = turn.insert(arith.CmpfOp(number, turn.zero(number.type), "une")).result
        live = turn.insert(arith.OrIOp(live, differs)).result
    one, none = turn.constant(1, IndexType()), turn.constant(0, IndexType())
    count = turn.insert(arith.AddiOp(count, turn.select(live, one, none))).result
    made = each.finish_loop(turns, [count, listed])
    return emit.finish_for(loop, ["tab", "tab"], list(made.results)).results


def _any_not_finite(emit: Emitter, site: _Site) -> SSAValue:
    """Might a row of zeros be multiplied with NaN or ∞?"""
    found = emit.constant(0, i1)
    for factor in site.factors:
        loops = [loop for loop in (site.outer, site.sum) if loop.index in factor.indices]
        found = emit.insert(arith.OrIOp(found, _any(emit, loops, factor, {}))).result
    return found


def _any(emit: Emitter, loops: Sequence[ix.ForOp], read: ix.AtOp, values: Values) -> SSAValue:
    if not loops:
        number = emit.insert(clone(read, values)).results[0]
        size = emit.insert(math.AbsFOp(number)).result
        return emit.insert(arith.CmpfOp(size, emit.constant(inf, number.type), "uge")).result
    loop = ix.ForOp(loops[0].size, [], [])
    found = _any(emit.into(loop.body.block), loops[1:], read, {**values, loops[0].index: loop.index})
    return emit.finish_for(loop, ["or"], [found]).results[0]
