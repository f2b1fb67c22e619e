"""Monoids: what reductions and accumulators start from, and how they combine.

`add` and `mul` of floats may be reassociated (that is what order-free means), nothing else is licensed.
"""

from __future__ import annotations

from pydex.passes.lower_scalars import float_literal
from pydex.passes.lower_text import Code, Val

INTEGER_OPS = {
    "add": "addi",
    "mul": "muli",
    "max": "maxsi",
    "min": "minsi",
    "umax": "maxui",
    "umin": "minui",
    "and": "andi",
    "or": "ori",
}
FLOAT_OPS = {"add": "addf", "mul": "mulf", "max": "maximumf", "min": "minimumf"}


def is_float(type: str) -> bool:
    return type in ("f16", "bf16", "f32", "f64")


def identity(code: Code, kind: str, type: str) -> Val:
    """The value that changes nothing; where there is none, the least or greatest of the type."""
    if is_float(type):
        value = {"add": 0.0, "mul": 1.0, "max": float("-inf"), "min": float("inf")}[kind]
        return code.constant(float_literal(value, type), type)
    bits = 64 if type == "index" else int(type[1:])
    numbers = {
        "add": 0,
        "mul": 1,
        "or": 0,
        "and": -1,
        "umax": 0,
        "umin": -1,
        "max": -(2 ** (bits - 1)),
        "min": 2 ** (bits - 1) - 1,
    }
    if type == "i1":
        return code.constant("true" if numbers[kind] else "false", type)
    return code.constant(str(numbers[kind]), type)


def combine(code: Code, kind: str, a: Val, b: Val) -> Val:
    """a ⊕ b."""
    type = a.type
    if not is_float(type):
        return code.let(type, f"arith.{INTEGER_OPS[kind]} {{}}, {{}} : {type}", a, b)
    flags = " fastmath<reassoc,contract>" if kind in ("add", "mul") else ""
    return code.let(type, f"arith.{FLOAT_OPS[kind]} {{}}, {{}}{flags} : {type}", a, b)


def widen(code: Code, value: Val, type: str) -> Val:
    """The value as a float of the wider type."""
    return value if value.type == type else code.let(type, f"arith.extf {{}} : {value.type} to {type}", value)


def narrow(code: Code, value: Val, type: str) -> Val:
    return value if value.type == type else code.let(type, f"arith.truncf {{}} : {value.type} to {type}", value)
