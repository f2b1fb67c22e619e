"""Short loops that a sequential loop waits for call hurried forms of exp and tanh, whatever their sizes are."""

# pyright: reportInvalidTypeForm=false

import numpy as np
import pytest
from law1.subject import subject

import pydex as dx
from pydex import f64, pipeline
from pydex.passes.pipelines import CPU

n, steps = dx.index_sets("n steps")


@dx.jit
def cell(x: f64[steps, n], w: f64[n]) -> f64[n]:
    state = dx.zeros(f64[n])
    for t in steps:
        state = [dx.tanh(state[i] * w[i] + x[t, i]) for i in n]
    return state


@dx.jit
def table(x: f64[steps, n], w: f64[n]) -> f64[steps, n]:
    return [[dx.tanh(x[t, i] * w[i]) for i in n] for t in steps]


@pytest.mark.parametrize(("function", "hurried"), [(cell, True), (table, False)])
def test_which_loops_are_hurried(function, hurried: bool) -> None:
    made = subject(function, [np.ones((4, 3)), np.ones(3)])
    pipeline.run_passes(made.module, CPU)
    for rows in (True, False):
        text = pipeline.lower(made.module, made.entry, rows=rows).text
        assert ("@pdx_tanh_hurried_f64(" in text, "@pdx_tanh_f64(" in text) == (hurried, not hurried)


@pytest.mark.parametrize("size", [1, 8, 14, 33])
def test_their_values(size: int) -> None:
    rng = np.random.default_rng(size)
    x, w = rng.normal(size=(20, size)), rng.normal(size=size)
    state = np.zeros(size)
    for row in x:
        state = np.tanh(state * w + row)
    found = cell(x, w)
    np.testing.assert_allclose(found, state, rtol=1e-13)
    strided = cell(np.repeat(x, 2, axis=1)[:, ::2], w)
    np.testing.assert_array_equal(strided, found)
    threads = dx.get_num_threads()
    try:
        for count in (1, 2, 3):
            dx.set_num_threads(count)
            np.testing.assert_array_equal(cell(x, w), found)
    finally:
        dx.set_num_threads(threads)
