"""dx.check_grads finds wrong derivatives, and only these."""

import numpy as np
import pytest

import pydex as dx
from pydex import f64

pytestmark = pytest.mark.slow

n = dx.index_sets("n")


@dx.struct
class Line:
    """a + b·x."""

    a: f64
    b: f64


@dx.jit
def fit(line: Line, x: f64[n], y: f64[n]) -> f64:
    return sum((line.a + line.b * x[i] - y[i]) ** 2 for i in n)


@dx.jit
def half_stopped(x: f64[n]) -> f64:
    return sum(dx.stop_gradient(x[i]) * x[i] for i in n)


def test_right_derivatives_pass():
    x = np.linspace(0.0, 1.0, 5)
    dx.check_grads(fit, Line(0.5, 2.0), x, x**2)
    dx.check_grads(lambda v: {"sine": dx.sin(v), "twice": (2.0 * v, 1)}, 0.3)


def test_a_wrong_derivative_is_found():
    with pytest.raises(AssertionError, match="forward mode and a finite difference disagree"):
        dx.check_grads(half_stopped, np.array([1.0, 2.0]))


def test_nothing_to_differentiate_by():
    with pytest.raises(TypeError, match="no argument has floats"):
        dx.check_grads(lambda k: k + 1, 3)
