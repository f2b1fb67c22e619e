"""All directions of a forward Jacobian in one pass: what they share is computed once, as counted by the interpreter."""

from __future__ import annotations

import numpy as np
import pytest
from law1.counted import assert_counted
from law1.subject import subject

import pydex as dx
from pydex import f64, pipeline
from pydex.passes.pipelines import CPU

n, m = dx.index_sets("n m")
five = dx.Fin(5)


@dx.jit
def curve(a: f64[five], x: f64[n]) -> f64[n]:
    """A table on the way, and a branch that all share."""
    bent = [dx.exp(x[i]) * (a[0] + a[1] * x[i]) for i in n]
    return [bent[i] / dx.sqrt(a[2]) if a[2] > 0.0 else bent[i] * a[3] + a[4] for i in n]


@dx.jit
def shares(a: f64[five], w: f64[n, m]) -> f64[n]:
    """A sequential loop before the loop that all share."""
    total = dx.zeros(f64[five])
    last = 1.0
    for j in five:
        last = last * dx.sin(a[j])
        total[j] = last
    return [sum(dx.exp(w[i, k]) for k in m) * total[4] + total[1] for i in n]


def elementary(function, *arguments) -> int:
    """How many functions like exp a call computes."""
    made = subject(function, arguments)
    pipeline.run_passes(made.module, CPU)
    return int(assert_counted(made, made.entry, made.arguments)[1]["elementary"])


@pytest.mark.slow
def test_functions_of_the_points_are_computed_once():
    by_a = dx.jacobian(curve, wrt="a", mode="forward")
    a, x = np.array([0.5, -1.0, 2.0, 0.3, 1.5]), np.linspace(-1.0, 1.0, 7)
    np.testing.assert_allclose(by_a(a, x), by_a.reference(a, x), rtol=1e-13)
    a[2] = -2.0
    np.testing.assert_allclose(by_a(a, x), by_a.reference(a, x), rtol=1e-13)
    assert elementary(by_a, a, x) == len(x)


@pytest.mark.slow
def test_a_sum_beside_a_recurrence_is_computed_once():
    by_a = dx.jacobian(shares, wrt="a", mode="forward")
    a, w = np.linspace(0.5, 1.5, 5), np.linspace(-1.0, 1.0, 12).reshape(3, 4)
    np.testing.assert_allclose(by_a(a, w), by_a.reference(a, w), rtol=1e-13)
    assert elementary(by_a, a, w) <= w.size + 5 * (2 * 5)  # sin and cos of five, in each of five directions
