"""The Mandelbrot set: after how many steps of z → z² + c a point c leaves |z| ≤ 2, at most `limit`.

Near the set's border a step doubles a rounding error or worse: there another order of roundings gives another count,
so a share of the points may differ.
"""

import numpy as np

DIFFERING = 0.01


def objective(re, im, limit):
    """The counts, [im, re]."""
    real, imag = (part.ravel() for part in np.meshgrid(re, im))
    count = np.zeros(real.size, np.int32)
    inside = np.arange(real.size)
    x, y = np.zeros_like(real), np.zeros_like(imag)
    for _ in range(limit):
        near = x * x + y * y <= 4
        inside, x, y, real, imag = inside[near], x[near], y[near], real[near], imag[near]
        x, y = x * x - y * y + real, 2 * x * y + imag
        count[inside] += 1
    return count.reshape(len(im), len(re))


gradient = None
