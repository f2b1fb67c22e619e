"""Reverse mode: the rules of all ops, and its entry."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith, scf
from xdsl.ir import SSAValue

from pydex.dialects import ad, eff, ix

from . import ad_vjp_keep as keep
from . import ad_vjp_loops as loops
from . import ad_vjp_state as state
from . import ad_vjp_tables as tables
from .ad_emit import Emitter
from .ad_reverse import Reverse, Rules
from .ad_target import Target

RULES = Rules(
    forward={
        ix.ForOp: loops.forward_for,
        eff.AccumOp: loops.forward_accum,
        eff.LoopOp: keep.forward_loop,
    },
    backward={
        arith.DivfOp: tables.divf,
        ix.AtOp: tables.at,
        ix.UpdateOp: tables.update,
        ix.FillOp: tables.fill,
        ix.PackOp: tables.pack,
        ix.ForOp: loops.backward_for,
        eff.AddOp: tables.add_to_accumulator,
        eff.AccumOp: loops.backward_accum,
        eff.LoopOp: keep.backward_loop,
        eff.WhileOp: state.backward_while,
        scf.IfOp: loops.backward_if,
        ad.CheckpointOp: tables.checkpoint,
    },
    scalar=tables.scalar,
)


def vjp(
    emit: Emitter, target: Target, arguments: Sequence[SSAValue], seeds: Sequence[SSAValue]
) -> tuple[list[SSAValue], list[SSAValue]]:
    """Emit a function and its reverse: the primal results, and the cotangents of what is differentiated.

    Seeds: one cotangent for each float result.
    """
    return Reverse(target, RULES).run(emit, arguments, seeds)
