"""powf: x^y = e^(y log|x|), the logarithm to twice the precision (f64) or all of it in f64 (f32).

f64: y log|x| reaches 745 and is needed to 2^-53, so log|x| is needed to a relative 2^-64.
"""

from __future__ import annotations

from pydex.passes.vector_math.arithmetic import (
    absolute,
    at_least,
    at_most,
    bits,
    fma,
    narrow,
    nearest,
    polynomial,
    power_of_two,
    select,
    widen,
)
from pydex.passes.vector_math.exponential import LN2_PARTS, LOG2_E, exp_of_sum
from pydex.passes.vector_math.format import INF, NAN
from pydex.passes.vector_math.logarithm import decompose, decompose_normal
from pydex.passes.vector_math.trace import Value

LN2 = 0.6931471805599453
TWO_THIRDS = (0.6666666666666666, 3.700743415417188e-17)
# (2 atanh(s)/s - 2 - 2/3 z) / z^2 in z = s^2 on z <= 0.0297: relative error of atanh 2^-73 (tools/minimax.py).
ATANH_TAIL = (
    0.39999999999999974,
    0.28571428571446894,
    0.22222222217131438,
    0.1818181891741326,
    0.15384553795396613,
    0.133364315092147,
    0.11672573093603797,
    0.12007221811854198,
)
# For f32: (2 atanh(s)/s - 2) / z, and (e^r - 1 - r) / r^2 on |r| <= 0.3466: 2^-45 and 2^-34.
ATANH_TAIL_SHORT = (0.666666666762235, 0.3999999546108144, 0.2857212782999519, 0.2217534604459868, 0.19597110898737718)
EXP_TAIL_SHORT = (
    0.5000000067752316,
    0.1666666587234048,
    0.0416662948257355,
    0.008333496616651417,
    0.0013944663809381385,
    0.00019790418946858573,
)


def powf(x: Value, y: Value) -> Value:
    """x^y as in IEEE 754-2019, 9.2.1: x^0 = 1 and 1^y = 1 even for NaN; NaN if x < 0 and y is no integer."""
    size = absolute(x)
    magnitude = power_f64(size, y) if x.format.double else power_f32(size, y)
    floor = y.unary("math.floor")
    half = y * 0.5
    odd = y.equals(floor) & (half > half.unary("math.floor"))
    signed = select(odd & (bits(x) < 0), -magnitude, magnitude)
    undefined = (x < 0.0) & (size < INF) & (y > floor)
    one = y.equals(0.0) | x.equals(1.0) | (size.equals(1.0) & absolute(y).equals(INF))
    return select(one, 1.0, select(undefined, NAN, signed))


def power_f32(size: Value, y: Value) -> Value:
    """size^y by way of f64, rounded once in effect."""
    k, f = decompose_normal(widen(size))
    s = f / (f + 2.0)
    z = s * s
    log = fma(k, LN2, fma(z * polynomial(z, ATANH_TAIL_SHORT), s, s + s))
    t = at_least(at_most(widen(y) * at_ends(widen(size), log), 100.0), -120.0)
    n, field = nearest(t, LOG2_E, t.format.bias)
    r = fma(n, -LN2, t)
    return narrow(polynomial(r, (1.0, 1.0, *EXP_TAIL_SHORT)) * power_of_two(field))


def power_f64(size: Value, y: Value) -> Value:
    """size^y: the product and the exponential's argument as sums of two numbers."""
    high, low = log_in_two_parts(size)
    high = at_ends(size, high)
    product = y * high
    rest = fma(y, high, -product) + y * low
    return exp_of_sum(product, select(absolute(product) < 1000.0, rest, 0.0))


def at_ends(size: Value, log: Value) -> Value:
    """log, but -inf at 0, inf at inf, NaN at NaN."""
    return select((size > 0.0) & (size < INF), log, select(size.equals(0.0), -INF, size))


def log_in_two_parts(size: Value) -> tuple[Value, Value]:
    """log(size) = k ln 2 + 2 atanh(s), s = f / (2 + f), as high + low, relative error below 2^-64."""
    k, f = decompose(size)
    ln2_high, ln2_low = LN2_PARTS["f64"]
    s, s_low = quotient(f)
    whole = k * ln2_high
    first = whole + (s + s)
    first_low = (s + s) - (first - whole)
    cubic, cubic_low = cubic_part(s, s_low)
    second = first + cubic
    low = (cubic - (second - first)) + (first_low + fma(k, ln2_low, fma(s_low, 2.0, cubic_low)))
    high = second + low
    return high, low - (high - second)


def quotient(f: Value) -> tuple[Value, Value]:
    """f / (2 + f) in two parts; the second needs no division, as 1 / (2 + f) = (1 - s) / 2."""
    d = f + 2.0
    d_low = f - (d - 2.0)
    s = f / d
    return s, (fma(-s, d, f) - s * d_low) * fma(s, -0.5, 0.5)


def cubic_part(s: Value, s_low: Value) -> tuple[Value, Value]:
    """2 atanh(s) - 2 s = s (2/3 z + z^2 T(z)), z = s^2, in two parts."""
    z = s * s
    z_low = fma(s, s, -z) + (s + s) * s_low
    w = z * TWO_THIRDS[0]
    w_low = fma(z, TWO_THIRDS[0], -w) + fma(
        z, TWO_THIRDS[1], fma(z_low, TWO_THIRDS[0], z * z * polynomial(z, ATANH_TAIL))
    )
    cubic = s * w
    return cubic, fma(s, w, -cubic) + fma(s, w_low, s_low * w)
