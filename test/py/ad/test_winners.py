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
