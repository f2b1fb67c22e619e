"""How two branches on one condition become one: if c A else A'; if c B else B'  ==>  if c (A; B) else (A'; B')."""

from __future__ import annotations

from xdsl.dialects import scf
from xdsl.ir import Block, Region

from .edit import erase, insert, splice, terminator


def merge_branches(a: scf.IfOp, b: scf.IfOp) -> scf.IfOp:
    """Merge two branches at the place of the second; inside it, results of the first are what its region yields."""
    for op in (a, b):
        if not op.false_region.blocks:
            op.false_region.add_block(Block([scf.YieldOp()]))
    for first, second in zip(a.regions, b.regions, strict=True):
        _append(first.block, second, a)
    merged = scf.IfOp(b.cond, [*a.result_types, *b.result_types], a.detach_region(0), a.detach_region(0))
    insert(merged, b)
    for old, result in zip((*a.results, *b.results), merged.results, strict=True):
        old.replace_all_uses_with(result)
    erase(a)
    erase(b)
    return merged


def _append(block: Block, region: Region, first: scf.IfOp) -> None:
    """Move the ops of a region to the end of the block of the first op that stands for the same outcome."""
    made = terminator(block)
    for result, value in zip(first.results, made.operands, strict=True):
        for use in list(result.uses):
            if region.is_ancestor(use.operation):
                use.operation.operands[use.index] = value
    made.operands = [*made.operands, *splice(region.block, made)]
