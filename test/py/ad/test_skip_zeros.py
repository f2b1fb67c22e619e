"""Jacobians of which each direction reaches few rows of a table: the others are skipped, and no number changes."""

# pyright: reportInvalidTypeForm=false

from __future__ import annotations

import numpy as np
import pytest
from law1.counted import assert_counted
from law1.subject import subject

import pydex as dx
from pydex import f32, f64, pipeline
from pydex.passes.pipelines import CPU

pytestmark = pytest.mark.slow

vertices = dx.index_sets("vertices")
joints, plane, affine = dx.Fin(7), dx.Fin(2), dx.Fin(3)
PARENTS = np.array([0, 0, 1, 2, 1, 4, 0])


def programs(real):
    """The frames of a tree of joints, each turned against its parent, and the vertices that move with them."""

    @dx.jit
    def frames(
        theta: real[joints], parents: joints.Index[joints], rest: real[joints, affine, affine]
    ) -> real[joints, affine, affine]:
        placed = dx.zeros(real[joints, affine, affine])
        for j in joints:
            c = dx.cos(theta[j])
            s = dx.sin(theta[j])
            turn = [[c, -s, 0.0 * c], [s, c, 0.0 * c], [0.0 * c, 0.0 * c, 1.0 + 0.0 * c]]
            own = [[sum(rest[j, a, k] * turn[k][e] for k in affine) for e in affine] for a in affine]
            if parents[j] == j:
                placed[j] = own
            else:
                placed[j] = [
                    [sum(placed[parents[j], a, k] * own[k][e] for k in affine) for e in affine] for a in affine
                ]
        return placed

    @dx.jit
    def skinned(
        theta: real[joints],
        parents: joints.Index[joints],
        rest: real[joints, affine, affine],
        weights: real[vertices, joints],
        at: real[vertices, plane],
    ) -> real[vertices, plane]:
        placed = frames(theta, parents, rest)
        skin = dx.zeros(real[vertices, plane])
        for i in vertices:
            blend = [[sum(weights[i, j] * placed[j, a, e] for j in joints) for e in affine] for a in plane]
            size = dx.exp(at[i, 0])
            for a in plane:
                skin[i, a] = size * (blend[a][0] * at[i, 0] + blend[a][1] * at[i, 1] + blend[a][2])
        return skin

    return frames, skinned


def inputs(n: int, dtype=np.float64) -> list[np.ndarray]:
    rng = np.random.default_rng(n)
    shapes = (7,), (7, 3, 3), (n, 7), (n, 2)
    theta, rest, weights, at = (rng.standard_normal(shape).astype(dtype) for shape in shapes)
    return [theta, PARENTS, rest, weights, at]


def dense(by_joint: np.ndarray, weights: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The Jacobian of the vertices from that of the frames [joint, a, e, d], all products made."""
    with np.errstate(invalid="ignore"):
        blend = (weights[:, :, None, None, None] * by_joint).sum(1)[:, :2]
        moved = blend[:, :, 0] * at[:, :1, None] + blend[:, :, 1] * at[:, 1:, None] + blend[:, :, 2]
        return np.exp(at[:, :1, None]) * moved


@pytest.mark.parametrize(("real", "dtype", "tolerance"), [(f64, np.float64, 1e-13), (f32, np.float32, 1e-4)])
@pytest.mark.parametrize("n", [0, 1, 7, 33])
def test_rows_of_other_joints_are_skipped(real, dtype, tolerance, n):
    frames, skinned = programs(real)
    theta, parents, rest, weights, at = inputs(n, dtype)
    by_frames = dx.jacobian(frames, wrt="theta", mode="forward")(theta, parents, rest)
    found = dx.jacobian(skinned, wrt="theta", mode="forward")(theta, parents, rest, weights, at)
    np.testing.assert_allclose(found, dense(by_frames, weights, at), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("odd", [np.inf, -np.inf, np.nan])
def test_a_row_of_zeros_beside_what_is_not_finite_counts(odd):
    frames, skinned = programs(f64)
    theta, parents, rest, weights, at = inputs(19)
    weights[3, 2] = weights[17, 6] = odd
    by_frames = dx.jacobian(frames, wrt="theta", mode="forward")(theta, parents, rest)
    found = dx.jacobian(skinned, wrt="theta", mode="forward")(theta, parents, rest, weights, at)
    expected = dense(by_frames, weights, at)
    assert np.isnan(expected[3]).any()
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)


def test_rows_that_are_not_finite_are_not_skipped():
    frames, skinned = programs(f64)
    theta, parents, rest, weights, at = inputs(9)
    rest[2, 0, 0], weights[4] = np.nan, 0.0
    found = dx.jacobian(skinned, wrt="theta", mode="forward")(theta, parents, rest, weights, at)
    by_frames = dx.jacobian(frames, wrt="theta", mode="forward")(theta, parents, rest)
    expected = dense(by_frames, weights, at)
    assert np.isnan(expected[4]).all()
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)


def test_the_sums_are_short():
    _, skinned = programs(f64)
    by_theta = dx.jacobian(skinned, wrt="theta", mode="forward")
    assert "ix.open" in by_theta.ir()


@pytest.mark.slow
def test_directions_multiply_with_the_joints_that_they_move():
    """What is counted is the same as what `explain` says, and fewer operations than with the sums as they were."""
    _, skinned = programs(f64)
    by_theta = dx.jacobian(skinned, wrt="theta", mode="forward")
    arguments = inputs(40)
    np.testing.assert_allclose(by_theta(*arguments), by_theta.reference(*arguments), rtol=1e-11, atol=1e-11)
    counted = []
    for passes in (CPU, [each for each in CPU if each != "ix-skip-zeros"]):
        made = subject(by_theta, arguments)
        pipeline.run_passes(made.module, passes)
        counted.append(int(assert_counted(made, made.entry, made.arguments)[1]["flops"]))
    assert counted[0] < 0.8 * counted[1]
