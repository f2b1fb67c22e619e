"""Diffusion on a grid with a fixed boundary; the gradient is that of mean(u²) after the last step."""

STATIC = (1,)  # the number of steps: JAX differentiates only loops of known length


def numpy():
    from independent import stencil

    return stencil.objective, stencil.gradient


def _flow(u):
    return 0.2 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - 4 * u[1:-1, 1:-1])


def jax():
    import jax
    import jax.numpy as jnp

    def objective(start, steps):
        """Padding with zeros, which XLA fuses with the sum; `at[1:-1, 1:-1].add` takes twice as long."""
        return jax.lax.scan(lambda u, _: (u + jnp.pad(_flow(u), 1), None), start, length=steps)[0]

    return objective, jax.grad(lambda start, steps: (objective(start, steps) ** 2).mean())


def _torch(step):
    """(objective, gradient), given a step."""
    from benchmarks.peers.torch_grad import grad

    def objective(start, steps):
        u = start
        for _ in range(steps):
            u = step(u)
        return u

    return objective, grad(lambda start, steps: (objective(start, steps) ** 2).mean())


def _torch_step(u):
    new = u.clone()
    new[1:-1, 1:-1] += _flow(u)
    return new


def torch():
    return _torch(_torch_step)


def torch_compile():
    """One step: all of them unrolled take minutes to compile."""
    import torch

    return _torch(torch.compile(_torch_step))


def numba():
    import numpy as np
    from numba import njit, prange

    @njit(fastmath=True, parallel=True)
    def step(u, new):
        for i in prange(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                around = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1]
                new[i, j] = np.float32(0.2) * u[i, j] + np.float32(0.2) * around

    @njit(fastmath=True)
    def objective(start, steps):
        u, new = start.copy(), start.copy()
        for _ in range(steps):
            step(u, new)
            u, new = new, u
        return u

    @njit(fastmath=True)
    def gradient(start, steps):
        """The interior as its own problem with a boundary of zeros; the boundary gathers the inner rim of each step."""
        rows, columns = start.shape
        u = objective(start, steps)
        scale = np.float32(2.0 / u.size)
        out = scale * u
        g = np.zeros((rows, columns), u.dtype)
        g[1:-1, 1:-1] = out[1:-1, 1:-1]
        new = np.zeros_like(g)
        for _ in range(steps):
            for j in range(1, columns - 1):
                out[0, j] += np.float32(0.2) * g[1, j]
                out[rows - 1, j] += np.float32(0.2) * g[rows - 2, j]
            for i in range(1, rows - 1):
                out[i, 0] += np.float32(0.2) * g[i, 1]
                out[i, columns - 1] += np.float32(0.2) * g[i, columns - 2]
            step(g, new)
            g, new = new, g
        out[1:-1, 1:-1] = g[1:-1, 1:-1]
        return out

    return objective, gradient


def c():
    import numpy as np

    from benchmarks.c import call

    def objective(start, steps):
        other, out = np.empty_like(start), np.empty_like(start)
        return call("stencil", "objective", start, *start.shape, steps, other, out, result=out)

    def gradient(start, steps):
        g, new, out = (np.empty_like(start) for _ in range(3))
        return call("stencil", "gradient", start, *start.shape, steps, g, new, out, result=out)

    return objective, gradient
