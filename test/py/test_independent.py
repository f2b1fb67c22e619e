"""The independent implementations against sources that are more independent still.

Derivatives against complex steps of their own objectives (exact to rounding: no difference is taken), and objectives
against SciPy, mpmath or the definition spelled out in loops. What these agree on is the oracle of everything else.
"""

import math

import numpy as np
import pytest
from independent import (
    ba,
    call,
    conv,
    fused,
    gmm,
    hist,
    ht,
    lse_rows,
    lstm,
    lv_ode,
    mandel,
    matmul,
    mlp,
    nbody,
    rotation,
    stencil,
    tri,
    whist,
)

from benchmarks import adbench
from benchmarks.inputs import inputs

mpmath = pytest.importorskip("mpmath")
special = pytest.importorskip("scipy.special")
stats = pytest.importorskip("scipy.stats")
signal = pytest.importorskip("scipy.signal")
Rotation = pytest.importorskip("scipy.spatial.transform").Rotation

STEP = 1e-30


def double(workload, size="small"):
    values = inputs(workload, size)
    return [v.astype(np.float64) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v for v in values]


def directions(arguments, wrt):
    rng = np.random.default_rng(1)
    return {i: rng.standard_normal(np.shape(arguments[i])) for i in wrt}


def complex_step(function, arguments, direction):
    """The derivative of `function` along `direction` (by argument)."""
    moved = [v + STEP * 1j * direction[i] if i in direction else v for i, v in enumerate(arguments)]
    result = function(*moved)
    parts = result if isinstance(result, tuple) else (result,)
    return [np.imag(part) / STEP for part in parts]


def close(found, expected, tolerance=1e-12):
    expected = np.asarray(expected)
    assert np.shape(found) == expected.shape
    assert np.abs(found - expected).max() <= tolerance * np.abs(expected).max()


@pytest.mark.parametrize(
    "module, wrt", [(fused, (0, 1)), (lse_rows, (0,)), (tri, (0, 1)), (gmm, (0, 1, 2, 3)), (lstm, (0, 1)), (call, (0,))]
)
def test_gradient_of_a_scalar(module, wrt):
    arguments = double(module.__name__.split(".")[-1])
    direction = directions(arguments, wrt)
    gradient = module.gradient(*arguments)
    parts = gradient if isinstance(gradient, tuple) else (gradient,)
    along = sum((part * direction[i]).sum() for part, i in zip(parts, wrt, strict=True))
    (expected,) = complex_step(module.objective, arguments, direction)
    close(along, expected)


def test_gradient_of_nbody_is_that_of_half_the_squared_forces():
    arguments = double("nbody")
    direction = directions(arguments, (0,))
    (expected,) = complex_step(lambda *a: 0.5 * (nbody.objective(*a) ** 2).sum(), arguments, direction)
    (gradient,) = nbody.gradient(*arguments)
    close((gradient * direction[0]).sum(), expected)


@pytest.mark.parametrize(
    "module, loss, wrt",
    [
        (stencil, lambda u: (u * u).mean(), (0,)),
        (matmul, lambda c: (c * c).sum(), (0, 1)),
        (conv, lambda y: (y * y).mean(), (0, 1)),
    ],
)
def test_gradient_of_squares(module, loss, wrt):
    arguments = double(module.__name__.split(".")[-1])
    direction = directions(arguments, wrt)
    (expected,) = complex_step(lambda *a: loss(module.objective(*a)), arguments, direction)
    along = sum((part * direction[i]).sum() for part, i in zip(module.gradient(*arguments), wrt, strict=True))
    close(along, expected)


def test_gradient_of_whist_is_that_of_half_the_squared_sums():
    """Of a quadratic function a central difference is exact."""
    x, w, bins = double("whist")
    (direction,) = directions([w], (0,)).values()
    up, down = (whist.objective(x, w + sign * direction, bins) for sign in (1, -1))
    (gradient,) = whist.gradient(x, w, bins)
    close((gradient * direction).sum(), (0.5 * up @ up - 0.5 * down @ down) / 2)


def test_a_step_of_mlp_goes_down_the_gradient():
    *parameters, x, label, rate = double("mlp")
    direction = directions(parameters, range(4))
    (expected,) = complex_step(mlp.objective, [*parameters, x, label, rate], direction)
    stepped = mlp.gradient(*parameters, x, label, rate)
    slopes = [(p - s) / rate for p, s in zip(parameters, stepped, strict=True)]
    close(sum((slope * direction[i]).sum() for i, slope in enumerate(slopes)), expected)


def test_blocks_of_ba():
    arguments = double("ba")
    direction = directions(arguments, (0, 1, 2))
    by_cam, by_point, by_weight, of_weight = ba.gradient(*arguments)
    camera, point = arguments[3:5]
    along = np.einsum("pij,pj->pi", by_cam, direction[0][camera]) + by_weight * direction[2][:, None]
    along += np.einsum("pij,pj->pi", by_point, direction[1][point])
    errors, weights = complex_step(ba.objective, arguments, direction)
    close(along, errors)
    close(of_weight * direction[2], weights)


def test_jacobian_of_ht():
    arguments = double("ht")
    direction = directions(arguments, (0, 1))
    by_us, by_pose = ht.gradient(*arguments)
    (expected,) = complex_step(ht.objective, arguments, direction)
    close(np.einsum("pij,pj->pi", by_us, direction[1]) + by_pose @ direction[0], expected)


def test_gradient_of_lv_ode():
    arguments = inputs("lv_ode", "small")
    steps = [complex_step(lv_ode.stepped, arguments, {i: 1.0})[0] for i in range(4)]
    close(lv_ode.gradient(*arguments), steps, 1e-11)  # fourth order at dt = 1e-3
    close(lv_ode.objective(*arguments), lv_ode.stepped(*arguments), 1e-11)


def test_fused_by_mpmath():
    x, y = double("fused")
    pairs = zip(map(mpmath.mpf, x), map(mpmath.mpf, y), strict=True)
    terms = [(mpmath.sin(a) * b + mpmath.exp(-a * a)) ** 2 for a, b in pairs]
    close(fused.objective(x, y), float(mpmath.fsum(terms) / len(terms)))


def test_lse_rows_by_scipy():
    (x,) = double("lse_rows")
    close(lse_rows.objective(x), special.logsumexp(x, axis=1).sum())
    close(lse_rows.gradient(x)[0], special.softmax(x, axis=1))


def test_tri_by_its_definition():
    x, w = double("tri")
    terms = (w[j] * math.exp(-((x[i] - x[j]) ** 2)) for i in range(len(x)) for j in range(i))
    close(tri.objective(x, w), math.fsum(terms))


def test_nbody_by_its_definition():
    r, m = double("nbody")
    expected = np.zeros_like(r)
    for i in range(len(m)):
        for j in range(len(m)):
            d = r[j] - r[i]
            expected[i] += m[j] * d * (d @ d + 0.01) ** -1.5
    close(nbody.objective(r, m), expected)


def test_gmm_by_densities_of_scipy():
    """With normalised weights it is the log-likelihood plus the log-density of Wishart matrices."""
    alpha, mu, q, lower, x, gamma, m, constant = double("gmm")
    gamma, m = 1.3, 2
    factor = np.tril(lower, -1) + np.exp(q)[:, :, None] * np.eye(q.shape[1])
    precision = factor.transpose(0, 2, 1) @ factor
    parts = [stats.multivariate_normal(mu[c], np.linalg.inv(precision[c])).logpdf(x) for c in range(len(alpha))]
    likelihood = special.logsumexp(special.log_softmax(alpha)[:, None] + parts, axis=0).sum()
    d = x.shape[1]
    prior = sum(stats.wishart.logpdf(p, d + m + 1, np.eye(d) / gamma**2) for p in precision)
    constant = gmm.constant(*x.shape, len(alpha), gamma, m)
    close(gmm.objective(alpha, mu, q, lower, x, gamma, m, constant), likelihood + prior, 1e-11)


def test_stencil_by_its_definition():
    start, steps = double("stencil")
    u = start.tolist()
    for _ in range(steps):
        u = [
            [
                u[i][j] + 0.2 * (u[i - 1][j] + u[i + 1][j] + u[i][j - 1] + u[i][j + 1] - 4 * u[i][j])
                if 0 < i < len(u) - 1 and 0 < j < len(u[0]) - 1
                else u[i][j]
                for j in range(len(u[0]))
            ]
            for i in range(len(u))
        ]
    close(stencil.objective(start, steps), u)


def test_histograms_by_numpy():
    x, w, bins = double("whist")
    count, edges = np.histogram(x, bins, range=(0, 1))
    assert hist.objective(x, bins).tolist() == count.tolist()
    close(whist.objective(x, w, bins), np.histogram(x, edges, weights=w)[0])


def test_mandel_by_complex_numbers():
    re, im, limit = double("mandel")
    found = mandel.objective(re, im, limit)
    for i, b in enumerate(im):
        for j, a in enumerate(re):
            z, count = 0j, 0
            while count < limit and abs(z) <= 2:
                z, count = z * z + complex(a, b), count + 1
            assert found[i, j] == count


def test_matmul_by_its_definition():
    a, b = double("matmul")
    close(matmul.objective(a, b), [[math.fsum(row * column) for column in b.T] for row in a])


def test_conv_by_scipy():
    x, w = double("conv")
    expected = [
        [sum(signal.correlate2d(image[c], kernel[c], "same") for c in range(len(kernel))) for kernel in w]
        for image in x
    ]
    close(conv.objective(x, w), expected)


def test_mlp_by_scipy():
    w1, b1, w2, b2, x, label, rate = double("mlp")
    score = np.maximum(x @ w1 + b1, 0) @ w2 + b2
    close(
        mlp.objective(w1, b1, w2, b2, x, label, rate), -special.log_softmax(score, axis=1)[range(len(x)), label].mean()
    )


def test_rotations_by_scipy():
    r = np.random.default_rng(2).standard_normal((7, 3))
    close(rotation.matrix(r), Rotation.from_rotvec(r).as_matrix())
    close(rotation.matrix(np.zeros(3)), np.eye(3))


def test_rotation_at_zero_moves_as_a_cross_product():
    p = np.array([1.0, 2.0, 3.0])
    close(rotation.jacobian(np.zeros(3), p) @ [0.3, 0.2, 0.1], np.cross([0.3, 0.2, 0.1], p))


def test_ba_by_scipy():
    cams, points, w, camera, point, feats = double("ba")
    errors, weights = ba.objective(cams, points, w, camera, point, feats)
    for i, (c, p) in enumerate(zip(cams[camera], points[point], strict=True)):
        frame = Rotation.from_rotvec(c[:3]).apply(p - c[3:6])
        image = frame[:2] / frame[2]
        radius = image @ image
        pixel = c[6] * image * (1 + c[9] * radius + c[10] * radius**2) + c[7:9]
        close(errors[i], w[i] * (pixel - feats[i]))
    close(weights, [1 - v**2 for v in w])


def test_ht_by_euler_angles_of_scipy():
    theta, us, parents, base, inverse, positions, weights, triangles, which, points = double("ht")
    placed = []
    for bone in range(22):
        bent, (finger, joint) = np.eye(4), divmod(bone - 1, 4)
        if 0 <= finger < 5 and joint:
            at = 6 + 4 * finger
            angles = (theta[at], theta[at + 1]) if joint == 1 else (theta[at + joint], 0.0)
            bent[:3, :3] = Rotation.from_euler("xz", angles).as_matrix()
        relative = base[bone] @ bent
        placed.append(relative if parents[bone] == bone else placed[parents[bone]] @ relative)
    skin = np.zeros((len(positions), 3))
    for bone in range(22):
        moved = placed[bone] @ inverse[bone] @ np.c_[positions, np.ones(len(positions))].T
        skin += weights[:, bone, None] * moved[:3].T
    skin = Rotation.from_rotvec(theta[:3]).apply(skin) + theta[3:6]
    expected = [
        points[i] - us[i, 0] * skin[a] - us[i, 1] * skin[b] - (1 - us[i, 0] - us[i, 1]) * skin[c]
        for i, (a, b, c) in enumerate(triangles[which])
    ]
    close(ht.objective(*double("ht")), expected)


def test_lstm_by_scalars():
    main, extra, state, text = double("lstm")
    layers, bits = len(main), text.shape[1]
    hidden, cell = state[:, 0].tolist(), state[:, 1].tolist()
    total = 0.0
    for now, gold in zip(text[:-1], text[1:], strict=True):
        guess = []
        for i in range(bits):
            value = now[i] * extra[0, i]
            for s in range(layers):
                w, b = main[s, 0, :, i], main[s, 1, :, i]
                forget, into = special.expit(value * w[0] + b[0]), special.expit(hidden[s][i] * w[1] + b[1])
                out, change = special.expit(value * w[2] + b[2]), math.tanh(hidden[s][i] * w[3] + b[3])
                cell[s][i] = cell[s][i] * forget + into * change
                value = hidden[s][i] = out * math.tanh(cell[s][i])
            guess.append(value * extra[1, i] + extra[2, i])
        partition = math.log(2 + sum(map(math.exp, guess)))
        total += sum(gold[i] * (guess[i] - partition) for i in range(bits))
    close(lstm.objective(main, extra, state, text), -total / ((len(text) - 1) * bits))


def test_strict_lower_triangles_are_stored_column_by_column():
    square = adbench.strict_lower(np.array([[10.0, 20.0, 21.0]]), 3)
    assert square.tolist() == [[[0, 0, 0], [10, 0, 0], [20, 21, 0]]]


FILES = [("gmm", "d10_k25"), ("gmm", "d20_k50"), ("ba", "default"), ("lstm", "default"), ("ht", "default")]


@pytest.mark.parametrize("workload, size", FILES)
def test_files_of_adbench_are_read_whole(workload, size):
    if not adbench.DATA.is_dir():
        pytest.skip(f"the files of ADBench are not at {adbench.DATA}")
    shapes = {
        ("gmm", "d10_k25"): [(25,), (25, 10), (25, 10), (25, 10, 10), (1000, 10), (), (), ()],
        ("gmm", "d20_k50"): [(50,), (50, 20), (50, 20), (50, 20, 20), (1000, 20), (), (), ()],
        ("ba", "default"): [(49, 11), (7776, 3), (31843,), (31843,), (31843,), (31843, 2)],
        ("lstm", "default"): [(2, 2, 4, 14), (3, 14), (2, 2, 14), (1024, 14)],
        ("ht", "default"): [
            *[(26,), (800, 2), (22,), (22, 4, 4), (22, 4, 4), (544, 3), (544, 22), (1084, 3), (800,), (800, 3)]
        ],
    }
    assert [np.shape(v) for v in inputs(workload, size)] == shapes[workload, size]


def test_the_hand_at_rest_is_the_hand_of_the_file():
    """Each bone's inverse undoes its transform at rest, and the weights of a vertex sum to one."""
    if not adbench.DATA.is_dir():
        pytest.skip(f"the files of ADBench are not at {adbench.DATA}")
    _, _, parents, base, inverse, _, weights, *_ = inputs("ht")
    absolute = []
    for bone, parent in enumerate(parents):
        absolute.append(base[bone] if parent == bone else absolute[parent] @ base[bone])
    close(absolute @ inverse, np.tile(np.eye(4), (22, 1, 1)), 1e-6)
    close(weights.sum(axis=1), np.ones(len(weights)), 1e-6)
