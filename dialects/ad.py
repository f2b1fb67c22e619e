"""The `ad` dialect: derivatives, as ops on functions. After the `ad-*` passes none is left.

`wrt` are the positions of the arguments to differentiate; they and the results with a tangent hold floats (scalars
or tables). Captured values are explicit operands. Gradients, Jacobians and Hessians are built of these by the
frontend; `linearize(f)(x)` is `ad.jvp` at kept inputs.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import DenseArrayBase, StringAttr, SymbolRefAttr, i64
from xdsl.ir import Attribute, Dialect, SSAValue
from xdsl.irdl import (
    AnyAttr,
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from .sizes import SizeAttr, SizeListAttr


class Derivative(IRDLOperation):
    """What the derivative ops share: a callee with its sizes, primal arguments, and tangents or cotangents."""

    arguments = var_operand_def(AnyAttr())
    seeds = var_operand_def(AnyAttr())
    callee = prop_def(SymbolRefAttr)
    sizes = prop_def(SizeListAttr)
    wrt = prop_def(DenseArrayBase.constr(i64))
    results_ = var_result_def(AnyAttr())
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    assembly_format = (
        "$callee $sizes `wrt` $wrt `(` ($arguments^ `:` type($arguments))? `)`"
        " `(` ($seeds^ `:` type($seeds))? `)` attr-dict `->` type($results_)"
    )

    def __init__(
        self,
        callee: str,
        sizes: Sequence[SizeAttr],
        wrt: Sequence[int],
        arguments: Sequence[SSAValue],
        seeds: Sequence[SSAValue],
        result_types: Sequence[Attribute],
    ):
        super().__init__(
            operands=[arguments, seeds],
            properties={
                "callee": SymbolRefAttr(callee),
                "sizes": SizeListAttr(tuple(sizes)),
                "wrt": DenseArrayBase.from_list(i64, wrt),
            },
            result_types=[result_types],
        )


@irdl_op_definition
class JvpOp(Derivative):
    """Forward mode. Seeds: one tangent for each of `wrt`. Results: those of the callee, then the tangents of its
    float results."""

    name = "ad.jvp"


@irdl_op_definition
class VjpOp(Derivative):
    """Reverse mode. Seeds: one cotangent for each float result. Results: those of the callee, then the cotangents
    of `wrt`."""

    name = "ad.vjp"


@irdl_op_definition
class TransposeOp(Derivative):
    """The transpose of a function that is linear in `wrt` (checked). Arguments: all of the callee but `wrt`.
    Seeds: the cotangents of its float results. Results: the cotangents of `wrt`."""

    name = "ad.transpose"


@irdl_op_definition
class CheckpointOp(IRDLOperation):
    """A call of which reverse mode keeps the arguments only, and runs it again. Elsewhere: the call.

    With a policy it is run again piece by piece: of the states of its sequential loops reverse mode keeps about √n
    ("sqrt"), log2 n ("log"), or every k-th (a number).
    """

    name = "ad.checkpoint"
    arguments = var_operand_def(AnyAttr())
    callee = prop_def(SymbolRefAttr)
    sizes = prop_def(SizeListAttr)
    policy = opt_prop_def(StringAttr)
    results_ = var_result_def(AnyAttr())
    assembly_format = (
        "$callee $sizes (`policy` $policy^)? `(` $arguments `)` attr-dict"
        " `:` functional-type($arguments, $results_)"
    )

    def __init__(
        self,
        callee: str,
        sizes: Sequence[SizeAttr],
        arguments: Sequence[SSAValue],
        result_types: Sequence[Attribute],
        policy: str | None = None,
    ):
        super().__init__(
            operands=[arguments],
            properties={
                "callee": SymbolRefAttr(callee),
                "sizes": SizeListAttr(tuple(sizes)),
                **({"policy": StringAttr(policy)} if policy is not None else {}),
            },
            result_types=[result_types],
        )

    def verify_(self) -> None:
        policy = self.policy.data if self.policy is not None else "sqrt"
        if policy not in ("sqrt", "log") and not (policy.isdecimal() and int(policy) > 0):
            raise VerifyException(f"a policy is sqrt, log, or a positive number of steps, found {policy!r}")


@irdl_op_definition
class StopOp(IRDLOperation):
    """The identity, with derivative zero."""

    name = "ad.stop"
    value = operand_def(AnyAttr())
    result = result_def(AnyAttr())
    traits = traits_def(Pure())
    assembly_format = "$value attr-dict `:` type($value) `->` type($result)"

    def __init__(self, value: SSAValue):
        super().__init__(operands=[value], result_types=[SSAValue.get(value).type])


Ad = Dialect("ad", [JvpOp, VjpOp, TransposeOp, CheckpointOp, StopOp], [])
