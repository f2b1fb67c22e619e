"""licm-rows: what an inner loop computes of its own index alone is computed once, in a table before the outer loop.

    for p. Σ i. (1 / d[i]) * c[i] * a[i, p]     ==>     t = for i. (1 / d[i]) * c[i];   for p. Σ i. t[i] * a[i, p]

Reverse mode makes such loops where it gathers what a step scatters: each cell computes the coefficients of all
iterations again. So do steps in time over cells with coefficients of their own. The table is one row of the inner
loop, and to make it costs what one iteration of the outer loop did. Only where it saves several operations for one
that reads it, and where all the inner loop's set, and what is moved, is known before the outer loop.

Like `licm`, it moves nothing that may raise. What loops inside of the inner one compute stays there.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import AnyFloat, IntegerType, ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import eff, ix

from .edit import insert, new, ops_inside, ops_of
from .fuse_inline import body_slice, op_cost
from .licm import harmless, hoist
from .needs import defined_symbol, needs
from .symbols import Values, clone_all
from .unroll import SIZE

#: To read a number costs 1; so many operations more are worth a table.
WORTH = 4


class LicmRows(ModulePass):
    name: ClassVar[str] = "licm-rows"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        kept = False
        for inner in reversed([o for o in ops_inside(op) if isinstance(o, ix.ForOp)]):  # of a nest, the inner first
            outer = inner.parent_op()
            if isinstance(outer, ix.ForOp | eff.LoopOp) and _is_long(outer) and _is_long(inner):
                kept |= _hoist(inner, outer)
        if kept:
            hoist(op)  # tables may come out of further loops


def _is_long(loop: ix.ForOp | eff.LoopOp) -> bool:
    """Will it be a loop? Those of a few iterations will be straight code."""
    return loop.size.constant is None or loop.size.constant > SIZE


def _hoist(inner: ix.ForOp, outer: ix.ForOp | eff.LoopOp) -> bool:
    """Take out of the outer loop what is worth it; was anything?"""
    body, kept = outer.body.block, False
    symbols = {defined_symbol(op) for op in (outer, *(o for o in ops_of(body) if not o.regions))}
    if not symbols.isdisjoint(inner.size.symbols()):
        return False
    moved = _of_index_alone(inner, body)
    last = inner.body.block.last_op
    for value in list(moved):
        users = [use.operation for use in value.uses]
        if all(user is not last and all(r in moved for r in user.results) for user in users):
            continue  # what it is used for moves, too
        if isinstance(value.type, AnyFloat | IntegerType) and value.type != IntegerType(1) and _is_worth(inner, value):
            _keep(inner, outer, value)
            kept = True
    return kept


def _of_index_alone(inner: ix.ForOp, body: Block) -> dict[SSAValue, None]:
    """The values of the inner body that need only its index, and what is known before the outer loop."""
    found: dict[SSAValue, None] = {}

    def is_known(value: SSAValue) -> bool:
        return value is inner.index or value in found or not body.is_ancestor(value.owner)

    for op in ops_of(inner.body.block)[:-1]:
        if not op.regions and harmless(op) and not needs(op).row and all(map(is_known, op.operands)):
            if not needs(op).symbols and not any(isinstance(r.type, ix.TableType) for r in op.results):
                found.update(dict.fromkeys(op.results))
    return found


def _is_worth(inner: ix.ForOp, value: SSAValue) -> bool:
    ops = body_slice(inner, value)
    return sum(map(op_cost, ops)) - 1 >= WORTH


def _keep(inner: ix.ForOp, outer: Operation, value: SSAValue) -> None:
    """Make a table of the value before the outer loop, and read it."""
    block = Block(arg_types=[inner.index.type])
    values: Values = {inner.index: block.args[0]}
    block.add_ops(clone_all(body_slice(inner, value), values, {}))
    block.add_op(ix.YieldOp([values[value]]))
    type = ix.TableType.over(inner.size, None, value.type)
    made = ix.ForOp(inner.size, ["tab"], [type], body=Region(block))
    table = new(outer, made)
    for op in block.ops:
        op.location = outer.location
    maker = value.owner
    assert isinstance(maker, Operation)
    read = insert(ix.AtOp(table, [inner.index]), maker)
    value.replace_all_uses_with(read.results[0])
