"""Vectors in the text, one value for each lane: their types, what they are made of and what they become.

A rule that lowers a scalar op lowers the same op on vectors too, with the types that these functions tell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple, TypeAlias

from pydex.passes.lower_text import Code, Idx, Val, add, mul


class Spread(NamedTuple):
    """An index number that grows evenly from lane to lane: base + lane * slope."""

    base: Idx
    slope: Idx


#: An index number: the same in all lanes, spread over them, or (a vector) any.
Index: TypeAlias = "Idx | Spread"

VECTOR = re.compile(r"vector<(\d+)x(.+)>")


@cache
def lanes_of(type: str) -> int:
    """How many lanes a type has; 0: it is the type of a scalar."""
    match = VECTOR.fullmatch(type)
    return int(match[1]) if match else 0


@cache
def element(type: str) -> str:
    """The type of one lane."""
    match = VECTOR.fullmatch(type)
    return match[2] if match else type


@cache
def with_element(type: str, element: str) -> str:
    """The type with as many lanes, of other elements."""
    lanes = lanes_of(type)
    return f"vector<{lanes}x{element}>" if lanes else element


def vector(lanes: int, element: str) -> str:
    """The type of so many lanes."""
    return f"vector<{lanes}x{element}>"


def splat(code: Code, value: Idx, lanes: int) -> Val:
    """The value in every lane; a vector stays as it is."""
    value = code.number(value)
    if not lanes or lanes_of(value.type):
        return value
    type = vector(lanes, value.type)
    if value.literal is not None:
        return code.constant(value.literal, type)
    return code.let(type, f"vector.broadcast {{}} : {value.type} to {type}", value)


def part_of(code: Code, value: Val, start: int, lanes: int) -> Val:
    """So many lanes of a vector, from one on."""
    if lanes == lanes_of(value.type):
        return value
    numbers, type = list(range(start, start + lanes)), vector(lanes, element(value.type))
    return code.let(type, f"vector.shuffle {{}}, {{}} {numbers} : {value.type}, {value.type}", value, value)


def alike(code: Code, values: Sequence[Val]) -> list[Val]:
    """The values, all as vectors if one of them is."""
    lanes = max((lanes_of(v.type) for v in values), default=0)
    return [splat(code, v, lanes) for v in values] if lanes else list(values)


def counting(code: Code, lanes: int) -> Val:
    """0, 1, 2, … : the numbers of the lanes."""
    return code.constant(str(list(range(lanes))), f"vector<{lanes}x{code.index}>")


def select(code: Code, condition: Val, yes: Val, no: Val) -> Val:
    """yes where the condition holds, else no."""
    lanes = max(lanes_of(v.type) for v in (condition, yes, no))
    yes, no = splat(code, yes, lanes), splat(code, no, lanes)
    types = f"{condition.type}, {yes.type}" if lanes_of(condition.type) else yes.type
    return code.let(yes.type, f"arith.select {{}}, {{}}, {{}} : {types}", condition, yes, no)


def both(code: Code, a: Val | None, b: Val | None) -> Val | None:
    """a and b; None is true everywhere."""
    if a is None or b is None:
        return a if b is None else b
    return code.let(a.type, f"arith.andi {{}}, {{}} : {a.type}", a, b)


def negation(code: Code, condition: Val) -> Val:
    """Not the condition."""
    return code.let(condition.type, f"arith.xori {{}}, {{}} : {condition.type}", condition, true(code, condition.type))


def true(code: Code, type: str) -> Val:
    """True everywhere."""
    return code.constant("true", type)


def in_any_lane(code: Code, condition: Val) -> Val:
    """Does the condition hold in some lane?"""
    return code.let("i1", f"vector.reduction <or>, {{}} : {condition.type} into i1", condition)


def multiply_add(code: Code, factor: Idx, vector: Val, to: Val | None) -> Val:
    """factor * vector + to, of index numbers."""
    type, lanes = vector.type, lanes_of(vector.type)
    if factor != 1:
        line = f"arith.muli {{}}, {{}} overflow<nsw> : {type}"
        vector = code.let(type, line, vector, splat(code, factor, lanes))
    return vector if to is None else code.let(type, f"arith.addi {{}}, {{}} overflow<nsw> : {type}", vector, to)


class Linear(NamedTuple):
    """A sum of index numbers: base + lane * slope + rest (None: 0), the rest being any vector."""

    base: Idx
    slope: Idx
    rest: Val | None

    def index(self, code: Code) -> Index:
        """The sum as one index number."""
        if self.rest is None:
            return self.base if self.slope == 0 else Spread(self.base, self.slope)
        return as_vector(code, Spread(self.base, self.slope), lanes_of(self.rest.type), self.rest)


def linear(code: Code, start: Linear, terms: Sequence[tuple[Idx, Index]]) -> Linear:
    """The start + the sum of factor * index number."""
    base, slope, rest = start
    for factor, index in terms:
        if isinstance(index, Spread):
            base = add(code, base, mul(code, factor, index.base))
            slope = add(code, slope, mul(code, factor, index.slope))
        elif isinstance(index, Val) and lanes_of(index.type):
            rest = multiply_add(code, factor, index, rest)
        else:
            base = add(code, base, mul(code, factor, index))
    return Linear(base, slope, rest)


def as_vector(code: Code, index: Spread, lanes: int, more: Val | None = None) -> Val:
    """The numbers of all lanes, plus those of a vector."""
    whole = more
    if whole is None or index.slope != 0:
        whole = multiply_add(code, index.slope, counting(code, lanes), more)
    return whole if index.base == 0 else multiply_add(code, 1, whole, splat(code, index.base, lanes))
