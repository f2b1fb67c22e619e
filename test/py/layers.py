"""Programs that contract the vectors of many points; shared by the tests of blocks of points."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import pydex as dx
from pydex import f32, f64

p, d, h, o, e = dx.index_sets("p d h o e")


@dx.jit
def layer(x: f32[p, d], w: f32[d, h], b: f32[h], v: f32[h, o]) -> f32:
    def loss(i):
        z = [dx.tanh(b[j] + sum(x[i, k] * w[k, j] for k in d)) for j in h]
        y = [sum(z[j] * v[j, q] for j in h) for q in o]
        return sum(y[q] * y[q] for q in o)

    return sum(loss(i) for i in p)


@dx.jit
def two_layers(x: f64[p, d], w: f64[d, h], u: f64[h, h], v: f64[h, o]) -> f64:
    def loss(i):
        z = [dx.tanh(sum(x[i, k] * w[k, j] for k in d)) for j in h]
        t = [dx.tanh(sum(z[k] * u[k, j] for k in h)) for j in h]
        y = [sum(t[j] * v[j, q] for j in h) for q in o]
        return sum(y[q] * y[q] for q in o)

    return sum(loss(i) for i in p)


@dx.jit
def same_weights(x: f32[p, d], w: f32[d, d], b: f32[d]) -> f32:
    """Two sums over points meet in one cotangent."""

    def loss(i):
        z = [dx.tanh(b[j] + sum(x[i, k] * w[k, j] for k in d)) for j in d]
        y = [dx.tanh(b[j] + sum(z[k] * w[k, j] for k in d)) for j in d]
        return sum(y[q] * y[q] for q in d)

    return sum(loss(i) for i in p)


@dx.jit
def rows(x: f64[p, d], w: f64[d, h], v: f64[h, o]) -> f64[p, o]:
    def one(i):
        z = [dx.tanh(sum(x[i, k] * w[k, j] for k in d)) for j in h]
        return [sum(z[j] * v[j, q] for j in h) for q in o]

    return [one(i) for i in p]


@dx.jit
def largest(x: f64[p, d], w: f64[d, h], v: f64[h, o]) -> tuple[f64, f64]:
    """Reductions of points by something else than a sum."""

    def norm(i):
        z = [dx.exp(sum(x[i, k] * w[k, j] for k in d)) for j in h]
        y = [sum(z[j] * v[j, q] for j in h) for q in o]
        return sum(y[q] * y[q] for q in o)

    return max(norm(i) for i in p), sum(norm(i) for i in p)


@dx.jit
def covariance(x: f64[p, d]) -> f64:
    mean = [sum(x[i, k] for i in p) / p.size for k in d]
    c = [[sum((x[i, a] - mean[a]) * (x[i, b] - mean[b]) for i in p) / p.size for b in d] for a in d]
    return sum(c[a, b] * c[a, b] for a in d for b in d)


@dx.jit
def quadratic_forms(x: f64[p, d], s: f64[d, d]) -> f64:
    def form(i):
        t = sum(x[i, a] * s[a, b] * x[i, b] for a in d for b in d)
        return dx.log(1.0 + t * t)

    return sum(form(i) for i in p)


@dx.jit
def reconstruction(x: f64[p, d], w: f64[d, h]) -> f64:
    """What principal components leave of the points."""

    def error(i):
        z = [sum(x[i, k] * w[k, j] for k in d) for j in h]
        y = [sum(z[j] * w[k, j] for j in h) for k in d]
        return sum((x[i, k] - y[k]) ** 2 for k in d)

    return sum(error(i) for i in p)


@dx.jit
def attention(q: f32[p, d], k: f32[h, d], v: f32[h, o]) -> f32:
    def row(i):
        s = [sum(q[i, a] * k[j, a] for a in d) for j in h]
        top = max(s[j] for j in h)
        e = [dx.exp(s[j] - top) for j in h]
        t = sum(e[j] for j in h)
        y = [sum(e[j] * v[j, c] for j in h) / t for c in o]
        return sum(y[c] * y[c] for c in o)

    return sum(row(i) for i in p)


@dx.jit
def products_of_features(x: f64[p], w: f64[h]) -> f64[h, h]:
    """The points are the inner loop; vectors are made of numbers."""
    return [[sum(dx.cos(x[i] * w[a]) * dx.cos(x[i] * w[b]) for i in p) for b in h] for a in h]


@dx.jit
def batches(x: f32[e, p, d], w: f32[d, h], v: f32[h, o]) -> f32:
    def loss(s, i):
        z = [dx.tanh(sum(x[s, i, k] * w[k, j] for k in d)) for j in h]
        y = [sum(z[j] * v[j, q] for j in h) for q in o]
        return sum(y[q] * y[q] for q in o)

    return sum(loss(s, i) for s in e for i in p)


@dx.jit
def selves(x: f32[p, d], w: f32[d, h], u: f32[d, h], v: f32[d, o]) -> f32:
    """Attention of points to each other."""
    q = [[sum(x[i, a] * w[a, b] for a in d) for b in h] for i in p]
    k = [[sum(x[i, a] * u[a, b] for a in d) for b in h] for i in p]
    t = [[sum(x[i, a] * v[a, b] for a in d) for b in o] for i in p]

    def row(i):
        s = [dx.exp(sum(q[i, a] * k[j, a] for a in h)) for j in p]
        y = [sum(s[j] * t[j, c] for j in p) / sum(s[j] for j in p) for c in o]
        return sum(y[c] * y[c] for c in o)

    return sum(row(i) for i in p)


@dx.jit
def centered(x: f64[p, d], w: f64[d, h], v: f64[h, o]) -> f64:
    """A sum over all points is needed before the vectors are used again: they are kept, as the program says."""
    z = [[sum(x[i, k] * w[k, j] for k in d) for j in h] for i in p]
    mean = [sum(z[i, j] for i in p) / p.size for j in h]
    y = [[sum(dx.tanh(z[i, j] - mean[j]) * v[j, q] for j in h) for q in o] for i in p]
    return sum(y[i, q] * y[i, q] for i in p for q in o)


def _layer(x, w, b, v):
    return float(((np.tanh(b + x @ w) @ v) ** 2).sum())


def _largest(x, w, v):
    norms = ((np.exp(x @ w) @ v) ** 2).sum(1)
    return norms.max(), norms.sum()


def _attention(q, k, v):
    s = q @ k.T
    s = np.exp(s - s.max(1, keepdims=True))
    return (((s @ v) / s.sum(1, keepdims=True)) ** 2).sum()


def _selves(x, w, u, v):
    s = np.exp((x @ w) @ (x @ u).T)
    return ((s @ (x @ v) / s.sum(1, keepdims=True)) ** 2).sum()


def _features(x, w):
    c = np.cos(np.multiply.outer(x, w))
    return c.T @ c


def _centered(x, w, v):
    z = x @ w
    return ((np.tanh(z - z.mean(0)) @ v) ** 2).sum()


@dataclass(frozen=True)
class Layers:
    """`shapes`: of the arguments, in letters. `wrt`: of the gradient. `wide`: sizes at which memory is measured.
    `kept`: tables that the objective itself keeps, in letters. `least`: points that it needs."""

    function: Any
    shapes: str
    meaning: Callable[..., Any]
    wrt: tuple[int, ...] = ()
    wide: dict[str, int] = field(default_factory=lambda: {"d": 32, "h": 1024, "o": 32})
    kept: str = ""
    least: int = 0

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def dtype(self) -> type:
        return np.float32 if self.function in (layer, same_weights, attention, batches, selves) else np.float64

    def arguments(self, points: int, **sizes: int) -> list[Any]:
        rng, sizes = np.random.default_rng(points), {"p": points, "e": 3, **sizes}
        shapes = [tuple(sizes[a] for a in text.strip()) for text in self.shapes.split(",")]
        return [(rng.standard_normal(s) / max(1, s[-1]) ** 0.5).astype(self.dtype) for s in shapes]

    def kept_bytes(self, points: int) -> int:
        sizes = {"p": points, "e": 3, **self.wide}
        cells = [np.prod([sizes[a] for a in text.strip()]) for text in self.kept.split(",") if text]
        return int(sum(cells)) * np.dtype(self.dtype).itemsize


SQUARE = {"d": 128}

LAYERS = [
    Layers(layer, "pd, dh, h, ho", _layer, (1, 2, 3)),
    Layers(
        two_layers,
        "pd, dh, hh, ho",
        lambda x, w, u, v: ((np.tanh(np.tanh(x @ w) @ u) @ v) ** 2).sum(),
        (0, 1, 2, 3),
        {"d": 32, "h": 256, "o": 32},
    ),
    Layers(
        same_weights, "pd, dd, d", lambda x, w, b: (np.tanh(b + np.tanh(b + x @ w) @ w) ** 2).sum(), (1, 2), SQUARE
    ),
    Layers(rows, "pd, dh, ho", lambda x, w, v: np.tanh(x @ w) @ v),
    Layers(largest, "pd, dh, ho", _largest, least=1),
    Layers(covariance, "pd", lambda x: (np.cov(x.T, bias=True) ** 2).sum(), (0,), SQUARE, least=1),
    Layers(
        quadratic_forms,
        "pd, dd",
        lambda x, s: np.log(1 + np.einsum("ia,ab,ib->i", x, s, x) ** 2).sum(),
        (0, 1),
        SQUARE,
    ),
    Layers(reconstruction, "pd, dh", lambda x, w: ((x - x @ w @ w.T) ** 2).sum(), (0, 1), {"d": 32, "h": 1024}),
    Layers(attention, "pd, hd, ho", _attention, (0, 1, 2)),
    Layers(products_of_features, "p, h", _features, (), {"h": 64}),
    Layers(
        batches,
        "epd, dh, ho",
        lambda x, w, v: ((np.tanh(x @ w) @ v) ** 2).sum(),
        (1, 2),
    ),
    Layers(selves, "pd, dh, dh, do", _selves, (1, 2, 3), {"d": 32, "h": 32, "o": 32}, "ph, ph, po"),
    Layers(centered, "pd, dh, ho", _centered, (1, 2), kept="ph, po", least=1),
]
