import pydex as dx
from pydex import f32, i8, i32, i64
n, m, k = dx.index_sets('n m k')

@dx.jit
def f(x: f32[n], y: f32[m], a: f32[n, m], p: m.Index[n], c: i64[n], s: f32):
    return sum((a[r6] for r6 in n for r7 in dx.upto(r6))) / n.size


# law1: sizes (0, 2), seed 4
