"""pair-sums: sums over all pairs go through each pair once, where its two orders share most of what they compute.

    s = for i in n { for j in n { e(i, j) -> add } -> tab }
    ==>
    accum s = 0 { for i in n { add s[i], e(i, i) }
                  for i in n { t = for j in i { add s[j], e(j, i); yield e(i, j) -> add };  add s[i], t } }

Forces, potentials and kernels depend on differences and distances, which are the same both ways, or the negative:
`pair_terms` writes e(i, j) and e(j, i) with what they share written once, `pair_nest` the loops. A branch on i != j is
decided: it has one side off the diagonal and one on it. A sum of which only the total is wanted is one of
e(i, j) + e(j, i), without cells.

Only outermost loops, where the new nest has at most PAYS of the operations. Loops of fewer than MANY iterations stay:
their size decides at run time.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import Float32Type, Float64Type, IndexType, IntegerAttr, ModuleOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import eff, ix

from .dce import shrink
from .edit import blocks, erase, insert, new, ops_inside, replace, splice, terminator
from .lower_cost import weight
from .needs import needs
from .pair_nest import PairNest
from .pair_terms import Unpaired
from .simplify import simplify
from .symbols import clone

#: The operations of the pairs are at most such a part of those of the whole square; an add to a cell counts as ADD.
PAYS, ADD = 0.8, 3

#: So many iterations are worth a triangle.
MANY = 144

#: Bodies with so few operations, or so many, are left alone.
LEAST, MOST = 12, 200


class PairSums(ModulePass):
    name: ClassVar[str] = "pair-sums"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if pair_sums(op):
            simplify(op)


def pair_sums(root: Operation) -> bool:
    """Rewrite the outermost loops inside `root`; whether there were any to rewrite."""
    found = False
    for block in blocks(root):
        for op in list(block.ops):
            if isinstance(op, ix.ForOp):
                found |= _dispatch(op)
            elif op.regions:
                found |= pair_sums(op)
    return found


def _dispatch(outer: ix.ForOp) -> bool:
    """Replace the loop by a branch: with pairs if it is long, else as it was."""
    size = outer.size.constant
    if (size is not None and size < MANY) or not _squares(outer):
        return False
    copy = clone(outer, {})
    assert isinstance(copy, ix.ForOp)
    block = _ending_with(copy)
    if not any([_paired(inner) for inner in _squares(copy)]):
        block.drop_all_references()
        return False
    if size is not None:
        replace(outer, splice(block, outer))
        return True
    many = new(outer, arith.ConstantOp(IntegerAttr(MANY, IndexType())))
    is_long = new(outer, arith.CmpiOp(new(outer, ix.SizeOp(outer.size)), many, "sge"))
    branch = insert(scf.IfOp(is_long, outer.result_types, Region(block), Region(Block())), outer)
    for old, result in zip(outer.results, branch.results, strict=True):
        old.replace_all_uses_with(result)
    outer.detach()
    branch.regions[1].detach_block(0)
    branch.regions[1].add_block(_ending_with(outer))
    return True


def _ending_with(op: Operation) -> Block:
    """A side of a branch that gives the results of the op."""
    last = scf.YieldOp(*op.results)
    last.location = op.location
    return Block([op, last])


def _squares(outer: ix.ForOp) -> list[ix.ForOp]:
    """The loops in a loop that sum over all pairs with its index."""
    return [op for op in outer.body.block.ops if isinstance(op, ix.ForOp) and _is_square(outer, op)]


def _is_square(outer: ix.ForOp, inner: ix.ForOp) -> bool:
    """Does the inner loop add up numbers over the same set, in sums and in cells of its own elements?"""
    adds = [op for op in ops_inside(inner) if isinstance(op, eff.AddOp)]
    sums = zip(inner.kind_names, inner.results, strict=True)
    if inner.size != outer.size or not all(k == "add" and _is_float(r.type) for k, r in sums):
        return False
    found = needs(inner)
    outside = all(not isinstance(a.owner, Block) or not outer.is_ancestor(a.owner) for a in found.writes)
    if found.row - {"accum"} or not outside:
        return False
    return all(_is_own(op, inner) for op in adds) and len(ops_inside(inner)) <= MOST


def _is_own(op: eff.AddOp, inner: ix.ForOp) -> bool:
    """Does it add a number to the cell of the inner loop's index?"""
    assert isinstance(op.accumulator.type, eff.AccType)
    is_sum = op.accumulator.type.monoid.data == "add" and _is_float(op.value.type)
    return is_sum and op.parent is inner.body.block and list(op.indices) == [inner.index]


def _is_float(type: Attribute) -> bool:
    return isinstance(type, Float32Type | Float64Type)


def _paired(inner: ix.ForOp) -> bool:
    """Let the sums of a loop be made in front of the loop around, pair by pair; False if it would not pay."""
    outer = inner.parent_op()
    assert isinstance(outer, ix.ForOp)
    totals = {k: t for k, r in enumerate(inner.results) if (t := _total(outer, r)) is not None}
    try:
        nest = PairNest(outer, inner, list(totals))
    except Unpaired:
        return False
    sums = len(inner.results) + len(nest.adds)
    before = _operations(inner) + len(inner.results)
    if before < LEAST or _operations(nest.pairs) + sums > PAYS * 2 * before:
        nest.drop()
        return False
    splice(nest.block, outer)
    for k, result in enumerate(inner.results):
        if k in totals:
            outer.results[totals[k]].replace_all_uses_with(nest.sums[k])
        else:
            result.replace_all_uses_with(new(inner, ix.AtOp(nest.sums[k], [outer.index])))
    if totals:
        shrink(outer, [k not in totals.values() for k in range(len(outer.results))])
    erase(inner)
    return True


def _total(outer: ix.ForOp, sum: SSAValue) -> int | None:
    """The result of the outer loop that adds these sums up, if they serve nothing else."""
    uses = list(sum.uses)
    if len(uses) != 1 or uses[0].operation is not terminator(outer.body.block):
        return None
    return uses[0].index if outer.kind_names[uses[0].index] == "add" else None


def _operations(loop: ix.ForOp) -> float:
    """What an iteration of a loop computes that depends on its index."""
    varying: set[SSAValue] = {loop.index}
    total = 0.0
    for op in ops_inside(loop):
        if op.regions or any(o in varying for o in op.operands):
            varying.update(op.results)
            free = op.regions or isinstance(op, arith.NegfOp | ix.IndexOp)
            total += 0 if free else ADD if isinstance(op, eff.AddOp) else weight(op)
    return total
