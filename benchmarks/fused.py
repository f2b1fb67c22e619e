"""mean((sin(x)·y + exp(−x²))²) and its gradient: one pass over memory, if everything fuses."""

import pydex as dx
from pydex import f32

n = dx.index_sets("n")


@dx.jit
def objective(x: f32[n], y: f32[n]) -> f32:
    return sum((dx.sin(x[i]) * y[i] + dx.exp(-x[i] * x[i])) ** 2 for i in n) / f32(n.size)


gradient = dx.grad(objective, wrt=("x", "y"))
