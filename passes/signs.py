"""What is known of a number's sign: `never_negative(x)` for sums of squares and the like."""

from __future__ import annotations

from math import copysign

from xdsl.dialects import arith, math
from xdsl.ir import OpResult, SSAValue

from pydex.dialects import ix

from .fold_scalar import constant

#: So many ops are looked at, one inside of another.
DEPTH = 12


def never_negative(value: SSAValue, depth: int = DEPTH) -> bool:
    """Whether the float is at least 0, and not -0, or NaN. False: not known."""
    if depth == 0:
        return False
    match value.owner:
        case arith.ConstantOp():
            number = constant(value)
            return number is not None and copysign(1.0, number) > 0
        case arith.MulfOp(lhs=x, rhs=y):
            return x is y or (never_negative(x, depth - 1) and never_negative(y, depth - 1))
        case arith.AddfOp(lhs=x, rhs=y):
            return never_negative(x, depth - 1) and never_negative(y, depth - 1)
        case math.AbsFOp() | math.ExpOp() | math.Exp2Op():
            return True
        case ix.ForOp() as loop:
            assert isinstance(value, OpResult)
            k = value.index
            return loop.kind_names[k] == "add" and never_negative(loop.yielded[k], depth - 1)
        case _:
            return False
