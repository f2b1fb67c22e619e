"""Each iteration copied the whole table, because it reads its row as it was; with several threads others' rows were lost."""

import pydex as dx
from pydex import f64, i64

n, m = dx.index_sets("n m")


@dx.jit
def f(x: f64[n], y: f64[m], a: f64[n, m], p: m.Index[n], c: i64[n], s: f64):
    u = a.copy()
    t = dx.zeros(f64[n])
    for i in n:
        old = u[i].copy()
        for j in m[1:]:
            u[i, j] = dx.sin(u[i, j] + u[i, j - 1])
        t[i] = sum(old[j] * u[i, j] for j in m)
    return sum(u[i, j] for i in n for j in m), t


# law1: sizes (9, 4), seed 1
