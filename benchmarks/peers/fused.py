"""mean((sin(x)·y + exp(−x²))²)."""


def numpy():
    from independent import fused

    return fused.objective, fused.gradient


def jax():
    import jax
    import jax.numpy as jnp

    def objective(x, y):
        return jnp.mean((jnp.sin(x) * y + jnp.exp(-x * x)) ** 2)

    return objective, jax.grad(objective, argnums=(0, 1))


def torch():
    import torch

    from benchmarks.peers.torch_grad import grad

    def objective(x, y):
        return ((torch.sin(x) * y + torch.exp(-x * x)) ** 2).mean()

    return objective, grad(objective, argnums=(0, 1))


def numba():
    import math

    import numpy as np
    from numba import njit, prange

    @njit(fastmath=True, parallel=True)
    def objective(x, y):
        total = 0.0
        for i in prange(len(x)):
            v = math.sin(x[i]) * y[i] + math.exp(-x[i] * x[i])
            total += v * v
        return total / len(x)

    @njit(fastmath=True, parallel=True)
    def gradient(x, y):
        dx, dy = np.empty_like(x), np.empty_like(y)
        scale = np.float32(2.0 / len(x))
        for i in prange(len(x)):
            s, c, e = math.sin(x[i]), math.cos(x[i]), math.exp(-x[i] * x[i])
            v = scale * (s * y[i] + e)
            dx[i] = v * (c * y[i] - np.float32(2) * x[i] * e)
            dy[i] = v * s
        return dx, dy

    return objective, gradient


def c():
    import numpy as np

    from benchmarks.c import call

    def gradient(x, y):
        dx, dy = np.empty_like(x), np.empty_like(y)
        return call("fused", "gradient", x, y, len(x), dx, dy, result=(dx, dy))

    return lambda x, y: call("fused", "objective", x, y, len(x)), gradient
