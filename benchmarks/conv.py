"""Correlation of images with 3×3 filters, zeros around the images; the gradient is that of mean(y²) by both."""

import pydex as dx
from pydex import f32

batch, inner, outer, height, width = dx.index_sets("batch inner outer height width")
side = dx.Fin(3)


@dx.jit
def objective(
    x: f32[batch, inner, height, width], w: f32[outer, inner, side, side]
) -> f32[batch, outer, height, width]:
    padded = dx.zeros(f32[batch, inner, height + 2, width + 2])
    for s in batch:
        for c in inner:
            for i in height:
                for j in width:
                    padded[s, c, i + 1, j + 1] = x[s, c, i, j]
    return [
        [
            [
                [
                    sum(w[o, c, p, q] * padded[s, c, i + p, j + q] for c in inner for p in side for q in side)
                    for j in width
                ]
                for i in height
            ]
            for o in outer
        ]
        for s in batch
    ]


@dx.jit
def mean_square(x: f32[batch, inner, height, width], w: f32[outer, inner, side, side]) -> f32:
    y = objective(x, w)
    return (y * y).mean()


gradient = dx.grad(mean_square, wrt=("x", "w"))
