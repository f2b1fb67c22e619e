import pydex as dx
from pydex import f64, i64

n, m, k = dx.index_sets("n m k")


@dx.jit
def f(x: f64[n], y: f64[m], a: f64[n, m], p: m.Index[n], c: i64[n], s: f64):
    least = 1.0
    for i in n:
        least = min(least, sum(x[j] for j in n[::2]))
    return least


# law1: sizes (4, 3), seed 0
