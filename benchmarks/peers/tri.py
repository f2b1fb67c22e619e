"""Σ_i Σ_{j<i} w_j exp(−(x_i − x_j)²)."""


def numpy():
    from independent import tri

    return tri.objective, tri.gradient


def jax():
    import jax
    import jax.numpy as jnp

    def objective(x, w):
        difference = x[:, None] - x[None, :]
        return (jnp.tril(jnp.exp(-difference * difference), -1) * w).sum()

    return objective, jax.grad(objective, argnums=(0, 1))


def torch():
    import torch

    from benchmarks.peers.torch_grad import grad

    def objective(x, w):
        difference = x[:, None] - x[None, :]
        return (torch.tril(torch.exp(-difference * difference), -1) * w).sum()

    return objective, grad(objective, argnums=(0, 1))


def numba():
    import math

    import numpy as np
    from numba import njit, prange

    @njit(fastmath=True, parallel=True)
    def objective(x, w):
        total = 0.0
        for i in prange(len(x)):
            for j in range(i):
                difference = x[i] - x[j]
                total += w[j] * math.exp(-difference * difference)
        return total

    @njit(fastmath=True)
    def gradient(x, w):
        dx, dw = np.zeros_like(x), np.zeros_like(w)
        for i in range(len(x)):
            own = 0.0
            for j in range(i):
                difference = x[i] - x[j]
                e = math.exp(-difference * difference)
                slope = -2.0 * difference * w[j] * e
                own += slope
                dx[j] -= slope
                dw[j] += e
            dx[i] += own
        return dx, dw

    return objective, gradient


def c():
    import numpy as np

    from benchmarks.c import call

    def gradient(x, w):
        dx, dw = np.empty_like(x), np.empty_like(w)
        return call("tri", "gradient", x, w, len(x), dx, dw, result=(dx, dw))

    return lambda x, w: call("tri", "objective", x, w, len(x)), gradient
