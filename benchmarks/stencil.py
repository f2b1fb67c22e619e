"""Diffusion on a grid with a fixed boundary: u += 0.2 · (4-neighbour Laplacian), so many times.

The gradient is that of mean(u²) after the last step by the values before the first.
"""

import pydex as dx
from pydex import f32

n, m, t = dx.index_sets("n m t")


@dx.jit
def objective(start: f32[n, m], steps: dx.Size[t]) -> f32[n, m]:
    u = start.copy()
    for _ in t:
        new = u.copy()
        for i in n[1:-1]:
            for j in m[1:-1]:
                new[i, j] += 0.2 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * u[i, j])
        u = new
    return u


@dx.jit
def mean_square(start: f32[n, m], steps: dx.Size[t]) -> f32:
    u = objective(start, steps)
    return sum(u[i, j] * u[i, j] for i in n for j in m) / f32(n.size * m.size)


gradient = dx.grad(mean_square)
