"""Numerical programs in plain loops and their gradients, against NumPy and SciPy, in all sizes that differ."""

from __future__ import annotations

from collections.abc import Iterator

import numerics
import numpy as np
import pytest
import scipy.linalg
import scipy.stats
from law1.subject import Subject, subject

import pydex as dx
from pydex import interpreter, pipeline, runtime
from pydex.dialects import ix
from pydex.passes import ix_own
from pydex.passes.ix_own import in_place
from pydex.passes.pipelines import CPU

pytestmark = pytest.mark.slow

#: Around what is vectorised with masks, and with several vectors by turns.
SIZES = [0, 1, 2, 5, 23, 24, 25, 26, 60, 101]


def matrix(size: int) -> np.ndarray:
    a = np.random.default_rng(size).normal(size=(size, size))
    return a @ a.T + size * np.eye(size)


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[None]:
    before = runtime.get_threads()
    runtime.set_threads(request.param)
    yield
    runtime.set_threads(before)


@pytest.mark.parametrize("size", SIZES)
def test_factors_and_solutions(size: int) -> None:
    a, y = matrix(size), np.random.default_rng(1).normal(size=size)
    np.testing.assert_allclose(numerics.cholesky(a), np.linalg.cholesky(a) if size else a, rtol=1e-11, atol=1e-11)
    u = numerics.lu(a)
    np.testing.assert_allclose((np.tril(u, -1) + np.eye(size)) @ np.triu(u), a, rtol=1e-11, atol=1e-9)
    low = np.linalg.cholesky(a) if size else a
    expected = scipy.linalg.solve_triangular(low, y, lower=True) if size else y
    np.testing.assert_allclose(numerics.forward_solve(low, y), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 7, 30])
def test_the_gradient_of_a_log_determinant_is_the_inverse(size: int) -> None:
    a = matrix(size) + np.triu(np.ones((size, size)))
    expected = np.linalg.inv(a).T
    np.testing.assert_allclose(dx.grad(numerics.log_determinant)(a), expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("size", [1, 5, 40])
def test_the_likelihood_of_a_gaussian_process(size: int) -> None:
    rng = np.random.default_rng(size)
    x, y = np.sort(rng.uniform(0, 5, size)), rng.normal(size=size)
    covariance = 1.3 * np.exp(-0.5 * ((x[:, None] - x) / 0.7) ** 2) + 0.1 * np.eye(size)
    expected = scipy.stats.multivariate_normal(np.zeros(size), covariance).logpdf(y)
    np.testing.assert_allclose(numerics.gaussian_process(x, y, 0.7, 1.3, 0.1), expected, rtol=1e-10)
    dx.check_grads(numerics.gaussian_process, x, y, 0.7, 1.3, 0.1)


@pytest.mark.parametrize("size", SIZES)
def test_iterated_solutions_and_their_gradient(size: int) -> None:
    a, y = matrix(size) + 20 * size * np.eye(size), np.random.default_rng(2).normal(size=size)
    x = np.linalg.solve(a, y) if size else y
    np.testing.assert_allclose(numerics.jacobi(a, y, 40), x, rtol=1e-9, atol=1e-12)
    got = dx.grad(numerics.jacobi_square, wrt=("a", "y"))(a, y, 40)
    adjoint = np.linalg.solve(a.T, 2 * x) if size else y
    np.testing.assert_allclose(got[0], -np.outer(adjoint, x), rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(got[1], adjoint, rtol=1e-7, atol=1e-10)


def stepped(u: np.ndarray, rate: np.ndarray | float, steps: int) -> np.ndarray:
    """Diffusion in any number of dimensions, boundary fixed."""
    inside = (slice(1, -1),) * u.ndim
    for _ in range(steps):
        new = u.copy()
        near = -2.0 * u.ndim * u[inside]
        for axis in range(u.ndim):
            for part in (slice(None, -2), slice(2, None)):
                near = near + u[(*inside[:axis], part, *inside[axis + 1 :])]
        new[inside] = u[inside] + np.broadcast_to(rate, u.shape)[inside] * near
        u = new
    return u


@pytest.mark.parametrize("steps", [0, 1, 5])
@pytest.mark.parametrize("size", [2, 3, 4, 17, 200])
def test_steps_of_heat(size: int, steps: int, threads: None) -> None:
    u = np.random.default_rng(size).normal(size=size)
    expected = stepped(u, 0.25, steps) if size > 2 else u
    np.testing.assert_allclose(numerics.heat(u, steps), expected, rtol=1e-12, atol=1e-13)
    step = np.eye(size)  # the step as a matrix
    for row in range(1, size - 1):
        step[row, row - 1 : row + 2] += (0.25, -0.5, 0.25)
    gradient = np.linalg.matrix_power(step, steps).T @ (2 * expected)
    np.testing.assert_allclose(dx.grad(numerics.heat_square)(u, steps), gradient, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("shape", [(2, 2), (2, 3), (3, 2), (3, 3), (4, 70), (33, 17), (70, 90)], ids=str)
def test_diffusion_at_different_rates(shape: tuple[int, int], threads: None) -> None:
    rng = np.random.default_rng(3)
    u, rate = rng.normal(size=shape).astype("f4"), rng.uniform(0.05, 0.2, shape).astype("f4")
    for steps in (0, 1, 7):
        expected = stepped(u.astype("f8"), rate.astype("f8"), steps) if min(shape) > 2 else u
        np.testing.assert_allclose(numerics.diffusion(u, rate, steps), expected, rtol=1e-4, atol=1e-5)
    got = numerics.diffusion(np.asfortranarray(u), rate, 3)
    np.testing.assert_allclose(got, numerics.diffusion(u, rate, 3), rtol=1e-4, atol=1e-6)


def test_a_result_is_another_array() -> None:
    u = np.arange(5.0)
    v = numerics.heat(u, 0)
    v[0] = 7.0
    assert u[0] == 0.0


@pytest.mark.parametrize("shape", [(2, 4), (3, 3), (4, 3), (6, 40)], ids=str)
def test_relaxation_in_place(shape: tuple[int, int]) -> None:
    u = np.random.default_rng(4).normal(size=shape)
    expected = u.copy()
    for _ in range(3):
        for i in range(1, shape[0] - 1):
            for j in range(1, shape[1] - 1):
                around = expected[i - 1, j] + expected[i + 1, j] + expected[i, j - 1] + expected[i, j + 1]
                expected[i, j] += 1.5 * (0.25 * around - expected[i, j])
    np.testing.assert_allclose(numerics.relaxed(u, 3), expected, rtol=1e-11, atol=1e-12)


def test_life() -> None:
    cells = (np.random.default_rng(5).random((40, 150)) < 0.4).astype("u1")
    expected = cells
    for _ in range(4):
        near = sum(np.roll(expected, (a, b), (0, 1)) for a in (-1, 0, 1) for b in (-1, 0, 1)) - expected
        new = ((near == 3) | ((near == 2) & (expected == 1))).astype("u1")
        new[[0, -1]] = new[:, [0, -1]] = 0
        expected = new
    np.testing.assert_array_equal(numerics.life(cells, 4), expected)
    assert "scf.if" not in numerics.life.ir()  # `or` and `and` of cheap conditions are selects


@pytest.mark.parametrize("sizes", [(0, 0), (0, 4), (3, 0), (1, 1), (9, 70)], ids=str)
def test_distances_of_sequences(sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(6)
    a, b = rng.integers(0, 3, sizes[0]), rng.integers(0, 3, sizes[1])
    d = np.add.outer(np.arange(sizes[0] + 1), np.arange(sizes[1] + 1))
    w = np.full(d.shape, np.inf)
    w[0, 0] = 0
    for i in range(sizes[0]):
        for j in range(sizes[1]):
            d[i + 1, j + 1] = min(d[i, j + 1] + 1, d[i + 1, j] + 1, d[i, j] + (a[i] != b[j]))
            w[i + 1, j + 1] = (a[i] - b[j]) ** 2 + min(w[i, j + 1], w[i + 1, j], w[i, j])
    assert numerics.edit_distance(a, b) == d[-1, -1]
    assert numerics.warping(a.astype("f8"), b.astype("f8")) == w[-1, -1]


def test_the_least_so_far_is_nan_once_there_is_one_and_knows_the_sign_of_zero() -> None:
    x = np.array([3.0, 0.0, 0.0, 5.0, np.inf, np.nan, 1.0])
    y = np.array([2.0, 4.0, -0.0, 0.0, -np.inf, 0.0, 2.0])
    got = numerics.lows(x, y, np.inf)
    expected = np.minimum.accumulate(np.minimum(x, y))
    np.testing.assert_array_equal(got, expected)
    assert list(np.signbit(got[:5])) == [False, False, True, True, True]
    np.testing.assert_array_equal(numerics.lows(x[:0], y[:0], 1.0), x[:0])


@pytest.mark.parametrize("size", [0, 1, 2, 50])
def test_a_recurrence_that_goes_back(size: int) -> None:
    x = np.random.default_rng(7).uniform(0.5, 1.5, size)
    expected = np.append(np.cumprod(x[::-1])[::-1], 1.0)
    np.testing.assert_allclose(numerics.suffix_products(x), expected, rtol=1e-13)


def optimised(function: dx.Jit, args: tuple) -> Subject:
    made = subject(function, args)
    pipeline.run_passes(made.module, CPU)
    return made


def test_the_gradient_of_vectors_is_linear_in_their_number() -> None:
    """Each iteration once made a table of all vectors."""
    work = []
    for count in (10, 20):
        rng = np.random.default_rng(8)
        q, v = rng.normal(size=(count, 4)), rng.normal(size=(count, 3))
        dx.check_grads(numerics.rotated_square, q, v)
        made = optimised(dx.grad(numerics.rotated_square, wrt=("q", "v")), (q, v))
        machine = interpreter.Machine(made.module)
        interpreter.run(made.module, made.entry, made.arguments, made.sizes, machine=machine)
        work.append(sum(machine.counts.values()))
    assert work[1] <= 2.2 * work[0]


def test_the_gradient_of_a_factor_copies_no_table_in_each_row() -> None:
    """Each row of each step once copied the whole table."""
    made = optimised(dx.grad(numerics.log_determinant), (matrix(4),))
    loops = [op for op in made.function.walk() if isinstance(op, ix.ForOp)]
    inner = [op for loop in loops for op in loop.body.walk() if ix_own.versioned(op)]
    assert inner and all(all(in_place(op)) for op in inner)
