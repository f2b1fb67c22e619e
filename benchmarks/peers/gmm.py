"""ADBench's Gaussian mixture."""


def numpy():
    from independent import gmm

    return gmm.objective, gmm.gradient


def jax():
    import jax
    import jax.numpy as jnp

    def objective(alpha, mu, q, lower, x, gamma, m, constant):
        factor = jnp.tril(lower, -1) + jax.vmap(jnp.diag)(jnp.exp(q))
        scaled = jnp.einsum("kab,nkb->nka", factor, x[:, None, :] - mu)
        joint = alpha + q.sum(1) - 0.5 * (scaled * scaled).sum(2)
        prior = 0.5 * gamma**2 * (factor * factor).sum() - m * q.sum()
        return jax.nn.logsumexp(joint, axis=1).sum() - len(x) * jax.nn.logsumexp(alpha) - prior + constant

    return objective, jax.grad(objective, argnums=(0, 1, 2, 3))


def torch():
    import torch

    from benchmarks.peers.torch_grad import grad

    def objective(alpha, mu, q, lower, x, gamma, m, constant):
        factor = torch.tril(lower, -1) + torch.diag_embed(torch.exp(q))
        scaled = torch.einsum("kab,nkb->nka", factor, x[:, None, :] - mu)
        joint = alpha + q.sum(1) - 0.5 * (scaled * scaled).sum(2)
        prior = 0.5 * gamma**2 * (factor * factor).sum() - m * q.sum()
        return torch.logsumexp(joint, 1).sum() - len(x) * torch.logsumexp(alpha, 0) - prior + constant

    return objective, grad(objective, argnums=(0, 1, 2, 3))


def numba():
    import math

    import numpy as np
    from numba import njit, prange

    @njit(fastmath=True)
    def logsumexp(v):
        top = v.max()
        total = 0.0
        for c in range(len(v)):
            total += math.exp(v[c] - top)
        return top + math.log(total)

    @njit(fastmath=True)
    def square(scale, lower, mu, x):
        total = 0.0
        for a in range(len(x)):
            row = scale[a] * (x[a] - mu[a])
            for b in range(a):
                row += lower[a, b] * (x[b] - mu[b])
            total += row * row
        return total

    @njit(fastmath=True, parallel=True)
    def objective(alpha, mu, q, lower, x, gamma, m, constant):
        scale, weight = np.exp(q), alpha + q.sum(axis=1)
        total = 0.0
        for i in prange(len(x)):
            joint = np.empty_like(alpha)
            for c in range(len(alpha)):
                joint[c] = weight[c] - 0.5 * square(scale[c], lower[c], mu[c], x[i])
            total += logsumexp(joint)
        squares = (scale * scale).sum()
        for c in range(len(alpha)):
            for a in range(x.shape[1]):
                for b in range(a):
                    squares += lower[c, a, b] ** 2
        prior = 0.5 * gamma**2 * squares - m * q.sum()
        return total - len(x) * logsumexp(alpha) - prior + constant

    return objective, None


def c():
    import numpy as np

    from benchmarks.c import call

    def objective(alpha, mu, q, lower, x, gamma, m, constant):
        return call("gmm", "objective", alpha, mu, q, lower, x, gamma, m, constant, *x.shape, len(alpha))

    def gradient(alpha, mu, q, lower, x, gamma, m, constant):
        out = tuple(np.empty_like(part) for part in (alpha, mu, q, lower))
        return call("gmm", "gradient", alpha, mu, q, lower, x, gamma, m, *x.shape, len(alpha), *out, result=out)

    return objective, gradient
