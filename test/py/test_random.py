"""Random numbers in compiled loops: they are compiled in reasonable time and are those of the reference execution."""

import numpy as np
import pytest

import pydex as dx
from pydex import f32, u64

pytestmark = pytest.mark.slow

n = dx.index_sets("n")


@dx.jit
def noise(key: u64, k: dx.Size[n]) -> f32[n]:
    return [dx.random.randn(dx.random.ixkey(key, i)) for i in n]


@dx.jit
def total(key: u64, k: dx.Size[n]) -> f32:
    return sum(dx.random.randn(dx.random.ixkey(key, i)) for i in n)


def test_a_table_of_normal_numbers():
    """LLVM's loop vectoriser takes exponential time on chains of rounds, so such loops are not vectorised."""
    found = noise(11, 20_000)
    np.testing.assert_allclose(found[:4], noise.reference(np.uint64(11), 4), rtol=1e-5)
    assert abs(found.mean()) < 4 / np.sqrt(20_000)
    assert abs(found.std() - 1) < 0.03


def test_a_sum_of_normal_numbers():
    np.testing.assert_allclose(total(11, 20_000), noise(11, 20_000).sum(dtype="f8"), rtol=1e-4)
