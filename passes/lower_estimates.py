"""s ** (-k/2), k odd, from the processor's estimate of 1/√s: in the lanes of vectors, where a root and a division wait.

    y = estimate of 1/√s, 14 bits good        e = 1 - s y², what it is wrong by
    s ** -0.5  ==>  y (1 + e/2 …)             s ** -1.5  ==>  y y² (1 + 3/2 e …)
    s ** -2.5  ==>  s ** -1.5 · y² (1 + e …)  and so on

The brackets are the first terms of (1 - e) ** (-k/2): two for f32, five for f64. s is at least +0, or NaN, or the result
is NaN. 0 gives inf and inf gives 0, since e is computed from numbers that are kept finite; subnormal numbers are as good
as others. Measured on Zen 4, 16 f32 a vector: 6 cycles, a root and a division take 17.

Only the estimates of AVX-512, in whole registers. Scalars are left to LLVM, whose vectoriser knows roots and divisions
and no estimates.
"""

from __future__ import annotations

from collections.abc import Callable

from pydex import processor
from pydex.passes.lower_scalars import float_literal
from pydex.passes.lower_text import Code, Val
from pydex.passes.lower_vectors import element, lanes_of, part_of, select, vector

#: By element: the instruction, its lanes, the type of its mask, terms of a series, and the largest finite number.
ESTIMATES = {
    "f32": ("llvm.x86.avx512.rsqrt14.ps.512", 16, "i16", 2, float.fromhex("0x1.fffffep127")),
    "f64": ("llvm.x86.avx512.rsqrt14.pd.512", 8, "i8", 5, float.fromhex("0x1.fffffffffffffp1023")),
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
        _, _, _, self.terms, self.largest = ESTIMATES[element(s.type)]
        self.estimate = _estimate(code, s)

    def power(self, k: int) -> Val:
        y = self.estimate
        if k == 1:  # s y is finite where y² is not
            e = self._error(self._times(self._finite(self.s), self._finite(y)), self._finite(y))
            return self._corrected(y, self._series(e, k))
        square = self._times(y, y)
        e = self._error(self._finite(self.s), self._finite(square))
        if k == 3:
            return self._times(y, self._times(square, self._series(e, k, whole=True)))
        return self._times(self.power(k - 2), self._corrected(square, self._series(e, 2)))

    def _series(self, e: Val, k: int, whole: bool = False) -> Val:
        """(1 - e) ** (-k/2), or that less 1."""
        coefficients = [1.0]
        for j in range(self.terms - 1):
            coefficients.append(coefficients[-1] * (k / 2 + j) / (j + 1))
        total = self._number(coefficients[-1])
        for c in reversed(coefficients[1:-1]):
            total = self._fma(total, e, self._number(c))
        return self._fma(total, e, self._number(1.0)) if whole else self._times(total, e)

    def _corrected(self, x: Val, relative: Val) -> Val:
        return self._fma(x, relative, x)

    def _error(self, x: Val, y: Val) -> Val:
        """1 - x y"""
        minus = self.code.let(x.type, f"arith.negf {{}} : {x.type}", x)
        return self._fma(minus, y, self._number(1.0))

    def _finite(self, x: Val) -> Val:
        largest = self._number(self.largest)
        above = self.code.let(
            vector(lanes_of(x.type), "i1"), f"arith.cmpf ogt, {{}}, {{}} : {x.type}", x, largest
        )
        return select(self.code, above, largest, x)

    def _times(self, x: Val, y: Val) -> Val:
        return self.code.let(x.type, f"arith.mulf {{}}, {{}} : {x.type}", x, y)

    def _fma(self, x: Val, y: Val, z: Val) -> Val:
        return self.code.let(x.type, f"math.fma {{}}, {{}}, {{}} : {x.type}", x, y, z)

    def _number(self, value: float) -> Val:
        return self.code.constant(float_literal(value, element(self.s.type)), self.s.type)


def _estimate(code: Code, s: Val) -> Val:
    """1/√s, wrong by 2^-14 at most."""
    name, lanes, mask, _, _ = ESTIMATES[element(s.type)]
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
