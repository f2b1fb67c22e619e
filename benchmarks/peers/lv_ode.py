"""Lotka–Volterra by the classical Runge–Kutta method. PyTorch would need minutes for one objective."""

STATIC = (4,)  # the number of steps: JAX differentiates only loops of known length


def _step(p, x, y, dt):
    def slope(x, y):
        a, b, c, d = p
        return a * x - b * x * y, d * x * y - c * y

    x1, y1 = slope(x, y)
    x2, y2 = slope(x + 0.5 * dt * x1, y + 0.5 * dt * y1)
    x3, y3 = slope(x + 0.5 * dt * x2, y + 0.5 * dt * y2)
    x4, y4 = slope(x + dt * x3, y + dt * y3)
    return x + dt / 6 * (x1 + 2 * x2 + 2 * x3 + x4), y + dt / 6 * (y1 + 2 * y2 + 2 * y3 + y4)


def numpy():
    """Python's own floats: an array operation per step would be slower still."""
    from independent import lv_ode

    return lv_ode.stepped, None


def _jax(repeat):
    """x + y, given a way to repeat a step so many times."""
    import jax

    def objective(a, b, c, d, steps, dt):
        x, y = repeat(lambda z: _step((a, b, c, d), *z, dt), (1.0, 1.0), steps)
        return x + y

    return objective, jax.grad(objective, argnums=(0, 1, 2, 3))


def jax():
    import jax

    return _jax(lambda step, start, steps: jax.lax.scan(lambda z, _: (step(z), None), start, length=steps)[0])


def jax_expert():
    """Forward mode, a loop of its own for each parameter: nothing is stored, XLA keeps four numbers in registers."""
    import jax

    objective, _ = _jax(lambda step, start, steps: jax.lax.fori_loop(0, steps, lambda _, z: step(z), start))

    def gradient(a, b, c, d, steps, dt):
        def along(i):
            direction = tuple(float(i == j) for j in range(4))
            return jax.jvp(lambda *p: objective(*p, steps, dt), (a, b, c, d), direction)[1]

        return tuple(along(i) for i in range(4))

    return objective, gradient


def numba():
    from numba import njit

    @njit(fastmath=True)
    def slope(a, b, c, d, x, y):
        return a * x - b * x * y, d * x * y - c * y

    @njit(fastmath=True)
    def objective(a, b, c, d, steps, dt):
        x = y = 1.0
        for _ in range(steps):
            x1, y1 = slope(a, b, c, d, x, y)
            x2, y2 = slope(a, b, c, d, x + 0.5 * dt * x1, y + 0.5 * dt * y1)
            x3, y3 = slope(a, b, c, d, x + 0.5 * dt * x2, y + 0.5 * dt * y2)
            x4, y4 = slope(a, b, c, d, x + dt * x3, y + dt * y3)
            x += dt / 6 * (x1 + 2 * x2 + 2 * x3 + x4)
            y += dt / 6 * (y1 + 2 * y2 + 2 * y3 + y4)
        return x + y

    return objective, None


def c():
    import numpy as np

    from benchmarks.c import call

    def gradient(a, b, c, d, steps, dt):
        tape, out = np.empty((steps, 2)), np.empty(4)
        parts = tuple(out[i, ...] for i in range(4))  # views, without axes
        return call("lv_ode", "gradient", a, b, c, d, steps, dt, tape, out, result=parts)

    return lambda *inputs: call("lv_ode", "objective", *inputs), gradient
