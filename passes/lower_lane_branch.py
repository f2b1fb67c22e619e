"""Branches that lanes take differently: both sides run, and each lane keeps what its own side gives.

    if c. a else b     ==>     x = any(c) ? a : nothing;  y = any(not c) ? b : nothing;  c ? x : y

While a side runs, the lanes of the other are off. A side that no lane takes is skipped: in it, an index that all
lanes share might be out of range. Sides of a few scalar operations run at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from xdsl.dialects import scf
from xdsl.ir import Block

from pydex.passes import lower_branch
from pydex.passes.lower import Lowering, terminator
from pydex.passes.lower_monoids import is_float
from pydex.passes.lower_text import Val
from pydex.passes.lower_vectors import element, in_any_lane, negation, select

DIVISION = re.compile("div|rem")

#: Sides of at most so many operations run without a test.
FEW = 8


def branch(low: Lowering, op: scf.IfOp) -> None:
    """`scf.if` on a condition that differs from lane to lane."""
    assert low.group is not None
    code, condition = low.code, low.value(op.cond)
    plans = [lower_branch.plan_of(low, op, k) for k in range(len(op.results))]
    with low.group.only(code, condition) as on:
        first = _side(low, op, op.true_region.block, plans, on)
    if not op.false_region.blocks:
        return
    with low.group.only(code, negation(code, condition)) as on:
        second = _side(low, op, op.false_region.block, plans, on)
    chosen = [select(code, condition, yes, no) for yes, no in zip(first, second, strict=True)]
    lower_branch.hand_over(low, op, plans, chosen)


def _side(low: Lowering, op: scf.IfOp, block: Block, plans: Sequence[Any], on: Val) -> list[Val]:
    """One side; its scalars."""
    results = [r for r, plan in zip(op.results, plans, strict=True) if plan is None]
    if len(results) == len(plans) and _is_simple(block):
        low.run(block)
        return [low.handed_on(v, r) for v, r in zip(terminator(block), results, strict=True)]
    code, types = low.code, [low.type_of(r) for r in results]
    arrow = f" -> ({', '.join(types)})" if types else ""
    found = code.let_many(types, f"scf.if {code.use(in_any_lane(code, on))}{arrow} {{")
    with low.frame() as frame:
        lower_branch.run_branch(low, op, block, plans, frame)
    if types:
        code.do("}} else {{")
        with low.frame():
            nothing = [code.constant(_zero(t), t) for t in types]
            code.do(f"scf.yield {', '.join(['{}'] * len(types))} : {', '.join(types)}", *nothing)
    code.do("}}")
    return found


def _zero(type: str) -> str:
    return "0.0" if is_float(type) else "false" if element(type) == "i1" else "0"


def _is_simple(block: Block) -> bool:
    """Only a few cheap operations on scalars?"""
    ops = [op for op in block.ops if op is not block.last_op]
    return len(ops) < FEW and all(op.name.startswith("arith.") and not DIVISION.search(op.name) for op in ops)
