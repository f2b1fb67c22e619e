"""Reverse mode: the rules of all ops, and its entry."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import scf
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue

from pydex.dialects import eff, ix
from pydex.passes.symbols import Sizes

from . import ad_vjp_loops as loops
from . import ad_vjp_state as state
from . import ad_vjp_tables as tables
from .ad_emit import Emitter
from .ad_reverse import Reverse, Rules

RULES = Rules(
    forward={
        ix.ForOp: loops.forward_for,
        eff.AccumOp: loops.forward_accum,
        eff.LoopOp: state.forward_loop,
    },
    backward={
        ix.AtOp: tables.at,
        ix.UpdateOp: tables.update,
        ix.FillOp: tables.fill,
        ix.PackOp: tables.pack,
        ix.ForOp: loops.backward_for,
        eff.AddOp: tables.add_to_accumulator,
        eff.AccumOp: loops.backward_accum,
        eff.LoopOp: state.backward_loop,
        eff.WhileOp: state.backward_while,
        scf.IfOp: loops.backward_if,
    },
    scalar=tables.scalar,
)


def vjp(
    emit: Emitter,
    function: FuncOp,
    wrt: Sequence[int],
    sizes: Sizes,
    arguments: Sequence[SSAValue],
    seeds: Sequence[SSAValue],
) -> tuple[list[SSAValue], list[SSAValue]]:
    """Emit a function and its reverse: the primal results, and the cotangents of the arguments `wrt`.

    The function has no calls and no derivative ops. `sizes`: its size symbols in terms of where it is emitted.
    """
    return Reverse(function, wrt, RULES).run(emit, sizes, arguments, seeds)
