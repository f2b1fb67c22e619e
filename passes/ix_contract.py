"""ix-contract: sums of products of two tables, over rectangular nests of loops, become `ix.contract`.

    for i in n. for j in m. sum k in l. a[i, k] * b[k, j]
    ==>  if n * m * l is large { ix.contract [n, m, l] %a[#0, #2], %b[#2, #1] -> [#0, #1] } else { the loops }

So do adds of such a product to an accumulator, which reverse mode makes. What matters is which loops the two factors
depend on: each on some that the other does not (rows, columns), both on some that are summed over (terms). A factor
that is no element of a table outside of the nest, but computed in it, gets a table in front of the nest
(`contract_nest`); what the nest does with the sum stays where it is, and reads it from a table. So a body that makes
vectors from vectors, for each point, becomes products of matrices between loops over points.

Small ones, down to matrices in registers, stay loops: sizes decide at run time. With `always` the loops are given up
(tests need this: their sizes are small).

What it does not do: sums over triangles and other sets that depend on an index; products of integers; a product of
three, unless two of them make up one factor as it is written (multiplication is not reassociated); anything that
depends on what may raise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import mul
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import eff, ix

from .contract_build import WORK, Plan, analyse, is_large, rewrite
from .contract_nest import Refused
from .contract_sites import sites
from .cse import cse
from .dce import dce
from .edit import blocks, insert, new, replace, splice
from .eta import eta
from .fold import fold
from .symbols import clone


@dataclass(frozen=True)
class IxContract(ModulePass):
    """Makes contractions of loops."""

    name: ClassVar[str] = "ix-contract"
    always: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if next(sites(op), None) is not None:
            fold(op)
            cse(op)
            dce(op)
            contract(op, self.always)


def contract(root: Operation, always: bool) -> None:
    """Rewrite the outermost loops and accumulations inside `root` that contain contractions."""
    for block in blocks(root):
        for op in list(block.ops):
            if op.regions and not (isinstance(op, ix.ForOp | eff.AccumOp) and _dispatch(op, always)):
                contract(op, always)


def _dispatch(op: ix.ForOp | eff.AccumOp, always: bool) -> bool:
    """Replace `op` by a branch: with contractions if one of them is large, else as it was."""
    if _next(op, set(), always) is None:
        return False
    block = Block()
    copy = clone(op, {})
    block.add_op(copy)
    made = _contract_all(copy, always)
    if not made:
        block.drop_all_references()
        return False
    _with_yield(block, copy)
    eta(copy)
    assert op.parent is not None
    if always or any(is_large(plan) for plan in made):
        replace(op, splice(block, op))
        return True
    tests = [_test(plan, op) for plan in made]
    condition = reduce(lambda a, b: new(op, arith.OrIOp(a, b)), tests)
    otherwise = Block()
    branch = insert(scf.IfOp(condition, op.result_types, Region(block), Region(otherwise)), op)
    for old, result in zip(op.results, branch.results, strict=True):
        old.replace_all_uses_with(result)
    op.detach()
    otherwise.add_op(op)
    _with_yield(otherwise, op)
    return True


def _with_yield(block: Block, op: Operation) -> Block:
    last = scf.YieldOp(*op.results)
    last.location = op.location
    block.add_op(last)
    return block


def _next(root: Operation, refused: set[Operation], always: bool) -> Plan | None:
    """The first site that can be rewritten; products of others are noted."""
    for site in sites(root):
        if site.product not in refused:
            try:
                return analyse(site, root, always)
            except Refused:
                refused.add(site.product)
    return None


def _contract_all(root: Operation, always: bool) -> list[Plan]:
    """Rewrite the sites inside `root`, one after the other: a sum may be in the factor of a later one."""
    made: list[Plan] = []
    refused: set[Operation] = set()
    while (plan := _next(root, refused, always)) is not None:
        refused.add(plan.site.product)
        try:
            rewrite(plan)
            made.append(plan)
        except Refused:
            pass
    return made


def _test(plan: Plan, near: Operation) -> SSAValue:
    """Is the contraction large?"""
    work = new(near, ix.SizeOp(reduce(mul, plan.extents)))
    return new(near, arith.CmpiOp(work, new(near, arith.ConstantOp(IntegerAttr(WORK, IndexType()))), "sge"))
