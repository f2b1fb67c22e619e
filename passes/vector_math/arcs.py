"""asin, acos, atan, atan2: an identity that takes off a half or a quarter of pi, then an odd polynomial near zero."""

from __future__ import annotations

from pydex.passes.vector_math.arithmetic import absolute, bits, copy_sign, fma, polynomial, select, square_root
from pydex.passes.vector_math.format import INF
from pydex.passes.vector_math.trace import Value

# pi/4 rounded, and the rest.
QUARTER_PI = {"f32": (0.7853981852531433, -2.1855694143368964e-08), "f64": (0.7853981633974483, 3.061616997868383e-17)}
# (atan(t)/t - 1) / t^2 in z = t^2, |t| <= 1/2: relative error of atan 2^-31 and 2^-62 (tools/minimax.py).
ATAN_TAIL = {
    "f32": (
        -0.333333283662796,
        0.19999553263187408,
        -0.14273066818714142,
        0.10948027670383453,
        -0.08007532358169556,
        0.039019711315631866,
    ),
    "f64": (
        -0.33333333333333315,
        0.1999999999999377,
        -0.14285714284998716,
        0.11111111070068748,
        -0.09090907706124216,
        0.07692277652840024,
        -0.06666225121788112,
        0.05877816502256498,
        -0.05230050182352204,
        0.045895465029353426,
        -0.03712034922417795,
        0.023656446757220655,
        -0.00836615918421544,
    ),
}
# (asin(t)/t - 1) / t^2 in z, |t| <= 1/2: 2^-31 and 2^-59.
ASIN_TAIL = {
    "f32": (
        0.16666659712791443,
        0.0750051736831665,
        0.044514868408441544,
        0.0318225622177124,
        0.014389542862772942,
        0.037577882409095764,
    ),
    "f64": (
        0.1666666666666676,
        0.07499999999970844,
        0.04464285717459792,
        0.03038194270746908,
        0.02237221501825917,
        0.01735161114216059,
        0.013980834285813797,
        0.011398776162242781,
        0.010781134446198503,
        0.0037026682793647,
        0.02171746977647806,
        -0.021014462776548393,
        0.032638969893144805,
    ),
}


def asin(x: Value) -> Value:
    """Inverse sine; signed zeros stay; NaN outside [-1, 1]."""
    size = absolute(x)
    central, t, tail = half_angle(size)
    return copy_sign(select(central, fma(tail, size, size), quarters_less(2, t + t, tail)), x)


def acos(x: Value) -> Value:
    """Inverse cosine; NaN outside [-1, 1]."""
    central, t, tail = half_angle(absolute(x))
    double = t + t
    outer = select(x < 0.0, quarters_less(4, double, tail), fma(tail, double, double))
    return select(central, quarters_less(2, x, tail), outer)


def half_angle(size: Value) -> tuple[Value, Value, Value]:
    """(size <= 1/2, t, asin(t)/t - 1): t is size itself, or sqrt((1 - size)/2), where asin(size) = pi/2 - 2 asin(t)."""
    central = size <= 0.5
    half = fma(size, -0.5, 0.5)
    z = select(central, size * size, half)
    return central, square_root(half), z * polynomial(z, ASIN_TAIL[size.format.element])


def atan(x: Value) -> Value:
    """Inverse tangent; signed zeros stay; pi/2 at infinity."""
    size = absolute(x)
    one = size.lift(1.0)
    flat, steep = size < 0.5, size > 2.0
    numerator = select(flat, size, select(steep, -one, size - 1.0))
    denominator = select(flat, one, select(steep, size, size + 1.0))
    high, low = eighths(flat, steep)
    return copy_sign(high + (odd_arc(numerator / denominator) + low), x)


def atan2(y: Value, x: Value) -> Value:
    """The angle of the point (x, y) in [-pi, pi], with C's conventions for signed zeros and infinities."""
    rise, run = bounded(absolute(y), absolute(x))
    flat, steep = rise + rise <= run, rise > run + run
    numerator = select(flat, rise, select(steep, -run, rise - run))
    denominator = select(flat, run, select(steep, rise, rise + run))
    arc = odd_arc(numerator / select(denominator.equals(0.0), 1.0, denominator))
    high, low = eighths(flat, steep)
    turn_high, turn_low = QUARTER_PI[x.format.element]
    back = bits(x) < 0
    high = select(back, 4.0 * turn_high - high, high)
    low = select(back, 4.0 * turn_low - low, low)
    angle = copy_sign(high + (select(back, -arc, arc) + low), y)
    return select(x.is_nan() | y.is_nan(), x + y, angle)


def bounded(rise: Value, run: Value) -> tuple[Value, Value]:
    """The same direction, such that the sum does not overflow and two infinities are equal numbers."""
    both = rise.equals(INF) & run.equals(INF)
    rise, run = select(both, 1.0, rise), select(both, 1.0, run)
    large = rise.format.pick(2.0**126, 2.0**1022)
    scale = select((rise > large) | (run > large), rise.lift(0.25), rise.lift(1.0))
    return rise * scale, run * scale


def eighths(flat: Value, steep: Value) -> tuple[Value, Value]:
    """The angle that the identity took off: 0, pi/4 or pi/2, in two parts."""
    high, low = QUARTER_PI[flat.format.element]
    zero = flat.trace.constant(0.0, "f", flat.format)
    return (
        select(flat, zero, select(steep, zero.lift(2.0 * high), high)),
        select(flat, zero, select(steep, zero.lift(2.0 * low), low)),
    )


def odd_arc(t: Value) -> Value:
    """atan(t) for |t| <= 1/2."""
    z = t * t
    return fma(z * polynomial(z, ATAN_TAIL[t.format.element]), t, t)


def quarters_less(count: int, t: Value, tail: Value) -> Value:
    """count * pi/4 - (t + tail t)."""
    high, low = QUARTER_PI[t.format.element]
    return (count * high - t) - fma(tail, t, -count * low)
