"""Σ_i Σ_{j<i} w_j exp(−(x_i − x_j)²): a triangular pair of loops."""

import pydex as dx
from pydex import f64

n = dx.index_sets("n")


@dx.jit
def objective(x: f64[n], w: f64[n]) -> f64:
    total = 0.0
    for i in n:
        for j in dx.below(i):
            difference = x[i] - x[j]
            total += w[j] * dx.exp(-difference * difference)
    return total


gradient = dx.grad(objective, wrt=("x", "w"))
