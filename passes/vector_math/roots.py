"""cbrt: x = m 2^(3 q), then z = m^(-1/3) by Newton's iteration, which needs no division, and m z^2 corrected once."""

from __future__ import annotations

from pydex.passes.vector_math.arithmetic import (
    absolute,
    bits,
    copy_sign,
    fma,
    from_bits,
    integer_to_float,
    nearest,
    polynomial,
    power_of_two,
    select,
)
from pydex.passes.vector_math.format import INF
from pydex.passes.vector_math.trace import Value

CUBE_ROOT_OF_TWO = 1.2599210498948732
# m^(-1/3) on [1, 2), relative error 2^-14 (tools/minimax.py).
INVERSE_CUBE_ROOT = (
    1.6700059175491333,
    -1.1728742122650146,
    0.695473313331604,
    -0.2212325632572174,
    0.028590016067028046,
)


def cbrt(x: Value) -> Value:
    """Cube root, also of negative numbers; zeros, infinities and NaN give themselves."""
    size = absolute(x)
    m, z, scale = divide_exponent(size)
    for _ in range(2 if x.format.double else 1):  # each step doubles the bits: 14, 27, 53
        z = fma(z, (1.0 - m * (z * z * z)) * (1.0 / 3.0), z)
    root = cube_root(m, z) * scale
    return select((size > 0.0) & (size < INF), copy_sign(root, x), x)


def divide_exponent(size: Value) -> tuple[Value, Value, Value]:
    """(m, m^(-1/3) approximately, 2^q) with size = m 2^(3 q) and m in [1/2, 4), for positive finite size."""
    fmt = size.format
    lift = fmt.mantissa // 3 + 1
    denormal = size < fmt.smallest_normal
    pattern = bits(select(denormal, size * 8.0**lift, size))
    exponent = (pattern >> fmt.mantissa) - fmt.bias
    m = from_bits(pattern - (exponent << fmt.mantissa))
    thirds, field = nearest(integer_to_float(exponent), 1.0 / 3.0, fmt.bias)
    left = fma(thirds, -3.0, integer_to_float(exponent))
    start = polynomial(m, INVERSE_CUBE_ROOT)
    above, below = left > 0.5, left < -0.5
    m = select(above, m * 2.0, select(below, m * 0.5, m))
    start = select(above, start * (1.0 / CUBE_ROOT_OF_TWO), select(below, start * CUBE_ROOT_OF_TWO, start))
    return m, start, power_of_two(select(denormal, field - lift, field))


def cube_root(m: Value, z: Value) -> Value:
    """m z^2 + (m - y^3) z^2 / 3 with y = m z^2; y^3 is taken in twice the precision."""
    square = z * z
    y = m * square
    high = y * y
    low = fma(y, y, -high)
    rest = fma(-high, y, m) - low * y
    return fma(rest, square * (1.0 / 3.0), y)
