"""Sums over all pairs that go through each pair once: as NumPy says, whatever the number of elements."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from square_programs import PROGRAMS, coulomb, energy, gravity, gravity_f32, reciprocal

import pydex as dx
from pydex import runtime
from pydex.passes import pair_sums

pytestmark = pytest.mark.slow

SIZES = [0, 1, 2, 3, 15, 16, 17, 32, 33, 50, 131]


@pytest.fixture(autouse=True)
def always(monkeypatch) -> Iterator[list[bool]]:
    """However few elements there are, each pair is gone through once; which loops were rewritten."""
    taken: list[bool] = []
    paired = pair_sums._paired
    monkeypatch.setenv("PYDEX_CACHE", "off")
    monkeypatch.setattr(pair_sums, "MANY", 1)
    monkeypatch.setattr(pair_sums, "_paired", lambda inner: taken.append(paired(inner)) or taken[-1])
    yield taken


@pytest.fixture(params=[1, 2])
def threads(request) -> Iterator[None]:
    before = runtime.get_threads()
    runtime.set_threads(request.param)
    yield
    runtime.set_threads(before)


def compiled(function, **options):
    """The function, compiled anew."""
    return dx.jit(function.__wrapped__, **options)


def elements(n: int, function=gravity) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    type = np.float32 if function is gravity_f32 else np.float64
    return rng.standard_normal((n, 3)).astype(type), rng.uniform(0.5, 1.5, n).astype(type)


def agree(got, want, tolerance: float) -> None:
    pairs = zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]
    for a, b in pairs:
        scale = np.abs(np.where(np.isfinite(b), b, 0.0)).max(initial=1.0)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("function", PROGRAMS, ids=lambda f: f.__name__)
@np.errstate(all="ignore")
def test_same_as_numpy(function, threads, always) -> None:
    run, tolerance = compiled(function), 1e-5 if function is gravity_f32 else 1e-11
    for n in SIZES:
        agree(run(*elements(n, function)), PROGRAMS[function](*elements(n, function)), tolerance)
    assert any(always)


@pytest.mark.parametrize("function", [gravity, coulomb, energy], ids=lambda f: f.__name__)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e200, 1e-200])
@np.errstate(all="ignore")
def test_special_numbers(function, value) -> None:
    r, m = elements(37)
    r[21, 1] = value
    agree(compiled(function)(r, m), PROGRAMS[function](r, m), 1e-11)


@np.errstate(all="ignore")
def test_a_difference_of_equal_numbers_is_positive_zero_both_ways() -> None:
    r, m = elements(33)
    r[30], r[7, 0] = r[5], r[6, 0]
    want = PROGRAMS[reciprocal](r, m)
    assert np.isposinf(want[[5, 6, 7, 30]]).all()
    agree(compiled(reciprocal)(r, m), want, 1e-11)


def test_sums_of_nothing_are_positive_zeros() -> None:
    r, m = np.zeros((20, 3)), np.ones(20)
    assert not np.signbit(compiled(gravity)(r, m)).any()


def test_other_strides() -> None:
    r, m = elements(41)
    wide, long = np.zeros((41, 9)), np.zeros(82)
    wide[:, ::3], long[::2] = r, m
    agree(compiled(gravity)(wide[:, ::3], long[::2]), PROGRAMS[gravity](r, m), 1e-12)


def test_the_same_bits_with_any_number_of_threads() -> None:
    run, (r, m) = compiled(gravity_f32, deterministic=True), elements(700, gravity_f32)
    found, before = [], runtime.get_threads()
    for count in (1, 2):
        runtime.set_threads(count)
        found.append(run(r, m))
    runtime.set_threads(before)
    np.testing.assert_array_equal(*found)
    agree(found[0], PROGRAMS[gravity_f32](r, m), 3e-6)


@pytest.mark.parametrize("function", [gravity, coulomb, energy], ids=lambda f: f.__name__)
def test_gradients_are_those_of_differences(function, threads) -> None:
    rng, n = np.random.default_rng(3), 26
    weights = rng.standard_normal((n, 3))
    half = compiled(function)

    @dx.jit
    def total(r: dx.f64[dx.Fin(26), dx.Fin(3)], m: dx.f64[dx.Fin(26)], w: dx.f64[dx.Fin(26), dx.Fin(3)]) -> dx.f64:
        return half(r, m)

    @dx.jit
    def weighed(r: dx.f64[dx.Fin(26), dx.Fin(3)], m: dx.f64[dx.Fin(26)], w: dx.f64[dx.Fin(26), dx.Fin(3)]) -> dx.f64:
        force = half(r, m)
        return sum(w[i, a] * force[i, a] for i in dx.Fin(26) for a in dx.Fin(3))

    scalar = total if function is energy else weighed
    (r, m), direction, h = elements(n), rng.standard_normal((n, 3)), 1e-6
    got = np.sum(dx.grad(scalar, wrt="r")(r, m, weights) * direction)
    want = (scalar(r + h * direction, m, weights) - scalar(r - h * direction, m, weights)) / (2 * h)
    assert got == pytest.approx(want, rel=1e-5)


def test_few_elements_are_left_alone(monkeypatch, always) -> None:
    """Of a number that is known, and of what would not be less work."""
    monkeypatch.setattr(pair_sums, "MANY", 144)

    @dx.jit
    def few(x: dx.f64[dx.Fin(100)]) -> dx.f64[dx.Fin(100)]:
        return [sum(dx.exp(-((x[i] - x[j]) ** 2)) for j in dx.Fin(100)) for i in dx.Fin(100)]

    n = dx.index_sets("n")

    @dx.jit
    def cheap(x: dx.f64[n]) -> dx.f64[n]:
        return [sum(abs(x[i] - x[j]) for j in n) for i in n]

    x = np.linspace(-1.0, 1.0, 100)
    for function in (few, cheap):
        function(x)
    assert not any(always)
