"""ad-expand: derivative ops become the code that computes them, innermost first.

    y, x̄ = ad.vjp @f<n> wrt [0] (x) (ȳ)   ==>   the body of f, and its reverse
    y, ẏ = ad.jvp @f<n> wrt [0] (x) (ẋ)   ==>   the body of f with tangents beside its values
    x̄ = ad.transpose @f<n> wrt [0] () (ȳ) ==>   the reverse of f, which is linear

Functions are expanded before those that mention them, so a derivative of a derivative finds plain code, simplified.
Calls must have been inlined; `ad.checkpoint` inside a differentiated function is run again in its reverse. The
primal results are emitted too: dce drops what is not needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, TypeAlias

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import ad, eff

from .accum_to_table import convert
from .ad_emit import Emitter
from .ad_jvp import jvp
from .ad_target import Target
from .ad_transpose import transpose
from .ad_vjp import vjp
from .cse import cse
from .dce import dce
from .disown import disown
from .fold import fold
from .inline import Functions, callees_first, drop_unused, inline_call
from .ix_fuse import fuse
from .tape_narrow import narrow


class AdExpand(ModulePass):
    name: ClassVar[str] = "ad-expand"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        functions, order, again = in_order(op)
        for function in order:
            derivatives = [d for d in function.walk() if isinstance(d, ad.Derivative)]
            for derivative in derivatives:
                expand(derivative, functions, function in again)
            if derivatives and function in again:
                _simplify(function)
        for function in order:
            _clean_up(function, functions)
        drop_unused(op)


def in_order(module: ModuleOp) -> tuple[Functions, Sequence[FuncOp], set[FuncOp]]:
    """The functions by name; callees first; those that are differentiated."""
    functions = {f.sym_name.data: f for f in module.ops if isinstance(f, FuncOp)}
    order = callees_first(functions)
    return functions, order, _differentiated(order, functions)


def expand(op: ad.Derivative, functions: Functions, higher: bool) -> None:
    """Replace one derivative op; its callee has no derivative ops left. `higher`: it will be differentiated again."""
    target = Target.of(op, list(op.wrt.iter_values()), functions, higher)
    results, derivatives = _RULES[type(op)](Emitter.before(op), target, op.arguments, op.seeds)
    for old, new in zip(op.results_, [*results, *derivatives], strict=True):
        old.replace_all_uses_with(new)
    op.detach()
    op.erase()


_Rule: TypeAlias = Callable[
    [Emitter, Target, Sequence[SSAValue], Sequence[SSAValue]], tuple[list[SSAValue], list[SSAValue]]
]
_RULES: dict[type[ad.Derivative], _Rule] = {ad.JvpOp: jvp, ad.VjpOp: vjp, ad.TransposeOp: transpose}


def _differentiated(order: Sequence[FuncOp], functions: Functions) -> set[FuncOp]:
    """Functions that some derivative op differentiates, directly or through calls."""
    found: set[FuncOp] = set()
    for function in reversed(order):
        for op in function.walk():
            callee = op.properties.get("callee")
            if isinstance(callee, SymbolRefAttr) and (isinstance(op, ad.Derivative) or function in found):
                found.add(functions[callee.root_reference.data])
    return found


def _simplify(function: FuncOp) -> None:
    """What is differentiated again is made short first: else its text would grow fourfold with each derivative."""
    for step in (fold, cse, dce, disown, fold, dce, narrow, convert, fuse, fold, cse, dce):
        step(function)


def _clean_up(function: FuncOp, functions: Functions) -> None:
    """No derivative is taken any more: ad.stop is the identity, ad.checkpoint a call, which is inlined; loops are
    loops, whatever they were to keep."""
    for op in list(function.walk()):
        if isinstance(op, ad.StopOp):
            op.result.replace_all_uses_with(op.value)
            op.detach()
            op.erase()
        elif isinstance(op, ad.CheckpointOp):
            inline_call(op, functions)
        elif isinstance(op, eff.LoopOp):
            op.keep = op.halving = None
