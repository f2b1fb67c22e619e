"""Sums over points are taken out of loops that do more with them, so that they can be made block by block.

    for j { u = for i { z[i, j] … } -> add;  … u … }
    ==>  t = for j { for i { z[i, j] … } -> add } -> tab;  for j { … t[j] … }

where z is a table of rows that would die with its block but for that. Sums of f32 become f64 in t.
"""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.dialects.builtin import Float32Type, f64
from xdsl.ir import Block, Operation, SSAValue

from pydex.dialects import ix

from .contract_nest import Nest, Refused
from .edit import erase
from .point_groups import Group, nested


def take_out_sums(group: Group) -> bool:
    """Take out the sums over points that keep rows of the group from being local. Was there one?"""
    found = False
    for table, position in group.rows().items():
        for loop in dict.fromkeys(group.summed_after(table, position)):
            found |= _take_out(loop, _home(table))
    return found


def _home(table: SSAValue) -> Block:
    assert isinstance(table.owner, Operation) and table.owner.parent is not None
    return table.owner.parent


def _take_out(loop: ix.ForOp, home: Block) -> bool:
    """Make tables of the results of a loop, in front of those around it, unless these hand them on as they are."""
    around = [loop]
    while around[0].parent is not home:
        outer = around[0].parent_op()
        if not isinstance(outer, ix.ForOp):
            return False
        around.insert(0, outer)
    if any(member.loop is loop for member in nested(around[0])):
        return False
    nest, sums = Nest(around[:-1]), [_wide(loop, r) for r in loop.results_ if r.first_use is not None]
    try:
        for value in sums:
            nest.hoisted(value)
    except Refused:
        return False
    for op in dict.fromkeys([*(value.owner for value in sums), loop]):
        assert isinstance(op, Operation)
        erase(op)
    return True


def _wide(loop: ix.ForOp, result: SSAValue) -> SSAValue:
    """The sum as f64; what uses it rounds that."""
    if not isinstance(result.type, Float32Type):
        return result
    wide = arith.ExtFOp(result, f64)
    narrow = arith.TruncFOp(wide.result, result.type)
    result.replace_all_uses_with(narrow.result)
    wide.operands[0] = result
    for op, before in ((wide, loop), (narrow, wide)):
        op.location = loop.location
        assert before.parent is not None
        before.parent.insert_op_after(op, before)
    return wide.result
