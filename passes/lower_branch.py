"""Branches: `scf.if` with tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.dialects import scf
from xdsl.ir import Block

from pydex.passes import ix_own
from pydex.passes.lower import Frame, Lowering, is_table, terminator


def branch(low: Lowering, op: scf.IfOp) -> None:
    """`scf.if`. Its tables are made, by every branch, in one place: that of an older table which all branches update
    in place, or where the result is wanted."""
    target, code = low.target, low.code
    blocks = [r.block for r in (op.true_region, op.false_region) if r.blocks]
    plans = [_plan(low, op, k) for k in range(len(op.results))]
    types: list[str] = []
    for result, plan in zip(op.results, plans, strict=True):
        types += [target.spell(result.type)] if plan is None else []
    results = code.let_many(types, _header(low, op, types))
    for number, block in enumerate(blocks):
        if number:
            code.do("}} else {{")
        with low.frame() as frame:
            _run_branch(low, block, plans, types, frame)
    code.do("}}")
    rest = iter(results)
    for result, plan in zip(op.results, plans, strict=True):
        if plan is None:
            low.values[result] = next(rest)
        else:
            low.places[result] = plan


def _header(low: Lowering, op: scf.IfOp, types: Sequence[str]) -> str:
    arrow = f" -> ({', '.join(types)})" if types else ""
    return f"scf.if {low.code.use(low.values[op.cond])}{arrow} {{"


def _plan(low: Lowering, op: scf.IfOp, position: int) -> Any:
    """None for a scalar; the place of a table."""
    result = op.results[position]
    if not is_table(result):
        return None
    first = ix_own.origin(result)
    return low.places[first] if first is not result else low.result(result)


def _run_branch(low: Lowering, block: Block, plans: Sequence[Any], types: Sequence[str], frame: Frame) -> None:
    start = low.code.slot()
    yielded = terminator(block) if block.last_op is not None else []
    for value, plan in zip(yielded, plans, strict=True):
        if plan is not None:
            low.want(value, plan)
    low.run(block)
    scalars = []
    for value, plan in zip(yielded, plans, strict=True):
        if plan is None:
            scalars.append(low.values[value])
        else:
            low.deliver(value, plan)
    low.target.leave(low, frame, start)
    if types:
        low.code.do(f"scf.yield {', '.join(['{}'] * len(types))} : {', '.join(types)}", *scalars)
