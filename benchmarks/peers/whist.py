"""A weighted histogram; the gradient is that of ½ Σ h² by the weights."""

STATIC = (2,)  # the number of bins is a shape


def numpy():
    from independent import whist

    return whist.objective, whist.gradient


def jax():
    import jax
    import jax.numpy as jnp

    def objective(x, w, bins):
        return jnp.zeros(bins, w.dtype).at[(x * bins).astype(jnp.int32)].add(w)

    return objective, jax.grad(lambda x, w, bins: 0.5 * (objective(x, w, bins) ** 2).sum(), argnums=1)


def torch():
    import torch

    from benchmarks.peers.torch_grad import grad

    def objective(x, w, bins):
        return torch.zeros(bins, dtype=w.dtype).index_add(0, (x * bins).to(torch.int32), w)

    return objective, grad(lambda x, w, bins: 0.5 * (objective(x, w, bins) ** 2).sum(), argnums=1)


def numba():
    import numpy as np
    from numba import njit, prange

    @njit(fastmath=True, parallel=True)
    def objective(x, w, bins):
        parts = 8
        h = np.zeros((parts, bins), w.dtype)
        size = (len(x) + parts - 1) // parts
        scale = np.float32(bins)
        for part in prange(parts):
            for i in range(part * size, min(len(x), (part + 1) * size)):
                h[part, np.int32(x[i] * scale)] += w[i]
        return h.sum(axis=0)

    @njit(fastmath=True, parallel=True)
    def gradient(x, w, bins):
        h, out = objective(x, w, bins), np.empty_like(w)
        scale = np.float32(bins)
        for i in prange(len(x)):
            out[i] = h[np.int32(x[i] * scale)]
        return out

    return objective, gradient


def c():
    import numpy as np

    from benchmarks.c import call

    def objective(x, w, bins):
        h = np.empty(bins, w.dtype)
        return call("whist", "objective", x, w, len(x), bins, h, result=h)

    def gradient(x, w, bins):
        h, out = np.empty(bins, w.dtype), np.empty_like(w)
        return call("whist", "gradient", x, w, len(x), bins, h, out, result=out)

    return objective, gradient
