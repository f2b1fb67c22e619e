"""`arith.remf`, the remainder of a division of floats that rounds to zero: C's fmod, exact. xDSL's `arith` lacks it."""

from __future__ import annotations

from xdsl.dialects.arith import Arith, FloatingPointLikeBinaryOperation
from xdsl.ir import Dialect
from xdsl.irdl import irdl_op_definition, traits_def
from xdsl.traits import Pure


@irdl_op_definition
class RemfOp(FloatingPointLikeBinaryOperation):
    """x - trunc(x / y) y, of the sign of x; NaN if x is infinite or y is 0.

    Derivative: 1 in x, -trunc(x / y) in y.
    """

    name = "arith.remf"
    traits = traits_def(Pure())


#: All of `arith`.
ARITH = Dialect("arith", [*Arith.operations, RemfOp], [*Arith.attributes])
