"""licm out of branches: what costs most in them and does not vary is computed before the loop, under their condition.

    for d. if c (exp a * x[d]) …   ==>   e = if c (exp a) 0;  for d. if c (e * x[d]) …

Functions, divisions and loops, with what these need; only if the condition does not vary either.
"""

from __future__ import annotations

from xdsl.dialects import arith, math, scf
from xdsl.dialects.builtin import AnyFloat
from xdsl.ir import Block, Operation, Region, SSAValue

from pydex.dialects import ix

from .cost_units import is_elementary
from .edit import blocks
from .licm_parts import Harmless
from .monoids import identity
from .needs import defined_symbol, needs


def hoist_from_branches(
    op: scf.IfOp, inside: set[SSAValue], symbols: set[str | None], loop: Operation, harmless: Harmless
) -> None:
    """What costs most in the branches and does not vary is computed before the loop, where the condition holds."""
    for k, block in enumerate(blocks(op)):
        moved = _costly(block, inside, symbols, harmless)
        made = [r for part in moved for r in part.results if any(not _is_in(use.operation, moved) for use in r.uses)]
        if not made or not all(isinstance(r.type, AnyFloat) for r in made):
            continue
        assert loop.parent is not None
        zeros = [identity("add", r.type, loop) for r in made]
        for part in moved:
            part.detach()
        sides = Region(Block([*moved, scf.YieldOp(*made)])), Region(Block([scf.YieldOp(*zeros)]))
        early = scf.IfOp(op.cond, [r.type for r in made], sides[k], sides[1 - k])
        early.location = op.location
        loop.parent.insert_op_before(early, loop)
        for result, value in zip(made, early.results, strict=True):
            result.replace_uses_with_if(value, lambda use, early=early: not _is_in(use.operation, [early]))


def _is_in(op: Operation | None, outer: list[Operation]) -> bool:
    """Whether it is one of these ops, or inside of one."""
    while op is not None and op not in outer:
        op = op.parent_op()
    return op is not None


def _costly(block: Block, inside: set[SSAValue], symbols: set[str | None], harmless: Harmless) -> list[Operation]:
    """The ops of a branch that cost much and do not vary, with those that they need, in order."""
    varies, sizes = set(inside), set(symbols)
    same: list[Operation] = []
    for op in block.ops:
        found = needs(op)
        known = varies.isdisjoint(found.values) and sizes.isdisjoint(found.symbols)
        if op.next_op is not None and known and found.pure and harmless(op):
            same.append(op)
        else:
            varies.update(op.results)
            sizes.add(defined_symbol(op))
    wanted: set[SSAValue] = set()
    moved = []
    for op in reversed(same):
        if _costs_much(op) or not wanted.isdisjoint(op.results):
            wanted |= needs(op).values
            moved.append(op)
    return moved[::-1]


def _costs_much(op: Operation) -> bool:
    return is_elementary(op) or isinstance(op, arith.DivfOp | math.SqrtOp | ix.ForOp)
