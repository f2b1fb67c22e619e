"""ix-blocks: what contractions leave between loops over points lives for a block of points.

    h = ix.contract [n, w, d] x[#0, #2], v[#2, #1] -> [#0, #1];  z = for i in n { … h[i, j] … } -> tab;  …
    ==>  ix.blocks b { h = ix.contract [l, w, d] x[#0 + k*b, #2], …;  z = for i in l { … };  … }

`ix-contract` takes contractions out of loops over points, so that vectors of all points stand between loops, which
may be many times what goes in and comes out. Here those loops become one, over blocks (point_groups finds them,
point_blocks makes it). One block has all points where their vectors are small beside the weights they meet.

Constant tables that only one branch of a choice by size begins with are made there.

What it does not do: loops that may fail, or own tables, or look for the place of a maximum; rows whose length depends
on the point; rows that are read by other points, or once more when a sum over all points is known: those are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation
from xdsl.passes import ModulePass

from pydex.dialects import ix
from pydex.dialects.blocks import BlocksOp
from pydex.dialects.contract import ContractOp
from pydex.dialects.sizes import SizeAttr

from .dce import dce
from .edit import blocks, ops_inside, ops_of
from .point_blocks import in_blocks
from .point_groups import Group, group_in
from .point_sums import take_out_sums


@dataclass(frozen=True)
class IxBlocks(ModulePass):
    """Goes through points in blocks. length: points in a block (for tests, whose sizes are small)."""

    name: ClassVar[str] = "ix-blocks"
    length: int = 0

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if not any(isinstance(inner, ContractOp) for inner in op.walk()):
            return
        for fill in [o for o in ops_inside(op) if isinstance(o, ix.FillOp)]:
            _sink(fill)
        if _inside(op, self.length):
            dce(op)


def _sink(fill: ix.FillOp) -> None:
    """Make the table in the branch that all its uses are in."""
    homes = {_branch(use.operation, fill) for use in fill.result.uses}
    home = homes.pop() if len(homes) == 1 else None
    if home is not None and home.first_op is not None:
        fill.detach()
        home.insert_op_before(fill, home.first_op)


def _branch(op: Operation, fill: ix.FillOp) -> Block | None:
    """The branch that an op is in, of a choice that is made in the fill's block."""
    while (block := op.parent) is not fill.parent:
        above = op.parent_op()
        assert block is not None and above is not None
        if above.parent is fill.parent:
            return block if isinstance(above, scf.IfOp) else None
        op = above
    return None


def _inside(root: Operation, length: int) -> bool:
    """Rewrite the blocks of IR inside an op."""
    changed = False
    for block in blocks(root):
        while not isinstance(root, BlocksOp) and (group := group_in(block)) is not None:
            if take_out_sums(group):
                group = group_in(block)
            if group is None or not group.local():
                break
            _in_blocks(group, length)
            changed = True
        for op in ops_of(block):
            changed |= bool(op.regions) and _inside(op, length)
    return changed


def _in_blocks(group: Group, length: int) -> None:
    """By every index that all tables of the group share, one in the other."""
    done: list[SizeAttr] = []
    inner: Group | None = group
    while inner is not None:
        op = in_blocks(inner, length)
        done.append(op.points)
        inner = group_in(op.body.block, done) if inner.again else None
