import pydex as dx
from pydex import f64, i64

n, m, k = dx.index_sets("n m k")


@dx.jit
def f(x: f64[n], y: f64[m], a: f64[n, m], p: m.Index[n], c: i64[n], s: f64):
    u = x.copy()
    for t in m:
        for i in n[1:-1]:
            u[i] = u[i + 1]
    return sum(u[i] for i in n)


# law1: sizes (5, 1), seed 2
