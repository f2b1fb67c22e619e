"""Jacobians of chains of linear operations: all directions share the coefficients of what they go through."""

# pyright: reportInvalidTypeForm=false

from __future__ import annotations

import numpy as np
import pytest
from law1.counted import assert_counted
from law1.subject import subject

import pydex as dx
from pydex import f32, f64, pipeline
from pydex.passes import ad_directions
from pydex.passes.pipelines import CPU

points = dx.index_sets("points")
pose, joints, space = dx.Fin(9), dx.Fin(6), dx.Fin(3)


def posed(real):
    """Points that move with joints, are turned about an axis by Rodrigues' formula, seen through a lens and shifted."""

    @dx.jit
    def seen(
        theta: real[pose], weights: real[points, joints], at: real[points, space], lens: real[points]
    ) -> real[points, space]:
        bent = [[dx.sin(theta[3 + j] * 1.5), dx.cos(theta[3 + j])] for j in joints]
        square = theta[0] * theta[0] + theta[1] * theta[1] + theta[2] * theta[2]
        result = dx.zeros(real[points, space])
        for i in points:
            wide = sum(weights[i, j] * bent[j][0] for j in joints)
            long = sum(weights[i, j] * bent[j][1] for j in joints)
            x, y, z = at[i, 0] * wide, at[i, 1] * long + wide, at[i, 2] - long
            cross = [theta[1] * z - theta[2] * y, theta[2] * x - theta[0] * z, theta[0] * y - theta[1] * x]
            if square == 0.0:
                turned = [x + cross[0], y + cross[1], z + cross[2]]
            else:
                angle = dx.sqrt(square)
                s = dx.sin(angle) / angle
                dot = (theta[0] * x + theta[1] * y + theta[2] * z) * (1.0 - dx.cos(angle)) / square
                c = dx.cos(angle)
                turned = [
                    x * c + cross[0] * s + theta[0] * dot,
                    y * c + cross[1] * s + theta[1] * dot,
                    z * c + cross[2] * s + theta[2] * dot,
                ]
            for a in space:
                result[i, a] = turned[a] * dx.exp(lens[i]) + theta[a] * at[i, a]
        return result

    return seen


def inputs(n: int, dtype=np.float64) -> list[np.ndarray]:
    rng = np.random.default_rng(n)
    return [rng.standard_normal(shape).astype(dtype) for shape in ((9,), (n, 6), (n, 3), (n,))]


def differences(f, theta, *rest) -> np.ndarray:
    """The Jacobian by central differences."""
    columns = []
    for k in range(len(theta)):
        step = np.zeros_like(theta)
        step[k] = 1e-6
        columns.append((np.asarray(f(theta + step, *rest)) - np.asarray(f(theta - step, *rest))) / 2e-6)
    return np.stack(columns, -1)


def jacobian(f):
    return dx.jacobian(f, wrt="theta", mode="forward")


@pytest.mark.parametrize("still", [False, True])
@pytest.mark.parametrize("n", [0, 1, 13])
def test_against_differences(n: int, still: bool) -> None:
    seen = posed(f64)
    theta, *rest = inputs(n)
    if still:
        theta[:3] = 0.0
    found = jacobian(seen)(theta, *rest)
    if still:  # the other branch is taken beside zero
        found, expected = found[:, :, 3:], differences(seen, theta, *rest)[:, :, 3:]
    else:
        expected = differences(seen, theta, *rest)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize(("real", "dtype", "tolerance"), [(f64, np.float64, 1e-12), (f32, np.float32, 2e-4)])
def test_against_the_reference(real, dtype, tolerance) -> None:
    by_theta = jacobian(posed(real))
    for n in (5, 24):
        arguments = inputs(n, dtype)
        np.testing.assert_allclose(by_theta(*arguments), by_theta.reference(*arguments), rtol=tolerance, atol=tolerance)


@pytest.mark.slow
def test_two_threads_and_rows_of_any_strides() -> None:
    by_theta = jacobian(posed(f64))
    theta, weights, at, lens = inputs(3000)
    expected = by_theta(theta, weights, at, lens)
    before = dx.get_num_threads()
    try:
        for threads in (1, 2):
            dx.set_num_threads(threads)
            np.testing.assert_array_equal(by_theta(theta, weights, at, lens), expected)
        found = by_theta(theta[::-1].copy()[::-1], np.asfortranarray(weights), at[:, ::-1].copy()[:, ::-1], lens)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    finally:
        dx.set_num_threads(before)


def _counted(f, arguments, without: str = "") -> int:
    made = subject(f, arguments)
    pipeline.run_passes(made.module, [each for each in CPU if each != without])
    return int(assert_counted(made, made.entry, made.arguments)[1]["flops"])


@pytest.mark.slow
def test_there_are_fewer_operations() -> None:
    by_theta, arguments = jacobian(posed(f64)), inputs(40)
    assert _counted(by_theta, arguments) < 0.75 * _counted(by_theta, arguments, "ad-directions")


@dx.jit
def chosen(theta: f64[pose], weights: f64[points, joints], at: f64[points]) -> f64[points, space]:
    """Where at is 0, the coefficients of one side are infinite, and the other side is chosen."""
    bent = [dx.sin(theta[3 + j]) for j in joints]
    result = dx.zeros(f64[points, space])
    for i in points:
        x = sum(weights[i, j] * bent[j] for j in joints) * dx.exp(at[i])
        far = x / at[i] + theta[0] * x / (at[i] * at[i])
        near = x * 3.0 - theta[0] * x * 2.0 + theta[1] * x * at[i]
        best = near if abs(at[i]) < 0.5 else far
        for a in space:
            result[i, a] = best * theta[a] + x * 0.5 - best * 0.25
    return result


@pytest.mark.slow
def test_what_is_not_chosen_adds_nothing() -> None:
    theta, weights, at, _ = inputs(21)
    at = np.where(np.arange(21) % 3 == 0, 0.0, at[:, 0])
    found = jacobian(chosen)(theta, weights, at)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, jacobian(chosen).reference(theta, weights, at), rtol=1e-11, atol=1e-11)


@pytest.mark.slow
def test_numbers_that_are_not_finite_stay_so(monkeypatch) -> None:
    """What is finite, and what is not, is what it was before the coefficients were made."""
    theta, weights, at, lens = inputs(9)
    weights[2, 1], lens[5], at[7, 0] = np.nan, np.inf, np.nan
    found = jacobian(posed(f64))(theta, weights, at, lens)
    monkeypatch.setattr(ad_directions, "BETTER", 0.0)
    monkeypatch.setenv("PYDEX_CACHE", "off")
    expected = jacobian(posed(f64))(theta, weights, at, lens)
    finite = np.isfinite(expected)
    assert not finite.all()
    np.testing.assert_array_equal(np.isfinite(found), finite)
    np.testing.assert_allclose(found[finite], expected[finite], rtol=1e-11, atol=1e-11)


@dx.jit
def by_hand(a: f64[points], w: f64[points, joints], scale: f64[joints]) -> f64[points, joints]:
    """Directions that the user has written: their operations stay as they are."""
    seeds = [[1.0 if j == d else 0.0 for j in joints] for d in joints]
    ways = [[seeds[d][j] * scale[j] for j in joints] for d in joints]
    result = dx.zeros(f64[points, joints])
    for i in points:
        for d in joints:
            x = sum(w[i, j] * ways[d][j] for j in joints)
            result[i, d] = ((x * a[i] + x) * 3.0 - x * a[i]) * a[i] + (x * 0.5 - x * a[i]) * 7.0 + x
    return result


def test_what_the_user_wrote_is_not_touched() -> None:
    assert "seed" not in by_hand.ir() and "seed" in jacobian(posed(f64)).ir()
