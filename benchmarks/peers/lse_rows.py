"""Σ_i log Σ_j exp X[i, j]."""


def numpy():
    from independent import lse_rows

    return lse_rows.objective, lse_rows.gradient


def jax():
    import jax

    def objective(x):
        return jax.nn.logsumexp(x, axis=1).sum()

    return objective, jax.grad(objective)


def torch():
    import torch

    from benchmarks.peers.torch_grad import grad

    def objective(x):
        return torch.logsumexp(x, dim=1).sum()

    return objective, grad(objective)


def numba():
    import math

    import numpy as np
    from numba import njit, prange

    @njit(fastmath=True)
    def top_and_sum(row):
        top = row[0]
        for j in range(1, len(row)):
            top = max(top, row[j])
        total = np.float32(0)
        for j in range(len(row)):
            total += math.exp(row[j] - top)
        return top, total

    @njit(fastmath=True, parallel=True)
    def objective(x):
        total = 0.0
        for i in prange(len(x)):
            top, e = top_and_sum(x[i])
            total += top + math.log(e)
        return total

    @njit(fastmath=True, parallel=True)
    def gradient(x):
        out = np.empty_like(x)
        for i in prange(len(x)):
            top, e = top_and_sum(x[i])
            inverse = np.float32(1) / e
            for j in range(x.shape[1]):
                out[i, j] = math.exp(x[i, j] - top) * inverse
        return out

    return objective, gradient


def c():
    import numpy as np

    from benchmarks.c import call

    def gradient(x):
        out = np.empty_like(x)
        return call("lse_rows", "gradient", x, *x.shape, out, result=out)

    return lambda x: call("lse_rows", "objective", x, *x.shape), gradient
