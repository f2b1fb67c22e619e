"""The loops were merged; the iteration that wins the maximum gave what it adds to a cell a cotangent twice."""

import pydex as dx
from pydex import f32, i64

n, m, k = dx.index_sets("n m k")
q = dx.Fin(3)


@dx.jit
def f(x: f32[n], y: f32[m], a: f32[n, m], p: m.Index[n], c: i64[n], s: f32):
    t0 = [x[i2] for i2 in n]
    h4 = dx.zeros(f32[m])
    for i5 in n:
        h4[p[i5]] += sum((t0[r7] for r7 in n for r8 in dx.starting(r7)))
    return sum((h4 for i in m for j in q)) + max((a[r9, p[r9]] for r9 in n))


# law1: sizes (3, 3), seed 61
