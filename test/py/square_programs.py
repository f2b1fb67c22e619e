"""Sums over all pairs of elements, and the same with NumPy: of each a function and what it should give."""

import numpy as np

import pydex as dx
from pydex import f32, f64, i32

n = dx.index_sets("n")
axis = dx.Fin(3)


@dx.jit
def gravity(r: f64[n, axis], m: f64[n]) -> f64[n, axis]:
    force = dx.zeros(f64[n, axis])
    for i in n:
        for j in n:
            away = [r[j, a] - r[i, a] for a in axis]
            pull = m[j] * (sum(away[a] * away[a] for a in axis) + 0.01) ** -1.5
            for a in axis:
                force[i, a] += pull * away[a]
    return force


@dx.jit
def gravity_f32(r: f32[n, axis], m: f32[n]) -> f32[n, axis]:
    force = dx.zeros(f32[n, axis])
    for i in n:
        for j in n:
            away = [r[j, a] - r[i, a] for a in axis]
            pull = m[j] * (sum(away[a] * away[a] for a in axis) + 0.01) ** -1.5
            for a in axis:
                force[i, a] += pull * away[a]
    return force


@dx.jit
def coulomb(r: f64[n, axis], m: f64[n]) -> f64[n, axis]:
    """Bodies do not act on themselves."""
    force = dx.zeros(f64[n, axis])
    for i in n:
        for j in n:
            if i != j:
                away = [r[i, a] - r[j, a] for a in axis]
                square = sum(away[a] * away[a] for a in axis)
                push = m[i] * m[j] / (square * dx.sqrt(square))
                for a in axis:
                    force[i, a] += push * away[a]
    return force


@dx.jit
def energy(r: f64[n, axis], m: f64[n]) -> f64:
    """A total, in which nobody wants the sum of an element."""
    total = 0.0
    for i in n:
        for j in n:
            if i != j:
                total += m[i] * m[j] * m[j] / dx.sqrt(sum((r[i, a] - r[j, a]) ** 2 for a in axis))
    return total


@dx.jit
def both(r: f64[n, axis], m: f64[n]) -> tuple[f64[n], f64]:
    """Sums of elements and a total beside them."""
    each = dx.zeros(f64[n])
    total = 0.0
    for i in n:
        for j in n:
            e = dx.exp(-(sum((r[i, a] - r[j, a]) ** 2 for a in axis)))
            each[i] += e * m[j]
            total += e * m[i] * m[i]
    return each, total


@dx.jit
def normal(r: f64[n, axis], m: f64[n]) -> f64[n]:
    """What is done with a sum stays where it is."""
    return [m[i] / sum(m[j] * dx.exp(-abs(r[i, 0] - r[j, 0]) - (r[i, 2] - r[j, 2]) ** 2) for j in n) for i in n]


@dx.jit
def ordered(r: f64[n, axis], m: f64[n]) -> f64[n]:
    """The order of the two decides."""
    return [sum(dx.exp(-abs(r[i, 0] - r[j, 0])) * (m[j] if i < j else 2.0) for j in n) for i in n]


@dx.jit
def reciprocal(r: f64[n, axis], m: f64[n]) -> f64[n]:
    """Equal elements: the difference is +0 both ways, and the quotient +∞."""
    return [sum(m[j] / (r[i, 0] - r[j, 0]) + dx.exp(-((r[i, 1] - r[j, 1]) ** 2)) for j in n if i != j) for i in n]


@dx.jit
def signs(r: f64[n, axis], m: f64[n]) -> f64[n]:
    """Ops that see the sign of what they get, or compare it."""
    return [
        sum(
            dx.where(r[i, 0] - r[j, 0] > 0.0, m[j], 2.0) * dx.exp(-((r[i, 1] - r[j, 1]) ** 2))
            + dx.exp(-abs(r[i, 2] - r[j, 2]))
            for j in n
        )
        for i in n
    ]


@dx.jit
def placed(r: f64[n, axis], m: f64[n]) -> f64[n]:
    """Ordinals as numbers."""
    return [sum(f64(i32(j) - 2 * i32(i)) * dx.exp(-((r[i, 0] - r[j, 0]) ** 2)) for j in n) for i in n]


@dx.jit
def outer_part(r: f64[n, axis], m: f64[n]) -> f64[n]:
    """The outer loop computes something for the inner one."""
    out = dx.zeros(f64[n])
    for i in n:
        scale = m[i] * m[i] + r[i, 1]
        for j in n:
            out[i] += scale * dx.exp(-((r[i, 0] - r[j, 0]) ** 2))
    return out


@dx.jit
def steps(r: f64[n, axis], m: f64[n]) -> f64[n, axis]:
    """In a sequential loop."""
    place = r
    for _ in range(3):
        push = dx.zeros(f64[n, axis])
        for i in n:
            for j in n:
                away = [place[j, a] - place[i, a] for a in axis]
                pull = m[j] * (sum(away[a] * away[a] for a in axis) + 1.0) ** -1.5
                for a in axis:
                    push[i, a] += pull * away[a]
        place = place + 0.01 * push
    return place


@dx.jit
def several(r: f64[n, axis], m: f64[n]) -> tuple[f64, f64, f64[n]]:
    """Two totals and sums of elements of one outer loop; the second loop needs what the first has summed."""
    first = 0.0
    second = 0.0
    each = dx.zeros(f64[n])
    for i in n:
        s = 0.0
        for j in n:
            e = dx.exp(-((r[i, 0] - r[j, 0]) ** 2))
            s += e * m[j]
            first += e
        for j in n:
            e = dx.exp(-((r[i, 1] - r[j, 1]) ** 2))
            each[i] += s * e
            second += e * m[i]
    return first, second, each


def _pairs(r: np.ndarray):
    """r[i] - r[j], and where i is j."""
    return r[:, None] - r[None], np.eye(len(r), dtype=bool)


def _pull(r, m, softening):
    d, _ = _pairs(r)
    return -np.einsum("j,ij,ija->ia", m, ((d * d).sum(-1) + softening) ** -1.5, d)


def _coulomb(r, m):
    d, same = _pairs(r)
    s = (d * d).sum(-1)
    return np.where(same[..., None], 0.0, (m[:, None] * m / (s * np.sqrt(s)))[..., None] * d).sum(1)


def _energy(r, m):
    d, same = _pairs(r)
    return np.where(same, 0.0, m[:, None] * m * m / np.sqrt((d * d).sum(-1))).sum()


def _both(r, m):
    d, _ = _pairs(r)
    e = np.exp(-(d * d).sum(-1))
    return e @ m, (e * m[:, None] ** 2).sum()


def _normal(r, m):
    d, _ = _pairs(r)
    return m / (np.exp(-np.abs(d[..., 0]) - d[..., 2] ** 2) @ m)


def _ordered(r, m):
    d, _ = _pairs(r)
    i, j = np.indices(d.shape[:2])
    return (np.exp(-np.abs(d[..., 0])) * np.where(i < j, m[None], 2.0)).sum(1)


def _reciprocal(r, m):
    d, same = _pairs(r)
    return np.where(same, 0.0, m / d[..., 0] + np.exp(-(d[..., 1] ** 2))).sum(1)


def _signs(r, m):
    d, _ = _pairs(r)
    return (np.where(d[..., 0] > 0, m[None], 2.0) * np.exp(-(d[..., 1] ** 2)) + np.exp(-np.abs(d[..., 2]))).sum(1)


def _placed(r, m):
    d, _ = _pairs(r)
    i, j = np.indices(d.shape[:2])
    return ((j - 2 * i) * np.exp(-(d[..., 0] ** 2))).sum(1)


def _outer_part(r, m):
    d, _ = _pairs(r)
    return (m * m + r[:, 1]) * np.exp(-(d[..., 0] ** 2)).sum(1)


def _several(r, m):
    d, _ = _pairs(r)
    e, f = np.exp(-(d[..., 0] ** 2)), np.exp(-(d[..., 1] ** 2))
    return e.sum(), (f * m[:, None]).sum(), (e @ m) * f.sum(1)


def _steps(r, m):
    for _ in range(3):
        r = r + 0.01 * _pull(r, m, 1.0)
    return r


PROGRAMS = {
    gravity: lambda r, m: _pull(r, m, 0.01),
    gravity_f32: lambda r, m: _pull(r.astype(float), m.astype(float), 0.01),
    coulomb: _coulomb,
    energy: _energy,
    both: _both,
    normal: _normal,
    ordered: _ordered,
    reciprocal: _reciprocal,
    signs: _signs,
    placed: _placed,
    outer_part: _outer_part,
    steps: _steps,
    several: _several,
}
