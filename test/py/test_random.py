"""Random numbers in compiled loops: in lanes, compiled in reasonable time, and those of the reference execution."""

import numpy as np
import pytest

import pydex as dx
from pydex import f32, i64, u64

pytestmark = pytest.mark.slow

n = dx.index_sets("n")


@dx.jit
def noise(key: u64, k: dx.Size[n]) -> f32[n]:
    return [dx.random.randn(dx.random.ixkey(key, i)) for i in n]


@dx.jit
def total(key: u64, k: dx.Size[n]) -> f32:
    return sum(dx.random.randn(dx.random.ixkey(key, i)) for i in n)


def test_a_table_of_normal_numbers():
    """LLVM's loop vectoriser takes exponential time on chains of rounds, so such loops run in lanes, or one by one."""
    found = noise(11, 20_000)
    np.testing.assert_allclose(found[:4], noise.reference(np.uint64(11), 4), rtol=1e-5)
    assert abs(found.mean()) < 4 / np.sqrt(20_000)
    assert abs(found.std() - 1) < 0.03


def test_a_sum_of_normal_numbers():
    np.testing.assert_allclose(total(11, 20_000), noise(11, 20_000).sum(dtype="f8"), rtol=1e-4)


@dx.jit
def bits(key: u64, k: dx.Size[n]) -> u64[n]:
    return [dx.random.ixkey(key, i) for i in n]


@dx.jit
def walks(start: f32[n], key: u64) -> i64[n]:
    """How long a random walk takes to leave."""
    turns = dx.zeros(i64[n])
    for i in n:
        own = dx.random.ixkey(key, i)
        place = start[i]
        k = 0
        while abs(place) < 2.0 and k < 50:
            place += dx.random.rand(dx.random.hash(own, u64(k))) - f32(0.5)
            k += 1
        turns[i] = k
    return turns


@pytest.mark.parametrize("size", [0, 1, 7, 8, 17, 65])
def test_bits_are_those_of_the_reference(size):
    np.testing.assert_array_equal(bits(5, size), bits.reference(np.uint64(5), size))
    start = np.linspace(-2.5, 2.5, size, dtype=np.float32)
    np.testing.assert_array_equal(walks(start, 5), walks.reference(start, np.uint64(5)))


def test_loops_of_random_bits_run_in_lanes():
    for function in (bits, noise, total, walks):
        assert "arith.xori" in function.ir("mlir")
        rounds = [line for line in function.ir("mlir").splitlines() if "arith.xori" in line and ": i32" in line]
        assert len(rounds) < 16, "some keys may be the same for all iterations"
