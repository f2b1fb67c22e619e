"""erf and erfc.

erf(x) is a polynomial below 1 and 1 - e^-Q(x) above. erfc(x) = e^(-x^2) p(t) / (1 + 2 x) with t = (x - a) / (x + a),
which maps [0, inf) to [-1, 1): Shepherd & Laframboise, Math. Comp. 36 (1981), doi:10.1090/S0025-5718-1981-0595058-X.
"""

from __future__ import annotations

from pydex.passes.vector_math.arithmetic import (
    absolute,
    at_most,
    copy_sign,
    fma,
    nearest,
    polynomial,
    power_of_two,
    select,
)
from pydex.passes.vector_math.exponential import LOG2_E, exp_near_zero, exp_of_sum, less_ln2
from pydex.passes.vector_math.trace import Value

# erf(x)/x - 1 in z = x^2 for |x| <= 1: relative error of erf 2^-29 and 2^-56 (tools/minimax.py).
ERF_NEAR = {
    "f32": (
        0.12837916612625122,
        -0.3761262595653534,
        0.1128358244895935,
        -0.026853643357753754,
        0.005187963135540485,
        -0.0008006804855540395,
        7.842358900234103e-05,
    ),
    "f64": (
        0.1283791670955126,
        -0.37612638903184065,
        0.11283791670968389,
        -0.026866170647414794,
        0.005223977646068065,
        -0.0008548328131881086,
        0.00012055370918572743,
        -1.492650645099479e-05,
        1.6474975012489517e-06,
        -1.649238280462583e-07,
        1.5578475139317003e-08,
        -1.4794307754739319e-09,
        1.1544158098953003e-10,
    ),
}
# -log(erfc(1 + u)) for 1 + u from 1 to ERF_IS_ONE: relative error of erf 2^-27 and 2^-57.
ERF_OUTER = {
    "f32": (
        1.8496055603027344,
        2.638962507247925,
        0.8431822657585144,
        0.04116116464138031,
        -0.009084265679121017,
        0.0008996671531349421,
        0.00031398286228068173,
        -0.00010065965034300461,
    ),
    "f64": (
        1.8496055099332482,
        2.6389675142347837,
        0.84310725635911,
        0.04156109803012846,
        -0.010033825224922905,
        0.0019779014700552953,
        -0.00023731736288058785,
        -2.6293992241118615e-05,
        2.719479772357474e-05,
        -9.665962390376709e-06,
        2.126789091652098e-06,
        -2.012057828351097e-07,
        -5.986080636633699e-08,
        3.4075493193305446e-08,
        -8.696128672266072e-09,
        1.3495873622131556e-09,
        -1.224403921759887e-10,
        5.007922843689968e-12,
    ),
}
ERF_IS_ONE = {"f32": 4.0, "f64": 6.0}
# a, and e^(x^2) erfc(x) (1 + 2 x) in t for x up to 11 and 28: 2^-26 and 2^-54.
ERFC_CENTRE = {"f32": 2.0, "f64": 4.0}
ERFC_SCALED = {
    "f32": (
        1.2769783735275269,
        -0.09276385605335236,
        -0.16603101789951324,
        0.16405239701271057,
        -0.05420665442943573,
        -0.00803952757269144,
        0.008641412481665611,
        0.0012584496289491653,
        -0.0012604553485289216,
        -0.00034854881232604384,
        3.726849172380753e-05,
    ),
    "f64": (
        1.2329951186255526,
        -0.13962111684056247,
        0.015379652102611599,
        0.06809705425469541,
        -0.10103906603599758,
        0.09373283499803062,
        -0.06633036581726934,
        0.03716751554548272,
        -0.016197734010682835,
        0.005031969887260013,
        -0.0007577735758668003,
        -0.00019925612984066456,
        0.00015062291351442697,
        -2.440128947452708e-05,
        -1.1225865016006766e-05,
        5.7142527032653785e-06,
        3.0208462687447625e-07,
        -8.308100627990853e-07,
        6.303748886919167e-08,
        1.1241357202330652e-07,
        -8.558302670526109e-09,
        -1.2819023500851453e-08,
        -1.4378789931601623e-09,
    ),
}


def erf(x: Value) -> Value:
    """2/sqrt(pi) times the integral of e^(-t^2) from 0 to x; signed zeros stay."""
    size = absolute(x)
    near = erf_near_zero(x)
    outer = 1.0 - exp_of_minus(
        polynomial(at_most(size, ERF_IS_ONE[x.format.element]) - 1.0, ERF_OUTER[x.format.element])
    )
    return select(size < 1.0, near, copy_sign(outer, x))


def erfc(x: Value) -> Value:
    """1 - erf(x) without cancellation: relative accuracy until it underflows."""
    fmt = x.format
    size = at_most(absolute(x), fmt.pick(11.0, 28.0))
    square = size * size
    gauss = exp_of_sum(-square, fma(-size, size, square))
    centre = ERFC_CENTRE[fmt.element]
    t = (size - centre) / (size + centre)
    tail = gauss * (polynomial(t, ERFC_SCALED[fmt.element]) / fma(size, 2.0, 1.0))
    return select(absolute(x) < 0.5, 1.0 - erf_near_zero(x), select(x < 0.0, 2.0 - tail, tail))


def erf_near_zero(x: Value) -> Value:
    """erf(x) for |x| <= 1."""
    return fma(polynomial(x * x, ERF_NEAR[x.format.element]), x, x)


def exp_of_minus(x: Value) -> Value:
    """e^-x for 0 <= x <= 80."""
    n, field = nearest(x, -LOG2_E, x.format.bias)
    return exp_near_zero(less_ln2(-x, n)) * power_of_two(field)
