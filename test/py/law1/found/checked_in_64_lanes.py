import pydex as dx
from pydex import f32, i8, i32, i64

n, m, k = dx.index_sets("n m k")
q = dx.Fin(3)


@dx.struct
class Pair:
    left: f32
    right: f32

    def __mul__(self, other):
        return Pair(self.left * other.left, self.right - other.right)

    def total(self):
        return 0.5 * (self.left + self.right)


@dx.jit
def norm(v: f32[k]) -> f32:
    return dx.sqrt(0.5 + sum(v[i] * v[i] for i in k) / (1 + k.size))


@dx.jit
def shifted(v: f32[n], w: f32[k]) -> f32[n]:
    return [v[i] + 0.25 * norm(w) for i in n]


@dx.jit
def settled(v: f32[k], z: f32) -> f32:
    for i in k:
        z = 0.5 * dx.sin(z) + 0.25 * v[i]
    return z


@dx.jit
def f(x: f32[n], y: f32[m], a: f32[n, m], p: m.Index[n], c: i64[n], s: f32):
    t0 = [(dx.tanh(x[i1]) * (0.5) - dx.relu(0.75)) for i1 in n]
    c2 = 0.0
    t3 = dx.zeros(f32[n])
    h4 = dx.zeros(f32[m])
    for i5 in n:
        u6 = x.copy()
        for r7 in m:
            for i9 in n[1:-1]:
                u6[i9] = dx.tanh(u6[i9 - 1] + u6[i9 + 1]) - 0.5 * min(a[i9, r7], 0.5)
        c10 = 0.0
        t11 = dx.zeros(f32[n])
        h12 = dx.zeros(f32[m])
        for i13 in n:
            c16 = t0[i5] * 0.5
            c17 = s * 0.5
            c18 = y[p[i13]] * 0.5
            c19 = 0.75 * 0.5
            for i14 in reversed(m):
                c16 = dx.sin(a[i5, p[i13]] * c16 - (dx.maximum(c16, 0.75)) * c16 * c18)
                c17 = dx.where((i64(i5) % 3 != 1), dx.sin(c19 * a[i5, p[i13]]), y[i14] * dx.exp(-c17 * c19))
                c18 = dx.where((u6[i13] < c17 + 0.125), dx.sin(c17 * -1.25), t0[i5] * dx.exp(-c18 * c17))
                c19 = (dx.tanh(c17) if (i64(i5) % 3 != 1) else c19 / (1.5 + c17 * c17))
            v20 = dx.atan(sum(dx.sin(x[r21] * t0[r21 - 1] + x.get(r21 + 2, 0.5)) for r21 in n[1:]) / n.size)
            c10 += 0.5 * v20
            t11[i13] = dx.sin(s)
            h12[p[i13]] += 0.25 * v20
        v22 = 0.25 * f32(sum(3 for r23 in n) % 7)
        c2 += 0.5 * v22
        t3[i5] = dx.sin(s)
        h4[p[i5]] += 0.25 * v22
    u24 = dx.zeros(f32[n, n])
    for i25 in n:
        for j26 in dx.upto(i25):
            v28 = dx.atan(t0[j26]) - 0.5 * sum(dx.sin(u24[j26, r27] * u24[i25, r27]) for r27 in dx.below(j26))
            u24[i25, j26] = dx.sqrt(1.5 + dx.sin(v28)) if i25 == j26 else v28 / (2.0 + dx.sin(u24[j26, j26]))
    t29 = [sum(u24[i25, j26] for j26 in dx.upto(i25)) for i25 in n]
    return s + c2 + sum(h4[i] for i in m) + sum(t29[i] for i in n) + dx.tanh(dx.erf(0.75)) * (dx.tanh(0.5) * (2)), h4, t29, 0.5 * s


# law1: sizes (3, 1), seed 99
