"""Sums over pairs of points: their gradients visit each pair from both of its sides."""

import pydex as dx
from pydex import f32, f64

n = dx.index_sets("n")
axis = dx.Fin(3)


@dx.jit
def forces(r: f64[n, axis], m: f64[n]) -> f64:
    """Half the sum of squares of the forces of softened gravity."""
    force = dx.zeros(f64[n, axis])
    for i in n:
        for j in n:
            away = [r[j, a] - r[i, a] for a in axis]
            pull = m[j] * (sum(away[a] * away[a] for a in axis) + 0.01) ** -1.5
            for a in axis:
                force[i, a] += pull * away[a]
    return 0.5 * sum(force[i, a] * force[i, a] for i in n for a in axis)


@dx.jit
def forces_f32(r: f32[n, axis], m: f32[n]) -> f32:
    force = dx.zeros(f32[n, axis])
    for i in n:
        for j in n:
            away = [r[j, a] - r[i, a] for a in axis]
            pull = m[j] * (sum(away[a] * away[a] for a in axis) + 0.01) ** -1.5
            for a in axis:
                force[i, a] += pull * away[a]
    return 0.5 * sum(force[i, a] * force[i, a] for i in n for a in axis)


@dx.jit
def divided(r: f64[n, axis], m: f64[n]) -> f64:
    """The same, with a root and a division."""
    force = dx.zeros(f64[n, axis])
    for i in n:
        for j in n:
            away = [r[j, a] - r[i, a] for a in axis]
            square = sum(away[a] * away[a] for a in axis) + 0.01
            for a in axis:
                force[i, a] += m[j] / (square * dx.sqrt(square)) * away[a]
    return 0.5 * sum(force[i, a] * force[i, a] for i in n for a in axis)


@dx.jit
def potential(r: f64[n, axis], m: f64[n]) -> f64:
    """Energy of softened gravity."""
    return sum(
        m[i] * m[j] * (sum((r[j, a] - r[i, a]) * (r[j, a] - r[i, a]) for a in axis) + 0.01) ** -0.5
        for i in n
        for j in n
    )


@dx.jit
def lennard_jones(r: f64[n, axis], m: f64[n]) -> f64:
    total = 0.0
    for i in n:
        for j in n:
            s = sum((r[j, a] - r[i, a]) * (r[j, a] - r[i, a]) for a in axis) + 0.5
            q = 1.0 / (s * s * s)
            total += q * q - m[j] * q
    return total


@dx.jit
def coulomb(r: f64[n, axis], m: f64[n]) -> f64:
    """Bodies do not act on themselves."""
    total = 0.0
    for i in n:
        for j in n:
            if i != j:
                s = sum((r[j, a] - r[i, a]) * (r[j, a] - r[i, a]) for a in axis)
                total += m[i] * m[j] / dx.sqrt(s)
    return total


@dx.jit
def kernel(r: f64[n, axis], m: f64[n]) -> f64:
    """A quadratic form with a matrix of Gaussians, which is not symmetric in its weights."""
    return sum(
        m[i] * m[j] * m[j] * dx.exp(-0.5 * sum((r[i, a] - r[j, a]) * (r[i, a] - r[j, a]) for a in axis))
        for i in n
        for j in n
    )


@dx.jit
def stress(r: f64[n, axis], m: f64[n]) -> f64:
    """Distances compared with what they should be."""
    total = 0.0
    for i in n:
        for j in n:
            s = sum((r[i, a] - r[j, a]) * (r[i, a] - r[j, a]) for a in axis) + 0.001
            e = dx.sqrt(s) - m[i]
            total += m[j] * e * e
    return total


@dx.jit
def chosen(r: f64[n, axis], m: f64[n]) -> f64:
    """A body's own pair is infinite, and not chosen."""
    total = 0.0
    for i in n:
        for j in n:
            s = sum((r[i, a] - r[j, a]) * (r[i, a] - r[j, a]) for a in axis)
            total += dx.where(i == j, 0.0, m[i] * m[i] * m[j] * s**-1.5)
    return total


@dx.jit
def line(r: f64[n], m: f64[n]) -> f64:
    """On a line there is one sum for each side, and nothing to be shared by coordinates."""
    return sum(m[i] * m[i] * m[j] / (1.0 + (r[i] - r[j]) * (r[i] - r[j])) for i in n for j in n)


@dx.jit
def steep(r: f64[n, axis], m: f64[n]) -> f64:
    """Two powers of one base whose exponents differ by 1 already in the source."""
    total = 0.0
    for i in n:
        for j in n:
            s = sum((r[i, a] - r[j, a]) * (r[i, a] - r[j, a]) for a in axis) + 0.3
            total += m[i] * s**-1.5 - m[j] * s**-2.5
    return total


PROGRAMS = (forces, divided, potential, lennard_jones, coulomb, kernel, stress, steep, chosen)
