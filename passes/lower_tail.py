"""Loops whose iterations end with functions like exp, of what loops inside have found: the ends of many run together.

    for i { s = for j { … } -> add; yield log(s) }
    ==>  for each block:  for i { s = for j { … } -> add; kept[i] = s };   for i { yield log(kept[i]) }

LLVM vectorises the second loop, where it would have called one function after the other. That matters where the loops
inside are short: a row of 20 products takes the time of one logarithm.

Only where nothing but arithmetic on numbers follows the last loop inside, and the iteration hands on numbers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xdsl.dialects import arith
from xdsl.ir import Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.passes.fuse_inline import is_dear, op_cost
from pydex.passes.lower import Lowering, is_table
from pydex.passes.lower_reductions import Reductions
from pydex.passes.lower_text import Idx, Val, add, minimum, sub
from pydex.passes.lower_unroll import unrolls
from pydex.passes.needs import defined_symbol

#: Iterations whose ends run together, and how many there are at least.
BLOCK = 256
FEW = 16


@dataclass
class Tail:
    """The ops up to the last loop inside, those behind it, and what these need of the others."""

    before: list[Operation]
    after: list[Operation]
    kept: list[SSAValue]


def tail(op: ix.ForOp) -> Tail | None:
    """The parts of such a loop; None of any other."""
    body = list(op.body.block.ops)[:-1]
    end = max((k + 1 for k, o in enumerate(body) if not _is_arithmetic(o, op)), default=0)
    before, after = body[:end], body[end:]
    if not any(map(_has_loop, before)) or not any(map(is_dear, after)) or _is_few(op):
        return None
    if not set(op.kind_names) <= {"tab", *ix.REDUCTIONS} - {"argmax", "argmin"} or any(map(is_table, op.yielded)):
        return None
    if any(defined_symbol(o) is not None and not o.regions for o in body):
        return None
    later = {*op.yielded, *(v for o in after for v in o.operands)}
    made: list[SSAValue] = [r for o in before for r in o.results if r in later and not isinstance(o, arith.ConstantOp)]
    return None if any(map(is_table, made)) else Tail(before, after, made)


def _is_arithmetic(op: Operation, loop: ix.ForOp) -> bool:
    """Numbers of numbers, or read from tables of outside; nothing that has effects."""
    if isinstance(op, ix.AtOp):
        return not is_table(op.result) and not loop.body.block.is_ancestor(op.table.owner)
    return not op.regions and op_cost(op) < float("inf") and not isinstance(op, eff.AddOp | eff.CheckOp)


def _has_loop(op: Operation) -> bool:
    """Does it contain a loop that will not be written out?"""
    loops = [o for o in op.walk() if isinstance(o, ix.ForOp | eff.LoopOp | eff.WhileOp)]
    return any(not isinstance(o, ix.ForOp) or not unrolls(o) for o in loops)


def _is_few(op: ix.ForOp) -> bool:
    return op.size.constant is not None and op.size.constant <= FEW


def run_tail(
    low: Lowering,
    op: ix.ForOp,
    parts: Tail,
    reductions: Reductions,
    lo: Idx,
    hi: Idx,
    iteration: Callable[[Val, Callable[[], None]], Sequence[Val]],
) -> list[Val]:
    """The iterations lo … hi; the values that the reductions carry at the end."""
    code = low.code
    places = [low.target.allocate(low, [BLOCK], v.type, True) for v in parts.kept]

    def keep(i: Val, start: Val) -> list[Val]:
        low.bind(op, i)
        _run(low, parts.before)
        for place, value in zip(places, parts.kept, strict=True):
            low.target.store(low, place, [sub(code, i, start)], low.value(value))
        return []

    def finish(i: Val, now: Sequence[Val], start: Val) -> list[Val]:
        for place, value in zip(places, parts.kept, strict=True):
            low.values[value] = low.target.load(low, place, [sub(code, i, start)])
        values = iteration(i, lambda: _run(low, parts.after))
        return reductions.step_of_block(low, now, values, i, start)

    def block(start: Val, before: list[Val]) -> list[Val]:
        end = code.number(minimum(code, add(code, start, BLOCK), hi))
        low.loop(start, end, [], lambda i, _: keep(i, start))
        values = low.loop(start, end, reductions.first_of_block(low), lambda i, now: finish(i, now, start))
        return reductions.close_block(low, before, values, start, end)

    return low.loop(lo, hi, reductions.first(low, wide=True), block, step=BLOCK)


def _run(low: Lowering, ops: Sequence[Operation]) -> None:
    for op in ops:
        low.rules[type(op)](low, op)
