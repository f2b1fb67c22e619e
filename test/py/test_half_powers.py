"""x ** (k/2), by a root and products: accuracy against NumPy's long double, special numbers, and derivatives at 0."""

from __future__ import annotations

import numpy as np
import pytest

import pydex as dx
from pydex import f32, f64

n = dx.index_sets("n")
HALVES = (0.5, 1.5, 2.5, 3.5, -0.5, -1.5, -2.5, -3.5)
SPECIAL = (0.0, -0.0, np.inf, -np.inf, np.nan, -1.0, -1e-30, 1e30, 1e-30, 1e-38, 4.0)


@dx.jit
def halves_f32(x: f32[n]):
    """Powers by exponents which are constants of the right type: a literal 0.5 is a root already in the frontend."""
    h = f32(0.5)
    return (
        [x[i] ** h for i in n], [x[i] ** (3 * h) for i in n], [x[i] ** (5 * h) for i in n], [x[i] ** 3.5 for i in n],
        [x[i] ** -h for i in n], [x[i] ** (-3 * h) for i in n], [x[i] ** -2.5 for i in n], [x[i] ** -3.5 for i in n],
    )  # fmt: skip


@dx.jit
def halves_f64(x: f64[n]):
    h = 0.5 * f64(1.0)
    return (
        [x[i] ** h for i in n], [x[i] ** 1.5 for i in n], [x[i] ** 2.5 for i in n], [x[i] ** 3.5 for i in n],
        [x[i] ** -0.5 for i in n], [x[i] ** -1.5 for i in n], [x[i] ** (-5 * h) for i in n], [x[i] ** -3.5 for i in n],
    )  # fmt: skip


FUNCTIONS = [(halves_f32, np.float32), (halves_f64, np.float64)]
TYPES = ["f32", "f64"]


def test_they_are_roots_and_products() -> None:
    text = halves_f64.ir("mlir")
    assert "pdx_powf" not in text and text.count("math.sqrt") == len(HALVES)


@pytest.mark.slow
@pytest.mark.parametrize(("function", "type"), FUNCTIONS, ids=TYPES)
def test_accuracy(function, type) -> None:
    x = (10 ** np.random.default_rng(1).uniform(-9, 9, 50_000)).astype(type)
    for exponent, got in zip(HALVES, function(x), strict=True):
        k = round(2 * exponent)
        want = x.astype(np.longdouble) ** np.longdouble(exponent)
        error = np.abs(got - want) / np.spacing(want.astype(type)).astype(np.longdouble)
        assert error.max() <= ((k + 1) / 2 if k > 0 else -2 * k), exponent


@pytest.mark.slow
@pytest.mark.parametrize(("function", "type"), FUNCTIONS, ids=TYPES)
def test_special_numbers_are_those_of_pow(function, type) -> None:
    x = np.array(SPECIAL, type)
    for exponent, got in zip(HALVES, function(x), strict=True):
        with np.errstate(over="ignore"):
            want = np.array([_pow(float(v), exponent) for v in x]).astype(type)
        np.testing.assert_allclose(got, want, rtol=20 * np.finfo(type).eps, err_msg=str(exponent))
        assert not np.signbit(got[~np.isnan(want)]).any()


def _pow(x: float, y: float) -> float:
    """C's pow, by way of Python's."""
    if x == 0.0 and y < 0:
        return np.inf
    return float(x**y) if x >= 0 or np.isinf(x) else np.nan


@dx.jit
def steep(x: f64) -> f64:
    return x**1.5 + 2.0 * x**2.5


def test_the_derivative_at_zero_is_that_of_the_power() -> None:
    assert dx.grad(steep)(0.0) == 0.0
    assert dx.grad(steep)(4.0) == pytest.approx(1.5 * 2.0 + 5.0 * 8.0, rel=1e-14)
    assert dx.grad(dx.grad(steep))(4.0) == pytest.approx(0.75 / 2.0 + 7.5 * 2.0, rel=1e-14)
