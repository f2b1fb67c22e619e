"""The transpose of a linear function: reverse mode, whose primal part is dead.

A linear function's reverse reads nothing that depends on what it is linear in, so that is given as zero, and what
is computed from it is left to dce.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import SSAValue

from .ad_emit import Emitter
from .ad_linear import check_linear
from .ad_target import Target
from .ad_vjp import vjp
from .symbols import substitute


def transpose(
    emit: Emitter, target: Target, arguments: Sequence[SSAValue], seeds: Sequence[SSAValue]
) -> tuple[list[SSAValue], list[SSAValue]]:
    """Emit the transpose: no primal results, and the cotangents of what the function is linear in.

    Arguments: those of the function but `wrt`. Seeds: the cotangents of the float results. Raises DexTypeError at the
    op that makes the function not linear.
    """
    check_linear(target)
    others = iter(arguments)
    parameters = target.function.body.block.args
    wrt = set(target.wrt)
    complete = [
        emit.zero(substitute(p.type, target.sizes)) if i in wrt else next(others) for i, p in enumerate(parameters)
    ]
    _, cotangents = vjp(emit, target, complete, seeds)
    return [], cotangents
