"""What a loop leaves in a name: seen by functions that read it whenever they are called, or by nobody."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pydex as dx
from pydex import f64

n = dx.index_sets("n")


@dx.jit
def called_before(x: f64[n]) -> f64:
    """Each turn calls what reads the turn before."""
    s, last = 0.0, 7.0

    def g():
        return last

    for i in n:
        s = s * 0.5 + g()
        last = x[i]
    return s


@dx.jit
def by_lambda(x: f64[n]) -> f64:
    s, last = 0.0, 7.0
    g = lambda z: last * z  # noqa: E731
    for i in n:
        s += g(2.0)
        last = x[i]
    return s


@dx.jit
def accumulated(x: f64[n]) -> f64:
    """Read by a function, it is no accumulation."""
    total = 0.0
    g = lambda z: total * z  # noqa: E731
    for i in n:
        total += x[i] + 0.5 * g(1.0)
    return total


@dx.jit
def element(x: f64[n]) -> f64[n]:
    t = dx.zeros(f64[n])
    g = lambda i: t[i]  # noqa: E731
    for i in n:
        t[i] = x[i] + g(n.clamp(dx.ordinal(i) - 1))
    return t


@dx.jit
def called_afterwards(x: f64[n]) -> f64:
    last = 7.0
    g = lambda z: last + z  # noqa: E731
    for i in n:
        if x[i] > 1.5:
            last = x[i]
    return g(1.0)


@dx.jit
def in_an_inner_loop(x: f64[n]) -> f64:
    s, last = 0.0, 7.0
    g = lambda: last  # noqa: E731
    for _ in n:
        s = s * 0.5 + g()
        for j in n:
            last = x[j]
    return s


@dx.jit
def unread(x: f64[n]) -> f64:
    """Nobody reads what the inner loop leaves."""
    s, unused = 0.0, 0.0
    for _ in n:
        s = s * 0.5 + 1.0
        for j in n:
            unused = x[j]  # noqa: F841
    return s


@dx.jit
def unread_table(x: f64[n]) -> f64:
    s, t = 0.0, x.copy()
    for _ in n:
        s = s * 0.5 + 1.0
        for _ in n:
            t = [v + 1.0 for v in x]  # noqa: F841
    return s


@dx.jit
def unread_in_while(x: f64[n]) -> f64:
    s, unused, k = 0.0, 0.0, 0
    while k < 3:
        k += 1
        s = s * 0.5 + 1.0
        for j in n:
            unused = x[j]  # noqa: F841
            if x[j] > 3.0:
                break
    return s


@dx.jit
def read_later(x: f64[n]) -> f64:
    s, last = 0.0, 7.0
    for _ in n:
        s = s * 0.5 + 1.0
        for j in n:
            if x[j] > 3.0:
                last = x[j]
    return s + last


@dx.jit
def default(x: f64[n]) -> f64:
    """A default is evaluated where the function is defined."""
    c = 1.0

    def g(z, w=2.0 * c, *, q=c):
        return z * w + q

    c = 9.0
    s = c + g(1.0) + g(1.0, c) + g(1.0, q=c)
    for v in x:
        s += g(v)
        c = v
    return s


@dx.jit
def default_in_unrolled_loop(x: f64[n]) -> f64:
    functions = ()
    for v in (1.0, 2.0, 3.0):
        functions = (*functions, lambda z, v=v: z * v)
    return functions[0](1.0) + 10.0 * functions[1](1.0) + 100.0 * functions[2](1.0)


@dx.jit
def default_table(x: f64[n]) -> f64:
    t = x.copy()
    g = lambda u=t: sum(v for v in u)  # noqa: E731
    t = [2.0 * v for v in t]
    return g() + sum(v for v in t)


@dx.jit
def captured_alias(x: f64[n]) -> f64:
    t = x.copy()
    u = t
    g = lambda: sum(v for v in u)  # noqa: E731
    for i in n:
        t[i] = 9.0
    return g()


@dx.jit
def default_alias(x: f64[n]) -> f64:
    t = x.copy()
    g = lambda u=t: sum(v for v in u)  # noqa: E731
    for i in n:
        t[i] = 9.0
    return g()


PROGRAMS = [default, default_in_unrolled_loop, default_table]
PROGRAMS += [called_before, by_lambda, accumulated, element, called_afterwards, in_an_inner_loop, unread, unread_table]
PROGRAMS += [unread_in_while, read_later]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_as_in_python(program: Any) -> None:
    for x in ([2.0, 4.0, 1.0], [0.5], *([] if program is element else [[]])):  # which needs an element of n
        expected = program.reference(np.array(x))
        np.testing.assert_allclose(program(np.array(x)), expected, rtol=1e-15)


@pytest.mark.parametrize("program", [captured_alias, default_alias], ids=lambda p: p.__name__)
def test_a_table_that_a_function_has_is_not_changed(program: Any) -> None:
    with pytest.raises(TypeError, match="t is also known as u, which is read later"):
        program(np.ones(3))
