"""Stencils whose steps assign elements: what a step scatters backwards is gathered, although it owns the new table."""

from __future__ import annotations

import numpy as np
import pytest
from law1.agree import FIRST, Law1
from law1.subject import DERIVATIVES

import pydex as dx
from pydex import f64

n, m, t = dx.index_sets("n m t")


@dx.jit
def advected(u0: f64[n], steps: dx.Size[t]) -> f64:
    """Upwind, with a speed that depends on the value: the coefficients are read where they are."""
    u = u0.copy()
    for _ in t:
        new = u.copy()
        for i in n[1:]:
            new[i] = u[i] - 0.5 * u[i] * (u[i] - u[i - 1])
        u = new
    return sum(u[i] * u[i] for i in n)


@dx.jit
def wave(u0: f64[n, m], c: f64[n, m], steps: dx.Size[t]) -> f64:
    """Two states before."""
    old = u0.copy()
    now = u0.copy()
    for _ in t:
        new = now.copy()
        for i in n[1:-1]:
            for j in m[1:-1]:
                around = now[i - 1, j] + now[i + 1, j] + now[i, j - 1] + now[i, j + 1]
                new[i, j] = 2.0 * now[i, j] - old[i, j] + c[i, j] * (around - 4.0 * now[i, j])
        old = now
        now = new
    return sum(now[i, j] * now[i, j] for i in n for j in m)


@dx.jit
def assigned_twice(x: f64[n], y: f64[n]) -> f64:
    """What the second assignment overwrites has no part in the result."""
    new = x.copy()
    for i in n[1:-1]:
        new[i] = x[i - 1] * x[i + 1]
        new[i] = new[i] * y[i - 1] + y[i + 1]
    return sum(new[i] * new[i] for i in n)


@dx.jit
def under_a_condition(x: f64[n]) -> f64:
    new = x.copy()
    for i in n[1:-1]:
        if x[i] > 0.0:
            new[i] = x[i - 1] * x[i + 1]
    return sum(dx.sin(new[i]) for i in n)


@dx.jit
def rows(x: f64[n, m]) -> f64:
    """Each iteration owns a row, of which a loop inside assigns a part."""
    new = x.copy()
    for i in n[1:]:
        for j in m[:-1]:
            new[i, j] = new[i, j] * x[i - 1, j + 1] + x[i, j]
    return sum(new[i, j] * new[i, j] for i in n for j in m)


def spread(*shape):
    return np.random.default_rng(5).normal(size=shape)


CASES = {
    "advected": (advected, (spread(6), 3)),
    "wave": (wave, (spread(4, 5), 0.2 + 0.1 * spread(4, 5), 3)),
    "assigned_twice": (assigned_twice, (spread(6), spread(6) + 1.0)),
    "under_a_condition": (under_a_condition, (spread(7),)),
    "rows": (rows, (spread(4, 5),)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_every_execution_and_second_derivatives_agree(name):
    program, args = CASES[name]
    Law1(program, args, {}, FIRST, value=True).check(every_pass=True, compiled=("optimised", "plain"))
    second = [task for task in DERIVATIVES if task not in FIRST]
    Law1(program, args, {}, second, value=False).check(every_pass=False, orders=("random",), compiled=("optimised",))


@pytest.mark.parametrize("name", ["advected", "assigned_twice", "rows"])
def test_nothing_is_scattered(name):
    assert "eff.add" not in dx.grad(CASES[name][0]).ir("cpu")


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(2, 2), (2, 9), (3, 3), (33, 47)])
def test_sizes_and_strides(shape):
    """Beside differences, at sizes where the inside is empty, and for tables of any strides."""
    u, c = spread(*shape), 0.1 + 0.01 * spread(*shape)
    gradient = dx.grad(wave, wrt=("u0", "c"))
    found = gradient(u, c, 4)
    again = gradient(np.asfortranarray(u), np.asfortranarray(c), 4)
    for k, (by, other) in enumerate(zip(found, again, strict=True)):
        np.testing.assert_allclose(by, other, rtol=1e-13, atol=1e-13)
        direction, h = spread(*shape), 1e-6
        up, down = (wave(u + s * h * direction * (k == 0), c + s * h * direction * (k == 1), 4) for s in (1, -1))
        assert np.sum(by * direction) == pytest.approx((up - down) / (2 * h), rel=1e-6, abs=1e-6)
