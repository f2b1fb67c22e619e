"""Reductions: what each kind of `ix.for` result, and each monoid of an accumulator, starts from and combines with.

`add` and `mul` of floats may be reassociated (that is what order-free means), nothing else is licensed. f32 sums
are made in blocks: f32 within a block, f64 across blocks, so that 10**7 terms keep six digits.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydex.passes.lower_scalars import float_literal
from pydex.passes.lower_text import Code, Val

#: Terms that are added up in f32 before the sum goes on in f64.
BLOCK = 4096

WINNERS = {"argmax": "max", "argmin": "min"}

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


class Reduction:
    """A reduction of kind ⊕ while its loop is written: the values it carries, and how they combine.

    argmax and argmin carry the best value and its index.
    """

    def __init__(self, code: Code, kind: str, type: str):
        self.kind = kind
        self.type = type
        self.index = code.index
        self.wins = kind in WINNERS
        self.wide = kind == "add" and type == "f32"

    @property
    def width(self) -> int:
        """The number of values carried."""
        return 2 if self.wins else 1

    def start(self, code: Code, wide: bool) -> list[Val]:
        """The values before the first iteration."""
        if self.wins:
            return [identity(code, WINNERS[self.kind], self.type), code.constant("0", self.index)]
        return [identity(code, self.kind, "f64" if wide and self.wide else self.type)]

    def step(self, code: Code, carried: Sequence[Val], value: Val, i: Val) -> list[Val]:
        """One more value, that of iteration i."""
        return self.join(code, carried, [value, i] if self.wins else [value])

    def join(self, code: Code, a: Sequence[Val], b: Sequence[Val]) -> list[Val]:
        """The values of two parts, in order; `b` may be narrower than `a`."""
        if not self.wins:
            return [combine(code, self.kind, a[0], widen(code, b[0], a[0].type))]
        better, pairs = _better(code, self.kind, a[0], b[0]), zip(a, b, strict=True)
        return [code.let(x.type, f"arith.select {{}}, {{}}, {{}} : {x.type}", better, y, x) for x, y in pairs]

    def finish(self, code: Code, carried: Sequence[Val]) -> Val:
        """The result, of the type of the values."""
        if self.wins:
            return carried[1]
        return narrow(code, carried[0], self.type)


def widen(code: Code, value: Val, type: str) -> Val:
    """The value as a float of the wider type."""
    return value if value.type == type else code.let(type, f"arith.extf {{}} : {value.type} to {type}", value)


def narrow(code: Code, value: Val, type: str) -> Val:
    return value if value.type == type else code.let(type, f"arith.truncf {{}} : {value.type} to {type}", value)


def _better(code: Code, kind: str, best: Val, value: Val) -> Val:
    """Does the later value win? Only if it is strictly better, or the first NaN."""
    type, sign = best.type, "gt" if kind == "argmax" else "lt"
    if not is_float(type):
        return code.let("i1", f"arith.cmpi s{sign}, {{}}, {{}} : {type}", value, best)
    beyond = code.let("i1", f"arith.cmpf u{sign}, {{}}, {{}} : {type}", value, best)
    number = code.let("i1", f"arith.cmpf ord, {{}}, {{}} : {type}", best, best)
    return code.let("i1", "arith.andi {}, {} : i1", beyond, number)
