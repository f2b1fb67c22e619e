"""A weighted histogram, h_b = Σ of w_i over the x_i in bin b; the gradient is that of ½ Σ h² by w."""

import pydex as dx
from pydex import f32

n, b = dx.index_sets("n b")


@dx.jit
def objective(x: f32[n], w: f32[n], bins: dx.Size[b]) -> f32[b]:
    h = dx.zeros(f32[b])
    for i in n:
        h[b.clamp(int(x[i] * f32(b.size)))] += w[i]
    return h


@dx.jit
def half_square(x: f32[n], w: f32[n], bins: dx.Size[b]) -> f32:
    h = objective(x, w, bins)
    return 0.5 * sum(h[c] * h[c] for c in b)


gradient = dx.grad(half_square, wrt="w")
