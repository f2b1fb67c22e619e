"""Where the best of some values is: the first position, or that of the first NaN, which is always best.

    limit = the number next to best, on the side of what is worse;  position = min over i of (i if v[i] beyond limit)

One comparison finds both: "beyond, or unordered". Only the best values are beyond the number next to them. Next to
-inf, of a maximum, is a pattern that is a NaN, which everything is unordered with: there all values are equal. If the
best is NaN, the limit is inf, and only NaNs are unordered with that. Positions are i32, of which a register has many.
"""

from __future__ import annotations

from collections.abc import Callable

from pydex.passes.lower import Lowering
from pydex.passes.lower_monoids import is_float
from pydex.passes.lower_scalars import convert_index, float_literal
from pydex.passes.lower_text import Code, Idx, Val
from pydex.passes.lower_vectors import select


def first_position(low: Lowering, kind: str, best: Val, count: Idx, none: int, read: Callable[[Val], Val]) -> Val:
    """The first of `count` positions where the best is read, the max or min of all values; `none` if there is none."""
    code, type = low.code, best.type
    limit, nowhere = best, code.constant(str(none), "i32")
    compare = f"arith.cmpi eq, {{}}, {{}} : {type}"
    if is_float(type):
        limit = _next_worse(code, kind, best)
        compare = f"arith.cmpf {'ugt' if kind == 'max' else 'ult'}, {{}}, {{}} : {type}"

    def one(i: Val, now: list[Val]) -> list[Val]:
        hit = code.let("i1", compare, read(i), limit)
        here = select(code, hit, convert_index(low, i, "i32", False), nowhere)
        return [code.let("i32", "arith.minsi {}, {} : i32", now[0], here)]

    return convert_index(low, low.loop(0, count, [nowhere], one)[0], code.index, False)


def _next_worse(code: Code, kind: str, best: Val) -> Val:
    """The number below the best of a maximum, above that of a minimum; for NaN inf or -inf."""
    type, down = best.type, kind == "max"
    bits = f"i{type.lstrip('bf')}"

    def number(value: float) -> Val:
        return code.constant(float_literal(value, type), type)

    def integer(value: int) -> Val:
        return code.constant(str(value), bits)

    pattern = code.let(bits, f"arith.bitcast {{}} : {type} to {bits}", best)
    negative = code.let("i1", f"arith.cmpi slt, {{}}, {{}} : {bits}", pattern, integer(0))
    away, towards = integer(1), integer(-1)  # from zero
    step = select(code, negative, away, towards) if down else select(code, negative, towards, away)
    moved = code.let(bits, f"arith.addi {{}}, {{}} : {bits}", pattern, step)
    least = integer(1 - 2 ** (int(bits[1:]) - 1) if down else 1)
    zero = code.let("i1", f"arith.cmpf oeq, {{}}, {{}} : {type}", best, number(0.0))
    worse = code.let(type, f"arith.bitcast {{}} : {bits} to {type}", select(code, zero, least, moved))
    nan = code.let("i1", f"arith.cmpf uno, {{}}, {{}} : {type}", best, best)
    return select(code, nan, number(float("inf" if down else "-inf")), worse)
