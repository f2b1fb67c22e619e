"""A · B; the gradient is that of Σ (A · B)² by both: three products of matrices."""

import pydex as dx
from pydex import f32

n, m, inner = dx.index_sets("n m inner")


@dx.jit
def objective(a: f32[n, inner], b: f32[inner, m]) -> f32[n, m]:
    return [[sum(a[i, k] * b[k, j] for k in inner) for j in m] for i in n]


@dx.jit
def square(a: f32[n, inner], b: f32[inner, m]) -> f32:
    c = objective(a, b)
    return sum(c[i, j] * c[i, j] for i in n for j in m)


gradient = dx.grad(square, wrt=("a", "b"))
