"""Forward mode: the rules of all ops, and its entry."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith, scf
from xdsl.ir import SSAValue

from pydex.dialects import ad, eff, ix

from . import ad_jvp_loops as loops
from . import ad_jvp_tables as tables
from .ad_emit import Emitter
from .ad_forward import Forward, Rules
from .ad_target import Target

RULES = Rules(
    structural={
        arith.SelectOp: tables.select,
        ix.AtOp: tables.at,
        ix.UpdateOp: tables.update,
        ix.FillOp: tables.fill,
        ix.PackOp: tables.pack,
        ix.ForOp: loops.for_,
        eff.AddOp: tables.add,
        eff.AccumOp: loops.accum,
        eff.LoopOp: loops.loop,
        eff.WhileOp: loops.while_,
        scf.IfOp: loops.if_,
        ad.CheckpointOp: tables.checkpoint,
    },
    scalar=tables.scalar,
)


def jvp(
    emit: Emitter, target: Target, arguments: Sequence[SSAValue], seeds: Sequence[SSAValue]
) -> tuple[list[SSAValue], list[SSAValue]]:
    """Emit a function with its tangents: the primal results, and the tangents of the float results.

    Seeds: one tangent for each argument that is differentiated.
    """
    return Forward(target, RULES).run(emit, arguments, seeds)
