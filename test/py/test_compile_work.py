"""The passes' work grows as the program does: counted in calls of Python functions, not in seconds."""

import sys

import numpy as np
import pytest

import pydex as dx
from pydex import f64

pytestmark = pytest.mark.slow

n, m = dx.index_sets("n m")


def chain(length):
    """A function in which each of `length` values is used three times by the next."""
    steps = tuple(range(length))

    def chained(x):
        for _ in steps:  # a loop over a tuple is written out
            x = x * x * 0.5 + x
        return x

    return chained


def softmax_of(length):
    deep = chain(length)

    @dx.jit
    def softmax(x: f64[n, m]) -> f64[n, m]:
        out = dx.zeros(f64[n, m])
        for i in n:
            total = sum(dx.exp(deep(x[i, j])) for j in m)
            for j in m:
                out[i, j] = dx.exp(deep(x[i, j])) / total
        return out

    return softmax


def recurrence_of(length):
    deep = chain(length)

    @dx.jit
    def recurrence(x: f64[n]) -> f64:
        s = 0.0
        for i in n:
            s = deep(0.1 * s) + x[i]
        return s

    return recurrence


def loops_of(length):
    steps = tuple(range(length))

    @dx.jit
    def loops(x: f64[n, m]) -> f64[n]:
        out = dx.zeros(f64[n])
        for _ in steps:
            row = [sum(x[i, j] * x[i, j] for j in m) + out[i] for i in n]
            top = max(row[i] for i in n)
            out = [dx.exp(row[i] - top) for i in n]
        return out

    return loops


X = np.linspace(-0.01, 0.01, 6).reshape(2, 3)


PROGRAMS = {
    "softmax": (softmax_of, lambda f: f(X)),
    "softmax, jacobian": (softmax_of, lambda f: dx.jacobian(f)(X)),
    "loops": (loops_of, lambda f: f(X)),
    "loops, jacobian": (loops_of, lambda f: dx.jacobian(f)(X)),
    "recurrence, gradient": (recurrence_of, lambda f: dx.grad(f)(X[0])),
    "recurrence, hessian": (recurrence_of, lambda f: dx.hessian(f)(X[0])),
}


def calls(action):
    """How many Python functions are called while it runs."""
    count = 0

    def called(frame, event, arg):
        nonlocal count
        count += event == "call"

    sys.setprofile(called)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("name", PROGRAMS)
def test_twice_the_program_is_twice_the_work(name, monkeypatch):
    monkeypatch.setenv("PYDEX_CACHE", "off")
    make, use = PROGRAMS[name]
    use(make(3))  # whatever is imported at first use
    short, long = (calls(lambda length=length: use(make(length))) for length in (6, 12))
    assert long < 2.2 * short
