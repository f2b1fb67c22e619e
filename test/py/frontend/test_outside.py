"""What a program takes from outside of it: arrays, floats and integers of Python around it, sizes of its arguments."""

import numpy as np
import pytest

import pydex as dx
from pydex import f64

pytestmark = pytest.mark.slow

n, m = dx.index_sets("n m")
WEIGHTS = np.array([1.0, 2.0])
RATE = 0.5
COUNT = 2


@dx.jit
def weighted(x: f64[n]) -> f64:
    return sum(WEIGHTS[i] * x[i] for i in n)


@dx.jit
def scaled(x: f64) -> f64:
    return RATE * x


@dx.jit
def repeated(x: f64) -> f64:
    return sum(x for _ in range(COUNT))


def test_an_array_is_read_at_each_call(monkeypatch):
    assert weighted(np.array([3.0, 4.0])) == 11.0
    monkeypatch.setitem(globals(), "WEIGHTS", np.array([1.0, 1.0, 1.0]))
    assert weighted(np.array([3.0, 4.0, 5.0])) == 12.0


def test_its_size_has_to_be_that_of_what_it_is_used_with():
    with pytest.raises(ValueError, match="WEIGHTS"):
        weighted(np.ones(5))


def test_an_array_of_another_type_is_another_program(monkeypatch):
    weighted(np.ones(2))
    monkeypatch.setitem(globals(), "WEIGHTS", np.array([1, 2]))
    assert weighted(np.array([0.5, 0.25])) == 1.0


def test_a_float_is_read_at_each_call_without_compiling_again(monkeypatch):
    assert scaled(3.0) == 1.5
    compiled = scaled._compilations[None]
    monkeypatch.setitem(globals(), "RATE", 2.0)
    assert scaled(3.0) == 6.0
    assert scaled._compilations[None] is compiled


def test_an_integer_is_a_constant_of_the_program(monkeypatch):
    assert repeated(1.5) == 3.0
    monkeypatch.setitem(globals(), "COUNT", 4)
    assert repeated(1.5) == 6.0


def test_what_a_closure_remembers():
    def loss_of(target):
        return dx.grad(lambda x: sum((x[i] - target[i]) ** 2 for i in range(len(x))))

    np.testing.assert_array_equal(loss_of(np.array([1.0, 2.0]))(np.array([3.0, 3.0])), [4.0, 2.0])


def test_sizes_of_generic_arguments_become_equal_by_use():
    total = dx.jit(lambda x, y: sum(x[i] * y[i] for i in range(len(x))))
    assert total(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 11.0
    with pytest.raises(ValueError, match="3"):
        total(np.ones(2), np.ones(3))


@dx.jit
def halves(x: f64[n]):
    return x[::2]


@dx.jit
def rows_of_halves(a: f64[n, m]):
    return [halves(a[i]) for i in n]


def test_sizes_that_are_quotients_cross_calls():
    x = np.arange(7.0)
    np.testing.assert_array_equal(halves(x), x[::2])
    a = np.arange(10.0).reshape(2, 5)
    np.testing.assert_array_equal(rows_of_halves(a), a[:, ::2])


@dx.jit
def over_pairs(x: f64[n * m], a: f64[n], b: f64[m]) -> f64[n * m]:
    return [x[i, j] * a[i] + b[j] for i in n for j in m]


def test_a_product_of_sets_is_one_axis_in_python():
    x, a, b = np.arange(6.0), np.array([1.0, 2.0]), np.array([1.0, 2.0, 3.0])
    expected = x.reshape(2, 3) * a[:, None] + b
    np.testing.assert_array_equal(over_pairs(x, a, b), expected.ravel())


@dx.struct
class Angle:
    """In radians."""

    value: f64

    @dx.jit
    def sine(self):
        return dx.sin(self.value)


def test_a_method_can_be_compiled_by_itself():
    assert Angle(0.5).sine() == np.sin(0.5)
    assert dx.jit(lambda a: a.sine())(Angle(0.5)) == np.sin(0.5)
