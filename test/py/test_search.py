"""argmax and argmin: what can be read again is looked for in its table, what is computed in a block that is kept."""

from __future__ import annotations

import numpy as np
import pytest

import pydex as dx
from pydex import f32, f64, runtime
from pydex.passes.lower_reductions import SEARCH_BLOCK
from pydex.passes.lower_search import BLOCK

n, m = dx.index_sets("n m")
rng = np.random.default_rng(3)


@dx.jit
def read(x: f64[n]):
    return dx.argmax(x), max(x[i] for i in n), dx.argmin(-x[i] for i in n)


@dx.jit
def computed(x: f64[n]):
    return dx.argmax(x[i] * x[i] for i in n)


@dx.jit
def beside_a_sum(x: f32[n, m]):
    best = [dx.argmax(x[i, j] for j in m) for i in n]
    total = [sum(x[i, j] for j in m) for i in n]
    return best, total


@dx.jit
def changed(x: f64[n]):
    """The numbers are other ones when they are read again."""
    u = x.copy()
    top = dx.argmax(u)
    u[top] = -1.0
    return top, dx.argmax(u)


@dx.jit
def logsumexp(x: f32[n, m]) -> f32:
    total = f32(0.0)
    for i in n:
        top = max(x[i, j] for j in m)
        total += top + dx.log(sum(dx.exp(x[i, j] - top) for j in m))
    return total


def test_what_is_read_is_not_kept() -> None:
    """A maximum that is asked for comes with its place: one in the loop, one to combine what threads have found."""
    searched, kept = (f"constant {size} : i32" for size in (BLOCK, SEARCH_BLOCK))
    assert searched in read.ir("mlir") and kept not in read.ir("mlir")
    assert kept in computed.ir("mlir") and searched not in computed.ir("mlir")
    assert read.ir("mlir").count("arith.maximumf") == 2


@pytest.mark.parametrize("size", [1, 2, 31, 1024, 1025, 100_003])
def test_threads_find_the_same(size: int) -> None:
    x = np.round(rng.normal(size=size), 2)
    before = runtime.get_threads()
    for threads in (1, 2, 3):
        runtime.set_threads(threads)
        assert read(x) == (x.argmax(), x.max(), x.argmax())
        assert computed(x) == (x * x).argmax()
    runtime.set_threads(before)


def test_beside_a_long_sum() -> None:
    x = rng.normal(size=(3, 9001)).astype("f4")
    best, total = beside_a_sum(x)
    np.testing.assert_array_equal(best, x.argmax(1))
    np.testing.assert_allclose(total, x.sum(1, dtype="f8"), rtol=1e-5, atol=1e-5)


def test_numbers_that_change() -> None:
    x = np.arange(2000.0)
    assert changed(x) == (1999, 1998)


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (5, 100), (2, 3000)])
def test_the_gradient_of_logsumexp(shape) -> None:
    x = rng.normal(size=shape).astype("f4")
    want = np.exp(x - x.max(1, keepdims=True).astype("f8"))
    np.testing.assert_allclose(dx.grad(logsumexp)(x), want / want.sum(1, keepdims=True), rtol=2e-5)
