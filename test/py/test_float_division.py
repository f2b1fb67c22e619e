"""`//` and `%` of floats against NumPy, at quotients of every size, and their derivatives."""

import numpy as np
import pytest

import pydex as dx
from pydex import f32, f64

pytestmark = pytest.mark.slow

n = dx.index_sets("n")

DIVIDENDS = [0.0, -0.0, 1.0, -1.0, 5.5, -5.5, 7.0, -6.0, 1e-20, -1e-20, -1e-200, 1e9, -1e9, 1e20, 1e300, -1e300]
DIVISORS = [1.0, -1.0, 0.3, -0.3, 2.0, 3.0, -3.0, 1e-200, 1e-10, 6.5, 0.0, -0.0]
SPECIAL = [np.nan, np.inf, -np.inf]


@dx.jit
def divided(x: f64[n], y: f64[n]):
    return [x[i] // y[i] for i in n], [x[i] % y[i] for i in n]


@dx.jit
def divided_f32(x: f32[n], y: f32[n]):
    return [x[i] // y[i] for i in n], [x[i] % y[i] for i in n]


@pytest.mark.parametrize("function, dtype", [(divided, np.float64), (divided_f32, np.float32)])
def test_as_numpy(function, dtype):
    with np.errstate(all="ignore"):
        pairs = np.array([(a, b) for a in DIVIDENDS + SPECIAL for b in DIVISORS + SPECIAL]).astype(dtype)
        x, y = np.ascontiguousarray(pairs.T)
        quotients, remainders = function(x, y)
        np.testing.assert_array_equal(quotients, np.floor_divide(x, y))
        np.testing.assert_array_equal(remainders, np.mod(x, y))
        signed = np.isfinite(remainders)
        np.testing.assert_array_equal(np.signbit(remainders)[signed], np.signbit(np.mod(x, y))[signed])


@pytest.mark.parametrize("x, y", [(7.5, 2.0), (-7.5, 2.0), (7.5, -2.0), (1e17, 3.0)])
def test_derivatives(x, y):
    remainder = dx.jit(lambda x, y: x % y)
    assert dx.grad(remainder, wrt=(0, 1))(x, y) == (1.0, -float(np.floor(np.longdouble(x) / np.longdouble(y))))
    assert dx.hessian(lambda x: remainder(x, 2.0))(x) == 0.0
