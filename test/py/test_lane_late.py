"""Adds to cells that data chooses follow, block by block, a loop that runs in lanes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from test_lane_choice import chosen

import pydex as dx
from pydex import f32, f64, i32, i64, runtime
from pydex.passes.lower_lane_late import BLOCK

pytestmark = pytest.mark.slow

n, m, k, t = dx.index_sets("n m k t")


@dx.jit
def clusters(x: f64[n, m], c: f64[k, m]):
    """A step of k-means: sums and counts by the nearest centre, and the sum of all distances."""
    total = dx.zeros(f64[k, m])
    count = dx.zeros(i64[k])
    inertia = 0.0
    for i in n:
        distance = [sum((x[i, d] - c[j, d]) ** 2 for d in m) for j in k]
        best = dx.argmin(distance)
        inertia += distance[best]
        for d in m:
            total[best, d] += x[i, d]
        count[best] += 1
    return total, count, inertia


@dx.jit
def votes(x: f32[n, m], c: f32[k, m], w: f32[n], least: f32):
    """An add under a condition, of what another loop has computed, beside a table of the iterations."""
    h = dx.zeros(f32[k])
    score = dx.zeros(f32[n])
    for i in n:
        best = dx.argmax(sum(x[i, d] * c[j, d] for d in m) for j in k)
        score[i] = dx.exp(-sum(x[i, d] * x[i, d] for d in m))
        if w[i] > least:
            h[best] += w[i] * score[i]
    return h, score


@dx.jit
def largest(key: i32[n, m], c: i32[k, m], w: i64[n]) -> i64[k]:
    top = dx.accum(i64[k], max)
    for i in n:
        best = dx.argmin(sum(abs(key[i, d] - c[j, d]) for d in m) for j in k)
        top[best] = max(top[best], w[i])
    return top


@dx.jit
def checked(x: f64[n, m], c: f64[k, m], bound: f64) -> i64[k]:
    count = dx.zeros(i64[k])
    for i in n:
        best = dx.argmin(sum((x[i, d] - c[j, d]) ** 2 for d in m) for j in k)
        if x[i, 0] > bound:
            raise ValueError("too far")
        count[best] += 1
    return count


@dx.jit
def viterbi(step: f64[n, n], emit: f64[t, n]) -> f64:
    v = [0.0 for i in n]
    for q in t:
        v = [max(v[j] + step[j, i] for j in n) + emit[q, i] for i in n]
    return max(v[i] for i in n)


SIZES = [0, 1, 7, 8, 9, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 3]


def distances(x: np.ndarray, c: np.ndarray) -> np.ndarray:
    return ((x[:, None, :] - c[None]) ** 2).sum(2)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (8, 4)], ids=str)
def test_sums_by_the_nearest_centre(size: int, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(size)
    x, c = rng.normal(size=(size, shape[0])), rng.normal(size=(shape[1], shape[0]))
    best = distances(x, c).argmin(1)
    total, count, inertia = clusters(x, c)
    expected = np.zeros_like(c)
    np.add.at(expected, best, x)
    np.testing.assert_allclose(total, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(count, np.bincount(best, minlength=len(c)))
    np.testing.assert_allclose(inertia, distances(x, c).min(1, initial=np.inf).sum() if size else 0.0, rtol=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_adds_under_a_condition(size: int) -> None:
    rng = np.random.default_rng(size)
    x, c = rng.normal(size=(size, 3)).astype("f4"), rng.normal(size=(6, 3)).astype("f4")
    w = rng.uniform(size=size).astype("f4")
    score = np.exp(-(x.astype("f8") ** 2).sum(1))
    best = (x.astype("f8") @ c.astype("f8").T).argmax(1)
    expected = np.bincount(best, np.where(w > 0.3, w * score, 0.0), minlength=6)
    got, scores = votes(x, c, w, np.float32(0.3))
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(scores, score, rtol=1e-5)


@pytest.mark.parametrize("size", [1, 9, BLOCK + 5])
def test_maxima_of_integers(size: int) -> None:
    rng = np.random.default_rng(size)
    key, c = rng.integers(-50, 50, (size, 2)).astype("i4"), rng.integers(-50, 50, (4, 2)).astype("i4")
    w = rng.integers(-(10**12), 10**12, size)
    best = np.abs(key[:, None].astype(int) - c[None]).sum(2).argmin(1)
    expected = np.full(4, np.iinfo(np.int64).min)
    np.maximum.at(expected, best, w)
    np.testing.assert_array_equal(largest(key, c, w), expected)


def test_nan_wins_and_other_rows_stay_as_they_are() -> None:
    x = np.random.default_rng(0).normal(size=(BLOCK + 9, 2))
    c = np.array([[0.0, 0.0], [1.0, 1.0], [-1.0, 0.5]])
    x[[3, BLOCK + 2]] = np.nan  # all distances are NaN: the first is
    expected = distances(np.nan_to_num(x), c).argmin(1)
    expected[[3, BLOCK + 2]] = 0
    np.testing.assert_array_equal(clusters(x, c)[1], np.bincount(expected, minlength=3))


def test_arrays_that_are_not_contiguous() -> None:
    x = np.random.default_rng(1).normal(size=(4, 2 * BLOCK + 10))[:, ::2].T
    c = np.random.default_rng(2).normal(size=(10, 4))[::2]
    for got, expected in zip(clusters(x, c), clusters(x.copy(), c.copy()), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-13)


@pytest.mark.parametrize("bad", [0, 11, BLOCK + 3])
def test_what_raises_raises(bad: int) -> None:
    x = np.random.default_rng(3).uniform(-1, 1, size=(BLOCK + 20, 2))
    c = np.random.default_rng(4).normal(size=(3, 2))
    assert checked(x, c, 1.0).sum() == len(x)
    x[bad, 0] = 2.0
    with pytest.raises(ValueError, match="too far"):
        checked(x, c, 1.0)


@pytest.fixture
def threads() -> Iterator[None]:
    before = runtime.get_threads()
    yield
    runtime.set_threads(before)


def test_threads_give_the_same(threads: None) -> None:
    rng = np.random.default_rng(5)
    x, c = rng.normal(size=(40_000, 8)), rng.normal(size=(10, 8))
    runtime.set_threads(1)
    one = clusters(x, c)
    runtime.set_threads(2)
    for a, b in zip(one, clusters(x, c), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_gradient_of_viterbi_goes_along_the_best_path() -> None:
    """The derivative counts how often the best path takes each step, and emits from each state."""
    rng = np.random.default_rng(6)
    for states, steps in ((1, 1), (5, 7), (17, 40)):
        step, emit = rng.normal(size=(states, states)), rng.normal(size=(steps, states))
        v, back = np.zeros(states), []
        for row in emit:
            back.append((v[:, None] + step).argmax(0))
            v = (v[:, None] + step).max(0) + row
        path = [int(v.argmax())]
        for places in reversed(back):
            path.insert(0, int(places[path[0]]))
        by_step, by_emit = np.zeros_like(step), np.zeros_like(emit)
        for q in range(steps):
            by_step[path[q], path[q + 1]] += 1
            by_emit[q, path[q + 1]] = 1
        got = dx.grad(viterbi, wrt=("step", "emit"))(step, emit)
        np.testing.assert_array_equal(got[0], by_step)
        np.testing.assert_array_equal(got[1], by_emit)


NEAREST = """%z = arith.constant 0.0 : f64
    %h0 = ix.fill %z : f64 -> !ix.tab<[m], f64>
    %h = eff.accum add (%acc = %h0 : !ix.tab<[m], f64>) {
      ix.for %i : !ix.idx<n> {
        %best = ix.for %j : !ix.idx<m> {
          %v = ix.at %y[%j, %i : !ix.idx<m>, !ix.idx<n>] : !ix.tab<[m, n], f64> -> f64
          %q = arith.mulf %v, %v : f64
          ix.yield %q : f64
        } -> (argmin !ix.idx<m>)
        %w = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
        eff.add %acc[%best : !ix.idx<m>], %w : !eff.acc<add, !ix.tab<[m], f64>>, f64
        ix.yield
      }
      eff.yield
    }"""


def test_what_is_kept_is_what_cannot_be_read_again() -> None:
    made = chosen(NEAREST, "%x: !ix.tab<[n], f64>, %y: !ix.tab<[m, n], f64>")
    assert made.width and made.late is not None
    assert [v.name_hint for v in made.late.kept] == ["best"]
    assert [op.name for op in made.late.again] == ["ix.at"]
