"""Lotka–Volterra: x' = a·x − b·x·y, y' = d·x·y − c·y from (1, 1); the answer is x + y at time steps·dt.

`objective` and `gradient` integrate the equations, and their derivatives by the parameters (the variational
equations), to 1e-13 with an adaptive method of order 8: at dt = 1e-5 a fourth-order method differs from the
solution by rounding only. `stepped` is the method of the workload itself, for coarse steps.
"""

import numpy as np
from scipy.integrate import solve_ivp


def _slope(p, x, y):
    a, b, c, d = p
    return a * x - b * x * y, d * x * y - c * y


def stepped(a, b, c, d, steps, dt):
    """x + y after `steps` steps of the classical Runge–Kutta method; the parameters may be complex."""
    x, y, p = 1.0, 1.0, (a, b, c, d)
    for _ in range(steps):
        x1, y1 = _slope(p, x, y)
        x2, y2 = _slope(p, x + 0.5 * dt * x1, y + 0.5 * dt * y1)
        x3, y3 = _slope(p, x + 0.5 * dt * x2, y + 0.5 * dt * y2)
        x4, y4 = _slope(p, x + dt * x3, y + dt * y3)
        x += dt / 6 * (x1 + 2 * x2 + 2 * x3 + x4)
        y += dt / 6 * (y1 + 2 * y2 + 2 * y3 + y4)
    return x + y


def _variational(t, z, p):
    """The slope of (x, y, ∂x/∂p, ∂y/∂p)."""
    a, b, c, d = p
    x, y, xp, yp = z[0], z[1], z[2:6], z[6:10]
    by_p = np.array([[x, -x * y, 0, 0], [0, 0, -y, x * y]])
    dx = (a - b * y) * xp - b * x * yp + by_p[0]
    dy = d * y * xp + (d * x - c) * yp + by_p[1]
    return np.concatenate([_slope(p, x, y), dx, dy])


def _solve(p, time):
    start = np.concatenate([[1.0, 1.0], np.zeros(8)])
    done = solve_ivp(_variational, (0, time), start, method="DOP853", args=(p,), rtol=1e-13, atol=1e-14)
    return done.y[:, -1]


def objective(a, b, c, d, steps, dt):
    """x + y at time steps·dt, a scalar."""
    return _solve((a, b, c, d), steps * dt)[:2].sum()


def gradient(a, b, c, d, steps, dt):
    """With respect to each of the four parameters."""
    z = _solve((a, b, c, d), steps * dt)
    return tuple(z[2:6] + z[6:10])
