"""Rows that run side by side, in the same lanes, compute what one after the other does."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import pydex as dx
from pydex import f32, f64, i64, runtime
from pydex.passes import lower_parallel, lower_reductions, lower_to_cpu

pytestmark = pytest.mark.slow

n, m = dx.index_sets("n m")
SIZES = [0, 1, 2, 3, 7, 8, 9, 16, 17, 18, 31, 33, 50, 64, 65, 130]


@dx.jit
def below(x: f64[n], w: f64[n]):
    row, column = dx.zeros(f64[n]), dx.zeros(f64[n])
    for i in n:
        for j in range(i):
            e = dx.exp(-((x[i] - x[j]) ** 2))
            row[i] += w[j] * e
            column[j] += w[i] * e
    return row, column


@dx.jit
def below_f32(x: f32[n], w: f32[n]):
    row, column = dx.zeros(f32[n]), dx.zeros(f32[n])
    for i in n:
        for j in range(i):
            e = (1.0 + (x[i] - x[j]) ** 2) ** -1.5
            row[i] += w[j] * e
            column[j] += w[i] * e
    return row, column


@dx.jit
def up_to(x: f64[n], w: f64[n]):
    """The diagonal too, and what a row does before and after its loop."""
    column = dx.zeros(f64[n])
    total = 0.0
    for i in n:
        scale = dx.exp(-w[i])
        s = 0.0
        for j in range(i + 1):
            e = dx.exp(-scale * (x[i] - x[j]) ** 2)
            s += w[j] * e
            column[j] += e
        total += s * s
    return column, total


@dx.jit
def above(x: f64[n], w: f64[n]):
    """Rows that begin one after the other, and end alike."""
    row, column = dx.zeros(f64[n]), dx.zeros(f64[n])
    for i in n:
        for j in range(i + 1, n.size):
            e = dx.exp(-((x[i] - x[j]) ** 2))
            row[i] += w[j] * e
            column[j] += w[i] * e
    return row, column


@dx.jit
def above_f32(x: f32[n], w: f32[n]):
    row, column = dx.zeros(f32[n]), dx.zeros(f32[n])
    for i in n:
        for j in range(i + 1, n.size):
            e = (1.0 + (x[i] - x[j]) ** 2) ** -1.5
            row[i] += w[j] * e
            column[j] += w[i] * e
    return row, column


@dx.jit
def from_itself(x: f64[n], w: f64[n]) -> f64:
    return sum(w[i] * w[j] * (0.1 + (x[i] - x[j]) ** 2) ** -0.5 for i in n for j in range(i, n.size))


@dx.jit
def best(x: f64[n], w: f64[n]):
    """Cells that keep the greatest, and integers that count."""
    top = [-1e300 for _ in n]
    row, often = dx.zeros(f64[n]), dx.zeros(i64[n])
    for i in n:
        for j in range(i):
            e = w[i] * dx.exp(-((x[i] - x[j]) ** 2))
            top[j] = max(top[j], e)
            often[j] += 1 if e > 0.5 else 0
            row[i] += e
    return top, often, row


@dx.jit
def total(x: f64[n], w: f64[n]) -> f64:
    return sum(w[i] * w[j] * (0.1 + (x[i] - x[j]) ** 2) ** -0.5 for i in n for j in range(i))


def _exponentials(x, w):
    return np.exp(-((x[:, None] - x) ** 2))


def _below(x, w):
    e = np.tril(_exponentials(x, w), -1)
    return e @ w, e.T @ w


def _below_f32(x, w):
    x, w = x.astype(float), w.astype(float)
    e = np.tril((1.0 + (x[:, None] - x) ** 2) ** -1.5, -1)
    return e @ w, e.T @ w


def _above(x, w):
    e = np.triu(_exponentials(x, w), 1)
    return e @ w, e.T @ w


def _above_f32(x, w):
    x, w = x.astype(float), w.astype(float)
    e = np.triu((1.0 + (x[:, None] - x) ** 2) ** -1.5, 1)
    return e @ w, e.T @ w


def _from_itself(x, w):
    return np.triu(w[:, None] * w * (0.1 + (x[:, None] - x) ** 2) ** -0.5).sum()


def _up_to(x, w):
    e = np.tril(np.exp(-np.exp(-w)[:, None] * (x[:, None] - x) ** 2))
    return e.sum(0), ((e @ w) ** 2).sum()


def _best(x, w):
    e = w[:, None] * _exponentials(x, w)
    mask = np.tril(np.ones(e.shape, bool), -1)
    return np.where(mask, e, -1e300).max(0, initial=-1e300), (mask & (e > 0.5)).sum(0), (mask * e).sum(1)


def _total(x, w):
    return np.tril(w[:, None] * w * (0.1 + (x[:, None] - x) ** 2) ** -0.5, -1).sum()


PROGRAMS = {
    below: _below,
    below_f32: _below_f32,
    above: _above,
    above_f32: _above_f32,
    from_itself: _from_itself,
    up_to: _up_to,
    best: _best,
    total: _total,
}


@pytest.fixture(autouse=True)
def taken(monkeypatch) -> Iterator[list]:
    """Loops are shared out however short they are; which of them ran as rows."""
    found: list = []
    rows = lower_to_cpu.rows
    monkeypatch.setenv("PYDEX_CACHE", "off")
    monkeypatch.setattr(lower_to_cpu, "rows", lambda op: found.append(rows(op)) or found[-1])
    yield found


@pytest.fixture(params=["one chunk", "many chunks"])
def chunks(request, monkeypatch) -> Iterator[None]:
    before = runtime.get_threads()
    if request.param == "many chunks":
        monkeypatch.setattr(lower_parallel, "LANES_CHUNK_WORK", 100)
        monkeypatch.setattr(lower_parallel, "LANES_WORK_PER_CELL", 1)
        runtime.set_threads(2)
    yield
    runtime.set_threads(before)


def elements(n: int, function=below) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    type = np.float32 if function in (below_f32, above_f32) else np.float64
    return rng.standard_normal(n).astype(type), rng.uniform(0.1, 2.0, n).astype(type)


def agree(got, want, tolerance: float) -> None:
    pairs = zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]
    for a, b in pairs:
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("function", PROGRAMS, ids=lambda f: f.__name__)
def test_same_as_numpy(function, chunks, taken) -> None:
    run, tolerance = dx.jit(function.__wrapped__), 1e-5 if function in (below_f32, above_f32) else 1e-12
    for size in SIZES:
        agree(run(*elements(size, function)), PROGRAMS[function](*elements(size, function)), tolerance)
    assert any(taken)


@pytest.mark.parametrize("function", [below_f32, above_f32], ids=lambda f: f.__name__)
@pytest.mark.parametrize("block", [1, 2])
def test_rows_longer_than_a_block_of_a_sum(function, block, monkeypatch) -> None:
    monkeypatch.setattr(lower_reductions, "SUM_BLOCK", block)
    run = dx.jit(function.__wrapped__)
    for size in SIZES:
        agree(run(*elements(size, function)), PROGRAMS[function](*elements(size, function)), 1e-5)


@pytest.mark.parametrize("function", [below, above], ids=lambda f: f.__name__)
@pytest.mark.parametrize("size", [20, 21])
def test_numbers_around_are_not_touched(function, size) -> None:
    """Neither by reading them nor by adding to them: NaN before and behind the tables."""
    run = dx.jit(function.__wrapped__)
    x, w = (np.full(96, np.nan) for _ in range(2))
    x[40 : 40 + size], w[40 : 40 + size] = elements(size)
    got = run(x[40 : 40 + size], w[40 : 40 + size])
    agree(got, PROGRAMS[function](x[40 : 40 + size], w[40 : 40 + size]), 1e-12)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@np.errstate(all="ignore")
def test_special_numbers_stay_in_their_rows(value) -> None:
    run, (x, w) = dx.jit(below.__wrapped__), elements(37)
    x[20] = value
    agree(run(x, w), _below(x, w), 1e-12)


def test_not_where_neighbours_do_not_lie_side_by_side(taken) -> None:
    @dx.jit
    def far(x: f64[n, m], w: f64[n]) -> f64[n]:
        out = dx.zeros(f64[n])
        for i in n:
            for j in range(i):
                e = dx.exp(-((x[i, 0] - x[j, 0]) ** 2)) if m.size > 0 else 0.0
                out[i] += e
                out[j] += 2.0 * e
        return out

    x, w = elements(40)
    e = np.tril(_exponentials(x, w), -1)
    agree(far(np.stack([x, x], 1), w), e.sum(1) + 2 * e.sum(0), 1e-12)
    assert not any(taken)
