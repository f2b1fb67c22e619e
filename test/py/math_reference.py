"""What vector math is compared with: NumPy in a wider format, mpmath where NumPy has none; errors in ulp; points."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
from scipy import special

Array = np.ndarray
FORMAT = {"f32": (np.float32, 24, -149), "f64": (np.float64, 53, -1074)}
EXTENDED = np.finfo(np.longdouble).nmant >= 63
NUMPY_NAME = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "powf": "power"}
MPMATH = {
    "powf": mpmath.power,
    "exp2": lambda x: mpmath.power(2, x),
    "log2": lambda x: mpmath.log(x, 2),
    "erfc": lambda x: mpmath.erfc(min(max(x, -1000), 1000)),  # mpmath raises OverflowError beyond 10^154
}


def ulp_error(got: Array, reference: Array, element: str) -> Array:
    """|got - reference| in units in the last place of the reference; if one is not finite, 0 or inf: agree or not."""
    dtype, precision, smallest = FORMAT[element]
    with np.errstate(all="ignore"):
        rounded = reference.astype(dtype)
        exponent = np.frexp(reference)[1]
        unit = np.ldexp(reference.dtype.type(1), np.maximum(exponent - precision, smallest))
        error = np.abs(got.astype(reference.dtype) - reference) / unit
        same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
        regular = np.isfinite(rounded) & np.isfinite(got)
    return np.where(regular, error, np.where(same, 0, np.inf)).astype(np.float64)


def wide(op: str) -> Callable[..., Array]:
    """The function on float64 or long double arrays."""
    return getattr(special, op) if op in ("erf", "erfc") else getattr(np, NUMPY_NAME.get(op, op))


def reference(op: str, element: str, *points: Array) -> Array:
    """The function at these points, to at least ten bits more than the format has."""
    with np.errstate(all="ignore"):
        if element == "f32":
            return wide(op)(*(p.astype(np.float64) for p in points))
        if EXTENDED and op not in ("erf", "erfc"):
            return wide(op)(*(p.astype(np.longdouble) for p in points))
    return precise(op, *points)


def precise(op: str, *points: Array) -> Array:
    """mpmath's value at 40 digits, as a long double: two doubles where that is one, so keep the points few."""
    function = MPMATH.get(op) or getattr(mpmath, op)
    with mpmath.workdps(40):
        values = [function(*(mpmath.mpf(float(v)) for v in row)) for row in zip(*points, strict=True)]
        return np.array([long_double(v) for v in values])


def long_double(value: mpmath.mpf) -> np.longdouble:
    """An mpmath number as NumPy's widest float."""
    if not mpmath.isfinite(value):
        return np.longdouble(float(value))
    sign, mantissa, exponent, _ = mpmath.mpf(value)._mpf_
    cut = max(mantissa.bit_length() - 64, 0)
    scale = min(max(int(exponent) + cut, -20000), 20000)  # beyond any long double
    magnitude = np.ldexp(np.longdouble(int(mantissa) >> cut), scale)
    return -magnitude if sign else magnitude


def every(stride: int) -> Array:
    """Every stride-th f32 bit pattern: all exponents, both signs, NaNs."""
    return np.arange(0, 2**32, stride, dtype=np.uint64).astype(np.uint32).view(np.float32)


def scattered(op: str, count: int) -> Array:
    """f64 points: random bit patterns, the usual range, and where the function is hard."""
    rng = np.random.default_rng(20261122)
    parts = [
        rng.integers(0, 2**64, count, dtype=np.uint64).view(np.float64),
        rng.uniform(-1.5, 1.5, count),
        rng.normal(size=count) * 10.0 ** rng.integers(-3, 4, count),
        rng.uniform(-750, 750, count),
        1 + rng.normal(size=count) * 10.0 ** rng.integers(-15, 0, count),
    ]
    if op in ("sin", "cos", "tan"):
        parts.append(rng.integers(-(2**41), 2**41, count) * (np.pi / 2))
        parts.append(rng.integers(-1000, 1000, count) * (np.pi / 2))
        parts.append(np.ldexp(rng.uniform(-1, 1, count), rng.integers(30, 1000, count)))
    return np.concatenate(parts)


def scattered_pairs(op: str, count: int, element: str) -> tuple[Array, Array]:
    """Points of a binary function; for pow, also those whose result is near the ends of the range."""
    rng = np.random.default_rng(20261122)
    limit = 700.0 if element == "f64" else 86.0
    special_values = np.array(
        [0.0, -0.0, 1, -1, 2, -2, 3, 0.5, -0.5, 1.5, np.inf, -np.inf, np.nan, 2.0**53, 1e30, 1e-30]
    )
    grid = [g.ravel() for g in np.meshgrid(special_values, special_values)]
    bits = rng.integers(0, 2**32 if element == "f32" else 2**64, (2, count), dtype=np.uint64)
    patterns = bits.astype(np.uint32).view(np.float32) if element == "f32" else bits.view(np.float64)
    usual = rng.normal(size=(2, count)) * 10.0 ** rng.integers(-2, 3, (2, count))
    near_one = 1 + rng.normal(size=count) * 1e-3
    base = np.exp(rng.uniform(-1, 1, count) * limit)
    full = rng.uniform(-1, 1, count) * limit * 1.06 / np.abs(np.log(base))
    middle = rng.uniform(0.5, 2, count)
    steep = rng.uniform(-1, 1, count) * limit * 1.06 / np.abs(np.log(middle))
    whole = -rng.integers(1, 40, count).astype(np.float64), rng.integers(-80, 80, count).astype(np.float64)
    first = [grid[0], patterns[0], usual[0], np.abs(usual[0]), near_one, base, middle, whole[0]]
    second = [grid[1], patterns[1], usual[1], usual[1], usual[0] * 10 * limit, full, steep, whole[1]]
    dtype = FORMAT[element][0]
    with np.errstate(all="ignore"):
        return np.concatenate(first).astype(dtype), np.concatenate(second).astype(dtype)
