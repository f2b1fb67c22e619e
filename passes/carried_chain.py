"""What a sequential loop waits for: the operations between what it carries and what it carries on.

    u = a·x - (b·x)·y,  of carried x and y:  a·x is one operation deep, (b·x)·y two
                                             u is three deep if a·x is fused with the sum, two if (b·x)·y is

Where hardware multiplies and adds in one operation, one product of a sum of two is fused with it. The other,
`early_products`, should be the one that is there first.
"""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.dialects import arith
from xdsl.ir import Block, Operation, SSAValue

Depth = dict[SSAValue, int]


def depths(block: Block, carried: Iterable[SSAValue]) -> Depth:
    """How many operations follow each other at most, up to each value that depends on what is carried."""
    found: Depth = dict.fromkeys(carried, 0)
    _visit(block, found)
    return found


def chain(block: Block, carried: Iterable[SSAValue]) -> int:
    """The depth of what the block yields."""
    assert block.last_op is not None
    return _deepest(block.last_op, depths(block, carried))


def early_products(block: Block, carried: Iterable[SSAValue]) -> set[Operation]:
    """Of sums of two products, those that are not to be fused with it; none where both come at the same time."""
    found: set[Operation] = set()
    depth = depths(block, carried)
    for op in block.ops:
        if _is_sum(op) and all(_is_product_for(o) for o in op.operands) and op.operands[0] is not op.operands[1]:
            first, second = sorted(op.operands, key=lambda o: depth.get(o, 0))
            if depth.get(first, 0) < depth.get(second, 0):
                assert isinstance(first.owner, Operation)
                found.add(first.owner)
    return found


def _visit(block: Block, depth: Depth) -> None:
    for op in block.ops:
        inner = [b for r in op.regions for b in r.blocks]
        for b in inner:
            _visit(b, depth)
        if inner:
            ends = [_deepest(b.last_op, depth) for b in inner if b.last_op is not None]
            deepest = max([_deepest(op, depth), *ends])
        else:
            deepest = _depth_of(op, depth)
        if deepest > 0:
            depth.update(dict.fromkeys(op.results, deepest))


def _depth_of(op: Operation, depth: Depth) -> int:
    """A sum is one operation with the later of the products that are added."""
    known = {o: depth[o] for o in op.operands if o in depth}
    if not known:
        return 0
    products = [o for o in known if _is_sum(op) and _is_product_for(o)]
    if products:
        fused = max(products, key=lambda o: known[o])
        known[fused] -= 1
    return max(known.values()) + 1


def _deepest(op: Operation, depth: Depth) -> int:
    return max((depth.get(o, 0) for o in op.operands), default=0)


def _is_sum(op: Operation) -> bool:
    return isinstance(op, arith.AddfOp | arith.SubfOp)


def _is_product_for(value: SSAValue) -> bool:
    """Is it a product that nothing else uses?"""
    return isinstance(value.owner, arith.MulfOp) and value.has_one_use()
