"""A loop that owns columns of a table, or neighbours, is not merged with one that reads rows of it; of rows it is."""

from __future__ import annotations

import numpy as np
import pytest

import pydex as dx
from pydex import f64, i64

n = dx.index_sets("n")


@dx.jit
def columns(x: f64[n, n], s: f64, c: i64) -> f64:
    """A row is written by all iterations: what is read of it comes after them all."""
    u = [[dx.sin(x[e, g]) for g in n] for e in n]
    for i in n:
        u[n.wrap(c), i] = s * x[i, i]
    return sum(u[e, g] * dx.cos(u[e, g]) for e in n for g in n)


@dx.jit
def shifted(x: f64[n, n], s: f64, c: i64) -> f64:
    u = [dx.sin(x[e, e]) for e in n]
    for i in n[:-1]:
        u[i + 1] = s * x[i, n.wrap(c)]
    return sum(u[e] * u[e] for e in n)


@dx.jit
def in_a_branch(x: f64[n, n], s: f64, c: i64) -> f64:
    u = x.copy()
    for i in n:
        if x[i, i] > 0.0:
            for j in n:
                u[j, i] = dx.exp(s * x[i, j])
    return sum(u[e, g] * u[e, n.wrap(c)] for e in n for g in n)


@dx.jit
def mixed(x: f64[n, n], s: f64, c: i64) -> f64:
    """The rows are own ones, but a loop inside goes over columns of another table."""
    u, v = x.copy(), x.copy()
    for i in n:
        for j in n:
            u[i, j] = s * x[i, j]
            v[j, i] = dx.sin(x[i, j])
    return sum(u[e, g] * v[e, g] for e in n for g in n)


@dx.jit
def rows(x: f64[n, n], s: f64, c: i64) -> f64:
    u = x.copy()
    for i in n:
        for j in n:
            if x[i, j] > 0.0:
                u[i, j] = dx.sin(s * u[i, j])
    return sum(u[e, g] * u[e, n.wrap(c)] for e in n for g in n)


@pytest.mark.parametrize("function", [columns, shifted, in_a_branch, mixed, rows], ids=lambda f: f.__name__)
@pytest.mark.parametrize("c", [0, 1, 4])
def test_values_and_gradients(function, c: int) -> None:
    rng = np.random.default_rng(c)
    x, v, h = rng.standard_normal((5, 5)), rng.standard_normal((5, 5)), 1e-6
    assert function(x, 0.3, c) == pytest.approx(function.reference(x, 0.3, c), rel=1e-13)
    difference = (function.reference(x + h * v, 0.3, c) - function.reference(x - h * v, 0.3, c)) / (2 * h)
    assert np.sum(dx.grad(function)(x, 0.3, c) * v) == pytest.approx(difference, rel=1e-6)


def test_loops_over_rows_are_merged() -> None:
    def loops(function):
        return sum(line.startswith("    ") and line[4] == "%" and " ix.for " in line
                   for line in function.ir("cpu").splitlines())  # fmt: skip

    assert loops(rows) == 1
    assert loops(columns) == 3
