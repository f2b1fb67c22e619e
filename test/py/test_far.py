"""Loops with sin, cos and tan: arguments near and far, in one block or in several, against higher precision."""

from __future__ import annotations

import numpy as np
import pytest

import pydex as dx
from pydex import f32, f64

n = dx.index_sets("n")
SIZES = [0, 1, 17, 4095, 4096, 4097, 9000]


@dx.jit
def waves(x: f32[n]):
    return [dx.sin(x[i]) for i in n], [dx.cos(x[i]) for i in n], [dx.tan(x[i]) for i in n]


@dx.jit
def waves64(x: f64[n]):
    return [dx.sin(x[i]) for i in n], [dx.cos(x[i]) for i in n], [dx.tan(x[i]) for i in n]


@dx.jit
def energy(x: f32[n], y: f32[n]) -> tuple[f32, f32]:
    """Two reductions in one loop, one of them made in blocks."""
    return sum((dx.sin(x[i]) * y[i] + dx.cos(x[i])) ** 2 for i in n), max(
        dx.sin(x[i]) if y[i] > 0.0 else 0.0 for i in n
    )


gradient = dx.grad(lambda x, y: energy(x, y)[0], wrt=("x", "y"))


def numbers(size: int, far: int, type: type) -> np.ndarray:
    """So many numbers; of those at the end, `far` ones are far."""
    rng = np.random.default_rng(size)
    x = rng.normal(scale=30.0, size=size)
    x[size - far :] *= 1e9 if type is np.float32 else 1e20
    return x.astype(type)


def exact(x: np.ndarray) -> list[np.ndarray]:
    """float32 in float64; float64 by mpmath."""
    if x.dtype == np.float32:
        wide = x.astype(np.float64)
        return [np.sin(wide), np.cos(wide), np.tan(wide)]
    import mpmath

    with mpmath.workprec(200):
        values = [mpmath.mpf(float(v)) for v in x]
        return [np.array([float(f(v)) for v in values]) for f in (mpmath.sin, mpmath.cos, mpmath.tan)]


@pytest.mark.parametrize("far", [0, 1, 300])
@pytest.mark.parametrize("size", SIZES)
def test_accuracy_of_f32(size, far) -> None:
    x = numbers(size, min(far, size), np.float32)
    for got, want, bound in zip(waves(x), exact(x), (1.0, 1.0, 2.2), strict=True):
        assert np.all(np.abs(got - want) <= bound * np.spacing(np.abs(want).astype(np.float32)))


@pytest.mark.slow
@pytest.mark.parametrize("far", [0, 20])
def test_accuracy_of_f64(far) -> None:
    x = numbers(600, far, np.float64)
    for got, want, bound in zip(waves64(x), exact(x), (1.5, 1.5, 2.7), strict=True):
        assert np.all(np.abs(got - want) <= bound * np.spacing(np.abs(want)))


def test_what_is_no_number_and_zeros() -> None:
    x = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 65536.0, 65537.0], np.float32)
    sine, cosine, tangent = waves(x)
    assert np.isnan(sine[:3]).all() and np.isnan(cosine[:3]).all() and np.isnan(tangent[:3]).all()
    assert np.signbit(sine[3]) and np.signbit(tangent[3]) and not np.signbit(sine[4]) and cosine[3] == 1.0
    np.testing.assert_allclose(sine[5:], np.sin(x[5:].astype(np.float64)), rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("far", [0, 1, 5000])
@pytest.mark.parametrize("size", SIZES[1:])
def test_reductions_and_gradients(size, far) -> None:
    x, y = numbers(size, min(far, size), np.float32), np.random.default_rng(1).normal(size=size).astype(np.float32)
    wide, other = x.astype(np.float64), y.astype(np.float64)
    terms = np.sin(wide) * other + np.cos(wide)
    total, largest = energy(x, y)
    assert total == pytest.approx((terms**2).sum(), rel=1e-6)
    assert largest == pytest.approx(np.where(other > 0.0, np.sin(wide), 0.0).max(), rel=1e-6)
    by_x, by_y = gradient(x, y)
    np.testing.assert_allclose(by_x, 2 * terms * (np.cos(wide) * other - np.sin(wide)), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(by_y, 2 * terms * np.sin(wide), rtol=1e-4, atol=1e-4)


def test_the_loop_is_written_for_near_arguments_and_for_all() -> None:
    text = waves.ir("mlir")
    assert "func.call @pdx_sin_near_f32" in text and "func.call @pdx_sin_f32" in text
