"""Iterations that own parts of one table and run at the same time leave the parts of the others alone."""

from collections.abc import Iterator

import numpy as np
import pytest
from lowering import native

import pydex as dx
from pydex import f64, runtime

n, m = dx.index_sets("n m")
rng = np.random.default_rng(0)
TIMES = 10
"""Threads that disturb each other do not always do so."""


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = runtime.get_threads()
    runtime.set_threads(2)
    yield
    runtime.set_threads(before)


@dx.jit
def replaced(a: f64[n, m]):
    u = a.copy()
    t = dx.zeros(f64[n])
    for i in n:
        old = u[i].copy()
        for j in m[1:]:
            u[i, j] = dx.sin(u[i, j] + u[i, j - 1])
        t[i] = sum(old[j] * u[i, j] for j in m)
    return u, t


@pytest.mark.slow
def test_a_row_that_is_read_as_it_was_after_its_update():
    a = rng.normal(size=(200, 200))
    u = a.copy()
    for j in range(1, 200):
        u[:, j] = np.sin(u[:, j] + u[:, j - 1])
    for _ in range(TIMES):
        found, total = replaced(a)
        np.testing.assert_allclose(found, u, rtol=0, atol=1e-12)
        np.testing.assert_allclose(total, (a * u).sum(axis=1), rtol=0, atol=1e-11)


def test_one_copy_serves_the_loop():
    ir = replaced.ir("cpu")
    assert ir.count("in_place = [false]") == 1
    assert "in_place = [true]" in ir.split("in_place = [false]")[0]


@dx.jit
def swept(a: f64[n, m]):
    u = a.copy()
    for i in n:
        for j in m[1:]:
            u[i, j] = dx.sin(u[i, j])
    return u


@dx.jit
def pulled(a: f64[n, m], w: f64[n, m]):
    u, back = dx.vjp(swept, a)
    return u, back(w)


@pytest.mark.slow
def test_reverse_mode_does_not_update_again_what_it_only_reads():
    ir = pulled.ir("cpu").split("@pulled")[1]
    assert ir.count("math.sin") == 1 and ir.count("math.cos") == 1
    a, w = rng.normal(size=(2, 20, 7))
    expected = w * np.cos(a)
    expected[:, 0] = w[:, 0]
    np.testing.assert_allclose(pulled(a, w)[1], expected, rtol=0, atol=1e-14)


def test_an_iteration_that_has_to_copy_the_table_runs_alone():
    """Two new versions of one old one: the first, which the loop keeps, is a copy."""
    f = native("""
    func.func @f(%x: !ix.tab<[n], f64>) -> (!ix.tab<[n], f64>, !ix.tab<[n], f64>) {
      ix.sizes ["n"]
      %t, %w = ix.for %i : !ix.idx<n> own (%old = %x : !ix.tab<[n], f64>) {
        %v = ix.at %old[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
        %s = math.sin %v : f64
        %c = math.cos %v : f64
        %one = ix.update %old[%i : !ix.idx<n>], %s : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
        %two = ix.update %old[%i : !ix.idx<n>], %c : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
        %r = ix.at %two[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
        ix.yield %one, %r : !ix.tab<[n], f64>, f64
      } -> (own !ix.tab<[n], f64>, tab !ix.tab<[n], f64>)
      func.return %t, %w : !ix.tab<[n], f64>, !ix.tab<[n], f64>
    }""")
    x = rng.normal(size=2000)
    for _ in range(TIMES):
        sines, cosines = f(x)
        np.testing.assert_allclose(sines, np.sin(x), rtol=0, atol=1e-14)
        np.testing.assert_allclose(cosines, np.cos(x), rtol=0, atol=1e-14)
