"""How many of the numbers x, all in [0, 1), lie in each of so many bins of equal width."""

STATIC = (1,)  # the number of bins is a shape


def numpy():
    from independent import hist

    return hist.objective, None


def jax():
    import jax.numpy as jnp

    def objective(x, bins):
        return jnp.zeros(bins, jnp.int32).at[(x * bins).astype(jnp.int32)].add(1)

    return objective, None


def torch():
    import torch

    def objective(x, bins):
        return torch.bincount((x * bins).to(torch.int32), minlength=bins)

    return objective, None


def numba():
    import numpy as np
    from numba import njit, prange

    @njit(fastmath=True, parallel=True)
    def objective(x, bins):
        parts = 8
        count = np.zeros((parts, bins), np.int64)
        size = (len(x) + parts - 1) // parts
        scale = np.float32(bins)
        for part in prange(parts):
            for i in range(part * size, min(len(x), (part + 1) * size)):
                count[part, np.int32(x[i] * scale)] += 1
        return count.sum(axis=0)

    return objective, None


def c():
    import numpy as np

    from benchmarks.c import call

    def objective(x, bins):
        count = np.empty(bins, np.int64)
        return call("hist", "objective", x, len(x), bins, count, result=count)

    return objective, None
