"""How many of the numbers x, all in [0, 1), lie in each of so many bins of equal width."""

import pydex as dx
from pydex import f32, i64

n, b = dx.index_sets("n b")


@dx.jit
def objective(x: f32[n], bins: dx.Size[b]) -> i64[b]:
    count = dx.zeros(i64[b])
    for i in n:
        count[b.clamp(int(x[i] * f32(b.size)))] += 1
    return count


gradient = None
