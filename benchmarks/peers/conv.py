"""Correlation of images with 3×3 filters, zeros around the images; the gradient is that of mean(y²) by both."""


def numpy():
    from independent import conv

    return conv.objective, conv.gradient


def jax():
    import jax

    def objective(x, w):
        return jax.lax.conv(x, w, (1, 1), "SAME")

    return objective, jax.grad(lambda x, w: (objective(x, w) ** 2).mean(), argnums=(0, 1))


def torch():
    import torch

    from benchmarks.peers.torch_grad import grad

    def objective(x, w):
        return torch.nn.functional.conv2d(x, w, padding=1)

    return objective, grad(lambda x, w: (objective(x, w) ** 2).mean(), argnums=(0, 1))


def numba():
    import numpy as np
    from numba import njit, prange

    @njit(fastmath=True, parallel=True)
    def objective(x, w):
        batch, inner, height, width = x.shape
        out = np.zeros((batch, len(w), height, width), x.dtype)
        padded = np.zeros((batch, inner, height + 2, width + 2), x.dtype)
        padded[:, :, 1:-1, 1:-1] = x
        for image in prange(batch * len(w)):
            s, o = image // len(w), image % len(w)
            for i in range(height):
                for c in range(inner):
                    for p in range(3):
                        for j in range(width):
                            row, at = w[o, c, p], padded[s, c, i + p, j : j + 3]
                            out[s, o, i, j] += row[0] * at[0] + row[1] * at[1] + row[2] * at[2]
        return out

    return objective, None
