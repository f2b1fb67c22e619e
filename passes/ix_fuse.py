"""ix-fuse: loops that read what other loops make become one, and tables between them disappear.

    merge      for i. f i -> a;  ...;  for i. g a[i] -> b   ==>   for i. (let v = f i; v, g v) -> a, b
    inline     (for i. f i)[k]                              ==>   f k

When (nothing here is a guess about run times; sizes are compared as polynomials):

* merge (`fuse_merge`): two order-free loops over sets of the same size in one block, with no path from the first to
  the second but through elements of tables at the loop's own index, and with something in common: the second reads a
  table the first makes, or both read the same table or write the same accumulator. What an `eff.accum` does not need
  in its region is moved out of it first; around a loop it is widened to hold both. The work does not change. A matrix
  product (a nest of two or more table loops around a sum of products) is left alone: it is lowered as a whole, by a
  kernel that reuses what it loads. Branches on the same condition are merged too.
* inline (`fuse_inline`): the loop is pure, its table is only read element by element, and either no element is
  computed more often than the loop does (reads at distinct places of an order-free nest with at most as many
  iterations), or an element costs no more than a load and two operations. So the work grows at most by a constant, a
  parallel loop never moves into a sequential one unless it is that cheap, and a body that may raise stays.

What is not fused: sequential loops with each other; loops over different sizes other than by inlining.
Blocks are treated from the outside in: loops are merged before their bodies are looked at.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation
from xdsl.passes import ModulePass

from pydex.dialects import eff

from .accum_empty import hoist, sink
from .edit import blocks
from .fuse_inline import inline_block
from .fuse_merge import merge_block


class IxFuse(ModulePass):
    name: ClassVar[str] = "ix-fuse"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        fuse(op)


def fuse(root: Operation) -> None:
    """Fuse loops in every block inside `root`."""
    for block in blocks(root):
        fuse_block(block)


def fuse_block(block: Block) -> None:
    for op in list(block.ops):
        if isinstance(op, eff.AccumOp):
            hoist(op)
            sink(op)
    merge_block(block)
    if inline_block(block):
        merge_block(block)
    for op in block.ops:
        fuse(op)
