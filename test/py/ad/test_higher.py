"""Derivatives of derivatives: both modes of both modes of every case, by the same checks; and three deep."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pydex as dx
from ad.cases import CASES, float_arguments
from ad.programs import check, derivative, random_like, zero_holes
from pydex import f64
from pydex.dialects import ad
from pydex.interpreter import run

rows = dx.index_sets("rows")

pytestmark = pytest.mark.slow

FIRST = {"jvp": ad.JvpOp, "vjp": ad.VjpOp}


def first_derivative(name: str, mode: str) -> tuple[Any, list[Any]]:
    """The case as a module with its first derivative, function @d, and arguments of that."""
    program, arguments = CASES[name]
    module, wrt = program(), float_arguments(arguments)
    rng = np.random.default_rng(1)
    floats = [r for r in run(module, "f", arguments) if np.asarray(r).dtype == np.float64]
    like = [arguments[i] for i in wrt] if mode == "jvp" else floats
    seeds = zero_holes([random_like(rng, v) for v in like], like)
    return derivative(module, "f", FIRST[mode], wrt, "d"), [*arguments, *seeds]


@pytest.mark.parametrize("mode", FIRST)
@pytest.mark.parametrize("name", CASES)
def test_both_modes_of(name: str, mode: str) -> None:
    module, arguments = first_derivative(name, mode)
    check(module, arguments, float_arguments(arguments), "d", rtol=1e-6, orders=["random"])


@pytest.mark.parametrize("name", ["for_in_for", "recurrence", "scan", "winner_in_for", "product_with_a_zero", "newton"])
def test_three_deep(name: str) -> None:
    """jvp and vjp of vjp of vjp."""
    module, arguments = first_derivative(name, "vjp")
    rng = np.random.default_rng(2)
    wrt = float_arguments(arguments)
    module = derivative(module, "d", ad.JvpOp, wrt, "dd")
    arguments = [*arguments, *(random_like(rng, arguments[i]) for i in wrt)]
    check(module, arguments, float_arguments(arguments), "dd", rtol=1e-5, orders=["random"])


@dx.jit
def drifting(x: f64[rows, dx.Fin(3)]) -> f64:
    total, state = 0.0, [0.1, 0.2, 0.3]
    for i in rows:
        state = [state[c] * x[i, c] + 0.5 for c in dx.Fin(3)]
        total += dx.exp(0.1 * sum(state[c] for c in dx.Fin(3)))
    return total


@pytest.mark.slow
def test_a_small_table_that_is_carried() -> None:
    x = np.random.default_rng(0).normal(size=(4, 3))
    found, gradient, step = np.array(dx.hessian(drifting)(x)), dx.grad(drifting), 1e-6
    for at in np.ndindex(x.shape):
        moved = np.zeros_like(x)
        moved[at] = step
        column = (np.array(gradient(x + moved)) - np.array(gradient(x - moved))) / (2 * step)
        np.testing.assert_allclose(found[at], column, rtol=1e-6, atol=1e-8)
