# ruff: noqa: E501 - texts are compared as they are printed
"""Programs that only the frontend can refuse: the whole text of the errors. (docs/errors.md has those of newcomers.)"""

import re
import textwrap

import numpy as np
import pytest

import pydex as dx
from pydex import f64

n, m = dx.index_sets("n m")


@dx.jit
def unlike(x: f64[n], a: f64[n, m]):
    return x + a


@dx.jit
def function_out(x: f64):
    return x, lambda y: x + y


@dx.jit
def next_one(x: f64[n]):
    return [x[i + 1] for i in n]


@dx.jit
def window(x: f64[n], w: f64[m]):
    return [x[i + j] for i in n for j in m]


@dx.jit
def even_is_odd(x: f64[n]):
    y = x.copy()
    for i in dx.parallel(n):
        y[i // 2] = x[i]
    return y


REFUSED = [
    (
        unlike,
        (np.ones(2), np.ones((2, 3))),
        TypeError,
        """
        {file}:{line}:12: error: '+' of tables over [n] and [n, m]
        {line} |     return x + a
           |            ^
        help: give both the same index sets, or say which elements meet: [… for i in n]
        """,
    ),
    (
        function_out,
        (1.0,),
        TypeError,
        """
        {file}:{line}:12: error: the function <lambda> cannot be returned to Python: it exists only while the program is compiled
        {line} |     return x, lambda y: x + y
           |            ^
        """,
    ),
    (
        next_one,
        (np.ones(2),),
        IndexError,
        """
        {file}:{line}:15: error: i + 1 is not always an index of x, an axis of size n, e.g. if i = 0, n = 1
        {line} |     return [x[i + 1] for i in n]
           |               ^
        help: say what is meant: n.at(i + 1), .clamp(i + 1), .wrap(i + 1), or x.get(i + 1, default); or loop over fewer indices, such as n[1:-1]
        """,
    ),
    (
        window,
        (np.ones(3), np.ones(2)),
        IndexError,
        """
        {file}:{line}:15: error: i + j is not always an index of x, an axis of size n, e.g. if i = 0, j = 1, m = 2, n = 1
        {line} |     return [x[i + j] for i in n for j in m]
           |               ^
        help: say what is meant: n.at(i + j), .clamp(i + j), .wrap(i + j), or x.get(i + j, default); or loop over fewer indices, such as n[1:-1]
        """,
    ),
]


@pytest.mark.parametrize("function, args, kind, text", REFUSED, ids=lambda value: getattr(value, "__name__", None))
def test_text(function, args, kind, text):
    with pytest.raises(dx.DexError) as caught:
        function(*args)
    assert isinstance(caught.value, kind)
    line = function.function.__code__.co_firstlineno + 2
    expected = textwrap.dedent(text).strip().replace("{line}", str(line))
    found = re.sub(r"^\S*test_refused\.py", "{file}", str(caught.value))
    assert found == expected.replace("   |", " " * (len(str(line)) + 1) + "|")


def test_parallel_names_the_places_that_meet():
    with pytest.raises(TypeError, match="different iterations may meet at one place, e.g. i = 0"):
        even_is_odd(np.ones(4))
