"""Gradients of sums over pairs: as before merge-sums, as differences say, and with fewer operations."""

from __future__ import annotations

import numpy as np
import pytest
from pair_programs import PROGRAMS, forces, forces_f32, line, potential
from xdsl.dialects import arith
from xdsl.dialects.builtin import f64
from xdsl.ir import Block

import pydex as dx
from pydex.passes import merge_sums
from pydex.passes.linear_read import Reader

pytestmark = pytest.mark.slow

ALL = (*PROGRAMS, line)
NAMES = [f.__name__ for f in ALL]


def points(n: int, function) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    return rng.standard_normal(n if function is line else (n, 3)), rng.uniform(0.5, 1.5, n)


@pytest.fixture
def apart(monkeypatch):
    """A gradient that is compiled without the pass."""

    def gradient(function):
        monkeypatch.setenv("PYDEX_CACHE", "off")
        monkeypatch.setattr(merge_sums, "_merged", lambda loop: False)
        return dx.grad(dx.jit(function.__wrapped__), wrt="r")

    return gradient


@pytest.mark.parametrize("function", ALL, ids=NAMES)
def test_gradients_are_those_of_differences(function) -> None:
    r, m = points(19, function)
    gradient, direction, h = dx.grad(function, wrt="r")(r, m), points(20, function)[0][:19], 1e-5
    difference = (function(r + h * direction, m) - function(r - h * direction, m)) / (2 * h)
    assert np.sum(gradient * direction) == pytest.approx(difference, rel=1e-6)


@pytest.mark.parametrize("function", ALL, ids=NAMES)
def test_gradients_are_as_without_the_pass(function, apart) -> None:
    sizes = (0, 1, 2, 17, 40)
    merged = [dx.grad(function, wrt="r")(*points(n, function)) for n in sizes]
    other = apart(function)
    for n, got in zip(sizes, merged, strict=True):
        want = other(*points(n, function))
        np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-12 * max(1.0, np.abs(want).max(initial=0.0)))


@pytest.mark.parametrize("function", [forces, potential], ids=["forces", "potential"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e200])
def test_numbers_that_are_not_finite_stay_so(function, value, apart) -> None:
    r, m = points(9, function)
    r[3, 1] = value
    got, want = dx.grad(function, wrt="r")(r, m), apart(function)(r, m)
    np.testing.assert_array_equal(np.isfinite(got), np.isfinite(want))
    fine = np.isfinite(want)
    np.testing.assert_allclose(got[fine], want[fine], rtol=1e-11, atol=1e-11)


def test_second_derivatives() -> None:
    r, m = points(7, forces)
    gradient, direction = dx.grad(forces, wrt="r"), points(8, forces)[0][:7]

    @dx.jit
    def along(r: dx.f64[dx.Fin(7), dx.Fin(3)], m: dx.f64[dx.Fin(7)], v: dx.f64[dx.Fin(7), dx.Fin(3)]):
        return dx.jvp(lambda q: dx.grad(lambda p: forces(p, m))(q), (r,), (v,))[1]

    h = 1e-5
    difference = (gradient(r + h * direction, m) - gradient(r - h * direction, m)) / (2 * h)
    np.testing.assert_allclose(along(r, m, direction), difference, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("threads", ["1", "2"])
def test_f32_is_as_good_as_f32_can_be(threads, monkeypatch) -> None:
    monkeypatch.setenv("PYDEX_THREADS", threads)
    r, m = (a.astype(np.float32) for a in points(301, forces_f32))
    got, want = dx.grad(forces_f32, wrt="r")(r, m), dx.grad(forces, wrt="r")(r.astype(float), m.astype(float))
    assert np.abs(got - want).max() <= 2e-6 * np.abs(want).max()
    wide = np.zeros((301, 6), np.float32)
    wide[:, ::2] = r
    np.testing.assert_allclose(dx.grad(forces_f32, wrt="r")(wide[:, ::2], m), got, rtol=1e-4, atol=1e-5 * want.max())


def test_the_gradient_of_forces_is_that_written_by_hand() -> None:
    """Of a pair and a coordinate: m u - m' u', its product with the way, and two more; one power beside 1/s."""
    text = dx.grad(forces, wrt="r").ir("cpu")
    inner = text[text.rindex("ix.for %", 0, text.rindex("-> (add f64, add f64, add f64)")) :]
    assert inner.count("arith.mulf") == 3 + 6 + 3 + 2 + 6
    assert inner.count("math.powf") == 2
    assert inner.count("{linear}") == 1


def test_bodies_are_in_lanes() -> None:
    assert "vector<8xf64>" in potential.ir("mlir") and "vector<8xf64>" in dx.grad(potential, wrt="r").ir("mlir")


def test_squares_of_squares_are_read_once_each() -> None:
    """2 ** 60 factors, if each use of a value took it apart again."""
    block = Block(arg_types=[f64])
    value = block.args[0]
    for _ in range(60):
        square = arith.MulfOp(value, value)
        block.add_op(square)
        value = square.result
    assert len(Reader(block).terms(value)) == 1


def test_sums_of_the_source_stay_two() -> None:
    @dx.jit
    def two(x: dx.f64[dx.Fin(50)], u: dx.f64, v: dx.f64) -> dx.f64:
        return sum(x[i] * u for i in dx.Fin(50)) + sum(x[i] * v for i in dx.Fin(50))

    assert "-> (add f64, add f64)" in two.ir("cpu")
