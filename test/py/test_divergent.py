"""A `while` in each iteration of a loop, run in step: results at all block sizes, and where few or none are active."""

from __future__ import annotations

import math

import numpy as np
import pytest

import pydex as dx
from pydex import f32, f64, i64

n, m = dx.index_sets("n m")


@dx.jit
def halvings(x: f64[n]) -> i64[n]:
    """How often x can be halved before it is at most 1: none for NaN, and for what is small already."""
    found = dx.zeros(i64[n])
    for i in n:
        y = x[i]
        count = 0
        while y > 1.0:
            y = y / 2.0
            count += 1
        found[i] = count
    return found


@dx.jit
def root(a: f64) -> f64:
    """Newton's iteration; both carried values begin with the same number."""
    low = a
    high = a
    while abs(high * high - a) > 1e-12 * a:
        low = high
        high = 0.5 * (low + a / low)
    return high + 0.0 * low


@dx.jit
def roots(a: f64[n]) -> f64[n]:
    return [root(a[i]) for i in n]


@dx.jit
def total(a: f64[n]) -> f64:
    return sum(root(a[i]) * a[i] for i in n)


@dx.jit
def collatz(start: i64[n], limit: i64) -> tuple[i64, i64]:
    """The longest sequence and where it begins; the turn is on integers and branches."""
    lengths = dx.zeros(i64[n])
    for i in n:
        k = start[i]
        length = 0
        while k > 1 and length < limit:
            k = k >> 1 if k & 1 == 0 else 3 * k + 1
            length += 1
        lengths[i] = length
    return max(lengths[i] for i in n), dx.argmax(lengths)


@dx.jit
def own_index(x: f32[n, m]) -> f32[n, m]:
    """The turns use the loop's index and a number computed before them."""
    out = x.copy()
    for i in n:
        for j in m:
            step = x[i, j] * x[i, j] + f32(1.0)
            y = f32(0.0)
            while y < f32(j):
                y += step
            out[i, j] = y - step
    return out


SIZES = [0, 1, 15, 16, 17, 127, 128, 129, 1000]


@pytest.mark.parametrize("size", SIZES)
def test_counts(size) -> None:
    x = 2.0 ** np.random.default_rng(size).uniform(-3, 40, size)
    x[::5] = np.nan
    want = np.where(x > 1.0, np.ceil(np.log2(np.where(x > 1.0, x, 1.0))), 0)
    np.testing.assert_array_equal(halvings(x), want)


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_carried_values(size) -> None:
    a = 10 ** np.random.default_rng(size).uniform(-6, 6, size)
    np.testing.assert_allclose(roots(a), np.sqrt(a), rtol=1e-12)
    assert total(a) == pytest.approx(math.fsum(np.sqrt(a) * a), rel=1e-12)


@pytest.mark.slow
def test_one_long_iteration_among_short_ones() -> None:
    x = np.full(300, 0.5)
    x[[7, 131, 299]] = 2.0**1000, np.inf / np.inf, 8.0
    want = np.zeros(300)
    want[7], want[299] = 1000, 3
    np.testing.assert_array_equal(halvings(x), want)


@pytest.mark.slow
def test_gradients_go_through_the_turns() -> None:
    a = 10 ** np.random.default_rng(2).uniform(-2, 2, 150)
    np.testing.assert_allclose(dx.grad(total)(a), 1.5 * np.sqrt(a), rtol=1e-5)


@pytest.mark.slow
def test_integers() -> None:
    start = np.arange(1, 400)
    lengths = []
    for k in start:
        length = 0
        while k > 1 and length < 90:
            k, length = (k // 2 if k % 2 == 0 else 3 * k + 1), length + 1
        lengths.append(length)
    assert collatz(start, 90) == (max(lengths), int(np.argmax(lengths)))


@pytest.mark.slow
def test_the_index_and_what_comes_before() -> None:
    x = np.random.default_rng(3).normal(size=(3, 200)).astype(np.float32)
    steps = (x * x + np.float32(1.0)).astype(np.float64)
    want = (np.ceil(np.arange(200) / steps) - 1) * steps
    got = own_index(x)
    assert np.mean(np.abs(got - want) < 1e-3) > 0.99
    assert np.all(got < np.arange(200) + 1e-3)


def test_turns_are_taken_together() -> None:
    assert "arith.cmpi sge" in halvings.ir("mlir").split("scf.while")[1]
    assert halvings.ir("mlir").count("scf.while") == 2
