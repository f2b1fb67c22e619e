"""Elementary functions as straight-line arith code that LLVM's loop vectoriser takes: no call, no branch, no fast-math.

`module_functions({("exp", "f32")})` is the text of what a module needs; the lowering emits `func.call @pdx_exp_f32`.
The functions are private and always inlined: nothing of them is left when they are unused. Accuracy and speed:
docs/math.md. What it does not do: rounding modes, signalling NaNs, floating-point flags.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from pydex.passes.vector_math import (
    arcs,
    error,
    exponential,
    far,
    hyperbolic,
    logarithm,
    near,
    power,
    roots,
    trigonometric,
)
from pydex.passes.vector_math.format import format_of
from pydex.passes.vector_math.trace import Body, define

# LLVM 24 takes the first, LLVM 22 the second, through the conversion of func to llvm.
INLINE = 'llvm.always_inline, passthrough = ["alwaysinline"], llvm.linkage = #llvm.linkage<internal>'


class Function(NamedTuple):
    """How many arguments, the body, and the largest error in units in the last place, f32 and f64 (tests hold it)."""

    arity: int
    body: Body
    ulp_f32: float
    ulp_f64: float


# Named like the ops of the dialect math (powf is x^y).
FUNCTIONS: dict[str, Function] = {
    "exp": Function(1, exponential.exp, 1.0, 1.0),
    "exp2": Function(1, exponential.exp2, 1.0, 1.0),
    "expm1": Function(1, exponential.expm1, 1.3, 1.3),
    "log": Function(1, logarithm.log, 1.0, 1.0),
    "log2": Function(1, logarithm.log2, 1.0, 1.0),
    "log10": Function(1, logarithm.log10, 1.0, 1.0),
    "log1p": Function(1, logarithm.log1p, 1.0, 1.0),
    "sin": Function(1, trigonometric.sin, 1.0, 1.0),
    "cos": Function(1, trigonometric.cos, 1.0, 1.0),
    "tan": Function(1, trigonometric.tan, 2.2, 2.2),
    "sinh": Function(1, hyperbolic.sinh, 2.3, 2.3),
    "cosh": Function(1, hyperbolic.cosh, 1.5, 1.5),
    "tanh": Function(1, hyperbolic.tanh, 2.2, 2.2),
    "asin": Function(1, arcs.asin, 2.2, 2.2),
    "acos": Function(1, arcs.acos, 1.3, 1.3),
    "atan": Function(1, arcs.atan, 2.0, 2.0),
    "atan2": Function(2, arcs.atan2, 2.1, 2.1),
    "erf": Function(1, error.erf, 1.2, 1.2),
    "erfc": Function(1, error.erfc, 3.7, 3.2),
    "cbrt": Function(1, roots.cbrt, 0.51, 0.51),
    "powf": Function(2, power.powf, 0.51, 1.3),
}


#: What a function of HURRIED is called where a loop waits for its few values: more operations, of which fewer follow
#: one another.
SUFFIX = "_hurried"
HURRIED = frozenset(("exp", "exp2", "expm1", "sinh", "cosh", "tanh"))


def symbol(op: str, element: str) -> str:
    """The function's name: pdx_exp_f32, pdx_exp_v8f64 for vector<8xf64>."""
    return f"pdx_{op}_{format_of(element).suffix}"


def module_functions(needed: Iterable[tuple[str, str]], variants: bool = True, scales: bool = False) -> str:
    """The definitions of the needed (op, element type) pairs and of what they call, as MLIR text; each once.

    The element type is f32, f64, or a vector of them. variants: sin, cos, tan bring what lets LLVM vectorise them on a
    CPU; a GPU needs none. scales: the processor multiplies vectors by powers of two; results are the same. Raises
    KeyError for an op that is not in FUNCTIONS.
    """
    texts: dict[str, str] = {}
    for op, element in sorted(needed):
        texts |= definitions(op, element, variants, scales)
    out_of_line = sorted(name for name, text in texts.items() if text.startswith("llvm.func"))
    if out_of_line and variants:
        texts["llvm.compiler.used"] = far.keep_alive(out_of_line)
    return "\n".join(texts[name] for name in sorted(texts))


@cache
def definitions(op: str, element: str, variants: bool, scales: bool) -> dict[str, str]:
    """The text of one function and of the private functions that it calls, by symbol."""
    fmt = replace(format_of(element), scales=scales, hurried=op.endswith(SUFFIX))
    name = op.removesuffix(SUFFIX)
    body, arity = (alone, 1) if (alone := near.body(name)) else (FUNCTIONS[name].body, FUNCTIONS[name].arity)
    text, calls = define(symbol(op, element), body, fmt, arity, INLINE)
    texts = {symbol(op, element): text}
    for called, called_format in sorted(calls, key=str):
        texts |= far.definitions(called, called_format, variants)
    return texts
