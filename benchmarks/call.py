"""x² + 3x of one Python float: what a call costs, in and out."""

import pydex as dx
from pydex import f64


@dx.jit
def objective(x: f64) -> f64:
    return x * x + 3.0 * x


gradient = dx.grad(objective)
