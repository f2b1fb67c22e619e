"""A table of another table's elements, in their order, is that table:  for i. for j. t[i, j]  ==>  t."""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue

from pydex.dialects import ix

from .edit import blocks, new


def eta(root: Operation) -> None:
    """Whoever reads such a table of `root`, or inside it, reads the other one; inner loops first. The loops are left,
    for dead code elimination."""
    for op in (inner for block in blocks(root) for inner in list(block.ops)):
        if op.regions:
            eta(op)
    if isinstance(root, ix.ForOp):
        for kind, value, result in zip(root.kind_names, root.yielded, root.results_, strict=True):
            if kind == "tab" and (table := _copied(root, value)) is not None and table.type == result.type:
                result.replace_all_uses_with(table)


def _copied(loop: ix.ForOp, value: SSAValue) -> SSAValue | None:
    """The table from outside of the loop whose element at the loop's index the value is."""
    read = value.owner
    if not isinstance(read, ix.AtOp) or read.indices[-1] is not loop.index:
        return None
    rest = list(read.indices)[:-1]
    if any(_is_inside(v, loop) for v in (read.table, *rest)):
        return None
    return new(loop, ix.AtOp(read.table, rest)) if rest else read.table


def _is_inside(value: SSAValue, loop: ix.ForOp) -> bool:
    return loop.body.block.is_ancestor(value.owner)
