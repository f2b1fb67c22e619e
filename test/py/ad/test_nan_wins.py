"""The derivative of a maximum or minimum that is NaN goes to the NaN, of two to the first, in every form."""

import itertools

import numpy as np
import pytest

import pydex as dx
from pydex import f32, f64

n = dx.index_sets("n")
NAN = float("nan")
VALUES = [0.0, -0.0, 1.0, -2.0, NAN, float("inf"), -float("inf")]


@dx.jit
def greater(x: f64, y: f64) -> f64:
    return max(x, y)


@dx.jit
def lesser(x: f32, y: f32) -> f32:
    return min(x, y)


@dx.jit
def at_least_one(x: f64) -> f64:
    return max(1.0, x)


@dx.jit
def at_most_one(x: f64) -> f64:
    return min(x, 1.0)


@dx.jit
def rising(x: f64[n]) -> f64:
    s = 0.0
    for i in n:
        s = max(s + 0.1, x[i])
    return s


@dx.jit
def path(x: f64[n], w: f64[n]) -> f64:
    """The step's own number is compared last in compiled code."""
    s = 1.0
    for i in n:
        s = min(min(s + 1.0, w[i]), x[i])
    return s


@pytest.mark.parametrize(("x", "y"), list(itertools.product(VALUES, VALUES)))
def test_of_two(x: float, y: float) -> None:
    first = np.isnan(x) or x >= y
    assert dx.grad(greater, wrt=("x", "y"))(x, y) == (float(first), float(not first))
    assert dx.jvp(greater, (x, y), (1.0, 2.0))[1] == (1.0 if first else 2.0)
    first = np.isnan(x) or x <= y
    assert dx.grad(lesser, wrt=("x", "y"))(np.float32(x), np.float32(y)) == (float(first), float(not first))


@pytest.mark.parametrize(("x", "above", "below"), [(NAN, 1.0, 1.0), (2.0, 1.0, 0.0), (0.5, 0.0, 1.0), (1.0, 0.0, 1.0)])
def test_beside_a_number(x: float, above: float, below: float) -> None:
    assert (dx.grad(at_least_one)(x), dx.grad(at_most_one)(x)) == (above, below)


def test_in_a_recurrence() -> None:
    assert list(dx.grad(rising)(np.array([1.0, NAN, 2.0]))) == [0.0, 1.0, 0.0]
    assert list(dx.grad(rising)(np.array([1.0, 0.5, 3.0]))) == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("nans", [[(0, 2)], [(1, 2)], [(0, 3), (1, 3)], [(1, 1), (0, 4)], [(0, 0), (1, 0), (0, 6)]])
def test_of_several_nans_the_first_wins(nans: list[tuple[int, int]]) -> None:
    tables = np.array([[5.0, 4.0, 6.0, 3.0, 4.5, 2.0, 9.0], [7.0, 4.5, 3.5, 8.0, 2.5, 3.0, 1.0]])
    for at in nans:
        tables[at] = NAN
    by_x, by_w = dx.grad(path, wrt=("x", "w"))(*tables)
    table, i = min(nans, key=lambda at: (at[1], -at[0]))  # of a step, w comes before x
    want = np.zeros((2, 7))
    want[table, i] = 1.0
    assert np.array_equal([by_x, by_w], want)
