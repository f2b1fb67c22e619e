"""Of a sum that only goes into another sum, the reverse of a nest stores the latter: gradients stay what they were."""

import numpy as np
import pytest

import pydex as dx
from pydex import f64

n, d = dx.index_sets("n d")


@dx.jit
def products(x: f64[n, d], y: f64[d, d]) -> f64:
    """What is stored is all of z."""
    total = 0.0
    for i in n:
        z = [x[i, a] * y[a, a] + sum(y[a, b] * x[i, b] for b in dx.below(a)) for a in d]
        total += dx.exp(-0.1 * sum(z[a] * z[a] for a in d))
    return total


@dx.jit
def two_loops(x: f64[n, d], y: f64[d, d]) -> f64:
    """Two loops go into one sum, which can stand for one of them only."""
    total = 0.0
    for i in n:
        z = [-sum(y[a, b] * x[i, b] for b in d) - max(y[b, a] * x[i, b] for b in dx.upto(a)) + x[i, a] for a in d]
        total += dx.exp(-0.1 * sum(z[a] * z[a] for a in d))
    return total


@dx.jit
def deeper(x: f64[n, d], y: f64[d, d]) -> f64:
    """Sums in sums, and one of them seen twice."""
    total = 0.0
    for i in n:
        z = [0.0 for a in d]
        for a in d:
            inner = x[i, a] - sum((y[a, b] + sum(x[i, c] * y[c, b] for c in dx.below(b))) ** 2 for b in d)
            z[a] = dx.sin(inner + 1.0) * inner
        total += dx.exp(-0.1 * sum(z[a] * z[a] for a in d))
    return total


@dx.jit
def steps(x: f64[n, d], y: f64[d, d]) -> f64:
    """In a sequential loop, whose state such a sum becomes."""
    total = 0.0
    for i in n:
        state = 0.1
        for a in d:
            state = dx.sin(state) + (x[i, a] - sum(y[a, b] * x[i, b] * state for b in dx.upto(a)))
        total += state * state
    return total


FUNCTIONS = {f.__name__: f for f in (products, two_loops, deeper, steps)}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("sizes", [(1, 1), (3, 4), (9, 5)])
def test_gradients(name: str, sizes: tuple[int, int]) -> None:
    function = FUNCTIONS[name]
    rng = np.random.default_rng(sizes[1])
    x, y = rng.normal(size=sizes), rng.normal(size=(sizes[1], sizes[1]))
    slopes = dx.grad(function, wrt=("x", "y"))(x, y)
    for k, slope in enumerate(slopes):
        direction = rng.normal(size=slope.shape)
        near = [function(*(v + s * 1e-6 * direction if j == k else v for j, v in enumerate((x, y)))) for s in (1, -1)]
        expected = (near[0] - near[1]) / 2e-6
        np.testing.assert_allclose((slope * direction).sum(), expected, rtol=2e-6, atol=1e-8)


def test_the_whole_sum_is_stored() -> None:
    """So that its reverse multiplies x by the diagonal once, for the function."""
    text = dx.grad(products, wrt=("y",)).ir()
    gradient = text[text.index("@grad_products") :]
    assert gradient.count("arith.addf") == 2  # z, and the doubled cotangent of the squares
