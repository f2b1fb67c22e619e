"""1/y in derivatives: the divisions that are left, and values where roots are zero, infinite or not numbers."""

from __future__ import annotations

import numpy as np
import pytest

import pydex as dx
from pydex import f64

pytestmark = pytest.mark.slow


@dx.jit
def pull(m: f64, s: f64) -> f64:
    return m / (s * dx.sqrt(s))


@dx.jit
def inverse(s: f64) -> f64:
    return 1.0 / (s * dx.sqrt(s))


@dx.jit
def mixed(a: f64, s: f64) -> f64:
    return 1.0 / (a * dx.sqrt(s))


@dx.jit
def chosen(s: f64) -> f64:
    return dx.sqrt(s) if s > 0.0 else 2.0 / s


@dx.jit
def squares(x: f64, y: f64) -> f64:
    return dx.sqrt(x * x + y * y)


def divisions(function) -> int:
    return function.ir().split("@grad")[1].count("arith.divf")


@pytest.mark.parametrize(("function", "left"), [(pull, 2), (inverse, 2), (mixed, 2)], ids=["pull", "inverse", "mixed"])
def test_divisions_are_shared(function, left) -> None:
    """The user's own, and one of 1/q; 1/y is there already where the user computed it."""
    assert divisions(dx.grad(function, wrt="s")) == left


def test_a_square_is_differentiated_by_one_product() -> None:
    gradient = dx.grad(squares, wrt=("x", "y")).ir().split("@grad")[1]
    assert gradient.count("arith.mulf") == 2 + 3  # x², y²; ȳ · ½ · 1/q, and that by x and by y
    assert dx.grad(squares, wrt=("x", "y"))(3.0, 4.0) == pytest.approx((0.6, 0.8), rel=1e-15)


@pytest.mark.parametrize("s", [1e-200, 1e-3, 2.0, 1e150])
def test_values(s) -> None:
    assert dx.grad(pull, wrt="s")(3.0, s) == pytest.approx(-4.5 * s**-2.5 if s > 1e-100 else -np.inf, rel=1e-14)
    assert dx.grad(inverse)(s) == pytest.approx(-1.5 * s**-2.5 if s > 1e-100 else -np.inf, rel=1e-14)
    assert dx.grad(mixed, wrt="s")(2.0, s) == pytest.approx(-0.25 * s**-1.5, rel=1e-14)


@pytest.mark.parametrize("s", [0.0, np.inf, -1.0, np.nan])
def test_poles_and_what_is_not_a_number_are_as_in_cpython(s) -> None:
    for function in (pull, mixed):
        gradient = dx.grad(function, wrt="s")
        np.testing.assert_equal(gradient(3.0, s), gradient.reference(3.0, s))


def test_a_root_of_a_negative_number_spoils_no_other_quotient() -> None:
    assert dx.grad(chosen)(-4.0) == pytest.approx(-2.0 / 16.0, rel=1e-15)
    assert dx.grad(chosen)(4.0) == pytest.approx(0.25, rel=1e-15)
