"""`n.clamp(e)` and `n.wrap(e)` of a u64 that no i64 is as large as."""

from __future__ import annotations

import numpy as np
import pytest

import pydex as dx
from pydex import f64, i64, u64

n, m = dx.index_sets("n m")


@dx.jit
def places(x: u64[n], t: f64[m]) -> tuple[f64[n], f64[n]]:
    return [t[m.clamp(x[i])] for i in n], [t[m.wrap(x[i])] for i in n]


@dx.jit
def counts(x: u64[n], bins: dx.Size[m]) -> tuple[i64[m], i64[m]]:
    clamped, wrapped = dx.zeros(i64[m]), dx.zeros(i64[m])
    for i in n:
        clamped[m.clamp(x[i])] += 1
        wrapped[m.wrap(x[i])] += 1
    return clamped, wrapped


NUMBERS = np.array([0, 1, 8, 2**63 - 1, 2**63, 2**63 + 5, 2**64 - 1], np.uint64)


@pytest.mark.parametrize("size", [1, 2, 7])
def test_places(size):
    table = np.arange(float(size))
    clamped, wrapped = places(NUMBERS, table)
    assert clamped.tolist() == [min(int(x), size - 1) for x in NUMBERS]
    assert wrapped.tolist() == [int(x) % size for x in NUMBERS]
    for ours, reference in zip(places(NUMBERS, table), places.reference(NUMBERS, table), strict=True):
        np.testing.assert_array_equal(ours, reference)


def test_counts():
    x = np.tile(NUMBERS, 300)
    clamped, wrapped = counts(x, 7)
    np.testing.assert_array_equal(clamped, np.bincount([min(int(v), 6) for v in x], minlength=7))
    np.testing.assert_array_equal(wrapped, np.bincount([int(v) % 7 for v in x], minlength=7))


@dx.jit
def checked(x: u64, table: f64[m]) -> f64:
    return table[m.at(x)]


@pytest.mark.parametrize("ordinal", [2**63, 2**63 + 5, 2**64 - 1])
def test_a_checked_index_has_no_sign(ordinal):
    assert checked(np.uint64(1), np.arange(3.0)) == 1.0
    with pytest.raises(IndexError, match="an integer of 2\\*\\*63 or more is not an index of m"):
        checked(np.uint64(ordinal), np.arange(3.0))
    with pytest.raises(IndexError, match="7 is not an index of m, whose size is 3"):
        checked(np.uint64(7), np.arange(3.0))
