"""Σ_i log Σ_j exp X[i, j]; the gradient is the softmax of each row."""

import pydex as dx
from pydex import f32

n, m = dx.index_sets("n m")


@dx.jit
def logsumexp(v: f32[m]) -> f32:
    top = max(v[j] for j in m)
    return top + dx.log(sum(dx.exp(v[j] - top) for j in m))


@dx.jit
def objective(x: f32[n, m]) -> f32:
    return sum(logsumexp(x[i]) for i in n)


gradient = dx.grad(objective)
