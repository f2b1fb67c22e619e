"""Tables are values: what names hold after loops that pass tables around, against the reference execution."""

import numpy as np
import pytest
from marks import slow_but

import pydex as dx
from pydex import f64, i64

n = dx.index_sets("n")


@dx.jit
def two_buffers(x: f64[n], turns: i64) -> f64[n]:
    a = x.copy()
    b = x.copy()
    for _ in range(turns):
        for i in n:
            b[i] = 0.5 * a[i] + 1.0
        a, b = b, a
    return a


@dx.jit
def three_buffers(x: f64[n], turns: i64):
    a = x.copy()
    b = x.copy()
    c = x.copy()
    for _ in range(turns):
        c[0] = a[0] + b[0]
        a, b, c = b, c, a
    return a, b, c


@dx.jit
def with_history(x: f64[n], turns: i64):
    y = x
    old = y
    for _ in range(turns):
        old = y
        y = [v + 1.0 for v in y]
    return old, y


@dx.jit
def made_by_a_helper(x: f64[n], turns: i64):
    def fresh(scale):
        t = x.copy()
        t[0] = scale
        return t

    y = fresh(2.0)
    y[0] = y[0] + 1.0
    z = fresh(5.0)
    return y, z


@dx.jit
def either(x: f64[n], turns: i64):
    y = x.copy()
    z = [v + 1.0 for v in y] if turns > 1 else [2.0 * v for v in y]
    z[0] = 7.0
    return y, z


@dx.jit
def after_accumulation(x: f64[n], turns: i64):
    h = dx.zeros(f64[n])
    for i in n:
        h[n.wrap(dx.ordinal(i) * 2)] += x[i]
    h[0] = -1.0
    return h


PROGRAMS = [two_buffers, three_buffers, with_history, made_by_a_helper, either, after_accumulation]


@pytest.mark.parametrize("turns", slow_but(["2"], [0, 1, 2, 5]))
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_as_in_python(program, turns):
    x = np.array([1.0, 2.0, 4.0])
    found, expected = program(x, turns), program.reference(x, turns)
    for a, b in zip(np.atleast_2d(found), np.atleast_2d(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    assert x.tolist() == [1.0, 2.0, 4.0]
