"""ad-expand: derivative ops become the code that computes them, innermost first.

    y, x̄ = ad.vjp @f<n> wrt [0] (x) (ȳ)   ==>   the body of f, and its reverse
    y, ẏ = ad.jvp @f<n> wrt [0] (x) (ẋ)   ==>   the body of f with tangents beside its values

Functions are expanded before those that mention them, so a derivative of a derivative finds plain code, simplified.
Calls must have been inlined; `ad.checkpoint` inside a differentiated function is run again in its reverse. The
primal results are emitted too: dce drops what is not needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import ad, ix
from pydex.dialects.text import error_at

from .ad_emit import Emitter
from .ad_vjp import vjp
from .inline import Functions, callees_first, drop_unused
from .symbols import Sizes


class AdExpand(ModulePass):
    name: ClassVar[str] = "ad-expand"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        functions = {f.sym_name.data: f for f in op.ops if isinstance(f, FuncOp)}
        for function in callees_first(functions):
            for derivative in [d for d in function.walk() if isinstance(d, ad.Derivative)]:
                expand(derivative, functions)
        drop_unused(op)


def expand(op: ad.Derivative, functions: Functions) -> None:
    """Replace one derivative op; its callee has no derivative ops left."""
    function = functions[op.callee.root_reference.data]
    sizes = _sizes(op, function)
    wrt = list(op.wrt.iter_values())
    emit = Emitter.before(op)
    results, derivatives = _RULES[type(op)](emit, function, wrt, sizes, op.arguments, op.seeds)
    for old, new in zip(op.results_, [*results, *derivatives], strict=True):
        old.replace_all_uses_with(new)
    op.detach()
    op.erase()


_RULES: dict[type[ad.Derivative], Callable[..., tuple[list[SSAValue], list[SSAValue]]]] = {ad.VjpOp: vjp}


def _sizes(op: ad.Derivative, function: FuncOp) -> Sizes:
    """The callee's size symbols in the terms of the derivative op."""
    header = function.body.block.first_op
    names = [s.data for s in header.symbols] if isinstance(header, ix.SizesOp) else []
    if len(names) != len(op.sizes.data):
        raise error_at(op, f"'{op.name}': {len(op.sizes.data)} sizes for {len(names)} of @{function.sym_name.data}")
    return dict(zip(names, op.sizes.data, strict=True))
