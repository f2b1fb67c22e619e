"""Programs of numerical mathematics in plain loops, as a user writes them: test_numerics.py."""

from __future__ import annotations

import math

import pydex as dx
from pydex import f32, f64, i64, u8

n, m, k, t = dx.index_sets("n m k t")
three, four = dx.Fin(3), dx.Fin(4)


@dx.jit
def lu(a0: f64[n, n]) -> f64[n, n]:
    a = a0.copy()
    for c in n:
        for r in dx.above(c):
            f = a[r, c] / a[c, c]
            a[r, c] = f
            for j in dx.above(c):
                a[r, j] -= f * a[c, j]
    return a


@dx.jit
def log_determinant(a: f64[n, n]) -> f64:
    u = lu(a)
    return sum(dx.log(abs(u[i, i])) for i in n)


@dx.jit
def cholesky(a: f64[n, n]) -> f64[n, n]:
    low = dx.zeros(f64[n, n])
    for i in n:
        for j in dx.upto(i):
            rest = a[i, j] - sum(low[i, q] * low[j, q] for q in dx.below(j))
            low[i, j] = dx.sqrt(rest) if i == j else rest / low[j, j]
    return low


@dx.jit
def forward_solve(low: f64[n, n], y: f64[n]) -> f64[n]:
    x = dx.zeros(f64[n])
    for i in n:
        x[i] = (y[i] - sum(low[i, j] * x[j] for j in dx.below(i))) / low[i, i]
    return x


@dx.jit
def gaussian_process(x: f64[n], y: f64[n], length: f64, variance: f64, noise: f64) -> f64:
    """The log-likelihood of y."""
    covariance = [
        [variance * dx.exp(-0.5 * ((x[i] - x[j]) / length) ** 2) + (noise if i == j else 0.0) for j in n] for i in n
    ]
    low = cholesky(covariance)
    z = forward_solve(low, y)
    return -sum(0.5 * z[i] * z[i] + dx.log(low[i, i]) for i in n) - 0.5 * n.size * math.log(2 * math.pi)


@dx.jit
def jacobi(a: f64[n, n], y: f64[n], steps: i64) -> f64[n]:
    x = dx.zeros(f64[n])
    for _ in range(steps):
        x = [(y[i] - sum(a[i, j] * x[j] for j in n) + a[i, i] * x[i]) / a[i, i] for i in n]
    return x


@dx.jit
def jacobi_square(a: f64[n, n], y: f64[n], steps: i64) -> f64:
    x = jacobi(a, y, steps)
    return sum(x[i] * x[i] for i in n)


@dx.jit
def heat(u0: f64[n], steps: i64) -> f64[n]:
    u = u0
    for _ in range(steps):
        v = u.copy()
        for i in n[1:-1]:
            v[i] = u[i] + 0.25 * (u[i - 1] - 2.0 * u[i] + u[i + 1])
        u = v
    return u


@dx.jit
def heat_square(u0: f64[n], steps: i64) -> f64:
    u = heat(u0, steps)
    return sum(u[i] * u[i] for i in n)


@dx.jit
def diffusion(u0: f32[n, m], rate: f32[n, m], steps: i64) -> f32[n, m]:
    u = u0
    for _ in range(steps):
        v = u.copy()
        for i in n[1:-1]:
            for j in m[1:-1]:
                v[i, j] = u[i, j] + rate[i, j] * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * u[i, j])
        u = v
    return u


@dx.jit
def relaxed(u0: f64[n, m], steps: i64) -> f64[n, m]:
    """In place, so that each cell sees the new value of its neighbour."""
    u = u0.copy()
    for _ in range(steps):
        for i in n[1:-1]:
            for j in m[1:-1]:
                u[i, j] += 1.5 * (0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1]) - u[i, j])
    return u


@dx.jit
def life(cells: u8[n, m], steps: i64) -> u8[n, m]:
    u = cells
    for _ in range(steps):
        v = dx.zeros(u8[n, m])
        for i in n[1:-1]:
            for j in m[1:-1]:
                c = u[i - 1, j - 1] + u[i - 1, j] + u[i - 1, j + 1] + u[i, j - 1] + u[i, j + 1]
                c += u[i + 1, j - 1] + u[i + 1, j] + u[i + 1, j + 1]
                v[i, j] = 1 if c == 3 or (c == 2 and u[i, j] == 1) else 0
        u = v
    return u


@dx.jit
def edit_distance(a: i64[n], b: i64[m]) -> i64:
    row = [dx.ordinal(j) for j in m + 1]
    for i in n:
        new = dx.zeros(i64[m + 1])
        new[0] = dx.ordinal(i) + 1
        for j in m:
            new[j + 1] = min(row[j + 1] + 1, new[j] + 1, row[j] + (0 if a[i] == b[j] else 1))
        row = new
    return row[-1]


@dx.jit
def warping(a: f64[n], b: f64[m]) -> f64:
    """The cost of the best alignment of two series (dynamic time warping)."""
    d = dx.full(f64[n + 1, m + 1], math.inf)
    d[0, 0] = 0.0
    for i in n:
        for j in m:
            d[i + 1, j + 1] = (a[i] - b[j]) ** 2 + min(d[i, j + 1], d[i + 1, j], d[i, j])
    return d[-1, -1]


@dx.jit
def suffix_products(x: f64[n]) -> f64[n + 1]:
    y = dx.ones(f64[n + 1])
    for i in reversed(n):
        y[i] = y[i + 1] * x[i]
    return y


@dx.jit
def lows(x: f64[n], y: f64[n], start: f64) -> f64[n]:
    out = dx.zeros(f64[n])
    last = start
    for i in n:
        last = min(x[i], last, y[i])
        out[i] = last
    return out


@dx.jit
def rotated(q: f64[n, four], v: f64[n, three]) -> f64[n, three]:
    """Vectors, each rotated by its quaternion."""
    out = dx.zeros(f64[n, three])
    for i in n:
        x = q[i, 1]
        y = q[i, 2]
        z = q[i, 3]
        tx = 2.0 * (y * v[i, 2] - z * v[i, 1])
        ty = 2.0 * (z * v[i, 0] - x * v[i, 2])
        tz = 2.0 * (x * v[i, 1] - y * v[i, 0])
        out[i, 0] = v[i, 0] + q[i, 0] * tx + y * tz - z * ty
        out[i, 1] = v[i, 1] + q[i, 0] * ty + z * tx - x * tz
        out[i, 2] = v[i, 2] + q[i, 0] * tz + x * ty - y * tx
    return out


@dx.jit
def rotated_square(q: f64[n, four], v: f64[n, three]) -> f64:
    r = rotated(q, v)
    return sum(r[i, c] * r[i, c] * r[i, c] for i in n for c in three)
