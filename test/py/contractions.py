"""Programs that contract, or look as if they did, with their meaning in NumPy; shared by the tests of contractions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import pydex as dx
from pydex import f32, f64, i64

n, m, k, b = dx.index_sets("n m k b")
three = dx.Fin(3)


@dataclass(frozen=True)
class Program:
    """`shapes`: of the arguments, in letters (n, k, m = size, size + 1, size + 2; b = 3), "" for a number, "k in n" for
    k indices of n. `found`: how many contractions the pass makes of it; 0 of most that only look like one."""

    function: Any
    shapes: str
    meaning: Callable[..., Any]
    found: int = 1
    dtype: type = np.float64

    @property
    def name(self) -> str:
        return self.function.__name__

    def arguments(self, size: int) -> list[Any]:
        rng = np.random.default_rng(size)
        lengths = {"n": size, "k": size + 1, "m": size + 2, "b": 3, "3": 3, "+": 2 * size + 1, "w": size + 4}
        return [self._argument(text.strip(), lengths, rng) for text in self.shapes.split(",")]

    def _argument(self, text: str, lengths: dict[str, int], rng: np.random.Generator) -> Any:
        letters, _, among = text.partition(" in ")
        shape = [lengths[x] for x in letters]
        if among:
            return rng.integers(0, lengths[among], shape)
        if self.dtype is np.int64:
            return rng.integers(-4, 5, shape)
        return rng.standard_normal(shape).astype(self.dtype) if shape else float(rng.standard_normal())


@dx.jit
def product(x: f64[n, k], y: f64[k, m]) -> f64[n, m]:
    return [[sum(x[i, p] * y[p, j] for p in k) for j in m] for i in n]


@dx.jit
def product_f32(x: f32[n, k], y: f32[k, m]) -> f32[n, m]:
    return [[sum(x[i, p] * y[p, j] for p in k) for j in m] for i in n]


@dx.jit
def left_transposed(x: f64[k, n], y: f64[k, m]) -> f64[n, m]:
    return [[sum(x[p, i] * y[p, j] for p in k) for j in m] for i in n]


@dx.jit
def right_transposed(x: f64[n, k], y: f64[m, k]) -> f64[m, n]:
    return [[sum(y[j, p] * x[i, p] for p in k) for i in n] for j in m]


@dx.jit
def batched(x: f64[b, n, k], y: f64[b, k, m]) -> f64[b, n, m]:
    return [[[sum(x[e, i, p] * y[e, p, j] for p in k) for j in m] for i in n] for e in b]


@dx.jit
def two_sums(x: f64[n, k, m], y: f64[b, m, k]) -> f64[n, b]:
    return [[sum(x[i, p, j] * y[e, j, p] for p in k for j in m) for e in b] for i in n]


@dx.jit
def accumulated(x: f64[n, k], y: f64[k, m], start: f64[n, m]) -> f64[n, m]:
    c = start.copy()
    for p in k:
        for i in n:
            for j in m:
                c[i, j] += x[i, p] * y[p, j]
    return c


@dx.jit
def scaled(x: f64[n, k], y: f64[k, m], factor: f64) -> f64[n, m]:
    return [[sum(factor * x[i, p] * y[p, j] for p in k) for j in m] for i in n]


@dx.jit
def subtracted(x: f64[n, k], y: f64[k, m]) -> f64[n, m]:
    return [[1.0 - sum(-(x[i, p] * y[p, j]) for p in k) for j in m] for i in n]


@dx.jit
def prologue(x: f64[n, k], y: f64[k, m], w: f64[k]) -> f64[n, m]:
    return [[sum(dx.exp(x[i, p]) * w[p] * dx.relu(y[p, j] - 0.5) for p in k) for j in m] for i in n]


@dx.jit
def epilogue(x: f64[n, k], y: f64[k, m], w: f64[m]) -> f64[n]:
    row = [[dx.tanh(w[j] + sum(x[i, p] * y[p, j] for p in k)) for j in m] for i in n]
    return [sum(row[i, j] for j in m) for i in n]


@dx.jit
def chain(x: f64[n, k], y: f64[k, m], z: f64[m, b]) -> f64[n, b]:
    out = dx.zeros(f64[n, b])
    for i in n:
        inner = [dx.sin(sum(x[i, p] * y[p, j] for p in k)) for j in m]
        for e in b:
            out[i, e] += sum(inner[j] * z[j, e] for j in m)
    return out


@dx.jit
def windows(x: f64[n, m + 2], w: f64[k, three]) -> f64[n, k, m]:
    return [[[sum(x[i, j + u] * w[p, u] for u in three) for j in m] for p in k] for i in n]


@dx.jit
def strided(x: f64[2 * n + 1, k], y: f64[k, m]) -> f64[n, m]:
    return [[sum(x[2 * i + 1, p] * y[p, j] for p in k) for j in m] for i in n]


@dx.jit
def one_row_of_many(x: f64[b, n, k], y: f64[k, b, m]) -> f64[n, m]:
    total = dx.zeros(f64[n, m])
    for e in b:
        for i in n:
            for j in m:
                total[i, j] += sum(x[e, i, p] * y[p, e, j] for p in k)
    return total


@dx.jit
def per_step(x: f64[n, k], y: f64[k, k], steps: f64[b]) -> f64[n, k]:
    state = x.copy()
    for t in b:
        state = [[dx.tanh(steps[t] * sum(state[i, p] * y[p, j] for p in k)) for j in k] for i in n]
    return state


@dx.jit
def raising(x: f64[n, k], y: f64[k, m], at: m.Index[n]) -> f64:
    total = 0.0
    for i in n:
        row = [sum(x[i, p] * y[p, j] for p in k) for j in m]
        total += row[at[i]]
    return total


@dx.jit
def triangle(x: f64[n, n], y: f64[n, m]) -> f64[n, m]:
    return [[sum(x[i, p] * y[p, j] for p in dx.below(i)) for j in m] for i in n]


@dx.jit
def masked(x: f64[n, k], y: f64[k, m]) -> f64[n, m]:
    return [[sum(x[i, p] * y[p, j] for p in k if x[i, p] > y[p, j]) for j in m] for i in n]


@dx.jit
def guarded(x: f64[n, k], y: f64[k, m]) -> f64[n, m]:
    c = dx.zeros(f64[n, m])
    for i in n:
        for j in m:
            for p in k:
                if x[i, p] > 0.0:
                    c[i, j] += x[i, p] * y[p, j]
    return c


@dx.jit
def carried(x: f64[n, k], y: f64[k, m]) -> f64[n, m]:
    rows = [[0.0 for j in m] for i in n]
    last = 1.0
    for i in n:
        for j in m:
            rows[i, j] = last + sum(x[i, p] * y[p, j] for p in k)
            last = rows[i, j] * 0.5
    return rows


@dx.jit
def integers(x: i64[n, k], y: i64[k, m]) -> i64[n, m]:
    return [[sum(x[i, p] * y[p, j] for p in k) for j in m] for i in n]


@dx.jit
def three_tables(x: f64[n, k], y: f64[k, m], z: f64[n, m]) -> f64[n, m]:
    return [[sum(x[i, p] * y[p, j] * z[i, j] for p in k) for j in m] for i in n]


@dx.jit
def read_from_data(x: f64[n, k], y: f64[k, m], at: k.Index[k]) -> f64[n, m]:
    return [[sum(x[i, at[p]] * y[p, j] for p in k) for j in m] for i in n]


@dx.jit
def own_factor(x: f64[n, k], y: f64[k, m]) -> f64[n, m]:
    c = dx.zeros(f64[n, m])
    for i in n:
        row = [x[i, p] for p in k]
        for p in k[1:]:
            row[p] += row[p - 1]
        for j in m:
            c[i, j] = sum(row[p] * y[p, j] for p in k)
    return c


def _windows(x, w):
    return np.einsum("iju,lu->ilj", np.lib.stride_tricks.sliding_window_view(x, 3, axis=1), w)


def _per_step(x, y, steps):
    for t in steps:
        x = np.tanh(t * (x @ y))
    return x


def _triangle(x, y):
    return np.tril(x, -1) @ y


def _masked(x, y):
    return np.einsum("il,lj,ilj->ij", x, y, x[:, :, None] > y[None])


@dx.jit
def into_a_number(x: f64[n, k], y: f64[k, m]) -> f64[n, m]:
    """The accumulator of each sum is a number, in the loops around it."""

    def one(row, column):
        total, count = dx.accum(f64), dx.accum(f64)
        for p in k:
            total += row[p] * column[p]
            count += 1.0
        return total / count

    return [[one(x[i], [y[p, j] for p in k]) for j in m] for i in n]


def _carried(x, y):
    rows, last = x @ y, 1.0
    for at in np.ndindex(rows.shape):
        rows[at] += last
        last = rows[at] * 0.5
    return rows


def _own_factor(x, y):
    return np.cumsum(x, axis=1) @ y


PROGRAMS = [
    Program(product, "nk, km", np.matmul),
    Program(product_f32, "nk, km", np.matmul, dtype=np.float32),
    Program(left_transposed, "kn, km", lambda x, y: x.T @ y),
    Program(right_transposed, "nk, mk", lambda x, y: y @ x.T),
    Program(batched, "bnk, bkm", np.matmul),
    Program(two_sums, "nkm, bmk", lambda x, y: np.einsum("ilj,ejl->ie", x, y)),
    Program(accumulated, "nk, km, nm", lambda x, y, start: start + x @ y),
    Program(into_a_number, "nk, km", lambda x, y: x @ y / x.shape[1]),
    Program(scaled, "nk, km, ", lambda x, y, factor: factor * (x @ y)),
    Program(subtracted, "nk, km", lambda x, y: 1.0 + x @ y),
    Program(prologue, "nk, km, k", lambda x, y, w: (np.exp(x) * w) @ np.maximum(y - 0.5, 0.0)),
    Program(epilogue, "nk, km, m", lambda x, y, w: np.tanh(w + x @ y).sum(1)),
    Program(chain, "nk, km, mb", lambda x, y, z: np.sin(x @ y) @ z, found=2),
    Program(windows, "nw, k3", _windows),
    Program(strided, "+k, km", lambda x, y: x[1::2] @ y),
    Program(one_row_of_many, "bnk, kbm", lambda x, y: np.einsum("eil,lej->ij", x, y)),
    Program(per_step, "nk, kk, b", _per_step),
    Program(raising, "nk, km, n in m", lambda x, y, at: (x @ y)[np.arange(len(x)), at].sum()),
    Program(own_factor, "nk, km", _own_factor),
    Program(read_from_data, "nk, km, k in k", lambda x, y, at: x[:, at] @ y),
    Program(triangle, "nn, nm", _triangle, found=0),
    Program(masked, "nk, km", _masked, found=0),
    Program(guarded, "nk, km", lambda x, y: np.maximum(x, 0.0) @ y, found=0),
    Program(carried, "nk, km", _carried, found=0),
    Program(integers, "nk, km", np.matmul, found=0, dtype=np.int64),
    Program(three_tables, "nk, km, nm", lambda x, y, z: (x @ y) * z, found=0),
]
