"""A size that no parameter gives is an error where it is first needed."""

import numpy as np
import pytest

import pydex as dx
from pydex import f64

n, m = dx.index_sets("n m")


@dx.jit
def scatter(x: f64[n], p: m.Index[n]) -> f64[m]:
    return dx.zeros(f64[m])


def test_indices_of_a_set_that_no_parameter_sizes():
    with pytest.raises(NameError) as error:
        scatter(np.ones(2), np.zeros(2, int))
    first, *rest = str(error.value).splitlines()
    assert first.endswith(
        "test_unbound.py:13:24: error: the size of m is not known here: no parameter of the function has it"
    )
    assert rest == [
        "13 | def scatter(x: f64[n], p: m.Index[n]) -> f64[m]:",
        "   |                        ^",
        "help: add a parameter `size: dx.Size[m]`, or a table over m",
    ]
