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
    """For each of the vectors all lanes combined."""
    if len(values) < 2:
        return [across(code, kind, value) for value in values]
    found, many = list[Val](), sums_in_a_vector(values[0].type)
    for start in range(0, len(values), many):
        some = values[start : start + many]
        together = across_together(code, kind, some)
        cell, type = element(together.type), together.type
        found += [code.let(cell, f"vector.extract {{}}[{k}] : {cell} from {type}", together) for k in range(len(some))]
    return found


def sums_in_a_vector(type: str) -> int:
    """Of how many vectors of this type the lanes can be combined together."""
    return lanes_of(type) // 2


def across_together(code: Code, kind: str, values: Sequence[Val]) -> Val:
    """The same as one vector (maybe longer), at most of `sums_in_a_vector`: cheaper than one after the other.

    First each one's halves are combined: half a register, of which many processors do two at a time. Then [x0 x1 x2 x3]
    and [y0 y1 y2 y3] give [x0 x1 y2 y3] ⊕ [x2 x3 y0 y1], of which the first is a blend; two such, x and y in one and z
    and w in the other, by pairs instead of halves [x z y w].
    """
    lanes = lanes_of(values[0].type)
    rest = [_folded(code, kind, value, lanes) for value in values]
    rest += [rest[-1]] * ((1 << (len(rest) - 1).bit_length()) - len(rest))
    lanes //= 2
    while len(rest) > 1:
        half = len(rest) // 2
        rest = [_exchanged(code, kind, x, y, lanes) for x, y in zip(rest[:half], rest[half:], strict=True)]
        lanes //= 2
    while lanes > 1:
        rest = [_folded(code, kind, rest[0], lanes)]
        lanes //= 2
    return rest[0]


def _exchanged(code: Code, kind: str, x: Val, y: Val, lanes: int) -> Val:
    """Blocks of so many lanes: the halves of one of x, combined, then those of one of y."""
    many = lanes_of(x.type)
    in_first_half = [k % lanes < lanes // 2 for k in range(many)]
    kept = [k if first else many + k for k, first in enumerate(in_first_half)]
    moved = [k + lanes // 2 if first else many + k - lanes // 2 for k, first in enumerate(in_first_half)]
    return combine(code, kind, *(_shuffled(code, x, y, numbers) for numbers in (kept, moved)))


def _folded(code: Code, kind: str, x: Val, lanes: int) -> Val:
    """Blocks of so many lanes: both halves, combined."""
    first = [k for k in range(lanes_of(x.type)) if k % lanes < lanes // 2]
    return combine(code, kind, *(_shuffled(code, x, x, [k + at for k in first]) for at in (0, lanes // 2)))


def _shuffled(code: Code, x: Val, y: Val, numbers: Sequence[int]) -> Val:
    type = vector(len(numbers), element(x.type))
    return code.let(type, f"vector.shuffle {{}}, {{}} {list(numbers)} : {x.type}, {y.type}", x, y)
