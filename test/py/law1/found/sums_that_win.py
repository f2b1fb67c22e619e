import pydex as dx
from pydex import f64, i8, i32, i64
n, m, k = dx.index_sets('n m k')

@dx.jit
def f(x: f64[n], y: f64[m], a: f64[n, m], p: m.Index[n], c: i64[n], s: f64):
    h0 = dx.accum(f64[m], max)
    for i1 in n:
        h0[p[i1]] += sum((dx.sin(a[r2, p[i1]]) for r2 in n for r3 in m))
    t4 = h0
    return sum((t4 for i in m))


# law1: sizes (3, 2), seed 19
