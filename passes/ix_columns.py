"""ix-columns: what a triangle reads of the rows of a table becomes columns, whose neighbours lie side by side.

    for i in n { for j in i { … t[j, 0] … } }
    ==>
    c = for p in n { t[p, 0] -> tab };  for i in n { for j in i { … c[j] … } }

Then the iterations of the inner loop find their numbers in vectors (lower_rows). Only outermost loops whose inner loop
grows and computes so much that the copies, n of n²/2 reads, are paid for; squares have columns from `pair-sums`, or
lanes along the outer loop.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import ix

from .affine import ONE, affine
from .edit import blocks, new, ops_of, replace
from .lower_cost import weight
from .pair_nest import loop_before
from .pair_terms import Column, column_of

#: The operations of an iteration, at least.
LEAST = 12


class IxColumns(ModulePass):
    name: ClassVar[str] = "ix-columns"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        _visit(op)


def _visit(root: Operation) -> None:
    """The outermost loops inside `root`."""
    for block in blocks(root):
        for op in ops_of(block):
            if not isinstance(op, ix.ForOp):
                _visit(op)
                continue
            for inner in ops_of(op.body.block):
                if isinstance(inner, ix.ForOp) and _grows(inner, op):
                    _rewrite(op, inner)


def _grows(inner: ix.ForOp, outer: ix.ForOp) -> bool:
    """Is it a triangle, with a long and straight body?"""
    body = ops_of(inner.body.block)
    if outer.symbol is None or outer.symbol.data not in inner.size.symbols() or any(o.regions for o in body):
        return False
    return sum(weight(o) for o in body if not isinstance(o, ix.AtOp)) >= LEAST


def _rewrite(outer: ix.ForOp, inner: ix.ForOp) -> None:
    """Let the inner loop read columns, made in front of the outer one."""
    body = ops_of(inner.body.block)
    own = {v for o in body for v in o.operands if affine(v).terms.get(inner.index) == ONE}
    reads = [(o, column_of(o, own, outer)) for o in body if isinstance(o, ix.AtOp)]
    columns = {column.key: column for _, column in reads if column is not None}
    tables = {key: _table(column, outer) for key, column in columns.items()}
    for op, column in reads:
        if column is not None:
            replace(op, [new(op, ix.AtOp(tables[column.key], [column.own]))])


def _table(column: Column, near: Operation) -> SSAValue:
    """The column, made in front of an op."""
    assert isinstance(column.own.type, ix.IdxType)
    size = column.own.type.size
    return loop_before(near, size, ["tab"], lambda p, last: [column.element(p, last)]).results[0]
