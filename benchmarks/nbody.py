"""Softened gravity: F_i = Σ_j m_j (r_j − r_i)(|r_j − r_i|² + 0.01)^(−3/2); the gradient is that of ½ Σ F² by r."""

import pydex as dx
from pydex import f32

n = dx.index_sets("n")
axis = dx.Fin(3)


@dx.jit
def objective(r: f32[n, axis], m: f32[n]) -> f32[n, axis]:
    force = dx.zeros(f32[n, axis])
    for i in n:
        for j in n:
            away = [r[j, a] - r[i, a] for a in axis]
            square = sum(away[a] * away[a] for a in axis) + 0.01
            pull = m[j] * square ** -1.5
            for a in axis:
                force[i, a] += pull * away[a]
    return force


@dx.jit
def half_square(r: f32[n, axis], m: f32[n]) -> f32:
    force = objective(r, m)
    return 0.5 * sum(force[i, a] * force[i, a] for i in n for a in axis)


gradient = dx.grad(half_square, wrt="r")
