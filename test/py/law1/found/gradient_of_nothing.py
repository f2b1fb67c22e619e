import pydex as dx
from pydex import f64, i8, i32, i64
n, m, k = dx.index_sets('n m k')

@dx.jit
def norm(v: f64[k]) -> f64:
    return dx.sqrt(0.5 + sum((v[i] * v[i] for i in k)) / (1 + k.size))

@dx.jit
def f(x: f64[n], y: f64[m], a: f64[n, m], p: m.Index[n], c: i64[n], s: f64):
    return dx.grad(norm)(x)


# law1: sizes (0, 2), seed 37
