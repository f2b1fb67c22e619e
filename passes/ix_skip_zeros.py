"""ix-skip-zeros: sums over rows of a Jacobian's tangents skip the rows that are zero.

    for v. for d. sum s. a[v, s] * t[d, s, …]
    ==>
    f = all v, s. |a[v, s]| < ∞;  live[d, s] = not f or any … t[d, s, …] ≠ 0
    for v. for d. loop s. if live[d, s]: sum += a[v, s] * t[d, s, …]

Each direction of a Jacobian begins with one number that is not zero, and often reaches few rows of a table: a joint moves
the bones behind it, a weight the layers after it. Which ones is known at run time. The zeros are found as values,
and all numbers they would be multiplied with are looked at once, so each sum is what it was: ±0 times a finite number
adds nothing, and a row with NaN or next to ∞ is not skipped.

Only where t is made in a loop over d that begins with such a seed, where a row gives PRODUCTS sums or more, so that there is
something to skip for a test, and where v is read from an outer loop that shares t.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects import arith, math, scf
from xdsl.dialects.builtin import Float32Type, Float64Type, ModuleOp, i1
from xdsl.ir import Block, Region, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import eff, ix

from .ad_emit import Emitter
from .edit import replace
from .fold_scalar import constant
from .needs import defined_symbol
from .symbols import Values, clone

#: A row must take part in so many sums, and there must be so many directions.
PRODUCTS, DIRECTIONS = 4, 4

#: Sums of more terms are left to the lowering, which knows how to add many numbers.
TERMS = 64


class IxSkipZeros(ModulePass):
    name: ClassVar[str] = "ix-skip-zeros"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for loop in [o for o in op.walk() if isinstance(o, ix.ForOp)]:
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
    if (directions.size.constant or 0) < DIRECTIONS or _names_sizes(outer):
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


def _names_sizes(outer: ix.ForOp) -> bool:
    """Do loops inside depend on each other's indices by their sizes?"""
    return any(defined_symbol(op) is not None for op in outer.walk())


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
    live = _live(site)
    emit, loop = Emitter.before(site.sum), site.sum
    turns = eff.LoopOp(loop.size, [emit.zero(value.type) for value in loop.yielded])
    inner = emit.into(turns.body.block)
    then, otherwise = Block(), Block([scf.YieldOp(*turns.carried)])
    values: Values = {loop.index: turns.index}
    then.add_ops([clone(op, values) for op in loop.body.block.ops if not isinstance(op, ix.YieldOp)])
    last = emit.into(then)
    pairs = zip(turns.carried, loop.yielded, strict=True)
    last.insert(scf.YieldOp(*[last.insert(arith.AddfOp(old, values[value])).result for old, value in pairs]))
    condition = inner.at(live, [site.directions.index, turns.index])
    types = [value.type for value in turns.carried]
    sums = inner.insert(scf.IfOp(condition, types, Region(then), Region(otherwise)))
    replace(loop, list(emit.finish_loop(turns, list(sums.results)).results))


def _live(site: _Site) -> SSAValue:
    """live[d, s], made before the outer loop: is there a number in the row that must not be skipped?"""
    emit = Emitter.before(site.outer)
    finite = emit.constant(1, i1)
    for factor in site.factors:
        loops = [loop for loop in (site.outer, site.sum) if loop.index in factor.indices]
        finite = emit.insert(arith.AndIOp(finite, _nest(emit, loops, "and", [factor], _is_finite))).result
    unsure = emit.insert(arith.XOrIOp(finite, emit.constant(1, i1))).result

    def is_live(inner: Emitter, numbers: Sequence[SSAValue]) -> SSAValue:
        found = unsure
        for number in numbers:
            differs = inner.insert(arith.CmpfOp(number, inner.zero(number.type), "une")).result
            found = inner.insert(arith.OrIOp(found, differs)).result
        return found

    return _nest(emit, [site.directions, site.sum], "tab", list(dict.fromkeys(site.rows)), is_live)


def _is_finite(emit: Emitter, numbers: Sequence[SSAValue]) -> SSAValue:
    (number,) = numbers
    size = emit.insert(math.AbsFOp(number)).result
    return emit.insert(arith.CmpfOp(size, emit.constant(inf, number.type), "olt")).result


def _nest(
    emit: Emitter,
    loops: Sequence[ix.ForOp],
    kind: str,
    reads: Sequence[ix.AtOp],
    value: Callable[[Emitter, Sequence[SSAValue]], SSAValue],
    values: Values | None = None,
) -> SSAValue:
    """What is made of these reads, in loops like these."""
    values = values or {}
    if not loops:
        return value(emit, [emit.insert(clone(read, values)).results[0] for read in reads])
    loop = ix.ForOp(loops[0].size, [], [])
    inner = _nest(
        emit.into(loop.body.block), loops[1:], kind, reads, value, {**values, loops[0].index: loop.index}
    )
    return emit.finish_for(loop, [kind], [inner]).results[0]
