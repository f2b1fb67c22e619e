"""Tables that are filled and copied as a whole: every type of cells, sizes around those of a chunk, any layout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import pydex as dx
from pydex import f32, f64, i8, i16, i32, i64, runtime, u8

n, m, p = dx.index_sets("n m p")

CHUNK = 1 << 18
"""Bytes: CHUNK_BYTES of memory.c."""


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = runtime.get_threads()
    runtime.set_threads(request.param)
    yield request.param
    runtime.set_threads(before)


@dx.jit
def counted(places: i64[n], size: dx.Size[m]) -> i64[m]:
    count = dx.zeros(i64[m])
    for i in n:
        count[m.clamp(places[i])] += 1
    return count


TYPES = {f32: np.float32, f64: np.float64, i8: np.int8, i16: np.int16, i32: np.int32, i64: np.int64, u8: np.uint8}
SIZES = (0, 1, 7, 1000, CHUNK // 8 - 1, CHUNK // 4, 3 * CHUNK // 8 + 5, CHUNK + 77)


@pytest.mark.parametrize("type", TYPES, ids=str)
def test_copies(type: Any, threads: int) -> None:
    @dx.jit
    def changed(x: type[n], places: n.Index[p]) -> type[n]:
        y = x.copy()
        for k in p:
            y[places[k]] = type(3)
        return y

    assert "call @pdx_copy" in changed.ir("mlir")
    rng = np.random.default_rng(0)
    for size in SIZES:
        x = rng.integers(0, 100, 2 * size).astype(TYPES[type])
        for given in (x[:size], x[::2], x[:size][::-1]):
            before, expected = given.copy(), given.copy()
            expected[:1] = 3
            np.testing.assert_array_equal(changed(given, np.arange(min(1, size))), expected)
            np.testing.assert_array_equal(given, before)


def test_fills_with_zero(threads: int) -> None:
    assert "call @pdx_fill" in counted.ir("mlir")
    for size in SIZES[1:]:
        places = np.array([0, size // 2, size - 1, size - 1])
        np.testing.assert_array_equal(counted(places, size), np.bincount(places, minlength=size))


VALUES = {f32: (1.5, -0.0, np.nan, np.inf), f64: (-2.5, -0.0, np.nan, -np.inf), u8: (0, 1, 255)}
INTEGERS = (0, 5, -1, -128)


@pytest.mark.parametrize("type", TYPES, ids=str)
def test_fills(type: Any, threads: int) -> None:
    @dx.jit
    def marked(value: type, size: dx.Size[m], rows: dx.Size[n], at_rows: n.Index[p], at: m.Index[p]) -> type[n, m]:
        t = dx.full(type[n, m], value)
        for k in p:
            t[at_rows[k], at[k]] = type(3)
        return t

    assert "call @pdx_fill" in marked.ir("mlir")
    for size in SIZES:
        for rows in (0, 1, 3):
            for value in VALUES.get(type, INTEGERS):
                value = TYPES[type](value)
                expected = np.full((rows, size), value)
                expected[:1, :1] = 3
                first = np.zeros(min(1, size, rows), int)
                found = marked(value, size, rows, first, first)
                assert found.shape == (rows, size) and found.tobytes() == expected.tobytes()


def test_small_tables_are_left_to_loops() -> None:
    @dx.jit
    def small(x: f64[dx.Fin(8)]) -> f64[dx.Fin(8)]:
        y = x.copy()
        y[dx.Fin(8).clamp(2)] = 1.0
        return y

    text = small.ir("mlir")
    assert "call @pdx_copy" not in text and "call @pdx_fill" not in text


@dx.jit
def part_of_ragged(a: f64[n, m], chosen: n.Index[p]):
    t = [[[a[i, j] + a[b, j] * 2 for b in n[: i + 1]] for j in m] for i in n]
    for s in p:
        t[chosen[s]][0][0] += a[0, 0]
    y = t[chosen[0]].copy()
    for _ in p:
        for j in m:
            y[j][0] += 1.0
    return sum(y[j][0] * f64(j) for j in m), sum(t[chosen[0]][j][0] * f64(j) for j in m)


def test_a_part_of_a_ragged_table_has_room_between_its_rows():
    a, chosen = np.random.default_rng(0).normal(size=(40, 30)), np.array([7, 9])
    np.testing.assert_allclose(part_of_ragged(a, chosen), part_of_ragged.reference(a, chosen), rtol=1e-12)
