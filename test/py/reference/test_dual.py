"""Dual numbers against central differences, at every primitive, to the second order."""

import math

import numpy as np
import pytest

from pydex.reference import dual, elementwise
from pydex.reference.dual import Dual, new_tag, parts

POINTS = {
    "log": (0.3, 2.5),
    "log2": (0.3, 2.5),
    "log10": (0.3, 2.5),
    "log1p": (-0.4, 2.5),
    "sqrt": (0.3, 2.5),
    "cbrt": (-0.7, 2.5),
    "asin": (-0.6, 0.4),
    "acos": (-0.6, 0.4),
    "acosh": (1.3, 2.5),
    "atanh": (-0.6, 0.4),
}
UNARY = sorted(name for name in elementwise.ELEMENTWISE if len(dual.PARTIALS.get(name, ())) == 1)
BINARY = ["+", "-", "*", "/", "**", "%", "atan2"]


def function(name):
    if name in elementwise.ELEMENTWISE:
        return elementwise.ELEMENTWISE[name]
    return lambda x, y: dual.binary(name, x, y)


def derivative(f, at, place=0):
    """∂f/∂(argument `place`) by duals; f may itself be given duals."""

    def run(*args):
        tag = new_tag()
        moved = [Dual(arg, np.float64(1.0), tag) if k == place else arg for k, arg in enumerate(args)]
        tangent = parts(f(*moved), tag)[1]
        return np.float64(0.0) if tangent is None else tangent

    return run(*at)


def difference(f, at, place=0, step=1e-5):
    """∂f/∂(argument `place`) by central differences."""
    up, down = (tuple(x + sign * step * (k == place) for k, x in enumerate(at)) for sign in (1, -1))
    return (f(*up) - f(*down)) / (2 * step)


@pytest.mark.parametrize("name", UNARY)
def test_unary(name):
    for x in POINTS.get(name, (-1.3, 0.4, 2.2)):
        at = (np.float64(x),)
        first = lambda x: derivative(function(name), (x,))  # noqa: E731
        assert derivative(function(name), at) == pytest.approx(difference(function(name), at), rel=1e-7, abs=1e-8)
        assert derivative(first, at) == pytest.approx(difference(first, at), rel=1e-7, abs=1e-8)


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("place", [0, 1])
def test_binary(name, place):
    for at in ((0.7, 1.9), (2.3, -0.6)):
        if name == "**" and at[1] < 0 and place == 1:
            at = (2.3, -0.6)
        at = tuple(map(np.float64, at))
        f = function(name)
        assert derivative(f, at, place) == pytest.approx(difference(f, at, place), rel=1e-7)
        for other in (0, 1):
            slope = lambda *args: derivative(f, args, place)  # noqa: B023, E731
            expected = difference(slope, at, other)
            assert derivative(slope, at, other) == pytest.approx(expected, rel=1e-7, abs=1e-8)


def test_every_float_function_has_a_line():
    differentiable = {*elementwise.FLOAT_FUNCTIONS, *elementwise.NUMBER_FUNCTIONS}
    assert differentiable <= set(dual.PARTIALS)


@pytest.mark.parametrize(
    ("f", "at", "expected"),
    [
        (lambda x: function("abs")(x), 0.0, 0.0),
        (lambda x: function("relu")(x), 0.0, 0.0),
        (lambda x: dual.binary("**", x, 2), 0.0, 0.0),
        (lambda x: dual.binary("**", x, 1), 0.0, 1.0),
        (lambda x: dual.binary("**", x, 0), 0.0, 0.0),
        (lambda x: dual.binary("**", np.float64(0.0), x), 2.0, 0.0),
        (lambda x: function("maximum")(x, np.float64(0.0)), 0.0, 1.0),
        (lambda x: function("maximum")(np.float64(0.0), x), 0.0, 0.0),
        (lambda x: function("where")(np.bool_(False), function("sqrt")(x), 1.0), 0.0, 0.0),
        (lambda x: function("floor")(x), 0.5, 0.0),
    ],
)
def test_ties_and_traps(f, at, expected):
    assert derivative(f, (np.float64(at),)) == expected


def test_second_derivative_of_a_square_at_zero():
    square = lambda x: dual.binary("**", x, 2)  # noqa: E731
    assert derivative(lambda x: derivative(square, (x,)), (np.float64(0.0),)) == 2.0


def test_a_tangent_has_the_type_of_its_primal():
    tag = new_tag()
    found = function("sin")(Dual(np.float32(0.3), np.float32(1.0), tag)) * 2.0
    assert parts(found, tag)[0].dtype == parts(found, tag)[1].dtype == np.float32


def test_tags_keep_perturbations_apart():
    outer = derivative(lambda x: x * derivative(lambda y: x * y, (np.float64(2.0),)), (np.float64(1.0),))
    assert outer == 2.0  # d/dx x·x, not d/dx x


def test_no_tangent_passes_an_integer():
    from pydex.types import i64

    tag = new_tag()
    assert parts(dual.convert(Dual(np.float64(2.5), np.float64(1.0), tag), i64), tag) == (2, None)
    assert math.isnan(dual.primal(Dual(np.float64("nan"), np.float64(1.0), tag)))
