# ruff: noqa: B007, B023, B905
"""Programs of many kinds, compiled, against their reference execution."""

from enum import Enum

import numpy as np
import pytest
from program_table import Programs, assert_agrees_with_reference

import pydex as dx
from pydex import f32, f64, i32, i64

n, m, k = dx.index_sets("n m k")

program = Programs()
x5 = np.array([3.0, 1.0, 4.0, 1.0, 5.0])
a23 = np.arange(6.0).reshape(2, 3)


@program(x5)
def product_table(x: f64[n]):
    return [x[i] * x[j] for i in n for j in n]


@program(x5)
def local_fn(x: f64[n]) -> f64[n]:
    scale = 2.0

    def g(v, w=3.0):
        u = v * scale
        if u > 4.0:
            return u - w
        return u + w

    return [g(x[i]) for i in n]


@program(a23)
def grad_in_loop(a: f64[n, m]) -> f64[n, m]:
    return [dx.grad(lambda r: sum(r[j] ** 3 for j in m))(a[i]) for i in n]


@program(a23, x5[:3])
def closure_grad(a: f64[n, m], w: f64[m]) -> f64[n, m]:
    out = dx.zeros(f64[n, m])
    for i in n:
        c = a[i, 0]
        out[i] = dx.grad(lambda v: sum(a[i, j] * v[j] * v[j] * c for j in m))(w)
    return out


@dx.struct
class P:
    x: f64
    y: f64

    def norm(self):
        return dx.sqrt(self.x * self.x + self.y * self.y)

    def __add__(self, o):
        return P(self.x + o.x, self.y + o.y)

    def __mul__(self, s):
        return P(self.x * s, self.y * s)


@program([P(1.0, 2.0), P(3.0, 4.0)])
def struct_table(ps: P[n]) -> f64:
    return sum(p.norm() for p in ps)


@program([P(1.0, 2.0), P(3.0, 4.0)])
def struct_table2(ps: P[n]) -> P[n]:
    return [p * 2.0 + P(1.0, 0.0) for p in ps]


@program(x5)
def tuple_state(x: f64[n]):
    best = (x[0], 0)
    for i in n:
        if x[i] > best[0]:
            best = (x[i], i64(i))
    return best


@program(x5)
def struct_state(x: f64[n]) -> P:
    p = P(0.0, 1.0)
    for i in n:
        p = P(p.x + x[i], p.y * 0.5)
    return p


@program(x5)
def best_index(x: f64[n]):
    b = n.at(0)
    for i in n:
        if x[i] > x[b]:
            b = i
    return b, x[b]


@program(7)
def loops_size(s: dx.Size[n]):
    c = 0
    for i in n:
        for j in dx.above(i):
            c += 1
    return c


@program(5)
def runtime_range(s: i64):
    t = 0
    for i in range(s):
        t += i
    return t


@program(5)
def runtime_table(s: i64):
    v = [1.0 * i for i in range(s)]
    return sum(v)


@program(x5)
def breaks(x: f64[n]):
    s = 0.0
    for i in n:
        if x[i] > 3.5:
            break
        s += x[i]
    return s


@program(x5)
def continues(x: f64[n]):
    s = 0.0
    for i in n:
        if x[i] > 3.5:
            continue
        s += x[i]
    return s


@program(a23, 4.5)
def nested_return(a: f64[n, m], v: f64):
    for i in n:
        for j in m:
            if a[i, j] > v:
                return i64(i), i64(j)
    return -1, -1


@program(x5)
def while_sum(x: f64[n]):
    s = 0.0
    i = 0
    while i < n.size and s < 6.0:
        s += x[n.at(i)]
        i += 1
    return s, i


@program(x5)
def enum_zip(x: f64[n]):
    return [v * i64(i) for i, v in enumerate(x)], sum(a * b for a, b in zip(x, x)), [x[i] for i in reversed(n)]


@program(x5)
def slices(x: f64[n]):
    return x[1:-1], x[::2], x[:3]


@program(a23)
def slices2(a: f64[n, m]):
    return a[:, 1], a[0, 1:], a[:, 0:2]


@program(x5)
def dict_record(x: f64[n]):
    p = {"a": x, "b": 2.0}
    q = {**p, "c": p["b"] + 1}
    return q["a"][0] * q["c"], {"u": q["b"]}


@program({"w": a23, "b": x5[:2]}, x5[:3])
def layer(p, x):
    return [sum(p["w"][i, j] * x[j] for j in range(len(x))) + p["b"][i] for i in range(len(p["b"]))]


@program(x5)
def masks(x: f64[n]):
    return (
        max(x[i] for i in n if x[i] < 4.5),
        sum(1 for i in n if x[i] > 2.0),
        any(v > 4.0 for v in x),
        all(x[i] > 0 for i in n),
    )


@program(x5)
def sumrows(x: f64[n]):
    return sum([x[i], 2.0 * x[i]] for i in n)


@program(x5)
def weak_table(x: f64[n]):
    h = [0 for i in dx.Fin(3)]
    for i in n:
        h[i64(x[i]) % 3 if False else 0] += 1
    return h


@program(np.array([1, 2, 5, 2], dtype=np.int32))
def wrapclamp(i: i32[n]):
    s = dx.Fin(3)
    c = dx.zeros(i64[s])
    for e in n:
        c[s.wrap(i[e])] += 1
    return c


@program(x5)
def max_accum(x: f64[n]):
    top = -1e30
    low = x[0]
    for v in x:
        top = max(top, v)
        low = min(low, v)
    return top, low


@program(x5)
def condexpr(x: f64[n]):
    return [v if v > 2 else -v for v in x], [1 if v > 2 else 0 for v in x]


@program(x5, 2.0)
def elementwise2(x: f64[n], s: f64):
    y = x * s + 1
    y = dx.where(y > 5, y, 0.0)
    return y, -y, abs(y), y.sum(), y.max(), x @ y, (y > 3)


@program(x5)
def stop(x: f64[n]):
    return dx.grad(lambda v: sum(dx.stop_gradient(v[i]) * v[i] for i in n))(x)


@program(x5)
def chk(x: f64[n]):
    f = dx.checkpoint(lambda v: dx.sin(v) * v)
    return dx.grad(lambda v: sum(f(v[i]) for i in n))(x)


@program(x5)
def unpack(x: f64[n]):
    a, b = dx.sin(x[0]), dx.cos(x[0])
    (c, d), e = (a, b), 3
    a, b = b, a
    return a, b, c, d, e


@program(3, 4)
def ints(a: i64, b: i64):
    return a // b, a % b, a**2, a / b, -a // b, a << 2, a & b, a | b, a ^ b, ~a, abs(-a), a == b, a != b


@program(x5)
def fold_while_table(x: f64[n]):
    y = x.copy()
    c = 0
    while c < 3:
        for i in n:
            y[i] = 0.5 * y[i] + c
        c += 1
    return y


@program(x5)
def stencil(x: f64[n]):
    u = x.copy()
    for t in range(3):
        v = u.copy()
        for i in n[1:-1]:
            v[i] = u[i] + 0.2 * (u[i - 1] - 2 * u[i] + u[i + 1])
        u = v
    return u


@program(x5)
def asserts(x: f64[n]):
    assert x[0] > 0.0, "positive"
    if x[1] > 100.0:
        raise ValueError("too large")
    return x[0]


class Color(Enum):
    R = 0
    G = 1
    B = 2


@program(np.array([1.0, 2.0, 3.0]))
def enums(x: f64[Color]):
    return x[Color.G], [x[c] * 2 for c in Color], sum(x)


@program(x5)
def lam_table(x: f64[n]):
    fs = (lambda v: v + 1, lambda v: v * v)
    return [f(x[0]) for f in fs], sum(f(x[1]) for f in fs)


@program(x5)
def unrolled(x: f64[n]):
    s = 0.0
    for c in (1, 2.5, 3):
        s += c * x[0]
    for name, v in {"a": 1.0, "b": x[1]}.items():
        s += v
    return s


@program(x5)
def prefix(x: f64[n]) -> f64[n]:
    out = dx.zeros(f64[n])
    s = 0.0
    for i in n:
        s += x[i]
        out[i] = s
    return out


@program(x5)
def prefix_grad(x: f64[n]) -> f64[n]:
    return dx.grad(lambda v: sum(prefix(v)[i] ** 2 for i in n))(x)


@program(x5.astype(np.float32))
def f32ops(x: f32[n]):
    s = 0.0
    for v in x:
        s += v * 0.5
    return s, f64(s), [i32(v) for v in x], x * 2 + 1


@program(a23)
def transp(a: f64[n, m]) -> f64[m, n]:
    b = dx.zeros(f64[m, n])
    for i, j in n * m:
        b[j, i] = a[i, j]
    return b


@program(a23)
def rowassign(a: f64[n, m]) -> f64[n, m]:
    b = dx.zeros(f64[n, m])
    for i in n:
        b[i] = [2.0 * a[i, j] for j in m]
    return b


@program(a23)
def generic_call(a: f64[n, m]):
    def total(z):
        return sum(v for v in z)

    return [total(a[i]) for i in n], total([total(a[i]) for i in n])


@program(x5)
def jac_in(x: f64[n]):
    return dx.jacobian(lambda v: [v[i] * v[i] for i in n])(x)


@program(x5)
def early(x: f64[n]) -> f64:
    if x[0] < 0.0:
        return 0.0
    if x[1] > 10.0:
        return 1.0
    elif x[1] > 0.5:
        y = x[1] * 2
    else:
        return 3.0
    return y


@pytest.mark.parametrize("function, args", program.slow_but("product_table", "local_fn", "grad_in_loop"))
def test_compiled_agrees_with_reference(function, args):
    assert_agrees_with_reference(function, args)
