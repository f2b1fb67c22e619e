"""Elementary functions as straight-line arith code that LLVM's loop vectoriser takes: no call, no branch, no fast-math.

`module_functions({("exp", "f32")})` is the text of what a module needs; the lowering emits `func.call @pdx_exp_f32`.
The functions are private and always inlined: nothing of them is left when they are unused. Accuracy and speed:
docs/math.md. What it does not do: rounding modes, signalling NaNs, floating-point flags.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from pydex.passes.vector_math import arcs, error, exponential, far, hyperbolic, logarithm, power, roots, trigonometric
from pydex.passes.vector_math.trace import Body, define, format_of

INLINE = "llvm.always_inline, llvm.no_unwind, llvm.linkage = #llvm.linkage<internal>"


class Function(NamedTuple):
    """How many arguments, and the body."""

    arity: int
    body: Body


FUNCTIONS: dict[str, Function] = {
    "exp": Function(1, exponential.exp),
    "exp2": Function(1, exponential.exp2),
    "expm1": Function(1, exponential.expm1),
    "log": Function(1, logarithm.log),
    "log2": Function(1, logarithm.log2),
    "log10": Function(1, logarithm.log10),
    "log1p": Function(1, logarithm.log1p),
    "sin": Function(1, trigonometric.sin),
    "cos": Function(1, trigonometric.cos),
    "tan": Function(1, trigonometric.tan),
    "sinh": Function(1, hyperbolic.sinh),
    "cosh": Function(1, hyperbolic.cosh),
    "tanh": Function(1, hyperbolic.tanh),
    "asin": Function(1, arcs.asin),
    "acos": Function(1, arcs.acos),
    "atan": Function(1, arcs.atan),
    "atan2": Function(2, arcs.atan2),
    "erf": Function(1, error.erf),
    "erfc": Function(1, error.erfc),
    "cbrt": Function(1, roots.cbrt),
    "pow": Function(2, power.pow),
}


def symbol(op: str, element: str) -> str:
    """The function's name: pdx_exp_f32, pdx_exp_v8f64 for vector<8xf64>."""
    return f"pdx_{op}_{format_of(element).suffix}"


def module_functions(needed: Iterable[tuple[str, str]]) -> str:
    """The definitions of the needed (op, element type) pairs and of what they call, as MLIR text; each once.

    The element type is f32, f64, or a vector of them. Raises KeyError for an op that is not in FUNCTIONS.
    """
    texts: dict[str, str] = {}
    for op, element in sorted(needed):
        texts |= definitions(op, element)
    out_of_line = sorted(name for name, text in texts.items() if text.startswith("llvm.func"))
    if out_of_line:
        texts["llvm.compiler.used"] = far.keep_alive(out_of_line)
    return "\n".join(texts[name] for name in sorted(texts))


@cache
def definitions(op: str, element: str) -> dict[str, str]:
    """The text of one function and of the private functions that it calls, by symbol."""
    fmt = format_of(element)
    function = FUNCTIONS[op]
    text, needs = define(symbol(op, element), function.body, fmt, function.arity, INLINE)
    texts = {symbol(op, element): text}
    for far_op, far_format in sorted(needs, key=str):
        texts |= far.definitions(far_op, far_format)
    return texts
