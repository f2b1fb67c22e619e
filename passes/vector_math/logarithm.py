"""log, log2, log10, log1p: x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), then log(1 + f) from a polynomial.

f64 follows fdlibm's e_log.c (Sun Microsystems, 1993): s = f / (2 + f), log(1 + f) = f - (f^2/2 - s (f^2/2 + R(s^2))).
"""

from __future__ import annotations

from pydex.passes.vector_math.arithmetic import bits, fma, from_bits, integer_to_float, polynomial, select
from pydex.passes.vector_math.exponential import LN2_PARTS
from pydex.passes.vector_math.format import INF, NAN
from pydex.passes.vector_math.trace import Value

# log2(e), log10(e), log10(2), each rounded and the rest; k times the first part of log10(2) is exact.
LOG2_E_PARTS = {"f32": (1.4426950216293335, 1.925963033500011e-08), "f64": (1.4426950408889634, 2.0355273740931033e-17)}
LOG10_E_PARTS = {
    "f32": (0.4342944920063019, -1.0103049952192578e-08),
    "f64": (0.4342944819032518, 1.098319650216765e-17),
}
LOG10_2_PARTS = {"f32": (0.301025390625, 4.605039066518657e-06), "f64": (0.30102999566361177, 3.694239077158931e-13)}
SQRT_HALF = 0.7071067811865476
# (log(1 + f) - f + f^2/2) / f^3, relative error of log(1 + f): 2^-30 (tools/minimax.py).
CUBIC_TAIL = (
    0.3333331346511841,
    -0.25000011920928955,
    0.20002074539661407,
    -0.1666785478591919,
    0.14220181107521057,
    -0.12408144772052765,
    0.1188664585351944,
    -0.11661380529403687,
    0.06732907146215439,
)
# (2 atanh(s)/s - 2) / s^2 in z = s^2 on z <= 0.0297: 2^-59 (tools/minimax.py).
ATANH_TAIL = (
    0.6666666666666738,
    0.3999999999938408,
    0.28571428749915895,
    0.22222197733938193,
    0.18183611128119123,
    0.15312777273542297,
    0.1480940270710456,
)


def log(x: Value) -> Value:
    """Natural logarithm; -inf at zeros, NaN below."""
    k, f = decompose(x)
    return special_cases(x, plus_ln2(k, f, log1p_lower(f, k * ln2_low(k))))


def log1p(x: Value) -> Value:
    """log(1 + x): what 1 + x rounds off is added again, divided by it; signed zeros stay; -inf at -1."""
    shifted = x + 1.0
    k, f = decompose(shifted)
    lost = select(x < 1.0, x - (shifted - 1.0), 1.0 - (shifted - x)) / shifted
    small = log1p_lower(f, fma(k, ln2_low(k), lost))
    return select(x.equals(0.0), x, special_cases(shifted, plus_ln2(k, f, small)))


def log2(x: Value) -> Value:
    """Binary logarithm, exact at powers of two."""
    k, f = decompose(x)
    return special_cases(x, in_base(k, f, LOG2_E_PARTS[x.format.element], (1.0, 0.0)))


def log10(x: Value) -> Value:
    """Decimal logarithm."""
    k, f = decompose(x)
    return special_cases(x, in_base(k, f, LOG10_E_PARTS[x.format.element], LOG10_2_PARTS[x.format.element]))


def in_base(k: Value, f: Value, e_parts: tuple[float, float], two_parts: tuple[float, float]) -> Value:
    """k log(2) + log(1 + f) in the base where log(e) and log(2) are the sums of e_parts and two_parts."""
    e_high, e_low = e_parts
    product = f * e_high
    rest = fma(log1p_lower(f, 0.0), e_high, fma(f, e_low, fma(f, e_high, -product)))
    whole = k * two_parts[0]
    total = whole + product
    return total + (fma(k, two_parts[1], rest) + (product - (total - whole)))


def plus_ln2(k: Value, f: Value, lower: Value) -> Value:
    """k ln 2 + f + lower: the small terms first."""
    return fma(k, LN2_PARTS[k.format.element][0], f + lower)


def ln2_low(x: Value) -> float:
    return LN2_PARTS[x.format.element][1]


def decompose(x: Value) -> tuple[Value, Value]:
    """(k, f) with x = 2^k (1 + f) and 1 + f in [sqrt(1/2), sqrt(2)), for positive finite x, denormals too."""
    fmt = x.format
    lift = float(fmt.mantissa + 1)
    denormal = x < fmt.smallest_normal
    k, f = decompose_normal(select(denormal, x * 2.0**lift, x))
    return select(denormal, k - lift, k), f


def decompose_normal(x: Value) -> tuple[Value, Value]:
    """The same for a number that is not denormal."""
    fmt = x.format
    pattern = bits(x)
    exponent = (pattern - fmt.bits_of(SQRT_HALF)) >> fmt.mantissa
    f = from_bits(pattern - (exponent << fmt.mantissa)) - 1.0
    return integer_to_float(exponent), f


def log1p_lower(f: Value, extra: Value | float) -> Value:
    """log(1 + f) - f + extra; extra is small."""
    half_square = f * f * 0.5
    if not f.format.double:
        return fma(f * f * f, polynomial(f, CUBIC_TAIL), extra) - half_square
    s = f / (f + 2.0)
    z = s * s
    return fma(s, fma(z, polynomial(z, ATANH_TAIL), half_square), extra) - half_square


def special_cases(x: Value, result: Value) -> Value:
    """result for 0 < x < inf; -inf at zeros, NaN below, x itself if it is inf or NaN."""
    outside = select(x < 0.0, NAN, select(x.equals(0.0), -INF, x))
    regular = (x > 0.0) & (x < INF)
    return select(regular, result, outside)
