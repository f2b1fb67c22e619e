"""The inputs of every workload, by size: what NumPy holds before any peer converts it.

`inputs(workload, size)` is a tuple in the order of the program's parameters. "small" is for tests, "default" is what is
timed; the others name files of ADBench. Random inputs come from `numpy.random.default_rng(0)`.
"""

import functools

import numpy as np
from independent.gmm import constant

from benchmarks import adbench


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def _f32(*shape: int) -> np.ndarray:
    return _rng().standard_normal(shape).astype(np.float32)


def fused(n: int) -> tuple:
    x, y = _f32(2, n)
    return x, y


def lse_rows(rows: int, columns: int) -> tuple:
    return (_f32(rows, columns),)


def tri(n: int) -> tuple:
    x, w = _rng().standard_normal((2, n))
    return x, w


def nbody(n: int) -> tuple:
    mass = _rng().uniform(0.5, 1.5, n).astype(np.float32)
    return _f32(n, 3), mass


def _with_constant(alpha, mu, q, lower, x, gamma, m) -> tuple:
    return alpha, mu, q, lower, x, gamma, m, float(constant(*x.shape, len(alpha), gamma, m))


def gmm(d: int, k: int, n: int) -> tuple:
    rng = _rng()
    factor = np.tril(rng.standard_normal((k, d, d)), -1)
    parameters = rng.standard_normal(k), rng.standard_normal((k, d)), rng.standard_normal((k, d)), factor
    return _with_constant(*parameters, rng.standard_normal((n, d)), 1.0, 0)


def gmm_file(name: str) -> tuple:
    return _with_constant(*adbench.gmm(name))


def ba(n: int, m: int, p: int) -> tuple:
    """Cameras that differ, around points in front of them; ADBench's files hold one camera many times."""
    rng = _rng()
    frame = rng.normal(0, 0.3, (n, 3)), rng.normal(0, 1, (n, 3)) - [0, 0, 8]
    lens = rng.uniform(400, 500, (n, 1)), rng.normal(0, 5, (n, 2)), rng.normal(0, 0.01, (n, 2))
    seen = rng.integers(n, size=p), rng.integers(m, size=p)
    return (
        np.hstack([*frame, *lens]),
        rng.normal(0, 1, (m, 3)),
        rng.uniform(0.5, 1, p),
        *seen,
        rng.normal(0, 50, (p, 2)),
    )


def lstm(layers: int, c: int, b: int) -> tuple:
    rng = _rng()
    shapes = (layers, 2, 4, b), (3, b), (layers, 2, b)
    return *(rng.random(shape) for shape in shapes), rng.integers(2, size=(c, b)).astype(np.float64)


def ht(points: int, vertices: int, triangles: int) -> tuple:
    """A hand with ADBench's 22 bones and random flesh."""
    rng = _rng()
    parents = np.array([0, *(0 if joint == 0 else 4 * finger + joint for finger in range(5) for joint in range(4)), 0])
    base, inverse = (np.eye(4) + rng.normal(0, 0.1, (22, 4, 4)) * [[1], [1], [1], [0]] for _ in range(2))
    weights = rng.random((vertices, 22))
    flesh = rng.normal(0, 1, (vertices, 3)), weights / weights.sum(axis=1, keepdims=True)
    measured = rng.integers(vertices, size=(triangles, 3)), rng.integers(triangles, size=points)
    theta, us = rng.normal(0, 1, 26), rng.uniform(0, 0.5, (points, 2))
    return theta, us, parents, base, inverse, *flesh, *measured, rng.normal(0, 1, (points, 3))


def lv_ode(steps: int, dt: float) -> tuple:
    return 1.5, 1.0, 3.0, 1.0, steps, dt


def stencil(n: int, m: int, steps: int) -> tuple:
    return _f32(n, m), steps


def hist(n: int, bins: int) -> tuple:
    return _rng().random(n, np.float32), bins


def whist(n: int, bins: int) -> tuple:
    return _rng().random(n, np.float32), _f32(n), bins


def mandel(width: int, height: int, limit: int) -> tuple:
    return np.linspace(-2, 0.5, width, dtype=np.float32), np.linspace(-1.25, 1.25, height, dtype=np.float32), limit


def matmul(n: int, k: int, m: int) -> tuple:
    rng = _rng()
    return rng.standard_normal((n, k), np.float32), rng.standard_normal((k, m), np.float32)


def conv(batch: int, inner: int, outer: int, side: int) -> tuple:
    rng = _rng()
    return rng.standard_normal((batch, inner, side, side), np.float32), rng.standard_normal(
        (outer, inner, 3, 3), np.float32
    )


def mlp(batch: int, pixel: int, hidden: int, out: int) -> tuple:
    """At this rate a step is about as large as the weights, so that what is compared is the gradient."""
    rng = _rng()
    w1, b1 = rng.standard_normal((pixel, hidden), np.float32) / pixel**0.5, np.zeros(hidden, np.float32)
    w2, b2 = rng.standard_normal((hidden, out), np.float32) / hidden**0.5, np.zeros(out, np.float32)
    x, label = rng.random((batch, pixel), np.float32), rng.integers(out, size=batch)
    return *(part.astype(np.float32) for part in (w1, b1, w2, b2)), x, label, 10.0


def call() -> tuple:
    return (1.7,)


def call_arr() -> tuple:
    return (np.arange(8.0),)


SIZES = {
    "fused": {"small": (fused, 1000), "default": (fused, 10**7)},
    "lse_rows": {"small": (lse_rows, 33, 70), "default": (lse_rows, 4096, 1024)},
    "tri": {"small": (tri, 60), "default": (tri, 2000)},
    "nbody": {"small": (nbody, 50), "default": (nbody, 2048)},
    "stencil": {"small": (stencil, 9, 13, 4), "default": (stencil, 2048, 2048, 50)},
    "hist": {"small": (hist, 1000, 16), "default": (hist, 10**7, 256)},
    "whist": {"small": (whist, 1000, 16), "default": (whist, 10**7, 256)},
    "mandel": {"small": (mandel, 37, 30, 50), "default": (mandel, 1024, 1024, 200)},
    "matmul": {"small": (matmul, 20, 33, 17), "default": (matmul, 1024, 1024, 1024)},
    "conv": {"small": (conv, 2, 3, 4, 9), "default": (conv, 8, 16, 32, 64)},
    "mlp": {"small": (mlp, 6, 30, 17, 4), "default": (mlp, 256, 784, 512, 10)},
    "gmm": {
        "small": (gmm, 4, 5, 60),
        "default": (gmm, 20, 50, 1000),
        "d10_k25": (gmm_file, "gmm_d10_K25.txt"),
        "d20_k50": (gmm_file, "gmm_d20_K50.txt"),
    },
    "lstm": {
        "small": (lstm, 2, 12, 5),
        "default": (adbench.lstm, "lstm_l2_c1024.txt"),
        "l4_c4096": (adbench.lstm, "lstm_l4_c4096.txt"),
    },
    "lv_ode": {"small": (lv_ode, 2000, 1e-3), "default": (lv_ode, 10**6, 1e-5)},
    "ba": {
        "small": (ba, 3, 20, 50),
        "default": (adbench.ba, "ba1_n49_m7776_p31843.txt"),
        "ba4": (adbench.ba, "ba4_n372_m47423_p204472.txt"),
        "ba10": (adbench.ba, "ba10_n1197_m126327_p563734.txt"),
        "varied": (ba, 49, 7776, 31843),
    },
    "ht": {
        "small": (ht, 12, 30, 20),
        "default": (adbench.ht, "hand_complicated_small_c800.txt", "hand_model_small"),
    },
    "call": {"small": (call,), "default": (call,)},
    "call_arr": {"small": (call_arr,), "default": (call_arr,)},
}


@functools.cache
def inputs(workload: str, size: str = "default") -> tuple:
    """The program's arguments. Raises KeyError for an unknown name, FileNotFoundError where a file is absent."""
    make, *numbers = SIZES[workload][size]
    return make(*numbers)
