"""Loops of 10 to 10⁶ iterations with one thread and with several: `python -m benchmarks.threads`, or `… sum exp --threads 4`.

Nothing should be slower with more threads. Bursts of calls take turns; a time is the least of all calls, which says what
the threads there are can do, whoever else uses the machine. Calls follow each other at once, or after a pause (`--pause`
seconds), in which helpers fall asleep.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import pydex as dx
from pydex import f32, f64

n, m, k = dx.index_sets("n m k")
SIZES = (10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
BINS = 64


@dx.jit
def scale(x: f64[n]):
    return [2.0 * x[i] + 1.0 for i in n]


@dx.jit
def exp(x: f32[n]):
    return [dx.exp(x[i]) for i in n]


@dx.jit
def sum_of_squares(x: f64[n]):
    return sum(x[i] * x[i] for i in n)


@dx.jit
def softmax(x: f64[n, m]):
    def row(i: n):
        top = max(x[i, j] for j in m)
        e = [dx.exp(x[i, j] - top) for j in m]
        total = sum(e[j] for j in m)
        return [e[j] / total for j in m]

    return [row(i) for i in n]


@dx.jit
def histogram(x: f64[n], bins: f64[k]):
    h = bins.copy()
    for i in n:
        h[dx.clamp(k, int(x[i] * len(k)))] += 1.0
    return h


@dx.jit
def chain(x: f64[n]):
    y = [dx.sin(x[i]) for i in n]
    z = [y[i] * y[i] + x[i] for i in n]
    top = max(z[i] for i in n)
    return [dx.exp(z[i] - top) for i in n]


@dx.jit
def newton(x: f64[n]):
    def root(a: f64):
        r = a + 1.0
        while abs(r * r - a) > 1e-12 * a:
            r = 0.5 * (r + a / r)
        return r

    return [root(x[i]) for i in n]


def _vector(size: int, type: Any = np.float64) -> np.ndarray:
    return np.random.default_rng(0).random(size).astype(type)


BODIES: dict[str, tuple[Callable[..., Any], Callable[[int], tuple[Any, ...]]]] = {
    "scale": (scale, lambda size: (_vector(size),)),
    "exp": (exp, lambda size: (_vector(size, np.float32),)),
    "sum": (sum_of_squares, lambda size: (_vector(size),)),
    "softmax": (softmax, lambda size: (_vector(max(1, size // 10) * 10).reshape(-1, 10),)),
    "histogram": (histogram, lambda size: (_vector(size), np.zeros(BINS))),
    "chain": (chain, lambda size: (_vector(size),)),
    "newton": (newton, lambda size: (_vector(size),)),
    "gradient of chain": (dx.grad(lambda x: 0.0), lambda size: (_vector(size),)),
}
