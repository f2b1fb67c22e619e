"""Branches: `scf.if` with tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.dialects import scf
from xdsl.ir import Block

from pydex.passes import ix_own, lower_lane_branch
from pydex.passes.lower import Frame, Lowering, is_table, terminator
from pydex.passes.lower_text import Val
from pydex.passes.lower_vectors import lanes_of


def branch(low: Lowering, op: scf.IfOp) -> None:
    """`scf.if`. Its tables are made, by every branch, in one place: that of an older table which all branches update
    in place, or where the result is wanted."""
    if lanes_of(low.value(op.cond).type):
        lower_lane_branch.branch(low, op)
        return
    code = low.code
    blocks = [r.block for r in (op.true_region, op.false_region) if r.blocks]
    plans = [plan_of(low, op, k) for k in range(len(op.results))]
    types = [low.type_of(result) for result, plan in zip(op.results, plans, strict=True) if plan is None]
    results = code.let_many(types, _header(low, op, types))
    for number, block in enumerate(blocks):
        if number:
            code.do("}} else {{")
        with low.frame() as frame:
            run_branch(low, op, block, plans, frame)
    code.do("}}")
    hand_over(low, op, plans, results)


def hand_over(low: Lowering, op: scf.IfOp, plans: Sequence[Any], scalars: Sequence[Val]) -> None:
    """The results: the places of tables, and scalars."""
    rest = iter(scalars)
    for result, plan in zip(op.results, plans, strict=True):
        if plan is None:
            low.values[result] = next(rest)
        else:
            low.places[result] = plan


def _header(low: Lowering, op: scf.IfOp, types: Sequence[str]) -> str:
    arrow = f" -> ({', '.join(types)})" if types else ""
    return f"scf.if {low.code.use(low.value(op.cond))}{arrow} {{"


def plan_of(low: Lowering, op: scf.IfOp, position: int) -> Any:
    """None for a scalar; the place of a table."""
    result = op.results[position]
    if not is_table(result):
        return None
    first = ix_own.origin(result)
    return low.places[first] if first is not result else low.result(result)


def run_branch(low: Lowering, op: scf.IfOp, block: Block, plans: Sequence[Any], frame: Frame) -> None:
    """One side, up to what it hands on."""
    start = low.code.slot()
    yielded = terminator(block) if block.last_op is not None else []
    for value, plan in zip(yielded, plans, strict=True):
        if plan is not None:
            low.want(value, plan)
    low.run(block)
    scalars = []
    for value, plan, result in zip(yielded, plans, op.results, strict=True):
        if plan is None:
            scalars.append(low.handed_on(value, result))
        else:
            low.deliver(value, plan)
    low.target.leave(low, frame, start)
    if scalars:
        types = ", ".join(v.type for v in scalars)
        low.code.do(f"scf.yield {', '.join(['{}'] * len(scalars))} : {types}", *scalars)
