import pydex as dx
from pydex import f64, i8, i32, i64
n, m, k = dx.index_sets('n m k')
q = dx.Fin(3)

@dx.jit
def f(x: f64[n], y: f64[m], a: f64[n, m], p: m.Index[n], c: i64[n], s: f64):
    t1 = [0.5 for i2 in n]
    h5 = dx.zeros(f64[m, q])
    for i6 in n:
        h5[m.wrap(c[i6])] += sum((x[i6] for r8 in reversed(m)))
    return s + sum((t1[i] for i in n)) + sum((h5[i, j] for i in m for j in q)) + dx.argmax((x[r9] + t1[r9] for r9 in n))


# law1: sizes (3, 2), seed 62
