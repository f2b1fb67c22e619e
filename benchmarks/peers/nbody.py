"""Softened gravity; the gradient is that of ½ Σ F² by r."""


def numpy():
    from independent import nbody

    return nbody.objective, nbody.gradient


def jax():
    import jax
    import jax.numpy as jnp

    def objective(r, m):
        away = r[None, :, :] - r[:, None, :]
        square = (away * away).sum(-1) + 0.01
        return jnp.einsum("ij,ijc->ic", m / (square * jnp.sqrt(square)), away)

    return objective, jax.grad(lambda r, m: 0.5 * (objective(r, m) ** 2).sum())


def jax_expert():
    """One coordinate at a time, so that no n×n×3 temporary exists."""
    import jax
    import jax.numpy as jnp

    def objective(r, m):
        away = [r[None, :, a] - r[:, None, a] for a in range(3)]
        square = away[0] ** 2 + away[1] ** 2 + away[2] ** 2 + 0.01
        pull = m / (square * jnp.sqrt(square))
        return jnp.stack([(pull * d).sum(1) for d in away], axis=1)

    return objective, jax.grad(lambda r, m: 0.5 * (objective(r, m) ** 2).sum())


def torch():
    import torch

    from benchmarks.peers.torch_grad import grad

    def objective(r, m):
        away = [r[None, :, a] - r[:, None, a] for a in range(3)]
        square = away[0] ** 2 + away[1] ** 2 + away[2] ** 2 + 0.01
        pull = m / (square * torch.sqrt(square))
        return torch.stack([(pull * d).sum(1) for d in away], dim=1)

    return objective, grad(lambda r, m: 0.5 * (objective(r, m) ** 2).sum())


def numba():
    import math

    import numpy as np
    from numba import njit, prange

    @njit(fastmath=True)
    def towards(x, y, z, i, j):
        a, b, c = x[j] - x[i], y[j] - y[i], z[j] - z[i]
        return a, b, c, np.float32(1) / (a * a + b * b + c * c + np.float32(0.01))

    @njit(fastmath=True, parallel=True)
    def pulls(x, y, z, m):
        force = np.empty((len(m), 3), m.dtype)
        for i in prange(len(m)):
            fx = fy = fz = np.float32(0)
            for j in range(len(m)):
                a, b, c, inverse = towards(x, y, z, i, j)
                pull = m[j] * inverse * math.sqrt(inverse)
                fx += pull * a
                fy += pull * b
                fz += pull * c
            force[i, 0], force[i, 1], force[i, 2] = fx, fy, fz
        return force

    @njit(fastmath=True)
    def split(r):
        return r[:, 0].copy(), r[:, 1].copy(), r[:, 2].copy()

    @njit(fastmath=True)
    def objective(r, m):
        return pulls(*split(r), m)

    @njit(fastmath=True, parallel=True)
    def gradient(r, m):
        x, y, z = split(r)
        u, v, w = split(pulls(x, y, z, m))
        out = np.empty_like(r)
        for i in prange(len(m)):
            gx = gy = gz = np.float32(0)
            for j in range(len(m)):
                a, b, c, inverse = towards(x, y, z, i, j)
                pull = inverse * math.sqrt(inverse)
                p, q, s = m[i] * u[j] - m[j] * u[i], m[i] * v[j] - m[j] * v[i], m[i] * w[j] - m[j] * w[i]
                along = np.float32(3) * inverse * (p * a + q * b + s * c)
                gx += pull * (p - along * a)
                gy += pull * (q - along * b)
                gz += pull * (s - along * c)
            out[i, 0], out[i, 1], out[i, 2] = gx, gy, gz
        return out

    return objective, gradient


def c():
    import numpy as np

    from benchmarks.c import call

    def run(function):
        def prepared(r, m):
            scratch, out = np.empty((6, len(m)), r.dtype), np.empty_like(r)
            return call("nbody", function, r, m, len(m), scratch, out, result=out)

        return prepared

    return run("objective"), run("gradient")
