"""Iterations that end with exp or log of a sum: results, special numbers, errors, and where it is done at all."""

from __future__ import annotations

import numpy as np
import pytest

import pydex as dx
from pydex import f32, f64, runtime

n, m = dx.index_sets("n m")
three = dx.Fin(3)
rng = np.random.default_rng(7)
SHAPES = [(0, 3), (1, 1), (5, 4), (255, 3), (256, 1), (257, 7), (1000, 2), (3, 0)]


@dx.jit
def rows(x: f64[n, m], y: f64[n]):
    """A table and reductions, of a sum and of what is read before and behind the loop."""
    t = dx.zeros(f64[n])
    total = 0.0
    for i in n:
        scale = y[i] * 0.5
        s = sum(x[i, j] for j in m)
        t[i] = dx.exp(s * scale) + y[i]
        total += dx.log1p(s * s)
    return t, total


@dx.jit
def largest(x: f32[n, m]):
    return max(dx.exp(sum(x[i, j] for j in m)) for i in n), sum(dx.tanh(sum(x[i, j] for j in m)) for i in n)


@dx.jit
def logistic(b: f64[m], x: f64[n, m]) -> f64:
    total = 0.0
    for i in n:
        e = sum(x[i, j] * b[j] for j in m)
        total += dx.log1p(dx.exp(-abs(e))) + max(e, 0.0)
    return total


@dx.jit
def kernel(x: f64[n, m], y: f64[n]) -> f64:
    return sum(y[i] * y[j] * dx.exp(-sum((x[i, k] - x[j, k]) ** 2 for k in m)) for i in n for j in n)


@dx.jit
def checked(x: f64[n, m], at: n.Index[n]):
    return [dx.log(sum(x[at[i], j] for j in m)) for i in n]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("threads", [1, 2])
def test_rows(shape, threads) -> None:
    x, y = rng.normal(size=shape), rng.normal(size=shape[0])
    before = runtime.get_threads()
    runtime.set_threads(threads)
    t, total = rows(x, y)
    runtime.set_threads(before)
    s = x.sum(1)
    np.testing.assert_allclose(t, np.exp(s * y * 0.5) + y, rtol=1e-13)
    np.testing.assert_allclose(total, np.log1p(s * s).sum(), rtol=1e-13)


@pytest.mark.parametrize("shape", [(1, 2), (300, 5), (257, 1)])
def test_in_f32(shape) -> None:
    x = rng.normal(size=shape).astype("f4")
    s = x.sum(1, dtype="f8")
    top, total = largest(x)
    np.testing.assert_allclose(top, np.exp(s).max(), rtol=1e-5)
    np.testing.assert_allclose(total, np.tanh(s).sum(), rtol=1e-5, atol=1e-5)


def test_views_and_special_numbers() -> None:
    x, y = rng.normal(size=(600, 8))[::2, ::-3], np.ones(900)[::3]
    x[[3, 17, 290], 0] = np.nan, np.inf, -np.inf
    with np.errstate(invalid="ignore"):
        want = np.exp(x.sum(1) * 0.5) + 1
    np.testing.assert_allclose(rows(x, y)[0], want, rtol=1e-13)


def test_the_first_error_is_raised() -> None:
    x, at = rng.random((400, 3)), np.arange(400)
    np.testing.assert_allclose(checked(x, at), np.log(x.sum(1)), rtol=1e-12, atol=1e-14)
    at[[300, 350]] = 1000, 2000
    with pytest.raises(IndexError, match="1000"):
        checked(x, at)


@pytest.mark.slow
def test_derivatives() -> None:
    x = rng.normal(size=(33, 3))
    dx.check_grads(rows, x, rng.normal(size=33))
    dx.check_grads(logistic, rng.normal(size=3), x)
    dx.check_grads(kernel, x, rng.random(33))


def blocks(function) -> int:
    return function.ir("mlir").count("step %c256") + function.ir("mlir").count("constant 256 : i64")


def test_where_it_is_done() -> None:
    @dx.jit
    def cheap(x: f64[n, m]):
        return [sum(x[i, j] for j in m) ** 2 for i in n]

    @dx.jit
    def straight(x: f64[n, three]):
        return [dx.exp(sum(x[i, k] for k in three)) for i in n]

    assert blocks(rows) and blocks(largest) and blocks(logistic) and blocks(checked)
    assert not blocks(cheap) and not blocks(straight)
