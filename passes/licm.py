"""licm: what is the same in every iteration is computed before the loop.

    for i. (let a = exp x; y[i] * a)   ==>   let a = exp x; for i. y[i] * a

Out of `ix.for`, `eff.loop`, `eff.while` and `eff.accum`, innermost first, whole inner loops included, or the part of
them that is the same (`licm_parts`); out of branches only what costs much (`licm_branches`). A loop may have no
iteration, so only what is harmless is hoisted:

* nothing that may raise, and no integer division but by a constant other than 0 and -1;
* an index (and so what reads by it) only if its range follows from its operands' sets, not from a check or from the
  loop having an iteration; no max, min, argmax, argmin over a set that may be empty; no `while`, which might not end;
* no `ix.fill`, `ix.pack`, `ix.update` alone: a loop updates its own such table in place, a common one it would copy.

Other tables are hoisted: one is kept where each iteration made its own, so no more memory is needed at a time, and the
work is done once.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import eff, ix

from .affine import in_range, never_empty
from .edit import blocks, ops_of
from .fold_scalar import constant
from .licm_branches import hoist_from_branches
from .licm_parts import BY_RESULT, hoist_results
from .needs import defined_symbol, is_independent

_LOOPS = (ix.ForOp, eff.LoopOp, eff.WhileOp, eff.AccumOp)
_KEPT = (ix.FillOp, ix.PackOp, ix.UpdateOp)
_DIVISIONS = (
    *(arith.DivSIOp, arith.DivUIOp, arith.RemSIOp, arith.RemUIOp),
    *(arith.FloorDivSIOp, arith.CeilDivSIOp, arith.CeilDivUIOp),
)


class Licm(ModulePass):
    name: ClassVar[str] = "licm"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        hoist(op)


def hoist(root: Operation) -> None:
    """Hoist out of every loop inside `root`."""
    for block in blocks(root):
        for op in ops_of(block):
            if op.regions:
                hoist(op)
                if isinstance(op, _LOOPS):
                    for body in blocks(op):
                        _hoist_from(body, op)


def _hoist_from(body: Block, loop: Operation) -> None:
    """Move invariant ops of a body before its loop."""
    inside: set[SSAValue] = set(body.args)
    symbols: set[str | None] = {defined_symbol(loop)}
    for op in ops_of(body):
        if op.next_op is not None and op.__class__ not in _KEPT and harmless(op):
            if is_independent(op, inside, symbols):
                op.detach()
                assert loop.parent is not None
                loop.parent.insert_op_before(op, loop)
                continue
        if op.__class__ in BY_RESULT:
            hoist_results(op, inside, symbols, loop, harmless)
        if op.regions and isinstance(op, scf.IfOp) and op.cond not in inside:
            hoist_from_branches(op, inside, symbols, loop, harmless)
        inside.update(op.results)
        if not op.regions:
            symbols.add(defined_symbol(op))


def harmless(op: Operation) -> bool:
    """May the op run where it would not have run? (Effects are not looked at.)"""
    if op.__class__ in _DIVISIONS:
        return constant(op.operands[1]) not in (None, 0, -1)
    if op.__class__ is ix.IndexOp:
        return in_range(op)  # pyright: ignore[reportArgumentType]
    if not op.regions:
        return True
    if isinstance(op, eff.WhileOp):
        return False
    if isinstance(op, ix.ForOp) and {"max", "min", "umax", "umin", "argmax", "argmin"} & set(op.kind_names):
        if not never_empty(op.size):
            return False
    return all(harmless(inner) for block in blocks(op) for inner in block.ops if inner.next_op is not None)
