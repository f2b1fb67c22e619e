import pydex as dx
from pydex import f32, i8, i32, i64
n, m, k = dx.index_sets('n m k')

@dx.jit
def f(x: f32[n], y: f32[m], a: f32[n, m], p: m.Index[n], c: i64[n], s: f32):
    c5 = 0.75
    for i6 in n:
        c5 = c5
    return c5


# law1: sizes (3, 2), seed 53
