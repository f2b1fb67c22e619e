"""What a loop becomes, by its effects: the ops in the frontend's IR, and what `f.type` says."""

import re
from collections import Counter

import pytest

import pydex as dx
from examples.gmm_model import log_posterior
from pydex import f64, i64

n, m = dx.index_sets("n m")


def ops(function) -> Counter:
    """How often each op occurs in the frontend's IR."""
    return Counter(re.findall(r"\b(?:ix|eff|ad|scf)\.(?!tab|idx|acc\b)\w+", function.ir("frontend")))


def kinds(function) -> list[str]:
    """The kinds of results of loops, in order of the text."""
    text = function.ir("frontend")
    return [
        kind for results in re.findall(r"\} -> \((.*)\)", text) for kind in re.findall(r"(\w+) (?:!ix|[fi]\d)", results)
    ]


@dx.jit
def summed(x: f64[n]) -> f64:
    total = 0.0
    for i in n:
        total += x[i]
    return total


@dx.jit
def doubled(x: f64[n]) -> f64[n]:
    y = dx.zeros(f64[n])
    for i in n:
        y[i] = 2.0 * x[i]
    return y


@dx.jit
def every_other(x: f64[n]) -> f64[n]:
    y = x.copy()
    for i in n[::2]:
        y[i] = -y[i]
    return y


@dx.jit
def histogram(bin: m.Index[n], bins: dx.Size[m]) -> i64[m]:
    h = dx.zeros(i64[m])
    for i in n:
        h[bin[i]] += 1
    return h


@dx.jit
def running(x: f64[n]) -> f64[n]:
    y = x.copy()
    for i in n[1:]:
        y[i] = y[i - 1] + x[i]
    return y


@dx.jit
def interleaved(x: f64[n]) -> f64[2 * n]:
    y = dx.zeros(f64[2 * n])
    for i in n:
        y[2 * i] = x[i]
        y[2 * i + 1] = -x[i]
    return y


@dx.jit
def transposed(a: f64[n, m]) -> f64[m, n]:
    b = dx.zeros(f64[m, n])
    for i, j in n * m:
        b[j, i] = a[i, j]
    return b


@dx.jit
def first_large(x: f64[n]) -> f64:
    for i in n:
        if x[i] > 1.0:
            return x[i]
    return 0.0


def test_a_scalar_that_only_accumulates_is_a_reduction():
    assert kinds(summed) == ["add"]
    assert "eff.loop" not in ops(summed)


def test_a_table_of_which_every_element_is_written_is_the_table_of_the_elements():
    assert kinds(doubled) == ["tab"]
    assert "ix.update" not in ops(doubled)


def test_a_table_written_in_part_is_owned():
    assert kinds(every_other) == ["own"]


def test_disjoint_places_are_owned_by_proof():
    assert kinds(interleaved) == ["own"]
    assert kinds(transposed) == ["own", "own"]


def test_places_that_meet_accumulate():
    counts = ops(histogram)
    assert (counts["eff.accum"], counts["eff.add"], counts["eff.loop"]) == (1, 1, 0)


def test_what_an_iteration_hands_to_the_next_is_carried():
    assert ops(running)["eff.loop"] == 1
    assert ops(first_large)["eff.while"] == 1


def test_nothing_in_the_mixture_model_is_sequential():
    assert not {"eff.loop", "eff.while"} & ops(log_posterior).keys()


@pytest.mark.parametrize(
    "function, expected",
    [
        (summed, "summed(x: f64[n]) -> f64\n  line {}, for i in n: parallel; total accumulates (add)"),
        (doubled, "doubled(x: f64[n]) -> f64[n]\n  line {}, for i in n: parallel; y is owned"),
        (running, "running(x: f64[n]) -> f64[n]\n  where n ≥ 1\n  line {}, for i in n[1:]: sequential; y is carried"),
    ],
    ids=["accumulates", "owned", "carried"],
)
def test_type(function, expected):
    loop = function.function.__code__.co_firstlineno + 3
    assert function.type == expected.format(loop)
