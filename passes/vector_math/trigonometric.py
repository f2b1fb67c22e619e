"""sin, cos, tan: x = n pi/2 + r + tail with |r| <= pi/4, then polynomials in r; far arguments go to `far.py`.

pi/2 is used in three parts P1, P2, P3 of full precision. For x within the limit, x - n P1 is a multiple of the last
place of P1 and below 1, hence exact under fma; n P2 is taken as an exact sum of two numbers. So what is lost is about n
P3 2^-53, however close x is to a multiple of pi/2.
"""

from __future__ import annotations

from pydex.passes.vector_math.arithmetic import absolute, bits, fma, from_bits, nearest, polynomial, select
from pydex.passes.vector_math.far import FAR_LIMIT, far
from pydex.passes.vector_math.trace import Value

TWO_OVER_PI = 0.6366197723675814
HALF_PI_PARTS = {
    "f32": (1.5707963705062866, -4.371138828673793e-08, -1.7151245100058819e-15),
    "f64": (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33),
}
# (sin(r)/r - 1) / r^2 in z = r^2, |r| <= 0.786: relative error of sin 2^-28 and 2^-63 (tools/minimax.py).
SIN_TAIL = {
    "f32": (-0.16666655242443085, 0.008332188241183758, -0.0001951808953890577),
    "f64": (
        -0.16666666666666666,
        0.008333333333333045,
        -0.0001984126984096896,
        2.7557319078098664e-06,
        -2.5052072102351952e-08,
        1.6054468837056767e-10,
        -7.397401681411888e-13,
    ),
}
# (cos(r) - 1 + r^2/2) / r^4 in z: 2^-33 and 2^-64.
COS_TAIL = {
    "f32": (0.04166664555668831, -0.0013887310633435845, 2.4432547434116714e-05),
    "f64": (
        0.041666666666666595,
        -0.0013888888888873325,
        2.4801587288982652e-05,
        -2.7557314209385426e-07,
        2.0875704121251606e-09,
        -1.1358672745635321e-11,
    ),
}


def sin(x: Value) -> Value:
    """Sine; odd, so signed zeros stay; NaN at infinities."""
    return far_or("sin", x, near_sin(x))


def cos(x: Value) -> Value:
    """Cosine; NaN at infinities."""
    return far_or("cos", x, near_cos(x))


def tan(x: Value) -> Value:
    """Tangent, sine / cosine or -cosine / sine; signed zeros stay; NaN at infinities."""
    return far_or("tan", x, near_tan(x))


def far_or(op: str, x: Value, near: Value) -> Value:
    """What is near, where x is not far."""
    return select(absolute(x) > FAR_LIMIT[x.format.element], far(op, x), near)


def near_sin(x: Value) -> Value:
    """Sine within the limit."""
    sine, cosine, quadrant = reduced(x)
    near = negate_if(select((quadrant & 1).equals(0), sine, cosine), quadrant & 2)
    return select(x.equals(0.0), x, near)


def near_cos(x: Value) -> Value:
    """Cosine within the limit."""
    sine, cosine, quadrant = reduced(x)
    return negate_if(select((quadrant & 1).equals(0), cosine, sine), (quadrant + 1) & 2)


def near_tan(x: Value) -> Value:
    """Tangent within the limit."""
    sine, cosine, quadrant = reduced(x)
    even = (quadrant & 1).equals(0)
    near = negate_if(select(even, sine, cosine) / select(even, cosine, sine), (quadrant & 1) << 1)
    return select(x.equals(0.0), x, near)


def reduced(x: Value) -> tuple[Value, Value, Value]:
    """(sin r, cos r, n) with x = n pi/2 + r."""
    r, tail, quadrant = reduce_half_pi(x)
    return sin_near_zero(r, tail), cos_near_zero(r, tail), quadrant


def reduce_half_pi(x: Value) -> tuple[Value, Value, Value]:
    """(r, tail, n) with x = n pi/2 + r + tail, |r| <= pi/4.

    `first` is a multiple of the last place of `second`, so (first - r) - second is exactly what the subtraction rounded
    off (the fast two-sum of Dekker, Numer. Math. 18 (1971), doi:10.1007/BF01397083).
    """
    p1, p2, p3 = HALF_PI_PARTS[x.format.element]
    n, quadrant = nearest(x, TWO_OVER_PI)
    first = fma(n, -p1, x)
    second = n * p2
    r = first - second
    rest = ((first - r) - second) - fma(n, p2, -second)
    return r, fma(n, -p3, rest), quadrant


def sin_near_zero(r: Value, tail: Value) -> Value:
    """sin(r + tail) = sin r + tail (1 - r^2/2)."""
    z = r * r
    return r + fma(z * r, polynomial(z, SIN_TAIL[r.format.element]), fma(z * -0.5, tail, tail))


def cos_near_zero(r: Value, tail: Value) -> Value:
    """cos(r + tail) = cos r - tail r, with what 1 - r^2/2 rounds off."""
    z = r * r
    half = z * 0.5
    top = 1.0 - half
    lower = fma(z * z, polynomial(z, COS_TAIL[r.format.element]), (1.0 - top) - half)
    return top + fma(-r, tail, lower)


def negate_if(x: Value, bit_one: Value) -> Value:
    """-x where bit_one is 2, x where it is 0."""
    return from_bits(bits(x) ^ (bit_one << (x.format.width - 2)))
