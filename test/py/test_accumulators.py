"""`dx.accum`: which statements combine into it, compiled and in the reference."""

from __future__ import annotations

import numpy as np
import pytest

import pydex as dx
from pydex import f64

n, m = dx.index_sets("n m")


@dx.jit
def signs(x: f64[n]):
    """`+=` is the accumulator's own operation, also outside of loops; the operation's own sign may be written."""
    total, product, single = dx.accum(f64), dx.accum(f64, prod), dx.accum(f64)  # noqa: F821
    for i in n:
        total -= x[i]
        product *= x[i]
    single -= x[0]
    return total, product, single


@dx.jit
def greatest(x: f64[n], bins: dx.Size[m]) -> f64[m]:
    best = dx.accum(f64[m], max)
    for i in n:
        best[m.wrap(i)] = max(best[m.wrap(i)], x[i])
    return best


@dx.jit
def least_of_greatest(x: f64[n]) -> f64:
    best = dx.accum(f64, max)
    for i in n:
        best = min(best, x[i])
    return best


@dx.jit
def greatest_less(x: f64[n]) -> f64:
    best = dx.accum(f64, max)
    for i in n:
        best -= x[i]
    return best


@dx.jit
def greatest_once(x: f64[n]) -> f64:
    best = dx.accum(f64, max)
    best *= x[0]
    return best


@dx.jit
def greatest_divided(x: f64[n]) -> f64:
    best = dx.accum(f64, max)
    best += x[0]
    best /= 2.0
    return best


@dx.jit
def cells_divided(x: f64[n]) -> f64[n]:
    best = dx.accum(f64[n], max)
    best[0] /= x[1]
    return best


@dx.jit
def reads_itself(x: f64[n]) -> tuple[f64, f64, f64[n]]:
    """Outside of loops an accumulator may be read in what is combined into it."""
    best, product = dx.accum(f64, max), dx.accum(f64, dx.prod)
    cells = dx.accum(f64[n], max)
    for i in n:
        best += x[i]
        product += x[i]
        cells[i] += x[i]
    best += 0.5 * best
    product *= product - 1.0
    cells[0] += cells[1] - 1.0
    return best, product, cells


X = np.array([1.0, 5.0, 2.0])


def test_signs():
    assert signs(X) == signs.reference(X) == (-8.0, 10.0, -1.0)


def test_the_operation_written_out():
    assert greatest(X, 2).tolist() == greatest.reference(X, 2).tolist() == [2.0, 5.0]


@pytest.mark.parametrize(
    ("f", "written"),
    [(least_of_greatest, "min"), (greatest_less, "add"), (greatest_once, "mul"), (greatest_divided, "/"),
     (cells_divided, "/")],
    ids=["min", "-", "*", "/", "[]/"],
)  # fmt: skip
def test_another_operation_is_refused(f, written):
    with pytest.raises(TypeError, match=f"best accumulates by max, not by {written}"):
        f(X)


@pytest.mark.parametrize("f", [greatest_divided, cells_divided], ids=["number", "cells"])
def test_the_reference_refuses_it_too(f):
    with pytest.raises(TypeError, match="another operation than /"):
        f.reference(X)


def test_reading_itself():
    for found in (reads_itself(X), reads_itself.reference(X)):
        assert found[:2] == (5.0, 90.0) and found[2].tolist() == [4.0, 5.0, 2.0]
