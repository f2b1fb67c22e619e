"""More results for ops with regions: a value made inside comes out as one result more.

The op is rebuilt around its regions: blocks stay the same objects, the op does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from xdsl.dialects import scf
from xdsl.dialects.builtin import ArrayAttr, StringAttr
from xdsl.ir import Attribute, BlockArgument, Operation, SSAValue

from pydex.dialects import eff, ix

from .edit import erase, insert, terminator


def yield_from_for(op: ix.ForOp, kind: str, value: SSAValue) -> SSAValue:
    """One more result of a loop: the table, or a reduction, of `value`."""
    _yield_also(op.body.block, value)
    kinds = ArrayAttr([*op.kinds, StringAttr(kind)])
    return _rebuild(op, op.operands, len(op.results), op.result_type(kind, value.type), {"kinds": kinds})


def yield_from_loop(op: eff.LoopOp, value: SSAValue) -> SSAValue:
    """One more table of a sequential loop."""
    _yield_also(op.body.block, value)
    return _rebuild(op, op.operands, len(op.results), op.table_type(value.type))


def carry(op: eff.LoopOp | eff.WhileOp, initial: SSAValue, step: Callable[[SSAValue], SSAValue]) -> SSAValue:
    """One more carried value of a sequential loop; `step` makes the next one from it, in the body."""
    count = len(op.initial)
    first = 1 if isinstance(op, eff.LoopOp) else 0
    if isinstance(op, eff.WhileOp):
        op.condition.block.insert_arg(initial.type, count)
    following = step(op.body.block.insert_arg(initial.type, first + count))
    last = terminator(op.body.block)
    last.operands = [*last.operands[:count], following, *last.operands[count:]]
    return _rebuild(op, [*op.operands, initial], count, initial.type)


def yield_from_accum(op: eff.AccumOp, value: SSAValue) -> SSAValue:
    """One more yielded value of an accumulation."""
    _yield_also(op.body.block, value)
    return _rebuild(op, op.operands, len(op.results), value.type)


def accumulate_also(op: eff.AccumOp, initial: SSAValue, monoid: str) -> BlockArgument:
    """One more accumulator."""
    count = len(op.initial)
    accumulator = op.body.block.insert_arg(eff.AccType(StringAttr(monoid), initial.type), count)
    _rebuild(op, [*op.operands, initial], count, initial.type)
    return accumulator


def yield_from_if(op: scf.IfOp, then: SSAValue, otherwise: SSAValue) -> SSAValue:
    """One more result of a branch that has both regions."""
    _yield_also(op.true_region.block, then)
    _yield_also(op.false_region.block, otherwise)
    return _rebuild(op, op.operands, len(op.results), then.type)


def _yield_also(block, value: SSAValue) -> None:
    last = terminator(block)
    last.operands = [*last.operands, value]


def _rebuild(
    op: Operation,
    operands: Sequence[SSAValue],
    at: int,
    type: Attribute,
    properties: Mapping[str, Attribute] | None = None,
) -> SSAValue:
    """The op with a result of this type inserted at a position; the new result."""
    types = list(op.result_types)
    types.insert(at, type)
    widened = op.create(
        operands=list(operands),
        result_types=types,
        properties={**op.properties, **(properties or {})},
        attributes=op.attributes,
        regions=[op.detach_region(0) for _ in op.regions],
    )
    insert(widened, op)
    for k, old in enumerate(op.results):
        result = widened.results[k if k < at else k + 1]
        result.name_hint = old.name_hint
        old.replace_all_uses_with(result)
    erase(op)
    return widened.results[at]
