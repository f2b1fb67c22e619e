"""Sums over both ends of pairs, with an exponential a pair: computed once, and neighbours are added to in step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import pydex as dx
from pydex import f32, f64, runtime
from pydex.passes import pair_sums

pytestmark = pytest.mark.slow

n, m = dx.index_sets("n m")
xyz = dx.Fin(3)
rng = np.random.default_rng(5)
SIZES = [0, 1, 2, 3, 7, 64, 201]


@pytest.fixture(params=[1, 2])
def threads(request) -> Iterator[None]:
    before = runtime.get_threads()
    runtime.set_threads(request.param)
    yield
    runtime.set_threads(before)


@dx.jit
def triangle(x: f64[n], w: f64[n]) -> f64:
    total = 0.0
    for i in n:
        for j in dx.below(i):
            total += w[j] * dx.exp(-((x[i] - x[j]) ** 2))
    return total


@dx.jit
def triangle_f32(x: f32[n], w: f32[n]) -> f32:
    total = f32(0.0)
    for i in n:
        for j in dx.below(i):
            total += w[j] * dx.exp(-((x[i] - x[j]) ** 2))
    return total


@dx.jit
def rectangle(x: f64[n], w: f64[m]) -> f64:
    return sum(w[j] * dx.tanh(x[i] * w[j]) for i in n for j in m)


@dx.jit
def density(x: f64[n], w: f64[n]) -> f64:
    return sum(dx.log(1.0 + sum(w[j] * dx.exp(-((x[i] - x[j]) ** 2)) for j in n)) for i in n)


@dx.jit
def symmetric(x: f64[n], w: f64[n]) -> f64:
    return sum(w[i] * w[j] * dx.exp(-((x[i] - x[j]) ** 2)) for i in n for j in n)


@dx.jit
def bodies(x: f64[n, xyz], w: f64[n]) -> f64:
    total = 0.0
    for i in n:
        for j in dx.below(i):
            total += w[i] * w[j] * dx.exp(-sum((x[i, k] - x[j, k]) ** 2 for k in xyz))
    return total


@dx.jit
def tops(x: f64[n, m]) -> f64:
    """Each row has cells of its own, though one of them gets a second share."""
    total = 0.0
    for i in n:
        top = max(x[i, j] for j in m)
        total += top * dx.log(sum(dx.exp(x[i, j] - top) for j in m))
    return total


@dx.jit
def degrees(x: f64[n]):
    row, column = dx.zeros(f64[n]), dx.zeros(f64[n])
    for i in n:
        for j in dx.below(i):
            e = dx.exp(x[i] - 2 * x[j])
            row[i] += e
            column[j] += e
    return row, column


def gradient_of_triangle(x, w):
    """By NumPy."""
    d = x[:, None] - x[None, :]
    e = np.tril(np.exp(-(d**2)), -1)
    slope = -2 * d * w[None, :] * e
    return slope.sum(1) - slope.sum(0), e.sum(0)


@pytest.fixture
def squares(monkeypatch) -> None:
    """Squares stay squares."""
    monkeypatch.setenv("PYDEX_CACHE", "off")
    monkeypatch.setattr(pair_sums, "pair_sums", lambda module: False)


def exponentials(function) -> int:
    return function.ir().split("func.func")[-1].count("math.exp")


@pytest.mark.parametrize("function", [triangle, triangle_f32, density, bodies], ids=lambda f: f.__name__)
def test_one_exponential_a_pair(function, squares) -> None:
    gradient = dx.grad(function, wrt=("x", "w"))
    assert exponentials(gradient) == 1
    assert "eff.add" in gradient.ir()


def test_by_the_program_itself() -> None:
    assert exponentials(degrees) == 1


def test_what_is_symmetric_is_gathered_and_merged(squares) -> None:
    gradient = dx.grad(symmetric, wrt=("x", "w"))
    assert exponentials(gradient) == 1
    assert "eff.add" not in gradient.ir()


def test_what_is_cheap_or_needed_once_is_gathered() -> None:
    @dx.jit
    def cheap(x: f64[n], w: f64[m]) -> f64:
        return sum((x[i] - w[j]) ** 2 for i in n for j in m)

    @dx.jit
    def periodic(x: f64[n], w: f64[m]) -> f64:
        return sum(w[j] * dx.sin(x[i] * w[j]) for i in n for j in m)

    assert "eff.add" not in dx.grad(cheap, wrt=("x", "w")).ir()
    assert "eff.add" not in dx.grad(periodic, wrt=("x", "w")).ir()
    assert "eff.add" not in dx.grad(triangle, wrt="w").ir()


def test_what_the_rows_own_is_no_accumulator() -> None:
    assert "eff.add" not in dx.grad(tops).ir()


@pytest.mark.parametrize("size", SIZES)
def test_of_rows_with_a_top(size: int, threads) -> None:
    x = rng.normal(size=(size, 9))
    x[size // 2 :, 4] = x[size // 2 :, 7] = 3.0  # won twice: the first place counts
    top, at = x.max(1, initial=-9.0), np.argmax(x, 1)
    e = np.exp(x - top[:, None])
    want = top[:, None] * e / e.sum(1)[:, None]
    want[np.arange(size), at] += np.log(e.sum(1)) - top
    np.testing.assert_allclose(dx.grad(tops)(x), want, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(dx.grad(tops)(x[:, ::-1].copy()[:, ::-1]), want, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("size", SIZES)
def test_of_a_rectangle(size: int, threads) -> None:
    x, w = rng.normal(size=size), rng.random(11)
    a = x[:, None] * w[None, :]
    dx_, dw = dx.grad(rectangle, wrt=("x", "w"))(x, w)
    np.testing.assert_allclose(dx_, (w**2 / np.cosh(a) ** 2).sum(1), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(dw, (np.tanh(a) + a / np.cosh(a) ** 2).sum(0), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("size", SIZES)
def test_triangle(size: int, threads) -> None:
    x, w = rng.normal(size=size), rng.random(size)
    for got, want in zip(dx.grad(triangle, wrt=("x", "w"))(x, w), gradient_of_triangle(x, w), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("size", SIZES)
def test_triangle_in_f32(size: int, threads) -> None:
    x, w = rng.normal(size=size).astype("f4"), rng.random(size).astype("f4")
    wanted = gradient_of_triangle(x.astype("f8"), w.astype("f8"))
    for got, want in zip(dx.grad(triangle_f32, wrt=("x", "w"))(x, w), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=2e-5)


def test_long_sums_in_f32_keep_their_digits() -> None:
    x, w = (rng.random(5000) / 8).astype("f4"), np.ones(5000, "f4")
    _, got = dx.grad(triangle_f32, wrt=("x", "w"))(x, w)
    _, want = gradient_of_triangle(x.astype("f8"), w.astype("f8"))
    np.testing.assert_allclose(got, want, rtol=3e-6)


def test_strides_and_special_numbers(threads) -> None:
    x, w = rng.normal(size=64)[::2], rng.random((32, 3))[:, 1]
    gradient = dx.grad(triangle, wrt=("x", "w"))
    for got, want in zip(gradient(x, w), gradient_of_triangle(x, w), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)
    x = x.copy()
    x[[3, 20]] = np.nan, np.inf
    with np.errstate(invalid="ignore"):
        wanted = gradient_of_triangle(x, w)[1]
    got = gradient(x, w)[1]
    assert np.isnan(got[:4]).all() and np.array_equal(np.isnan(got), np.isnan(wanted))


@pytest.mark.parametrize("size", [1, 2, 9])
@pytest.mark.parametrize("function", [triangle, density, symmetric], ids=lambda f: f.__name__)
def test_first_and_second_derivatives(function, size: int) -> None:
    x, w = rng.normal(size=size), rng.random(size)
    dx.check_grads(function, x, w)
    slope = dx.grad(function)

    @dx.jit
    def norm(x: f64[n], w: f64[n]) -> f64:
        return sum(v * v for v in slope(x, w))

    dx.check_grads(norm, x, w)


def test_bodies_and_degrees(threads) -> None:
    x, w = rng.normal(size=(37, 3)), rng.random(37)
    dx.check_grads(bodies, x, w)
    e = np.tril(np.exp(w[:, None] - 2 * w[None, :]), -1)
    row, column = degrees(w)
    np.testing.assert_allclose(row, e.sum(1), rtol=1e-12)
    np.testing.assert_allclose(column, e.sum(0), rtol=1e-12)


def test_threads_change_nothing() -> None:
    x, w = rng.normal(size=400), rng.random(400)
    gradient, before, found = dx.grad(triangle, wrt=("x", "w")), runtime.get_threads(), []
    for count in (1, 2, 4):
        runtime.set_threads(count)
        found.append(gradient(x, w))
    runtime.set_threads(before)
    for other in found[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(found[0], other, strict=True))
