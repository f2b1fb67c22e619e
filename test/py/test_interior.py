"""Loops split into interior and rim: where conditions are known, and results at all short sizes, against CPython."""

from __future__ import annotations

import re

import numpy as np
import pytest
from marks import slow_but

import pydex as dx
from pydex import f32, f64, i64

n, m = dx.index_sets("n m")


@dx.jit
def window(x: f64[n]) -> f64[n]:
    return [x.get(i - 2, 0.0) + 2.0 * x[i] + x.get(i + 1, 0.5) for i in n]


@dx.jit
def ends(x: f64[n]) -> f64[n]:
    y = dx.zeros(f64[n])
    for i in n:
        if i == 0 or i == n.size - 1:
            y[i] = x[i]
        elif i != 2 and not i < 4:
            y[i] = x[i] * 2.0
        else:
            y[i] = x.get(i - 1, 0.0) - x.get(i + 1, 0.0)
    return y


@dx.jit
def sums(x: f32[n]) -> tuple[f32, f32]:
    return sum(x[i] if i > 2 else 3.0 * x[i] for i in n), max(x[i] if i + 2 < n.size else 0.5 for i in n)


@dx.jit
def plane(x: f64[n, m]) -> f64[n, m]:
    return [[x[i, j] + (x.get((i - 1, j), 0.0) if i <= n.size - 2 else 1.0) + (x[i, j] if j >= 3 else 0.0) for j in m]
            for i in n]  # fmt: skip


@dx.jit
def middle(x: f64[n], k: i64) -> f64[n]:
    """What changes in the middle stays a condition."""
    return [x[i] if 2 * i < n.size else -x[i] for i in n]


@dx.jit
def turning(x: f64[n]) -> f64[n]:
    """Its gradient has guards on both sides."""
    y = x.copy()
    for i in n[1:-1]:
        y[i] += x[i - 1] * x[i + 1]
    return y


@pytest.mark.parametrize("size", slow_but(["3", "70"], [0, 1, 2, 3, 4, 5, 6, 9, 70, 5000]))
@pytest.mark.parametrize("function", [window, ends, middle], ids=["window", "ends", "middle"])
def test_one_axis(function, size) -> None:
    x = np.random.default_rng(size).normal(size=size)
    more = (0,) if function is middle else ()
    np.testing.assert_array_equal(function(x, *more), _table(function.reference(x, *more)))


def _table(result) -> np.ndarray:
    return np.asarray(result, dtype=np.float64)


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 9, 70, 5000, 9000])
def test_reductions(size) -> None:
    x = np.random.default_rng(size).normal(size=size).astype(np.float32)
    weights = np.where(np.arange(size) > 2, 1.0, 3.0)
    total, largest = sums(x)
    assert total == pytest.approx((x * weights).sum(), rel=1e-5, abs=1e-4)
    assert largest == max([*x[: max(0, size - 2)], 0.5])


@pytest.mark.slow
@pytest.mark.parametrize("rows", [0, 1, 2, 3, 7])
@pytest.mark.parametrize("columns", slow_but(["4"], [0, 1, 3, 4, 40]))
def test_two_axes(rows, columns) -> None:
    x = np.random.default_rng(3).normal(size=(rows, columns))
    want = x + np.where(np.arange(columns) >= 3, x, 0.0)
    above = np.zeros_like(x)
    above[1:] = x[:-1]
    above[rows - 1 :] = 1.0
    np.testing.assert_allclose(plane(x), want + above, rtol=1e-15)


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 3, 4, 5, 6, 64])
def test_gradients_with_guards(size) -> None:
    x = np.random.default_rng(5).normal(size=size)
    _, pulled = dx.vjp(turning, x)
    ones = np.ones(size)
    want = ones.copy()
    want[:-2] += x[2:]
    want[2:] += x[:-2]
    np.testing.assert_allclose(pulled(ones), want, rtol=1e-14)


def test_the_interior_has_no_conditions() -> None:
    text = window.ir("mlir")
    first, rim = re.split(r"arith\.select", text.split("llvm.func @entry.1")[1], maxsplit=1)
    assert "arith.cmpi ult" not in first and "arith.cmpi ult" in rim
    assert "arith.constant true" in first
    assert "arith.constant true" not in middle.ir("mlir").split("llvm.func @entry.1")[1]
