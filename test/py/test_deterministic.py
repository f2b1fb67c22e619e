"""`deterministic=True`: the same bits for any number of threads; what could break that is noticed when compiling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from law1.subject import subject

import pydex as dx
from pydex import f32, f64, pipeline, runtime
from pydex.passes.lower_licence import order_dependent
from pydex.passes.lower_parallel import CHUNK_WORK
from pydex.pipeline import Options

n, m, k = dx.index_sets("n m k")


def reductions(x: f32[n], w: f32[n]) -> tuple[f32, f32, f32]:
    return sum(x[i] * w[i] for i in n), max(x[i] for i in n), sum(dx.exp(-x[i]) for i in n)


def histogram(x: f32[n], w: f32[n]) -> f32[dx.Fin(50)]:
    """Privatised: a copy for each chunk."""
    h = dx.zeros(f32[dx.Fin(50)])
    for i in n:
        h[dx.Fin(50).clamp(int(50.0 * x[i]))] += w[i]
    return h


def scatter(x: f32[n], w: f32[n]) -> f32[n]:
    """As many cells as iterations: too many for copies."""
    h = dx.zeros(f32[n])
    for i in n:
        h[n.clamp(int(f32(n.size) * x[i] * x[i]))] += w[i]
    return h


def rows(x: f32[n], w: f32[n]) -> f32[dx.Fin(40)]:
    """A parallel loop in each iteration of another."""
    return [sum(dx.sin(x[i] * f32(dx.ordinal(r))) * w[i] for i in n) for r in dx.Fin(40)]


def norm(x: f32[n], w: f32[n]) -> f32:
    top = max(x[i] for i in n)
    return top + dx.log(sum(w[i] * dx.exp(x[i] - top) for i in n))


def product(a: f64[n, m], b: f64[m, k]) -> f64[n, k]:
    return [[sum(a[i, h] * b[h, j] for h in m) for j in k] for i in n]


SIZE = 12 * CHUNK_WORK + 7
RANDOM = np.random.default_rng(3)
X, W = (RANDOM.random(SIZE, dtype=np.float32) for _ in range(2))
A, B = RANDOM.random((300, 70)), RANDOM.random((70, 200))
CALLS = {
    **{f.__name__: (f, (X, W)) for f in (reductions, histogram, scatter, rows, norm)},
    "gradient": (dx.grad(dx.jit(norm, deterministic=True), wrt=(0, 1)), (X, W)),
    "product": (product, (A, B)),
}


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = runtime.get_threads()
    yield
    runtime.set_threads(before)


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS)
def test_any_number_of_threads_gives_the_same_bits(name: str) -> None:
    function, arguments = CALLS[name]
    promised = dx.jit(function, deterministic=True)
    found = []
    for count in (1, 2, 3, 5):
        runtime.set_threads(count)
        found += [bits(promised(*arguments)) for _ in range(2)]
    assert all(one == found[0] for one in found)


def bits(value: Any) -> Any:
    return [bits(part) for part in value] if isinstance(value, tuple) else np.asarray(value).tobytes()


def test_there_are_several_chunks_to_combine() -> None:
    """Else nothing would be tested: a sum in one chunk has other bits."""
    whole, parts = (pipeline.lower(*prepared(reductions), Options(parallel=p)).text for p in (False, True))
    assert "@pdx_parallel(%" not in whole and "@pdx_parallel(%" in parts


def prepared(function: Any) -> tuple[Any, str]:
    made = subject(dx.jit(function), (X[:9], W[:9]))
    pipeline.prepare(made.module, made.entry)
    return made.module, made.entry


def test_what_depends_on_threads_is_noticed() -> None:
    text = """
    llvm.func @pdx_parallel(!llvm.ptr, !llvm.ptr, i64, i64)
    llvm.func @omp_get_thread_num() -> i32
    llvm.func @entry(%frame: !llvm.ptr) {
      llvm.call @pdx_parallel(%a, %b, %c, %c) : (!llvm.ptr, !llvm.ptr, i64, i64) -> ()
      llvm.call @pdx_exp(%x) : (f64) -> f64
      %t = llvm.call @omp_get_thread_num() : () -> i32
      %o = llvm.atomicrmw fadd %p, %x monotonic : !llvm.ptr, f64
    }
    func.func private @pdx_exp(%x: f64) -> f64 attributes {always_inline} {
    }
    """
    assert order_dependent(text) == ["omp_get_thread_num", "atomicrmw"]


def test_refused() -> None:
    with pytest.raises(dx.DexError) as refused:
        dx.jit(reductions, deterministic="yes")  # pyright: ignore
    assert str(refused.value) == "error: deterministic is True or False, found 'yes'"
