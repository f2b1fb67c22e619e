"""Histograms: copies of small accumulators, blocks of offsets and values; against NumPy for many sizes and data."""

from __future__ import annotations

import numpy as np
import pytest

import pydex as dx
from pydex import f32, f64, i64
from pydex.passes import lower_for, lower_narrow

n, b, c = dx.index_sets("n b c")


@dx.jit
def sums(x: f64[n], w: f64[n], bins: dx.Size[b]) -> f64[b]:
    h = dx.zeros(f64[b])
    for i in n:
        h[b.clamp(int(x[i] * f64(b.size)))] += w[i]
    return h


@dx.jit
def counts_and_largest(x: f64[n], w: f64[n], bins: dx.Size[b]) -> tuple[i64[b], f64[b], f64[n]]:
    """Two accumulators, one of them with two adds, beside a table."""
    count = dx.zeros(i64[b])
    largest = [0.5 for k in b]
    place = dx.zeros(f64[n])
    for i in n:
        k = b.clamp(int(x[i] * f64(b.size)))
        count[k] += 1
        count[b.clamp(0)] += 2
        largest[k] = max(largest[k], w[i])
        place[i] = x[i] * f64(b.size)
    return count, largest, place


@dx.jit
def plane(x: f64[n], y: f64[n], rows: dx.Size[b], columns: dx.Size[c]) -> i64[b, c]:
    count = dx.zeros(i64[b, c])
    for i in n:
        count[b.clamp(int(x[i] * f64(b.size))), c.clamp(int(y[i] * f64(c.size)))] += 1
    return count


@dx.jit
def half_square(x: f64[n], w: f64[n], bins: dx.Size[b]) -> f64:
    h = sums(x, w, bins)
    return 0.5 * sum(h[k] * h[k] for k in b)


@dx.jit
def floor_of(x: f32[n]) -> i64[n]:
    return [max(int(x[i]), 0) for i in n]


def cells(x: np.ndarray, bins: int) -> np.ndarray:
    """int() saturates, and NaN gives 0; then the nearest bin."""
    number = np.nan_to_num(x * bins, nan=0.0, posinf=1e9, neginf=-1e9)
    return np.clip(number, -1e9, 1e9).astype(np.int64).clip(0, bins - 1)


def data(size: int, skewed: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(size)
    x = rng.uniform(-0.1, 1.1, size) ** (9 if skewed else 1)
    x[::7] = 0.3 if skewed else x[::7]
    return x, rng.normal(size=size)


@pytest.mark.parametrize("bins", [1, 2, 256, 3000])
@pytest.mark.parametrize("size", [0, 1, 7, 511, 512, 513, 8195, 100_003])
def test_sums(size, bins) -> None:
    for skewed in (False, True):
        x, w = data(size, skewed)
        got = sums(x, w, bins)
        np.testing.assert_allclose(got, np.bincount(cells(x, bins), w, bins), rtol=1e-12, atol=1e-10)
        np.testing.assert_array_equal(got, sums(x, w, bins))


@pytest.mark.slow
@pytest.mark.parametrize("size", [0, 3, 513, 20_001])
def test_two_accumulators_beside_a_table(size) -> None:
    x, w = data(size)
    count, largest, place = counts_and_largest(x, w, 5)
    want = np.bincount(cells(x, 5), minlength=5)
    want[0] += 2 * size
    np.testing.assert_array_equal(count, want)
    np.testing.assert_array_equal(largest, [max(0.5, w[cells(x, 5) == k].max(initial=-9)) for k in range(5)])
    np.testing.assert_array_equal(place, x * 5.0)


@pytest.mark.slow
def test_two_axes() -> None:
    x, y = data(30_000)[0], data(30_000, skewed=True)[0]
    want = np.bincount(cells(x, 4) * 9 + cells(y, 9), minlength=36).reshape(4, 9)
    np.testing.assert_array_equal(plane(x, y, 4, 9), want)


def test_numbers_that_are_no_ordinals() -> None:
    x = np.array([np.nan, np.inf, -np.inf, -0.0, -0.5, 1e30, -1e30, 0.999] * 100)
    np.testing.assert_array_equal(sums(x, np.ones(800), 4), [500.0, 0.0, 0.0, 300.0])


@pytest.mark.slow
def test_the_gradient_reads_the_cells() -> None:
    x, w = data(5000)
    h = np.bincount(cells(x, 16), w, 16)
    np.testing.assert_allclose(dx.grad(half_square, wrt="w")(x, w, 16), h[cells(x, 16)], rtol=1e-12, atol=1e-11)


def test_conversions_saturate() -> None:
    x = np.array([0.9, -0.9, -7.5, 3.99, np.nan, np.inf, -np.inf, 1e19, -1e19], np.float32)
    top = np.iinfo(np.int64).max
    np.testing.assert_array_equal(floor_of(x), [0, 0, 0, 3, 0, top, 0, top, 0])


@dx.jit
def products(x: f64[n, c], w: f64[n]) -> f64[c, c]:
    """The loops choose the cells, along rows of the table and of what is read."""
    total = dx.zeros(f64[c, c])
    for i in n:
        for a in c:
            for k in dx.below(a):
                total[a, k] += w[i] * x[i, a] * x[i, k]
    return total


def test_cells_that_loops_choose_are_no_histogram(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lower_for, "run_scatter", None)
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(700, 9)), rng.random(700)
    np.testing.assert_allclose(products(x, w), np.tril(x.T * w @ x, -1), rtol=1e-12, atol=1e-12)


@dx.jit
def singles(x: f32[n], w: f32[n], bins: dx.Size[b]) -> f32[b]:
    h = dx.zeros(f32[b])
    for i in n:
        h[b.clamp(int(x[i]))] += w[i]
    return h


@dx.jit
def read(x: f32[n], y: f64[n], h: f64[b]) -> tuple[f64[n], f64]:
    """Indices of two types of floats, in one loop; beside a sum."""
    return [h[b.clamp(int(x[i]))] + 2.0 * h[b.clamp(int(y[i]))] for i in n], sum(h[b.clamp(int(x[i]))] for i in n)


@dx.jit
def bounded(x: f64[n], most: i64) -> i64[n]:
    """The bound need not be a size, and may be negative."""
    return [min(max(int(x[i]), 0), most) for i in n]


@dx.jit
def used_twice(x: f64[n], most: i64) -> tuple[i64[n], i64[n]]:
    """The conversion is read, too, so it has to be that of 64 bits."""
    found = [max(int(x[i]), 0) for i in n]
    return found, [min(found[i], most) for i in n]


SPECIAL = [np.nan, np.inf, -np.inf, -0.0, 0.0, 5e-45, -0.99, 0.99, 1.0, 2.5, 6.999999, 7.0, 7.5]
LARGE = [2.0**24 - 1, 2.0**24, 2.0**24 + 2, 2.0**31 - 128, 2.0**31, 2.0**32, 2.0**32 + 4096, 2.0**63, -(2.0**63), 1e30]


def positions(x: np.ndarray, size: int) -> np.ndarray:
    clipped = np.clip(np.nan_to_num(x.astype(np.float64), nan=0.0, posinf=2.0**70, neginf=-1.0), -1.0, size - 1.0)
    return np.maximum(np.trunc(clipped), 0).astype(np.int64)


@pytest.mark.parametrize("most", [3, 2**24])
@pytest.mark.parametrize("bins", [1, 2, 4, 5, 8, 300])
@pytest.mark.parametrize("size", [1, 23, 1000])
def test_indices_in_32_bits_and_in_64(monkeypatch, most, bins, size) -> None:
    """Both forms of the loop: bounds below and above the limit."""
    monkeypatch.setattr(lower_narrow, "MOST", most)
    rng = np.random.default_rng(size)
    x = np.resize(np.array([*SPECIAL, *LARGE, *rng.uniform(-3, 400, 30)], np.float32), size)
    y, w, h = np.resize(np.array(LARGE + SPECIAL), size), np.ones(size, np.float32), rng.normal(size=bins)
    kx, ky = positions(x, bins), positions(y, bins)
    np.testing.assert_array_equal(dx.jit(singles.__wrapped__)(x, w, bins), np.bincount(kx, minlength=bins))
    got, total = dx.jit(read.__wrapped__)(x, y, h)
    np.testing.assert_allclose(got, h[kx] + 2 * h[ky], rtol=1e-14)
    np.testing.assert_allclose(total, h[kx].sum(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("most", [-5, -1, 0, 7, 2**24 - 1, 2**24, 2**24 + 1, 2**31, 2**40, 2**63 - 1])
def test_bounds_that_are_no_sizes(most) -> None:
    x = np.array([*SPECIAL, *LARGE, 2.0**24 + 1, 2.0**31 + 0.5, 2.0**40 + 1])
    whole = np.array([min(max(int(np.clip(np.nan_to_num(v), -(2.0**62), 2.0**62)), 0), 2**62) for v in x.tolist()])
    whole[x >= 2.0**62] = 2**63 - 1
    np.testing.assert_array_equal(bounded(x, most), np.minimum(whole, most))
    all_of_it, least = used_twice(x, most)
    np.testing.assert_array_equal(all_of_it, whole)
    np.testing.assert_array_equal(least, np.minimum(whole, most))


def test_where_32_bits_are_used() -> None:
    for function in (singles, read, bounded, sums):
        assert " to i32" in function.ir("mlir")
    for function in (used_twice, floor_of):
        assert " to i32" not in function.ir("mlir")
