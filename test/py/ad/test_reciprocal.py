"""1/y in derivatives: the divisions that are left, and values where roots are zero, infinite or not numbers."""

from __future__ import annotations

import numpy as np
import pytest

import pydex as dx
from pydex import f64

pytestmark = pytest.mark.slow

n = dx.index_sets("n")


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


@pytest.mark.parametrize(("function", "left"), [(pull, 1), (inverse, 2), (mixed, 2)], ids=["pull", "inverse", "mixed"])
def test_divisions_are_shared(function, left) -> None:
    """One of 1/q; the user's own, unless it was x/y for y a power of q; 1/y is there already where the user has it."""
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
    gradient = dx.grad(mixed, wrt="s")
    np.testing.assert_equal(gradient(3.0, s), gradient.reference(3.0, s))


@pytest.mark.parametrize(("s", "slope"), [(0.0, -np.inf), (np.inf, -0.0), (-1.0, np.nan), (np.nan, np.nan)])
def test_poles_of_a_power_of_a_root_are_limits(s, slope) -> None:
    np.testing.assert_equal(dx.grad(pull, wrt="s")(3.0, s), slope)


@dx.jit
def spring(x: f64, y: f64, z: f64) -> f64:
    square = x * x + y * y + z * z
    root = dx.sqrt(square)
    return x / (root * root * root) + dx.log(root) + y / (square * root)


def test_a_root_with_other_uses() -> None:
    """Its cotangent has parts: what goes to the square at once, and what goes by way of the root."""
    point = 0.3, -0.7, 1.1
    square = np.sum(np.square(point))
    by_square = -1.5 * (point[0] + point[1]) * square**-2.5 + 0.5 / square
    expected = 2.0 * by_square * np.array(point) + np.array([1.0, 1.0, 0.0]) * square**-1.5
    np.testing.assert_allclose(dx.grad(spring, wrt=("x", "y", "z"))(*point), expected, rtol=1e-14)
    hessian = np.array(dx.hessian(spring, wrt=("x", "y", "z"))(*point))
    step = 1e-6
    for k in range(3):
        moved = [
            np.array(dx.grad(spring, wrt=("x", "y", "z"))(*(p + sign * step * (a == k) for a, p in enumerate(point))))
            for sign in (1, -1)
        ]
        np.testing.assert_allclose(hessian[k], (moved[0] - moved[1]) / (2 * step), rtol=1e-7)


def test_a_root_of_a_negative_number_spoils_no_other_quotient() -> None:
    assert dx.grad(chosen)(-4.0) == pytest.approx(-2.0 / 16.0, rel=1e-15)
    assert dx.grad(chosen)(4.0) == pytest.approx(0.25, rel=1e-15)


@dx.jit
def shared(s: f64, x: f64[n]) -> f64:
    y = s * dx.sqrt(s)
    return sum(x[i] / y for i in n) + (x[0] / y if x[0] > 0.0 else 0.0)


@dx.jit
def direction(s: f64[n]) -> f64[n]:
    q = dx.sqrt(sum(s[i] * s[i] for i in n))
    cube = q * q * q
    return [s[i] / cube for i in n]


def test_roots_outside_of_the_region_that_divides() -> None:
    x = np.array([1.0, 2.0, 0.5])
    assert dx.grad(shared, wrt="s")(1.3, x) == pytest.approx(-1.5 * (x.sum() + 1.0) * 1.3**-2.5, rel=1e-14)
    size = np.linalg.norm(x)
    expected = np.eye(3) / size**3 - 3.0 * np.outer(x, x) / size**5
    np.testing.assert_allclose(dx.jacobian(direction)(x), expected, rtol=1e-13)
