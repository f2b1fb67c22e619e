"""Accumulation by max and min of sums: whoever wins a cell is found, whatever order the sums are taken in."""

import numpy as np
import pytest
from law1.subject import subject

import pydex as dx
from pydex import f32, f64, pipeline
from pydex.passes.pipelines import CPU

pytestmark = pytest.mark.slow

n, m, k = dx.index_sets("n m k")


@dx.jit
def rows(a: f64[n, m], p: k.Index[n], w: f64[k]) -> f64:
    best = dx.accum(f64[k], max)
    for i in n:
        best[p[i]] += sum(a[i, j] * a[i, j] for j in m)
    return sum(best[c] * w[c] for c in k if best[c] > -1e300)


@dx.jit
def some_rows(a: f64[n, m], p: k.Index[n], w: f64[k]) -> f64:
    best = dx.accum(f64[k], min)
    for i in n:
        if a[i, 0] > 0.0:
            best[p[i]] += sum(dx.sin(a[i, j]) for j in m)
        else:
            for j in m:
                best[p[i]] += sum(a[i, before] for before in dx.below(j)) + 0.5
    return sum(best[c] * w[c] for c in k if best[c] < 1e300)


@dx.jit
def along(a: f64[n, m], p: k.Index[n], w: f64[k]) -> f64:
    best = dx.accum(f64[k], max)
    state = 0.0
    for i in n:
        state = 0.5 * state + a[i, 0]
        best[p[i]] += state + sum(a[i, j] for j in m)
    return sum(best[c] * w[c] for c in k if best[c] > -1e300)


def numpy_rows(a, p, w):
    return [(np.sum(a[i] ** 2), p[i]) for i in range(len(a))], max


def numpy_some_rows(a, p, w):
    first = [(np.sum(np.sin(row)), c) for row, c in zip(a, p, strict=True) if row[0] > 0]
    return first + [
        (np.sum(row[:j]) + 0.5, c) for row, c in zip(a, p, strict=True) if row[0] <= 0 for j in range(len(row))
    ], min


def numpy_along(a, p, w):
    found, state = [], 0.0
    for row, c in zip(a, p, strict=True):
        state = 0.5 * state + row[0]
        found.append((state + np.sum(row), c))
    return found, max


def value(program, a, p, w):
    offers, better = program(a, p, w)
    return sum(w[c] * better(v for v, at in offers if at == c) for c in set(p))


@pytest.mark.parametrize(
    ("function", "independent"),
    [(rows, numpy_rows), (some_rows, numpy_some_rows), (along, numpy_along)],
    ids=["rows", "some_rows", "along"],
)
@pytest.mark.parametrize(("size", "cells"), [((7, 3), 2), ((40, 300), 5)], ids=str)
def test_slopes_are_those_of_the_winners(function, independent, size, cells) -> None:
    rng = np.random.default_rng(3)
    a, p, w = rng.normal(size=size), rng.integers(cells, size=size[0]), rng.uniform(1, 2, cells)
    assert function(a, p, w) == pytest.approx(value(independent, a, p, w), rel=1e-12)
    direction, step = rng.normal(size=size), 1e-6
    ahead, back = (value(independent, a + sign * step * direction, p, w) for sign in (1, -1))
    slope = np.sum(dx.grad(function, wrt="a")(a, p, w) * direction)
    assert slope == pytest.approx((ahead - back) / (2 * step), rel=1e-6)


@dx.jit
def two(a: f64[n, m]) -> f64:
    most, least = dx.accum(f64, max), dx.accum(f64, min)
    for i in n:
        most += a[i, 0]
        least += sum(a[i, j] for j in m)
    return most * least


def test_two_accumulators_of_one_loop() -> None:
    a, direction = np.random.default_rng(5).normal(size=(2, 6, 4))
    most, least = a[:, 0].argmax(), a.sum(axis=1).argmin()
    slope = direction[most, 0] * a[least].sum() + a[most, 0] * direction[least].sum()
    assert np.sum(dx.grad(two)(a) * direction) == pytest.approx(slope, rel=1e-12)


@dx.jit
def products(a: f64[n], b: f64[n], c: f64[n], p: k.Index[n], w: f64[k]) -> f64:
    """Whether a[i] * b[i] + c[i] is rounded once or twice depends on who else needs the product."""
    best = dx.accum(f64[k], max)
    found = [a[i] * b[i] for i in n]
    for i in n:
        best[p[i]] += found[i] + c[i]
    return sum(best[q] * w[q] for q in k if best[q] > -1e300) + sum(found[i] * found[j] for i in n for j in n[:3])


def test_products_that_are_added_win() -> None:
    slope = dx.grad(products, wrt="c")
    for seed in range(60):
        rng = np.random.default_rng(seed)
        a, b, c = rng.normal(size=(3, 3 + seed % 37))
        p = rng.integers(4, size=len(a))
        assert slope(a, b, c, p, np.ones(4)).sum() == len(set(p))


@dx.jit
def unknown(a: f64[n], z: dx.i64[n], p: k.Index[n], w: f64[k]) -> f64:
    """Sizes of inner loops that are only known inside, and what they contain."""
    best = dx.accum(f64[k], max)
    for i in n:
        for j in range(z[i]):
            for later in range(j):
                best[p[i]] += a[i] + 0.1 * j - 0.2 * later
        best[p[i]] += 1.25 * a[i]
    return sum(best[c] * w[c] for c in k if best[c] > -1e300)


def test_sizes_that_are_only_known_inside() -> None:
    rng = np.random.default_rng(7)
    a, z, p, w = rng.normal(size=40), rng.integers(6, size=40), rng.integers(3, size=40), rng.uniform(1, 2, 3)
    offers = [(a[i] + 0.1 * j, p[i], i, 1.0) for i in range(40) for j in range(1, z[i])]
    offers += [(1.25 * a[i], p[i], i, 1.25) for i in range(40)]
    expected = np.zeros(40)
    for cell in set(p):
        _, _, i, slope = max((o for o in offers if o[1] == cell), key=lambda o: o[0])
        expected[i] += w[cell] * slope
    np.testing.assert_allclose(dx.grad(unknown)(a, z, p, w), expected, rtol=1e-12)


@dx.jit
def ties_of_unknown_sizes(a: f64[n], z: dx.i64[n]) -> f64:
    best = dx.accum(f64, min)
    for i in n:
        for j in range(z[i]):
            best += a[i] * (1.0 if j > 0 else 2.0)
    return best


def test_the_first_of_equals_wins_where_sizes_are_only_known_inside() -> None:
    grad = dx.grad(ties_of_unknown_sizes)
    assert grad(np.array([1.0, 0.5, 1.0]), np.array([1, 1, 2])).tolist() == [0.0, 2.0, 0.0]
    assert grad(np.array([1.0, 2.0, 1.0]), np.array([2, 0, 2])).tolist() == [1.0, 0.0, 0.0]
    assert grad(np.array([3.0, 2.0, 0.0]), np.array([0, 0, 3])).tolist() == [0.0, 0.0, 2.0]


def offered(real, better):
    """Cells of offers in two loops."""

    @dx.jit
    def total(first: real[m], x: real[n], p: m.Index[n], w: real[m]) -> real:
        cells = dx.accum(real[m], better)
        for c in m:
            cells[c] += first[c]
        for i in n:
            cells[p[i]] += x[i]
        return sum(cells[c] * w[c] for c in m)

    return total


def wins(new: float, old: float, better) -> bool:
    """Does a later offer beat an earlier one?"""
    if np.isnan(old) or np.isnan(new):
        return not np.isnan(old)
    return new > old if better is max else new < old


INF, NAN, TINY = np.inf, np.nan, 5e-324
SPECIAL = [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, TINY, -TINY, 1.0 + 2**-23, 3e38, -3e38]


@pytest.mark.parametrize("better", [max, min])
@pytest.mark.parametrize("real", [f32, f64], ids=["f32", "f64"])
def test_special_values_and_ties(real, better) -> None:
    """The initial value wins ties: that of an empty cell, then what the first loop leaves; then the least index."""
    grad, rng = dx.grad(offered(real, better), wrt=("first", "x")), np.random.default_rng(1)
    dtype = np.float32 if real is f32 else np.float64
    for numbers in (SPECIAL, [v for v in SPECIAL if v == v], [0.0, -0.0], [-INF], [INF], [TINY, -TINY, 0.0]):
        for count in (0, 1, 5, 64, 701):
            with np.errstate(under="ignore"):
                first, x = (rng.choice(numbers, size).astype(dtype) for size in (7, count))
            p, w = rng.integers(7, size=count), rng.uniform(1, 2, 7).astype(dtype)
            expected = np.zeros(7, dtype), np.zeros(count, dtype)
            for c in range(7):
                best, winner = -INF if better is max else INF, None
                for loop, i, value in [(0, c, first[c]), *((1, i, x[i]) for i in np.flatnonzero(p == c))]:
                    if wins(value, best, better):
                        best, winner = value, (loop, i)
                if winner is not None:
                    expected[winner[0]][winner[1]] = w[c]
            for found, right in zip(grad(first, x, p, w), expected, strict=True):
                np.testing.assert_array_equal(found, right)


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_find_the_same_winners(threads) -> None:
    grad, rng, before = dx.grad(offered(f64, max), wrt="x"), np.random.default_rng(2), dx.get_num_threads()
    x, p = rng.integers(50, size=300_000).astype(np.float64), rng.integers(9, size=300_000)
    expected = np.zeros(len(x))
    for cell in range(9):
        expected[np.flatnonzero(p == cell)[x[p == cell].argmax()]] = cell + 1
    try:
        dx.set_num_threads(threads)
        np.testing.assert_array_equal(grad(np.full(9, -1.0), x, p, np.arange(1.0, 10.0)), expected)
    finally:
        dx.set_num_threads(before)


@dx.jit
def cells(x: f64[n], y: f64[m]) -> f64:
    best = dx.accum(f64[m], max)
    for i in n:
        for j in m:
            best[j] += x[i] * y[j]
    return sum(best[j] * best[j] for j in m)


@pytest.mark.parametrize("size", [1, 15, 16, 17, 255, 256, 257, 512, 1000])
def test_the_first_of_equals_wins_a_long_reduction(size) -> None:
    """A reduction is made in blocks: equals are in one, and in several."""
    x, y = np.random.default_rng(size).integers(-3, 4, size=size).astype(np.float64), np.array([1.0, -2.0, 0.0])
    expected = np.zeros(size)
    for offer, weight in zip(np.multiply.outer(y, x), y, strict=True):
        expected[offer.argmax()] += 2 * offer.max() * weight
    np.testing.assert_array_equal(dx.grad(cells, wrt="x")(x, y), expected)


def lowered(function, *arguments) -> str:
    made = subject(function, arguments)
    pipeline.run_passes(made.module, CPU)
    return pipeline.lower(made.module, made.entry).text


def test_offers_are_compared_by_halves_where_they_are_reduced() -> None:
    """Low halves, without a sign, in a block; where data chooses the cell there is no block."""
    x, y, p = np.ones(4), np.ones(5), np.zeros(4, dtype=np.int64)
    assert "arith.maxui" in lowered(dx.grad(cells), x, y)
    assert "arith.maxui" in lowered(dx.grad(waves), x, y)
    by_data = lowered(dx.grad(offered(f64, max), wrt="x"), y, x, p, y)
    assert "arith.maxsi" in by_data and "i128" in by_data and "arith.maxui" not in by_data


def test_a_nan_wins_a_long_reduction() -> None:
    x = np.zeros(1000)
    x[[300, 700]] = np.nan
    assert np.flatnonzero(np.isnan(dx.grad(cells, wrt="x")(x, np.ones(1)))).tolist() == [300]


@dx.jit
def waves(x: f64[n], y: f64[m]) -> f64:
    best = dx.accum(f64, min)
    for i in n:
        for j in m:
            best += dx.sin(x[i] * y[j])
    return best


@pytest.mark.parametrize("threads", [1, 2])
def test_far_arguments_and_threads(threads) -> None:
    """Sines of far arguments are computed a second time, in a block that is shorter than that of other loops."""
    rng, before = np.random.default_rng(11), dx.get_num_threads()
    x, y = rng.normal(size=300), rng.normal(size=5000) * np.where(rng.random(5000) < 1e-3, 1e12, 1.0)
    products = np.multiply.outer(x, y)
    i, j = np.unravel_index(np.sin(products).argmin(), products.shape)
    try:
        dx.set_num_threads(threads)
        by_x, by_y = dx.grad(waves, wrt=("x", "y"))(x, y)
    finally:
        dx.set_num_threads(before)
    assert np.flatnonzero(by_x).tolist() == [i] and np.flatnonzero(by_y).tolist() == [j]
    assert by_x[i] == pytest.approx(np.cos(products[i, j]) * y[j], rel=1e-9)


def test_no_elements() -> None:
    none, some = np.zeros(0), np.ones(3)
    for x, y in ((none, some), (some, none), (none, none)):
        for function in (cells, waves):
            for found in dx.grad(function, wrt=("x", "y"))(x, y):
                np.testing.assert_array_equal(found, np.zeros(len(found)))


def test_second_derivatives() -> None:
    x, y = np.array([1.0, -2.0, 3.0]), np.array([0.5, -1.0, 2.0, 1.5])
    index = np.multiply.outer(x, y).argmax(axis=0)
    expected = np.zeros((3, 3))
    np.add.at(expected, (index, index), 2 * y * y)
    np.testing.assert_allclose(dx.hessian(cells, wrt="x")(x, y), expected, rtol=1e-14)
    np.testing.assert_allclose(dx.hvp(cells, wrt="x")(x, y, np.ones(3)), expected.sum(axis=1), rtol=1e-14)


@dx.jit
def best_products(x: f64[n], y: f64[m]) -> f64[m]:
    best = dx.full(f64[m], -5.0)
    for i in n:
        for j in m:
            best[j] = max(best[j], x[i] * y[j])
    return best


@dx.jit
def best_root(x: f64[n], y: f64) -> f64:
    best = 0.5
    for i in n:
        best = max(best, y * dx.sqrt(x[i]))
    return best


def test_what_has_lost_may_be_infinite() -> None:
    """The infinity that lost, and the infinite derivative of what lost, meet no zero."""
    x, y = np.array([-np.inf, 1.0, 2.0]), np.array([0.5, 1.5])
    by_x, by_y = dx.jacobian(best_products, (0, 1))(x, y)
    np.testing.assert_array_equal(by_x, [[0.0, 0.0, 0.5], [0.0, 0.0, 1.5]])
    np.testing.assert_array_equal(by_y, [[2.0, 0.0], [0.0, 2.0]])
    by_x, by_y = dx.grad(best_root, (0, 1))(np.array([0.0, 4.0, 1.0]), 1.0)
    np.testing.assert_array_equal(by_x, [0.0, 0.25, 0.0])
    assert by_y == 2.0
