"""Accumulation by max and min of sums: whoever wins a cell is found, whatever order the sums are taken in."""

from __future__ import annotations

import numpy as np
import pytest

import pydex as dx
from pydex import f64

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
def unknown(a: f64[n], z: dx.i64[n]) -> f64:
    best = dx.accum(f64, max)
    for i in n:
        for j in range(z[i]):
            best += a[i] + 0.1 * j
    return best


def test_sizes_that_are_only_known_inside_are_refused() -> None:
    assert unknown(np.array([0.0, 5.0, 1.0]), np.array([1, 5, 4])) == pytest.approx(5.4)
    help = "the size of a loop around it is only known inside the accumulation: carry it instead"
    with pytest.raises(NotImplementedError, match=f"best \\+= a(.|\n)*help: {help}"):
        dx.grad(unknown)(np.array([0.0, 5.0, 1.0]), np.array([1, 5, 4]))
