"""s ** (-k/2), k odd, from the processor's estimate of 1/√s: in the lanes of vectors, where a root and a division wait.

    y = estimate of 1/√s, 14 bits good        e = 1 - s y², what it is wrong by
    s ** -0.5  ==>  y (1 + e/2 …)             s ** -1.5  ==>  y y² (1 + 3/2 e …)
    s ** -2.5  ==>  s ** -1.5 · y² (1 + e …)  and so on

The brackets are the first terms of (1 - e) ** (-k/2): two for f32, five for f64. Where y is 0 or infinite, and so is the
power, e is not a number and replaced by one. Subnormal numbers are as good as others; a negative s gives NaN.
Measured on Zen 4, 16 f32 a vector: 6 cycles, a root and a division take 17.

Only the estimates of AVX-512, in whole registers. Scalars are left to LLVM, whose vectoriser knows roots and divisions
and no estimates.
"""

from __future__ import annotations

from collections.abc import Callable

from pydex import processor
from pydex.passes.lower_scalars import float_literal
from pydex.passes.lower_text import Code, Val
from pydex.passes.lower_vectors import element, lanes_of, part_of, select, vector

#: By element: the instruction, its lanes, the type of its mask, and how many terms of a series are needed.
ESTIMATES = {
    "f32": ("llvm.x86.avx512.rsqrt14.ps.512", 16, "i16", 2),
    "f64": ("llvm.x86.avx512.rsqrt14.pd.512", 8, "i8", 5),
}


def has_estimates(type: str) -> bool:
    """Are there estimates for numbers of this type on this processor?"""
    found = ESTIMATES.get(element(type))
    lanes = lanes_of(type)
    return found is not None and lanes > 0 and lanes % found[1] == 0 and "avx512f" in processor.instruction_sets()


def negative_half_power(code: Code, s: Val, k: int) -> Val:
    """s ** (-k/2)."""
    return Powers(code, s).power(k)


class Powers:
    """Powers of one vector. What two of them share, LLVM computes once."""

    def __init__(self, code: Code, s: Val):
        self.code, self.s = code, s
        self.terms = ESTIMATES[element(s.type)][3]
        self.estimate = _estimate(code, s)

    def power(self, k: int) -> Val:
        y = self.estimate
        if k == 1:  # s y is finite where y² is not
            e = self._or("olt", self._error(self._times(self.s, y), y), 0.5)
            return self._fma(y, self._times(e, self._slope(e, k)), y)
        square = self._times(y, y)
        e = self._or("ogt", self._error(self.s, square), -0.5)  # it may be -inf, too
        if k == 3:  # no product overflows before the last
            return self._times(y, self._times(square, self._series(e, k)))
        return self._times(self.power(k - 2), self._times(square, self._series(e, 2)))

    def _error(self, x: Val, y: Val) -> Val:
        """1 - x y"""
        minus = self.code.let(x.type, f"arith.negf {{}} : {x.type}", x)
        return self._fma(minus, y, self._number(1.0))

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

    def _times(self, x: Val, y: Val) -> Val:
        return self.code.let(x.type, f"arith.mulf {{}}, {{}} : {x.type}", x, y)

    def _fma(self, x: Val, y: Val, z: Val) -> Val:
        return self.code.let(x.type, f"math.fma {{}}, {{}}, {{}} : {x.type}", x, y, z)

    def _number(self, value: float) -> Val:
        return self.code.constant(float_literal(value, element(self.s.type)), self.s.type)


def _estimate(code: Code, s: Val) -> Val:
    """1/√s, wrong by 2^-14 at most."""
    name, lanes, mask, _ = ESTIMATES[element(s.type)]
    type, all_lanes = vector(lanes, element(s.type)), code.constant("-1", mask)
    zeros = code.constant(float_literal(0.0, element(s.type)), type)

    def register(x: Val) -> Val:
        line = f'llvm.call_intrinsic "{name}"({{}}, {{}}, {{}}) : ({type}, {type}, {mask}) -> {type}'
        return code.let(type, line, x, zeros, all_lanes)

    return _by_register(code, s, lanes, register)


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
