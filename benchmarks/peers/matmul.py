"""A · B; the gradient is that of Σ (A · B)² by both."""


def numpy():
    from independent import matmul

    return matmul.objective, matmul.gradient


def jax():
    import jax

    def objective(a, b):
        return a @ b

    return objective, jax.grad(lambda a, b: ((a @ b) ** 2).sum(), argnums=(0, 1))


def torch():
    from benchmarks.peers.torch_grad import grad

    def objective(a, b):
        return a @ b

    return objective, grad(lambda a, b: ((a @ b) ** 2).sum(), argnums=(0, 1))


def numba():
    import numpy as np
    from numba import njit, prange

    @njit(fastmath=True, parallel=True)
    def objective(a, b):
        out = np.zeros((a.shape[0], b.shape[1]), a.dtype)
        for i in prange(a.shape[0]):
            for k in range(a.shape[1]):
                for j in range(b.shape[1]):
                    out[i, j] += a[i, k] * b[k, j]
        return out

    return objective, None
