"""The Mandelbrot set: after how many steps of z → z² + c a point c leaves |z| ≤ 2, at most `limit`."""

import pydex as dx
from pydex import f32, i32

n, m = dx.index_sets("n m")


@dx.jit
def steps(re: f32, im: f32, limit: i32) -> i32:
    x = 0.0
    y = 0.0
    count = 0
    while count < limit and x * x + y * y <= 4.0:
        x, y = x * x - y * y + re, 2.0 * x * y + im
        count += 1
    return count


@dx.jit
def objective(re: f32[m], im: f32[n], limit: i32) -> i32[n, m]:
    return [[steps(re[j], im[i], limit) for j in m] for i in n]


gradient = None
