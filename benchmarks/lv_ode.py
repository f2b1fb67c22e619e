"""Lotka–Volterra by the classical Runge–Kutta method: x + y after so many steps; its derivative by the parameters."""

import pydex as dx
from pydex import f64

n = dx.index_sets("n")


@dx.jit
def objective(a: f64, b: f64, c: f64, d: f64, steps: dx.Size[n], dt: f64) -> f64:
    x = 1.0
    y = 1.0
    for _ in n:
        x1 = a * x - b * x * y
        y1 = d * x * y - c * y
        u = x + 0.5 * dt * x1
        v = y + 0.5 * dt * y1
        x2 = a * u - b * u * v
        y2 = d * u * v - c * v
        u = x + 0.5 * dt * x2
        v = y + 0.5 * dt * y2
        x3 = a * u - b * u * v
        y3 = d * u * v - c * v
        u = x + dt * x3
        v = y + dt * y3
        x4 = a * u - b * u * v
        y4 = d * u * v - c * v
        x += dt / 6.0 * (x1 + 2.0 * x2 + 2.0 * x3 + x4)
        y += dt / 6.0 * (y1 + 2.0 * y2 + 2.0 * y3 + y4)
    return x + y


gradient = dx.grad(objective, wrt=("a", "b", "c", "d"))
