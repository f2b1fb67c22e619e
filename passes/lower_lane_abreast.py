"""How many groups of lanes run a `while` abreast, if they end at different times: `abreast(op, varying, width)`.

    for j in m. { a; while (c) { b }; d }         four groups: one loop whose turns are those of all four

The operations of a turn wait for each other; those of other groups fill the gaps. As many as the registers have room
for, and not where a turn is long: all groups wait for the lane that ends last.
"""

from __future__ import annotations

from xdsl.dialects import scf
from xdsl.ir import Operation

from pydex.dialects import eff, ix
from pydex.passes.lower_cost import weight
from pydex.passes.lower_jam_choice import is_scalar, registers_of
from pydex.passes.lower_varying import Varying

#: So many groups may run abreast, the better first.
MANY = (4, 2)

#: The vector registers that they may fill, of 32, and the operations of all their turns together.
ROOM, TURN = 20, 128


def abreast(op: ix.ForOp, varying: Varying, width: int) -> int:
    """How many groups; 1: each by itself, as where iterations make tables."""
    loops = [o for o in op.body.block.ops if isinstance(o, eff.WhileOp) and varying.has_varying_trips(o)]
    if not loops or not all(map(_is_simple, op.body.walk())) or "own" in op.kind_names:
        return 1
    most, work = max(_registers(o, varying, width) for o in loops), max(sum(map(weight, o.walk())) for o in loops)
    return next((m for m in MANY if m * most <= ROOM and m * work <= TURN), 1)


def _is_simple(op: Operation) -> bool:
    return isinstance(op, eff.WhileOp | eff.ConditionOp | scf.IfOp) or is_scalar(op) and not isinstance(op, ix.ForOp)


def _registers(op: eff.WhileOp, varying: Varying, width: int) -> int:
    """The vectors of a group that stay in registers during the loop."""
    inside = {v for o in op.walk() for v in o.results} | {a for r in op.regions for a in r.block.args}
    used = {v for o in op.walk() if o is not op for v in o.operands if v in varying and v not in inside}
    return sum(registers_of(v, width) for v in (*used, *op.body.block.args))
