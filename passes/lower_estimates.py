"""s ** (-k/2) from estimates of the processor: in the lanes of vectors, where a root and a division wait.

    y = estimate of 1/√s     e = 1 - s y²         s ** -0.5  ==>  y (1 + e/2 …)
                                                  s ** -1    ==>  y² (1 + e …)
                                                  s ** -1.5  ==>  y y² (1 + 3/2 e …)
                                                  s ** -2.5  ==>  s ** -1.5 · s ** -1
    f32, where s ** -1 is needed, too:
    x = estimate of 1/s      r = x (2 - s x)      s ** -1  ==>  r        s ** -1.5  ==>  r √r

Estimates have 14 good bits. The brackets are the first terms of (1 - e) ** (-k/2): two for f32, five for f64. Where an
estimate is 0 or infinite, and so is the power, they are not numbers, and replaced by one. A negative s gives NaN;
subnormal numbers are as good as others. √r has a unit of its own in the processor, which takes too long for f64.
Measured on Zen 4, 16 f32 a vector: s ** -1.5 takes 6 cycles, a root and a division 17.

Only the estimates of AVX-512, in whole registers. Scalars are left to LLVM, whose vectoriser knows roots and divisions
and no estimates.
"""

from __future__ import annotations

from collections.abc import Callable

from pydex import processor
from pydex.passes.lower_scalars import float_literal
from pydex.passes.lower_text import Code, Val
from pydex.passes.lower_vectors import element, lanes_of, part_of, select, vector

#: By element: the suffix of instructions, the lanes of a register, the type of their mask, terms of a series.
REGISTERS = {"f32": ("ps", 16, "i16", 2), "f64": ("pd", 8, "i8", 5)}


def has_estimates(type: str) -> bool:
    """Are there estimates for numbers of this type on this processor?"""
    found = REGISTERS.get(element(type))
    lanes = lanes_of(type)
    return found is not None and lanes > 0 and lanes % found[1] == 0 and "avx512f" in processor.instruction_sets()


def negative_half_power(code: Code, s: Val, k: int, reciprocal: bool) -> Val:
    """s ** (-k/2), k odd or 2; reciprocal: s ** -1 is needed, too."""
    powers = Powers(code, s)
    if k == 1:
        return powers.inverse_root()
    return powers.by_reciprocal(k) if reciprocal and element(s.type) == "f32" else powers.by_inverse_root(k)


class Powers:
    """Powers of one vector. What two of them share, LLVM computes once."""

    def __init__(self, code: Code, s: Val):
        self.code, self.s = code, s
        self.terms = REGISTERS[element(s.type)][3]

    def inverse_root(self) -> Val:
        y = self._estimate("rsqrt14")
        e = self._or("olt", self._less(1.0, self._times(self.s, y), y), 0.5)  # s y is finite where y² is not
        return self._fma(y, self._times(e, self._slope(e, 1)), y)

    def by_reciprocal(self, k: int) -> Val:
        x = self._estimate("rcp14")
        r = self._times(x, self._or("ogt", self._less(2.0, self.s, x), 0.5))  # it may be -inf, too
        if k == 2:
            return r
        value = self._times(r, self.code.let(r.type, f"math.sqrt {{}} : {r.type}", r))
        for _ in range(k // 2 - 1):
            value = self._times(value, r)
        return value

    def by_inverse_root(self, k: int) -> Val:
        y = self._estimate("rsqrt14")
        square = self._times(y, y)
        e = self._or("ogt", self._less(1.0, self.s, square), -0.5)  # it may be -inf, too
        if k <= 3:  # no product overflows before the last
            whole = self._times(square, self._series(e, k))
            return whole if k == 2 else self._times(y, whole)
        return self._times(self.by_inverse_root(k - 2), self.by_inverse_root(2))

    def _less(self, number: float, x: Val, y: Val) -> Val:
        """number - x y"""
        minus = self.code.let(x.type, f"arith.negf {{}} : {x.type}", x)
        return self._fma(minus, y, self._number(number))

    def _or(self, relation: str, e: Val, limit: float) -> Val:
        """e where it is in that relation to the limit, else the limit: one instruction."""
        truth, number = vector(lanes_of(e.type), "i1"), self._number(limit)
        fits = self.code.let(truth, f"arith.cmpf {relation}, {{}}, {{}} : {e.type}", e, number)
        return select(self.code, fits, e, number)

    def _series(self, e: Val, k: int) -> Val:
        """(1 - e) ** (-k/2)"""
        return self._fma(e, self._slope(e, k), self._number(1.0))

    def _slope(self, e: Val, k: int) -> Val:
        """((1 - e) ** (-k/2) - 1) / e"""
        coefficients = [k / 2]
        for j in range(1, self.terms - 1):
            coefficients.append(coefficients[-1] * (k / 2 + j) / (j + 1))
        total = self._number(coefficients[-1])
        for c in reversed(coefficients[:-1]):
            total = self._fma(total, e, self._number(c))
        return total

    def _estimate(self, instruction: str) -> Val:
        """What the instruction makes of s."""
        kind = element(self.s.type)
        suffix, lanes, mask, _ = REGISTERS[kind]
        type, every = vector(lanes, kind), self.code.constant("-1", mask)
        zeros = self.code.constant(float_literal(0.0, kind), type)
        line = f'llvm.call_intrinsic "llvm.x86.avx512.{instruction}.{suffix}.512"({{}}, {{}}, {{}})'
        line += f" : ({type}, {type}, {mask}) -> {type}"
        return _by_register(self.code, self.s, lanes, lambda x: self.code.let(type, line, x, zeros, every))

    def _times(self, x: Val, y: Val) -> Val:
        return self.code.let(x.type, f"arith.mulf {{}}, {{}} : {x.type}", x, y)

    def _fma(self, x: Val, y: Val, z: Val) -> Val:
        return self.code.let(x.type, f"math.fma {{}}, {{}}, {{}} : {x.type}", x, y, z)

    def _number(self, value: float) -> Val:
        return self.code.constant(float_literal(value, element(self.s.type)), self.s.type)


def _by_register(code: Code, x: Val, lanes: int, apply: Callable[[Val], Val]) -> Val:
    """A vector that is made of so many lanes at a time."""
    parts = [apply(part_of(code, x, start, lanes)) for start in range(0, lanes_of(x.type), lanes)]
    while len(parts) > 1:
        parts = [_joined(code, a, b) for a, b in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]


def _joined(code: Code, a: Val, b: Val) -> Val:
    total = 2 * lanes_of(a.type)
    line = f"vector.shuffle {{}}, {{}} {list(range(total))} : {a.type}, {a.type}"
    return code.let(vector(total, element(a.type)), line, a, b)
