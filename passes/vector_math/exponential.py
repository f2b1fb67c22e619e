"""exp, exp2, expm1: x = n ln 2 + r with |r| <= ln(2)/2, e^r from a polynomial, times 2^n."""

from __future__ import annotations

from pydex.passes.vector_math.arithmetic import (
    at_least,
    at_most,
    copy_sign,
    fma,
    in_halves,
    nearest,
    power_of_two,
    times_power_of_two,
)
from pydex.passes.vector_math.format import Format
from pydex.passes.vector_math.trace import Value

LOG2_E = 1.4426950408889634
LN2 = 0.6931471805599453
# ln 2 in two parts; n times the first is exact for every n that occurs.
LN2_PARTS = {"f32": (0.693115234375, 3.1946184945309415e-05), "f64": (0.6931471805598903, 5.497923018708371e-14)}
# (e^r - 1 - r) / r^2 on |r| <= 0.3466, relative error of e^r: 2^-28 and 2^-57 (tools/minimax.py).
EXP_TAIL = {
    "f32": (0.4999999403953552, 0.1666652113199234, 0.04166826605796814, 0.008368668146431446, 0.0013820537133142352),
    "f64": (
        0.5000000000000011,
        0.1666666666666645,
        0.04166666666652716,
        0.008333333333472852,
        0.0013888888944270956,
        0.00019841269550448853,
        2.4801492534888266e-05,
        2.75575492189672e-06,
        2.7630424121494476e-07,
        2.5011294176555666e-08,
    ),
}
# (e^r - 1 - r) / r^2, relative error of e^r - 1: 2^-31 and 2^-61.
EXPM1_TAIL = {
    "f32": (
        0.5,
        0.1666666567325592,
        0.041666485369205475,
        0.00833357684314251,
        0.0013932996662333608,
        0.00019733821682166308,
    ),
    "f64": (
        0.5,
        0.16666666666666677,
        0.04166666666666662,
        0.008333333333321471,
        0.001388888888891648,
        0.00019841269886449085,
        2.480158725107094e-05,
        2.755724394022568e-06,
        2.7557342404873267e-07,
        2.5109116372298314e-08,
        2.089239777423954e-09,
    ),
}


def exp(x: Value) -> Value:
    """e^x; beyond the range inf, denormals and 0 as IEEE rounding gives them."""
    fmt = x.format
    x = at_least(at_most(x, fmt.pick(89.0, 710.0)), fmt.pick(-104.0, -746.0))
    n, field = nearest(x, LOG2_E, scale_offset(fmt))
    return scaled(exp_near_zero(less_ln2(x, n)), field)


def exp2(x: Value) -> Value:
    """2^x, exact at integers."""
    fmt = x.format
    x = at_least(at_most(x, fmt.pick(129.0, 1025.0)), fmt.pick(-151.0, -1076.0))
    n, field = nearest(x, offset=scale_offset(fmt))
    return scaled(exp_near_zero((x - n) * LN2), field)


def exp_of_sum(high: Value, low: Value) -> Value:
    """e^(high + low), where low is below the last place of high."""
    fmt = high.format
    high = at_least(at_most(high, fmt.pick(89.0, 710.0)), fmt.pick(-104.0, -746.0))
    n, field = nearest(high, LOG2_E, scale_offset(fmt))
    ln2_high, ln2_low = LN2_PARTS[fmt.element]
    r = fma(n, -ln2_high, high) + fma(n, -ln2_low, low)
    return scaled(exp_near_zero(r), field)


def half_exp(x: Value) -> Value:
    """e^x / 2 for x >= 0: cosh needs it where e^x overflows."""
    x = at_most(x, x.format.pick(89.5, 710.6))
    n, field = nearest(x, LOG2_E, scale_offset(x.format) - 1)
    return scaled(exp_near_zero(less_ln2(x, n)), field)


def expm1(x: Value) -> Value:
    """e^x - 1 without cancellation; signed zeros stay."""
    fmt = x.format
    clamped = at_least(at_most(x, fmt.pick(89.0, 710.0)), fmt.pick(-20.0, -40.0))
    return copy_sign(scaled_expm1(clamped, 1)[0] * 2.0, x)


def scaled_expm1(x: Value, halvings: int) -> tuple[Value, Value]:
    """(e^x - 1) / 2^halvings = 2^n (e^r - 1) + (2^n - 1), halved first, as 2^n itself may overflow.

    r is kept as high - low, and high is added first, where the sum is exact or dominates. The second part is what the
    last addition rounds off.
    """
    fmt = x.format
    n, field = nearest(x, LOG2_E, fmt.bias - halvings)
    ln2_high, ln2_low = LN2_PARTS[fmt.element]
    high, low = fma(n, -ln2_high, x), n * ln2_low
    r = high - low
    lower = fma(in_halves(r, EXPM1_TAIL[fmt.element]), r * r, -low)
    scale = power_of_two(field)
    first = fma(scale, high, scale - 2.0**-halvings)
    result = fma(scale, lower, first)
    return result, fma(scale, lower, first - result)


def less_ln2(x: Value, n: Value) -> Value:
    """x - n ln 2."""
    high, low = LN2_PARTS[x.format.element]
    return fma(n, -low, fma(n, -high, x))


def exp_near_zero(r: Value) -> Value:
    """e^r for |r| <= ln(2)/2."""
    tail = in_halves(r, EXP_TAIL[r.format.element])
    return fma(fma(tail, r, 1.0), r, 1.0)  # by itself, as what is rounded last counts most


def scale_offset(fmt: Format) -> int:
    """What `scaled` wants to be added to an exponent."""
    return 0 if fmt.scales else 2 * fmt.bias


def scaled(x: Value, field: Value) -> Value:
    """x * 2^n, rounded once, the low bits of field being n + scale_offset."""
    if x.format.scales:
        return times_power_of_two(x, field)
    half = field.shift_in_zeros(1)  # in two steps, of which the first is exact
    return x * power_of_two(half) * power_of_two(field - half)
