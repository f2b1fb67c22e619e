# ruff: noqa: B007, F821
"""Programs whose point is what loops do to variables, compiled, against their reference execution."""

import numpy as np
import pytest
from program_table import Programs, assert_agrees_with_reference

import pydex as dx
from pydex import f64, i32, i64, u8, u64

n, m, k = dx.index_sets("n m k")
program = Programs()
x5 = np.array([3.0, 1.0, 4.0, 1.0, 5.0])
a23 = np.arange(6.0).reshape(2, 3)


@program(x5, np.array([0, 2, 4]))
def scatter(x: f64[n], e: n.Index[m]) -> f64[n]:
    y = dx.zeros(f64[n])
    for j in m:
        y[e[j]] += x[e[j]] ** 2
    return y


@program(x5)
def pairwise(x: f64[n]) -> f64:
    return sum(abs(x[i] - x[j]) for i in n for j in dx.above(i))


@program(x5)
def tri_table(x: f64[n]):
    t = [[x[i] + x[j] for j in dx.below(i)] for i in n]
    return [sum(r) for r in t], t


@program(a23)
def powers(a: f64[n, m]):
    return (
        [[a[i, j] ** 3 for j in m] for i in n],
        [[2.0 ** a[i, j] for j in m] for i in n],
        [[a[i, j] ** 0.5 for j in m] for i in n],
    )


@program(x5)
def mixed_if(x: f64[n]):
    y = 0
    if x[0] > 2:
        y = x[0]
    z = 1 if x[1] > 100 else 2
    return y, z


@program(x5)
def loop_if_local(x: f64[n]):
    s = 0.0
    for i in n:
        if x[i] > 2:
            w = x[i] * 2
        else:
            w = 1.0
        s += w
    return s


@program(x5)
def reuse_name(x: f64[n]):
    t = 0.0
    out = dx.zeros(f64[n])
    for i in n:
        t = x[i] * 2
        out[i] = t + 1
    return out


@program(x5)
def reuse_after(x: f64[n]):
    t = 0.0
    for i in n:
        t = x[i] * 2
    return t


@program(x5)
def nested_own(x: f64[n]):
    a = dx.zeros(f64[n, dx.Fin(3)])
    for i in n:
        a[i, 0] = x[i]
        for k in range(1, 3):
            a[i, k] = a[i, k - 1] * 2
    return a


@program(x5)
def mixed_accum(x: f64[n]):
    h = dx.zeros(f64[dx.Fin(2)])
    c = 0
    for i in n:
        if x[i] > 2:
            h[0] += x[i]
            c += 1
        else:
            h[1] -= x[i]
    return h, c


@program(x5)
def acc_and_state(x: f64[n]):
    h = dx.zeros(f64[dx.Fin(2)])
    p = 1.0
    for i in n:
        p = p * 0.5 + x[i]
        h[i % 2] += p
    return h, p


@program(x5)
def while_tuple(x: f64[n]):
    s = (0.0, 0)
    while s[1] < 4:
        s = (s[0] + x[0], s[1] + 1)
    return s


@program(x5)
def bool_ops(x: f64[n]):
    a = x[0] > 1 and x[1] < 2 or not x[2] == 4
    b = (x[0] > 1) & (x[1] > 2)
    c = 1 < x[0] < 4
    return a, b, c, any(x[i] > 4 for i in n), all(x[i] > 0 for i in n)


@program(x5)
def or_accum(x: f64[n]):
    f = False
    g = True
    for i in n:
        f = f or x[i] > 4.5
        g = g and x[i] > 0
    return f, g


@program(x5)
def newton(x: f64[n]):
    def root(a):
        r = a
        for _ in range(20):
            r = 0.5 * (r + a / r)
        return r

    return [root(x[i]) for i in n]


@program(2.0)
def newton_while(a: f64):
    r = a
    it = 0
    while abs(r * r - a) > 1e-12 and it < 50:
        r = 0.5 * (r + a / r)
        it += 1
    return r, it


@program(2.0)
def newton_grad(a: f64):
    return dx.grad(lambda v: newton_while(v)[0])(a)


@program(x5)
def vjp_in(x: f64[n]):
    y, pb = dx.vjp(lambda v: [v[i] * v[i] for i in n], x)
    return y, pb(x)


@program(x5)
def lin_loop(x: f64[n]):
    y, lin = dx.linearize(lambda v: sum(v[i] ** 3 for i in n), x)
    return [lin([1.0 if j == i else 0.0 for j in n]) for i in n]


@program(x5)
def vg(x: f64[n]):
    v, g = dx.value_and_grad(lambda z: sum(z[i] ** 2 for i in n))(x)
    return v, g


@program({"w": a23, "b": np.ones(2)}, np.array([1.0, 2.0, 3.0]))
def dict_grad(p: {"w": f64[n, m], "b": f64[n]}, x: f64[m]):
    def loss(p):
        return sum((sum(p["w"][i, j] * x[j] for j in m) + p["b"][i]) ** 2 for i in n)

    return dx.grad(loss)(p)


@program(x5)
def tuple_grad(x: f64[n]):
    return dx.grad(lambda t: t[0] * t[1][0], wrt=0)((x[0], x))


@program(x5)
def sgd(x: f64[n]):
    w = dx.zeros(f64[n])
    for step in range(10):
        g = dx.grad(lambda v: sum((v[i] - x[i]) ** 2 for i in n))(w)
        w = [w[i] - 0.1 * g[i] for i in n]
    return w


@program(x5)
def hess(x: f64[n]):
    return dx.hessian(lambda v: sum(v[i] ** 3 for i in n) * v[0])(x)


@program(np.array([1, 2, 3], dtype=np.uint8), np.uint64(7))
def unsigned(a: u8[n], b: u64):
    return [u8(v * 100) for v in a], b // 3, b % 4, b << 3, max(v for v in a), a[0] - a[1]


@program(x5)
def int_from_float(x: f64[n]):
    return [i64(v) for v in x], [i32(v * 1e12) for v in x], int(x[0]), float(n.size)


@program(x5)
def compare_tables(x: f64[n]):
    return x == x, x != 2 * x, x >= 3


@program(x5)
def argm(x: f64[n]):
    i = dx.argmax(x)
    return i, x[i], argmax(x[j] * -1 for j in n)


@program(np.array([[1.0, 2.0], [3.0, 4.0]]))
def mat(a: f64[n, n]):
    return a @ a, a.T, (a @ a.T).sum(), a @ a[0]


@program(x5)
def negative_index(x: f64[n]):
    return x[-1], x[-2], x[n.size - 1]


@program(x5)
def conv(x: f64[n]):
    w = [0.25, 0.5, 0.25]
    return [sum(x[p + q] * w[q] for q in range(3)) for p in n - 2]


@program(x5)
def get_default(x: f64[n]):
    return [x.get(i - 1, 0.0) + x.get(i + 1, 0.0) for i in n]


@program(x5)
def wrapidx(x: f64[n]):
    return [x[n.wrap(i + 1)] - x[n.clamp(i - 1)] for i in n]


@program(x5)
def struct_in_loop(x: f64[n]):
    best = 0.0
    for i, v in enumerate(x):
        best = max(best, v * i)
    return best


@program(x5, 2)
def default_kw(x: f64[n], p: i64 = 3):
    def f(v, *, q=1.0):
        return v * q

    return [f(v, q=2.0) for v in x], p


@program(a23)
def rows(a: f64[n, m]):
    return [r.sum() for r in a], [max(r) for r in a], [[v for v in r] for r in a]


@program(a23)
def local_table_in_loop(a: f64[n, m]):
    out = dx.zeros(f64[n])
    for i in n:
        row = dx.zeros(f64[m])
        for j in m:
            row[j] = a[i, j] * 2
        row[0] = 100.0
        out[i] = sum(row[j] for j in m)
    return out


@program(a23)
def table_state(a: f64[n, m]):
    h = [0.0 for j in m]
    for i in n:
        h = [h[j] * 0.5 + a[i, j] for j in m]
    return h


@program(x5)
def swap_state(x: f64[n]):
    a = x.copy()
    b = dx.zeros(f64[n])
    for t in range(3):
        for i in n:
            b[i] = a[i] * 0.5
        a, b = b, a
    return a, b


@program(x5)
def cumulative_max(x: f64[n]):
    out = dx.zeros(f64[n])
    top = x[0]
    for i in n:
        if x[i] > top:
            top = x[i]
        out[i] = top
    return out


@program(x5)
def nested_break(x: f64[n]):
    c = 0
    for i in n:
        for j in n:
            if x[j] > x[i]:
                break
            c += 1
        if c > 3:
            continue
        c += 10
    return c


@pytest.mark.slow
@pytest.mark.parametrize("function, args", program)
def test_compiled_agrees_with_reference(function, args):
    assert_agrees_with_reference(function, args)
