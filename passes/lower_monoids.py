"""Monoids: what reductions and accumulators start from, and how they combine.

`add` and `mul` of floats may be reassociated (that is what order-free means), nothing else is licensed.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydex.passes.lower_scalars import float_literal
from pydex.passes.lower_text import Code, Val
from pydex.passes.lower_vectors import alike, element, lanes_of, vector, with_element

#: The bits of a vector register.
BITS = 512

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
ACROSS_INTEGERS = {"max": "maxsi", "min": "minsi", "umax": "maxui", "umin": "minui"}
ACROSS_FLOATS = {"add": "add", "mul": "mul", "max": "maximumf", "min": "minimumf"}
FLOAT_OPS = {"add": "addf", "mul": "mulf", "max": "maximumf", "min": "minimumf"}


def is_float(type: str) -> bool:
    return element(type) in ("f16", "bf16", "f32", "f64")


def lanes_of_register(cell: str) -> int:
    """How many numbers of a type fit a vector register."""
    bits = 64 if cell == "index" else int(cell.lstrip("bfi"))
    return BITS // max(8, bits)


def identity(code: Code, kind: str, type: str) -> Val:
    """The value that changes nothing; where there is none, the least or greatest of the type."""
    cell = element(type)
    if is_float(type):
        value = {"add": 0.0, "mul": 1.0, "max": float("-inf"), "min": float("inf")}[kind]
        return code.constant(float_literal(value, cell), type)
    bits = 64 if cell == "index" else int(cell[1:])
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
    if cell == "i1":
        return code.constant("true" if numbers[kind] else "false", type)
    return code.constant(str(numbers[kind]), type)


def combine(code: Code, kind: str, a: Val, b: Val) -> Val:
    """a ⊕ b."""
    a, b = alike(code, (a, b))
    type = a.type
    if not is_float(type):
        return code.let(type, f"arith.{INTEGER_OPS[kind]} {{}}, {{}} : {type}", a, b)
    flags = " fastmath<reassoc,contract>" if kind in ("add", "mul") else ""
    return code.let(type, f"arith.{FLOAT_OPS[kind]} {{}}, {{}}{flags} : {type}", a, b)


def widen(code: Code, value: Val, cell: str) -> Val:
    """The value as a float of the wider type, or its lanes."""
    type = with_element(value.type, element(cell))
    return value if value.type == type else code.let(type, f"arith.extf {{}} : {value.type} to {type}", value)


def narrow(code: Code, value: Val, cell: str) -> Val:
    type = with_element(value.type, element(cell))
    return value if value.type == type else code.let(type, f"arith.truncf {{}} : {value.type} to {type}", value)


def across(code: Code, kind: str, value: Val, to: Val | None = None) -> Val:
    """All lanes combined, and combined with `to`."""
    type, cell = value.type, element(value.type)
    name = ACROSS_INTEGERS.get(kind, kind) if not is_float(type) else ACROSS_FLOATS[kind]
    flags = " fastmath<reassoc,contract>" if is_float(type) and kind in ("add", "mul") else ""
    operands = (value,) if to is None else (value, to)
    line = f"vector.reduction <{name}>, {', '.join(['{}'] * len(operands))}{flags} : {type} into {cell}"
    return code.let(cell, line, *operands)


def across_each(code: Code, kind: str, values: Sequence[Val]) -> list[Val]:
    """For each of the vectors all lanes combined: at most as many as a vector has lanes."""
    if len(values) < 2:
        return [across(code, kind, value) for value in values]
    together = across_together(code, kind, values)
    cell, type = element(together.type), together.type
    return [code.let(cell, f"vector.extract {{}}[{k}] : {cell} from {type}", together) for k in range(len(values))]


def across_together(code: Code, kind: str, values: Sequence[Val]) -> Val:
    """The same as one vector (maybe longer): cheaper than one after the other.

    Halves of two vectors are put side by side and combined: [x0 x1 y0 y1] and [x2 x3 y2 y3] give [x02 x13 y02 y13].
    """
    lanes, rest = lanes_of(values[0].type), list(values)
    while len(rest) > 1:
        pairs = zip(rest[::2], [*rest[1::2], rest[-1]], strict=False)
        rest = [_halves(code, kind, x, y, lanes) for x, y in pairs]
        lanes //= 2
    while lanes > 1:
        rest = [_halves(code, kind, rest[0], rest[0], lanes, lanes_of(rest[0].type) // 2)]
        lanes //= 2
    return rest[0]


def _halves(code: Code, kind: str, x: Val, y: Val, lanes: int, keep: int = 0) -> Val:
    """The first half of every block of so many lanes with the second, in x and then in y; the first `keep` of them."""
    starts = [k for k in range(2 * lanes_of(x.type)) if k % lanes < lanes // 2]
    first = starts[:keep] if keep else starts
    type = vector(len(first), element(x.type))
    sides = [
        code.let(type, f"vector.shuffle {{}}, {{}} {[k + at for k in first]} : {x.type}, {y.type}", x, y)
        for at in (0, lanes // 2)
    ]
    return combine(code, kind, *sides)
