"""The Mandelbrot set: after how many steps of z → z² + c a point c leaves |z| ≤ 2, at most `limit`."""


def numpy():
    from independent import mandel

    return mandel.objective, None


def _jax(mapped):
    """The counts, given a way to map over the rows."""
    import jax
    import jax.numpy as jnp

    def steps(re, im, limit):
        def goes_on(z):
            x, y, count = z
            return (count < limit) & (x * x + y * y <= 4)

        def step(z):
            x, y, count = z
            return x * x - y * y + re, 2 * x * y + im, count + 1

        zero = jnp.zeros((), re.dtype)
        return jax.lax.while_loop(goes_on, step, (zero, zero, jnp.zeros((), jnp.int32)))[2]

    def objective(re, im, limit):
        return mapped(lambda b: jax.vmap(lambda a: steps(a, b, limit))(re), im)

    return objective, None


def jax():
    import jax

    return _jax(lambda row, im: jax.vmap(row)(im))


def jax_expert():
    """One row at a time, which stays in the cache and ends when its last point has left."""
    import jax

    return _jax(jax.lax.map)


def _torch(some):
    """The counts, given a way to go on by so many steps; two at a time."""
    import torch

    def objective(re, im, limit):
        x = y = torch.zeros((len(im), len(re)), dtype=re.dtype)
        z = x, y, torch.zeros(x.shape, dtype=torch.int32)
        for at in range(0, limit, 2):
            z = some(*z, re, im[:, None], min(2, limit - at))
        return z[2]

    return objective, None


def _torch_steps(x, y, count, re, im, steps):
    for _ in range(steps):
        count = count + (x * x + y * y <= 4)
        x, y = x * x - y * y + re, 2 * x * y + im
    return x, y, count


def torch():
    return _torch(_torch_steps)


def torch_compile():
    """Two steps in one pass over memory: the time to compile more of them doubles with each."""
    import torch

    return _torch(torch.compile(_torch_steps))


def numba():
    import numpy as np
    from numba import njit, prange

    @njit(fastmath={"contract", "reassoc"})
    def steps(re, im, limit):
        x = y = np.float32(0)
        count = 0
        while count < limit and x * x + y * y <= np.float32(4):
            x, y = x * x - y * y + re, np.float32(2) * x * y + im
            count += 1
        return count

    @njit(parallel=True)
    def objective(re, im, limit):
        out = np.empty((len(im), len(re)), np.int32)
        for i in prange(len(im)):
            for j in range(len(re)):
                out[i, j] = steps(re[j], im[i], limit)
        return out

    return objective, None


def c():
    import numpy as np

    from benchmarks.c import call

    def objective(re, im, limit):
        out = np.empty((len(im), len(re)), np.int32)
        return call("mandel", "objective", re, im, len(re), len(im), limit, out, result=out)

    return objective, None
