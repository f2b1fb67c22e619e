"""Several steps of a stencil in one sweep: at all sizes, for any reach and number of threads, against NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import pydex as dx
from benchmarks.stencil import objective as diffuse
from pydex import f32, f64, runtime
from pydex.passes import lower_sweep, lower_sweep_blocks
from pydex.passes.lower_sweep import BYTES, STEPS

pytestmark = pytest.mark.slow

n, m, t = dx.index_sets("n m t")


def numpy_diffuse(u, steps):
    for _ in range(steps):
        v = u.copy()
        around = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]
        v[1:-1, 1:-1] += np.float32(0.2) * (around - np.float32(4.0) * u[1:-1, 1:-1])
        u = v
    return u


@dx.jit
def uneven(start: f64[n, m], w: f64[t]) -> f64[n, m]:
    """Reaches three rows back and two ahead; steps differ, and go backwards."""
    u = start.copy()
    for s in reversed(t):
        u = [
            [0.5 * u.get((i - 3, j), 1.0) - u.get((i + 2, j), 0.0) * dx.exp(w[s]) + dx.sin(u[i, j]) for j in m]
            for i in n
        ]
    return u


def numpy_uneven(u, w):
    for s in range(len(w))[::-1]:
        before, after = np.ones_like(u), np.zeros_like(u)
        before[3:], after[:-2] = u[:-3], u[2:]
        u = 0.5 * before - after * np.exp(w[s]) + np.sin(u)
    return u


@dx.jit
def planes(start: f64[n, m, m], steps: dx.Size[t]) -> f64[n, m, m]:
    u = start.copy()
    for _ in t:
        u = [[[0.5 * u[i, j, k] + 0.25 * u.get((i + 1, k, j), 0.0) for k in m] for j in m] for i in n]
    return u


def numpy_planes(u, steps):
    for _ in range(steps):
        after = np.zeros_like(u)
        after[:-1] = u[1:].swapaxes(1, 2)
        u = 0.5 * u + 0.25 * after
    return u


@pytest.fixture(params=[1, 2, 5])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = runtime.get_threads()
    runtime.set_threads(request.param)
    yield request.param
    runtime.set_threads(before)


def is_swept(function: Any) -> bool:
    """Does the code ask how many steps the caches have room for?"""
    return f"arith.constant {BYTES} : i64" in function.ir("mlir")


SIZES = [(2, 2, 3), (3, 4, 0), (3, 3, 1), (5, 9, 2), (17, 40, STEPS), (40, 8, STEPS + 1), (9, 300, 3 * STEPS - 1)]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_grids(size: tuple[int, int, int], threads: int) -> None:
    rows, columns, steps = size
    start = np.random.default_rng(1).normal(size=(rows, columns)).astype(np.float32)
    np.testing.assert_allclose(diffuse(start, steps), numpy_diffuse(start, steps), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("rows", [3, 4, 5, 6, 7, 50, 3000])
@pytest.mark.parametrize("steps", [0, 1, 2, STEPS - 1, STEPS, 2 * STEPS + 3])
def test_uneven_reach(rows: int, steps: int, threads: int) -> None:
    rng = np.random.default_rng(2)
    start, w = rng.normal(size=(rows, 5)), rng.uniform(-3.0, -1.0, size=steps)
    np.testing.assert_allclose(uneven(start, w), numpy_uneven(start, w), rtol=1e-9)


def reaching(reach: int) -> Any:
    """New code for it: steps that reach so many rows back and ahead."""

    @dx.jit
    def shifted(start: f64[n, m], steps: dx.Size[t]) -> f64[n, m]:
        u = start.copy()
        for _ in t:
            u = [[u.get((i - reach, j), 1.0) - 0.5 * u[i, j] + u.get((i + reach, j), 2.0) for j in m] for i in n]
        return u

    return shifted


def numpy_reaching(reach: int, u: np.ndarray, steps: int) -> np.ndarray:
    for _ in range(steps):
        padded = np.concatenate([np.full((reach, u.shape[1]), 1.0), u, np.full((reach, u.shape[1]), 2.0)])
        u = padded[: len(u)] - 0.5 * u + padded[2 * reach :]
    return u


@pytest.mark.parametrize("reach", [1, 2, 8])
@pytest.mark.parametrize("height", [4, 5, 8])
def test_as_many_blocks_as_there_may_be(reach: int, height: int, monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    """Blocks just high enough, and steps up to the last one that they have rows of; sums are exact."""
    for module in (lower_sweep, lower_sweep_blocks):
        monkeypatch.setattr(module, "HEIGHT", height)
    for least in ("CHUNK_WORK", "BLOCK_WORK"):
        monkeypatch.setattr(lower_sweep, least, 1)
    function, rng = reaching(reach), np.random.default_rng(9)
    for rows in (1, 2, 15, 16, 17, 64, 65, 130, 131, 257, 1000):
        for steps in (0, 1, 2, 3, 7, 20):
            start = rng.integers(-8, 9, size=(rows, 3)).astype(float)
            np.testing.assert_array_equal(function(start, steps), numpy_reaching(reach, start, steps))


@pytest.mark.parametrize("rows", [1, 2, 20])
@pytest.mark.parametrize("steps", [1, 5, STEPS + 2])
def test_rows_that_are_planes(rows: int, steps: int, threads: int) -> None:
    start = np.random.default_rng(3).normal(size=(rows, 7, 7))
    np.testing.assert_allclose(planes(start, steps), numpy_planes(start, steps), rtol=1e-12)


def test_the_arguments_are_left_alone() -> None:
    start = np.random.default_rng(4).normal(size=(30, 30)).astype(np.float32)
    before = start.copy()
    diffuse(start, 9)
    np.testing.assert_array_equal(start, before)


def test_a_number_of_threads_gives_the_same_bits() -> None:
    """Of values and of the gradient, which sweeps in both directions."""
    start = np.random.default_rng(5).normal(size=(700, 500)).astype(np.float32)
    found = []
    before = runtime.get_threads()
    for count in (1, 2, 3, 5):
        runtime.set_threads(count)
        found.append((diffuse(start, 37).tobytes(), gradient(start, 37).tobytes()))
    runtime.set_threads(before)
    assert len(set(found)) == 1


@dx.jit
def energy(start: f32[n, m], steps: dx.Size[t]) -> f32:
    u = diffuse(start, steps)
    return sum(u[i, j] * u[i, j] for i in n for j in m)


gradient = dx.grad(energy, wrt="start")


@dx.jit
def mirrored(start: f64[n], steps: dx.Size[t]) -> f64[n]:
    u = start.copy()
    for _ in t:
        u = [0.5 * u[n.wrap(-1 - dx.ordinal(i))] + u[i] for i in n]
    return u


@dx.jit
def normalised(start: f64[n], steps: dx.Size[t]) -> f64[n]:
    u = start.copy()
    for _ in t:
        total = sum(u[i] for i in n)
        u = [u[i] / total for i in n]
    return u


@dx.jit
def idle(start: f64[n, m], steps: dx.Size[t]) -> f64[n, m]:
    """A step that does nothing."""
    u = start.copy()
    for _ in t:
        u = u.copy()
    return u


def test_a_step_that_does_nothing() -> None:
    np.testing.assert_array_equal(idle(np.ones((3, 4)), 5), np.ones((3, 4)))


@dx.jit
def line(start: f64[n], steps: dx.Size[t]) -> f64[n]:
    u = start.copy()
    for _ in t:
        u = [u[i] + 0.5 * u.get(i - 1, 0.0) for i in n]
    return u


@dx.jit
def pairs(start: f64[n, dx.Fin(2)], steps: dx.Size[t]) -> f64[n, dx.Fin(2)]:
    u = start.copy()
    for _ in t:
        u = [[u[i, a] + 0.5 * u.get((i - 1, a), 0.0) for a in dx.Fin(2)] for i in n]
    return u


@dx.jit
def history(start: f64[n], steps: dx.Size[t]) -> f64[t, n]:
    u = start.copy()
    all = dx.zeros(f64[t, n])
    for s in t:
        u = [0.5 * u[i] for i in n]
        all[s] = u
    return all


def test_what_is_swept(capsys: pytest.CaptureFixture[str]) -> None:
    assert all(map(is_swept, (diffuse, uneven, planes, gradient)))
    dx.explain(diffuse)
    assert f"up to {STEPS} in one sweep over the rows" in capsys.readouterr().out
    dx.explain(mirrored)
    assert "sweep" not in capsys.readouterr().out
    assert not any(map(is_swept, (mirrored, normalised, history, line, pairs)))


def test_a_step_is_written_once() -> None:
    """Blocks, what is between them, and all steps call one function."""
    text = diffuse.ir("mlir")
    assert text.count("call @pdx_parallel") == 1 and "always_inline" not in text
    assert text.count("loop_annotation = #rare") >= 2, "the rims of rows and columns"


@dx.jit
def growing(start: f64[n, m], steps: dx.Size[t]) -> f64[n, m]:
    """Every step has more to do than the one before."""
    u = start.copy()
    for s in t:
        turns = dx.Fin(dx.ordinal(s))
        u = [[0.5 * u[i, j] + sum(0.1 * u.get((i - 1, j), 0.0) * u[i, j] for _ in turns) for j in m] for i in n]
    return u


def test_steps_that_differ(threads: int) -> None:
    assert is_swept(growing)
    u = start = np.random.default_rng(8).uniform(size=(50, 3))
    for s in range(40):
        u = 0.5 * u + s * 0.1 * np.vstack([np.zeros((1, 3)), u[:-1]]) * u
    np.testing.assert_allclose(growing(start, 40), u, rtol=1e-12)


@dx.jit(deterministic=True)
def promised(start: f32[n, m], steps: dx.Size[t]) -> f32[n, m]:
    return diffuse(start, steps)


def test_who_promises_to_be_deterministic_sweeps_as_well() -> None:
    assert is_swept(promised)
    grid = np.random.default_rng(6).normal(size=(40, 50)).astype(np.float32)
    np.testing.assert_array_equal(promised(grid, 40), diffuse(grid, 40))


def test_gradients() -> None:
    rng = np.random.default_rng(7)
    start, direction = rng.normal(size=(2, 20, 30)).astype(np.float32)
    before, after = (np.sum(numpy_diffuse(start.astype("f8") + step * direction, 40) ** 2) for step in (-1e-4, 1e-4))
    slope = np.sum(gradient(start, 40).astype("f8") * direction)
    assert slope == pytest.approx((after - before) / 2e-4, rel=1e-4)


def test_a_loop_that_carries_nothing_is_no_sweep() -> None:
    """What a reverse of it needs is all that is left of a loop whose last number is made anew in each iteration."""

    @dx.jit
    def renewed(x: f64[n], a: f64) -> f64:
        s = a
        for i in n:
            s = dx.sin(x[n.wrap(dx.ordinal(i) + 1)] * a + dx.tanh(x[i]))
        return s

    x = np.array([0.3, -0.5, 0.7])
    x_bar, a_bar = dx.grad(renewed, (0, 1))(x, 0.3)
    slope = np.cos(x[0] * 0.3 + np.tanh(x[2]))
    np.testing.assert_allclose(x_bar, slope * np.array([0.3, 0.0, 1 - np.tanh(x[2]) ** 2]), rtol=1e-12)
    assert a_bar == pytest.approx(slope * x[0], rel=1e-12)
