"""2x + 1 of eight numbers: what a call costs with an array in and an array out."""

import pydex as dx
from pydex import f64

n = dx.index_sets("n")


@dx.jit
def objective(x: f64[n]) -> f64[n]:
    return [2.0 * x[i] + 1.0 for i in n]


gradient = None
