"""Lowered programs compute what NumPy computes: every op, and every decision about memory."""

import re

import numpy as np
import pytest
from lowering import native
from marks import slow_but

from pydex import pipeline
from pydex.dialects.text import parse

rng = np.random.default_rng(0)


@pytest.mark.slow
def test_a_table_and_a_reduction_of_one_loop():
    f = native("""
    func.func @f(%x: !ix.tab<[n, m], f64>) -> (!ix.tab<[n], f64>, f64) {
      ix.sizes ["n", "m"]
      %rows, %total = ix.for %i : !ix.idx<n> {
        %r = ix.for %j : !ix.idx<m> {
          %v = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], f64> -> f64
          ix.yield %v : f64
        } -> (add f64)
        ix.yield %r, %r : f64, f64
      } -> (tab !ix.tab<[n], f64>, max f64)
      func.return %rows, %total : !ix.tab<[n], f64>, f64
    }""")
    x = rng.normal(size=(7, 33))
    for view in (x, x[::2, ::-3], np.asfortranarray(x), np.broadcast_to(x[0], (5, 33))):
        rows, largest = f(view)
        np.testing.assert_allclose(rows, view.sum(1), rtol=1e-14, atol=1e-14)
        assert largest == rows.max()


def test_rows_are_written_where_the_caller_wants_them():
    f = native("""
    func.func @f(%x: !ix.tab<[n], f32>, %y: !ix.tab<[m], f32>) -> !ix.tab<[n, m], f32> {
      ix.sizes ["n", "m"]
      %t = ix.for %i : !ix.idx<n> {
        %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f32> -> f32
        %row = ix.for %j : !ix.idx<m> {
          %b = ix.at %y[%j : !ix.idx<m>] : !ix.tab<[m], f32> -> f32
          %p = arith.mulf %a, %b : f32
          ix.yield %p : f32
        } -> (tab !ix.tab<[m], f32>)
        ix.yield %row : !ix.tab<[m], f32>
      } -> (tab !ix.tab<[n, m], f32>)
      func.return %t : !ix.tab<[n, m], f32>
    }""")
    x, y = rng.normal(size=5).astype("f4"), rng.normal(size=40).astype("f4")
    np.testing.assert_array_equal(f(x, y), np.outer(x, y))


def test_a_ragged_table_is_stored_in_its_box():
    f = native("""
    func.func @f(%x: !ix.tab<[n], f64>) -> (!ix.tab<[n, #0 + 1], f64>, f64) {
      ix.sizes ["n"]
      %t = ix.for %i "i" : !ix.idx<n> {
        %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
        %row = ix.for %j : !ix.idx<i + 1> {
          %k = ix.index (%j * 1 : !ix.idx<i + 1>) + 0 : !ix.idx<n>
          %b = ix.at %x[%k : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
          %p = arith.mulf %a, %b : f64
          ix.yield %p : f64
        } -> (tab !ix.tab<[i + 1], f64>)
        ix.yield %row : !ix.tab<[i + 1], f64>
      } -> (tab !ix.tab<[n, #0 + 1], f64>)
      %s = ix.for %i "k" : !ix.idx<n> {
        %row = ix.at %t[%i : !ix.idx<n>] : !ix.tab<[n, #0 + 1], f64> -> !ix.tab<[k + 1], f64>
        %r = ix.for %j : !ix.idx<k + 1> {
          %v = ix.at %row[%j : !ix.idx<k + 1>] : !ix.tab<[k + 1], f64> -> f64
          ix.yield %v : f64
        } -> (add f64)
        ix.yield %r : f64
      } -> (add f64)
      func.return %t, %s : !ix.tab<[n, #0 + 1], f64>, f64
    }""")
    x = rng.normal(size=9)
    table, total = f(x)
    expected = np.tril(np.outer(x, x))
    np.testing.assert_array_equal(np.tril(table), expected)
    assert total == pytest.approx(expected.sum(), rel=1e-13)


def test_updates_are_in_place_unless_the_old_table_is_read_again():
    f = native("""
    func.func @f(%x: !ix.tab<[n], f64>, %i: !ix.idx<n>) -> (!ix.tab<[n], f64>, !ix.tab<[n], f64>, f64) {
      ix.sizes ["n"]
      %c = arith.constant 7.0 : f64
      %d = arith.constant 8.0 : f64
      %a = ix.update %x[%i : !ix.idx<n>], %c : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
      %b = ix.update %a[%i : !ix.idx<n>], %d : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
      %e = ix.update %b[%i : !ix.idx<n>], %c : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
      %v = ix.at %b[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      func.return %a, %e, %v : !ix.tab<[n], f64>, !ix.tab<[n], f64>, f64
    }""")
    x = rng.normal(size=4)
    before = x.copy()
    seven = x.copy()
    seven[2] = 7
    a, e, v = f(x, 2)
    np.testing.assert_array_equal(a, seven)
    np.testing.assert_array_equal(e, seven)
    assert v == 8 and (x == before).all()


def test_own_loops_and_pieces_of_tables():
    f = native("""
    func.func @f(%x: !ix.tab<[n, m], i64>) -> !ix.tab<[n, m], i64> {
      ix.sizes ["n", "m"]
      %z = arith.constant 0 : i64
      %t = ix.for %i : !ix.idx<n> own (%t0 = %x : !ix.tab<[n, m], i64>) {
        %row = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n, m], i64> -> !ix.tab<[m], i64>
        %twice = ix.for %j : !ix.idx<m> {
          %v = ix.at %row[%j : !ix.idx<m>] : !ix.tab<[m], i64> -> i64
          %w = arith.addi %v, %v : i64
          ix.yield %w : i64
        } -> (tab !ix.tab<[m], i64>)
        %t1 = ix.update %t0[%i : !ix.idx<n>], %twice : !ix.tab<[n, m], i64>, !ix.tab<[m], i64> -> !ix.tab<[n, m], i64>
        ix.yield %t1 : !ix.tab<[n, m], i64>
      } -> (own !ix.tab<[n, m], i64>)
      func.return %t : !ix.tab<[n, m], i64>
    }""")
    x = rng.integers(0, 100, size=(6, 5))
    np.testing.assert_array_equal(f(x), 2 * x)


MATRIX_PRODUCT = """
func.func @product(%a: !ix.tab<[n, l], f32>, %b: !ix.tab<[l, m], f32>) -> !ix.tab<[n, m], f32> {
  ix.sizes ["n", "l", "m"]
  %c = ix.for %i : !ix.idx<n> {
    %row = ix.for %j : !ix.idx<m> {
      %s = ix.for %k "q" : !ix.idx<l> {
        %x = ix.at %a[%i, %k : !ix.idx<n>, !ix.idx<l>] : !ix.tab<[n, l], f32> -> f32
        %y = ix.at %b[%k, %j : !ix.idx<l>, !ix.idx<m>] : !ix.tab<[l, m], f32> -> f32
        %p = arith.mulf %x, %y : f32
        ix.yield %p : f32
      } -> (add f32)
      ix.yield %s : f32
    } -> (tab !ix.tab<[m], f32>)
    ix.yield %row : !ix.tab<[m], f32>
  } -> (tab !ix.tab<[n, m], f32>)
  func.return %c : !ix.tab<[n, m], f32>
}"""


@pytest.mark.slow
@pytest.mark.parametrize("n,k,m", [(3, 0, 5), (1, 7, 1), (33, 65, 17), (130, 50, 120)])
def test_matrix_products_before_and_after_interchange(n, k, m):
    a, b = rng.normal(size=(n, k)).astype("f4"), rng.normal(size=(k, m)).astype("f4")
    for passes in (["ix-own"], ["ix-interchange", "ix-own"]):
        np.testing.assert_allclose(native(MATRIX_PRODUCT, passes)(a, b), a.astype("f8") @ b, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_short_loops_are_written_out():
    f = native("""
    func.func @f(%x: !ix.tab<[n, 3, 2], f64>) -> (!ix.tab<[n, 3, 2], f64>, !ix.tab<[n, 3], f64>, !ix.idx<3>) {
      ix.sizes ["n"]
      %zero = arith.constant 0.0 : f64
      %t, %s, %m = ix.for %i : !ix.idx<n> own (%t0 = %x : !ix.tab<[n, 3, 2], f64>) {
        %row = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n, 3, 2], f64> -> !ix.tab<[3, 2], f64>
        %r, %sums, %best = ix.for %j "j" : !ix.idx<3> own (%r0 = %row : !ix.tab<[3, 2], f64>) {
          %b = ix.for %k : !ix.idx<2> {
            %v = ix.at %r0[%j, %k : !ix.idx<3>, !ix.idx<2>] : !ix.tab<[3, 2], f64> -> f64
            %w = arith.addf %v, %v : f64
            ix.yield %w : f64
          } -> (tab !ix.tab<[2], f64>)
          %u = ix.update %r0[%j : !ix.idx<3>], %b : !ix.tab<[3, 2], f64>, !ix.tab<[2], f64> -> !ix.tab<[3, 2], f64>
          %s = ix.for %k : !ix.idx<j> {
            %kk = ix.index (%k * 1 : !ix.idx<j>) + 0 : !ix.idx<2>
            %v = ix.at %b[%kk : !ix.idx<2>] : !ix.tab<[2], f64> -> f64
            ix.yield %v : f64
          } -> (add f64)
          ix.yield %u, %s, %s : !ix.tab<[3, 2], f64>, f64, f64
        } -> (own !ix.tab<[3, 2], f64>, tab !ix.tab<[3], f64>, argmax !ix.idx<3>)
        %t1 = ix.update %t0[%i : !ix.idx<n>], %r
            : !ix.tab<[n, 3, 2], f64>, !ix.tab<[3, 2], f64> -> !ix.tab<[n, 3, 2], f64>
        %bo = ix.ord %best : !ix.idx<3>
        %bi = arith.index_cast %bo : index to i64
        ix.yield %t1, %sums, %bi : !ix.tab<[n, 3, 2], f64>, !ix.tab<[3], f64>, i64
      } -> (own !ix.tab<[n, 3, 2], f64>, tab !ix.tab<[n, 3], f64>, max i64)
      %mo = arith.index_cast %m : i64 to index
      %mi = ix.index (%mo * 1 : index) + 0 : !ix.idx<3>
      func.return %t, %s, %mi : !ix.tab<[n, 3, 2], f64>, !ix.tab<[n, 3], f64>, !ix.idx<3>
    }""")
    x = rng.normal(size=(5, 3, 2))
    doubled, sums, best = f(x)
    expected = np.stack([np.zeros(5), 2 * x[:, 1, 0], 2 * x[:, 2].sum(1)], 1)
    np.testing.assert_array_equal(doubled, 2 * x)
    np.testing.assert_allclose(sums, expected)
    assert best == expected.argmax(1).max()


def test_a_row_that_is_computed_from_the_rows_it_replaces():
    f = native("""
    func.func @f(%x: !ix.tab<[n, n], i64>) -> !ix.tab<[n, n], i64> {
      ix.sizes ["n"]
      %r = eff.loop %i : !ix.idx<n> carry (%t = %x : !ix.tab<[n, n], i64>) {
        %row = ix.for %j : !ix.idx<n> {
          %k = ix.index (%j * -1 : !ix.idx<n>) + n - 1 : !ix.idx<n>
          %v = ix.at %t[%i, %k : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n, n], i64> -> i64
          ix.yield %v : i64
        } -> (tab !ix.tab<[n], i64>)
        %u = ix.update %t[%i : !ix.idx<n>], %row : !ix.tab<[n, n], i64>, !ix.tab<[n], i64> -> !ix.tab<[n, n], i64>
        eff.yield %u : !ix.tab<[n, n], i64>
      }
      func.return %r : !ix.tab<[n, n], i64>
    }""")
    x = rng.integers(0, 100, size=(6, 6))
    np.testing.assert_array_equal(f(x), x[:, ::-1])


STENCIL = """
func.func @f(%u: !ix.tab<[n], f64>, %t: !ix.tab<[t], f64>) -> !ix.tab<[n], f64> {
  ix.sizes ["n", "t"]
  %h = arith.constant 0.5 : f64
  %r = eff.loop %s : !ix.idx<t> carry (%v = %u : !ix.tab<[n], f64>) {
    %w = ix.for %i : !ix.idx<n> {
      %k = ix.index (%i * -1 : !ix.idx<n>) + n - 1 : !ix.idx<n>
      %a = ix.at %v[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %b = ix.at %v[%k : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %c = arith.mulf %h, %b : f64
      %d = arith.addf %a, %c : f64
      ix.yield %d : f64
    } -> (tab !ix.tab<[n], f64>)
    eff.yield %w : !ix.tab<[n], f64>
  }
  func.return %r : !ix.tab<[n], f64>
}"""


@pytest.mark.parametrize("steps", slow_but(["2"], [0, 1, 2, 5]))
def test_a_loop_that_makes_a_new_table_swaps_buffers(steps):
    u = rng.normal(size=11)
    expected = u
    for _ in range(steps):
        expected = expected + 0.5 * expected[::-1]
    np.testing.assert_allclose(native(STENCIL)(u, np.zeros(steps)), expected, rtol=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize("outer", [1, 2])
@pytest.mark.parametrize("inner", [0, 1, 2, 3])
def test_a_loop_that_swaps_buffers_inside_of_another(outer, inner):
    """After an odd number of swaps the inner loop's table is not where it began."""
    f = native("""
    func.func @f(%x: !ix.tab<[n], f64>, %steps: !ix.tab<[o, i], f64>) -> !ix.tab<[n], f64> {
      ix.sizes ["n", "o", "i"]
      %r = eff.loop %s : !ix.idx<o> carry (%t = %x : !ix.tab<[n], f64>) {
        %u = eff.loop %k : !ix.idx<i> carry (%v = %t : !ix.tab<[n], f64>) {
          %step = ix.at %steps[%s, %k : !ix.idx<o>, !ix.idx<i>] : !ix.tab<[o, i], f64> -> f64
          %w = ix.for %j : !ix.idx<n> {
            %a = ix.at %v[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
            %b = arith.addf %a, %step : f64
            ix.yield %b : f64
          } -> (tab !ix.tab<[n], f64>)
          eff.yield %w : !ix.tab<[n], f64>
        }
        eff.yield %u : !ix.tab<[n], f64>
      }
      func.return %r : !ix.tab<[n], f64>
    }""")
    steps = rng.integers(9, size=(outer, inner)).astype("f8")
    np.testing.assert_array_equal(f(np.arange(5.0), steps), np.arange(5.0) + steps.sum())


def test_a_loop_updates_its_table_in_place_and_gives_tables_of_its_iterations():
    f = native("""
    func.func @f(%x: !ix.tab<[n], f64>) -> (!ix.tab<[n], f64>, f64, !ix.tab<[n], f64>, !ix.tab<[n, n], f64>) {
      ix.sizes ["n"]
      %zero = arith.constant 0.0 : f64
      %l, %s, %tape, %all = eff.loop reverse %i : !ix.idx<n> carry (%t = %x : !ix.tab<[n], f64>, %a = %zero : f64) {
        %v = ix.at %t[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
        %b = arith.addf %a, %v : f64
        %u = ix.update %t[%i : !ix.idx<n>], %b : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
        eff.yield %u, %b, %a, %u : !ix.tab<[n], f64>, f64, f64, !ix.tab<[n], f64>
      } -> (!ix.tab<[n], f64>, !ix.tab<[n, n], f64>)
      func.return %l, %s, %tape, %all : !ix.tab<[n], f64>, f64, !ix.tab<[n], f64>, !ix.tab<[n, n], f64>
    }""")
    x = rng.normal(size=6)
    last, total, tape, every = f(x)
    sums = np.cumsum(x[::-1])[::-1]
    np.testing.assert_allclose(last, sums)
    np.testing.assert_allclose(total, x.sum())
    np.testing.assert_allclose(tape, np.append(sums[1:], 0))
    for i in range(6):
        np.testing.assert_allclose(every[i], np.append(x[:i], sums[i:]))


def test_while_carries_scalars_and_tables_and_counts_trips():
    f = native("""
    func.func @f(%x: !ix.tab<[n], f64>, %limit: f64) -> (!ix.tab<[n], f64>, f64, index) {
      ix.sizes ["n"]
      %one = arith.constant 1.0 : f64
      %two = arith.constant 2.0 : f64
      %t, %s, %trips = eff.while (%v = %x : !ix.tab<[n], f64>, %a = %one : f64) {
        %go = arith.cmpf olt, %a, %limit : f64
        eff.condition %go
      } do {
      ^bb0(%v: !ix.tab<[n], f64>, %a: f64):
        %w = ix.for %i : !ix.idx<n> {
          %e = ix.at %v[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
          %d = arith.addf %e, %a : f64
          ix.yield %d : f64
        } -> (tab !ix.tab<[n], f64>)
        %b = arith.mulf %a, %two : f64
        eff.yield %w, %b : !ix.tab<[n], f64>, f64
      }
      func.return %t, %s, %trips : !ix.tab<[n], f64>, f64, index
    }""")
    x = rng.normal(size=5)
    for limit, trips in ((0.0, 0), (1.5, 1), (8.0, 3), (9.0, 4)):
        table, last, count = f(x, limit)
        np.testing.assert_allclose(table, x + (2**trips - 1))
        assert (last, count) == (2.0**trips, trips)


def test_branches_update_in_place_or_make_tables():
    f = native("""
    func.func @f(%x: !ix.tab<[n], f64>, %c: i1, %i: !ix.idx<n>) -> (!ix.tab<[n], f64>, !ix.tab<[n], f64>, f64) {
      ix.sizes ["n"]
      %v = arith.constant 3.0 : f64
      %t = ix.fill %v : f64 -> !ix.tab<[n], f64>
      %u, %k = scf.if %c -> (!ix.tab<[n], f64>, f64) {
        %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
        %w = ix.update %t[%i : !ix.idx<n>], %a : !ix.tab<[n], f64>, f64 -> !ix.tab<[n], f64>
        scf.yield %w, %a : !ix.tab<[n], f64>, f64
      } else {
        scf.yield %t, %v : !ix.tab<[n], f64>, f64
      }
      %m = scf.if %c -> (!ix.tab<[n], f64>) {
        scf.yield %x : !ix.tab<[n], f64>
      } else {
        %y = ix.for %j : !ix.idx<n> {
          %b = ix.at %u[%j : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
          %d = arith.addf %b, %b : f64
          ix.yield %d : f64
        } -> (tab !ix.tab<[n], f64>)
        scf.yield %y : !ix.tab<[n], f64>
      }
      func.return %u, %m, %k : !ix.tab<[n], f64>, !ix.tab<[n], f64>, f64
    }""")
    x = rng.normal(size=4)
    updated = np.full(4, 3.0)
    updated[1] = x[1]
    u, m, k = f(x, True, 1)
    np.testing.assert_array_equal(u, updated)
    np.testing.assert_array_equal(m, x)
    assert k == x[1]
    u, m, k = f(x, False, 1)
    np.testing.assert_array_equal(u, np.full(4, 3.0))
    np.testing.assert_array_equal(m, np.full(4, 6.0))
    assert k == 3


HISTOGRAM = """
func.func @f(%b: !ix.tab<[n], !ix.idx<m>>, %w: !ix.tab<[n], f32>, %h0: !ix.tab<[m], f32>) -> (!ix.tab<[m], f32>, f32) {
  ix.sizes ["n", "m"]
  %z = arith.constant 0.0 : f32
  %h, %s = eff.accum add, add (%h = %h0 : !ix.tab<[m], f32>, %s = %z : f32) {
    ix.for %i : !ix.idx<n> {
      %k = ix.at %b[%i : !ix.idx<n>] : !ix.tab<[n], !ix.idx<m>> -> !ix.idx<m>
      %v = ix.at %w[%i : !ix.idx<n>] : !ix.tab<[n], f32> -> f32
      eff.add %h[%k : !ix.idx<m>], %v : !eff.acc<add, !ix.tab<[m], f32>>, f32
      eff.add %s[], %v : !eff.acc<add, f32>, f32
      ix.yield
    }
    eff.yield
  }
  func.return %h, %s : !ix.tab<[m], f32>, f32
}"""


STEPS = """
func.func @f(%x: !ix.tab<[n], f64>) -> (!ix.tab<[n], f64>, !ix.tab<[n], f64>) {
  ix.sizes ["n"]
  %t = ix.for %i : !ix.idx<n> {
    %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
    %b = math.exp %a : f64
    ix.yield %b : f64
  } -> (tab !ix.tab<[n], f64>)
  %last = eff.loop %s : !ix.idx<3> carry (%u = %x : !ix.tab<[n], f64>) {
    %v = ix.for %i : !ix.idx<n> {
      %a = ix.at %u[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
      %b = math.tanh %a : f64
      ix.yield %b : f64
    } -> (tab !ix.tab<[n], f64>)
    eff.yield %v : !ix.tab<[n], f64>
  }
  func.return %t, %last : !ix.tab<[n], f64>, !ix.tab<[n], f64>
}"""


def test_one_chunk_is_a_call_but_in_a_sequential_loop():
    text = pipeline.lower(prepared(STEPS), "f").text
    calls = [line for line in text.splitlines() if re.search(r"llvm.call @\w+\.\d", line)]
    assert ["always_inline" in line for line in calls] == [False, True]


@pytest.mark.parametrize("n", [0, 1, 7, 14, 30_000])
def test_loops_in_sequential_loops_of_any_length(n):
    x = rng.normal(size=n)
    for found, expected in zip(native(STEPS)(x), (np.exp(x), np.tanh(np.tanh(np.tanh(x)))), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_two_buffers_of_one_shape_are_carried_as_two_pointers():
    text = pipeline.lower(prepared(STEPS), "f").text
    carried = [line for line in text.splitlines() if "scf.for" in line and "!llvm.ptr" in line]
    assert carried and all("-> (!llvm.ptr, !llvm.ptr) :" in line for line in carried)


def test_a_block_computes_no_address_twice():
    text = pipeline.lower(prepared(BOTH_ENDS), "f").text
    known = [set[str]()]
    for line in text.splitlines():
        if line.lstrip().startswith("}"):
            known.pop()
        if line.endswith("{"):
            known.append(set())
        found = line.strip().partition(" = ")[2]
        if found.startswith(("arith.", "llvm.getelementptr")):
            assert not any(found in block for block in known), line
            known[-1].add(found)
    assert "llvm.getelementptr" in text


BOTH_ENDS = """
func.func @f(%x : !ix.tab<[n, n], f64>) -> !ix.tab<[n, n], f64> {
  ix.sizes ["n"]
  %t = ix.for %i : !ix.idx<n> {
    %row = ix.for %j : !ix.idx<n> {
      %a = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n, n], f64> -> f64
      %b = ix.at %x[%j, %i : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n, n], f64> -> f64
      %c = ix.at %x[%i, %i : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n, n], f64> -> f64
      %d = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<n>] : !ix.tab<[n, n], f64> -> f64
      %e = arith.addf %a, %b : f64
      %g = arith.addf %c, %d : f64
      %h = arith.mulf %e, %g : f64
      ix.yield %h : f64
    } -> (tab !ix.tab<[n], f64>)
    ix.yield %row : !ix.tab<[n], f64>
  } -> (tab !ix.tab<[n, n], f64>)
  func.return %t : !ix.tab<[n, n], f64>
}"""


def test_what_is_written_once_is_right():
    x = rng.normal(size=(5, 5))
    expected = (x + x.T) * (np.diag(x)[:, None] + x)
    np.testing.assert_allclose(native(BOTH_ENDS)(x), expected, rtol=1e-15)


def prepared(text):
    module = parse(text)
    pipeline.run_passes(module, ("ix-own",))
    return module


@pytest.mark.parametrize("n,m", [(0, 3), (10, 3), (300_000, 256), (50_000, 100_000)])
def test_accumulators_shared_by_chunks(n, m):
    bins, weights, start = rng.integers(0, m, n), rng.random(n, "f4"), rng.random(m, "f4")
    f = native(HISTOGRAM)
    table, total = f(bins, weights, start)
    expected = np.bincount(bins, weights, m) + start
    np.testing.assert_allclose(table, expected, rtol=2e-5)
    assert total == pytest.approx(weights.sum(dtype="f8"), rel=1e-6)
    again, _ = f(bins, weights, start)
    np.testing.assert_array_equal(table, again)


def test_a_long_f32_sum_keeps_six_digits():
    f = native("""
    func.func @f(%x: !ix.tab<[n], f32>) -> f32 {
      ix.sizes ["n"]
      %s = ix.for %i : !ix.idx<n> {
        %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f32> -> f32
        ix.yield %v : f32
      } -> (add f32)
      func.return %s : f32
    }""")
    x = rng.random(3_000_001, "f4")
    assert f(x) == pytest.approx(x.sum(dtype="f8"), rel=3e-7)


REDUCTIONS = """
func.func @f(%x: !ix.tab<[n], T>) -> (T, T, T, !ix.idx<n>, !ix.idx<n>) {
  ix.sizes ["n"]
  %p, %a, %b, %i, %j = ix.for %k : !ix.idx<n> {
    %v = ix.at %x[%k : !ix.idx<n>] : !ix.tab<[n], T> -> T
    ix.yield %v, %v, %v, %v, %v : T, T, T, T, T
  } -> (mul T, max T, min T, argmax !ix.idx<n>, argmin !ix.idx<n>)
  func.return %p, %a, %b, %i, %j : T, T, T, !ix.idx<n>, !ix.idx<n>
}"""


@pytest.mark.parametrize("type,dtype", [("f32", "f4"), ("f64", "f8"), ("i64", "i8"), ("i32", "i4"), ("i8", "i1")])
@pytest.mark.parametrize("n", slow_but(["5"], [1, 5, 60_000]))
def test_reductions(type, dtype, n):
    x = (rng.integers(-3, 4, size=n) + (0 if "i" in dtype else 0.5)).astype(dtype)
    product, largest, least, first, last = native(REDUCTIONS.replace("T", type))(x)
    with np.errstate(over="ignore"):
        expected = np.prod(x, dtype=dtype)
    np.testing.assert_allclose(product, expected, rtol=1e-6 * n**0.5)
    assert (largest, least, first, last) == (x.max(), x.min(), x.argmax(), x.argmin())


@pytest.mark.parametrize("where", slow_but(["3"], [0, 3, 49_999, 99_999]))
def test_nan_wins_max_min_argmax_and_argmin(where):
    x = rng.normal(size=100_000)
    x[where] = np.nan
    x[[70_000, 99_999]] = np.nan
    _, largest, least, first, last = native(REDUCTIONS.replace("T", "f64"))(x)
    assert np.isnan(largest) and np.isnan(least) and first == last == x.argmax()


COMPUTED = REDUCTIONS.replace("%v = ix.at", "%u = ix.at").replace(
    "    ix.yield", "    %v = arith.addf %u, %u : T\n    ix.yield"
)

INF, NAN = np.inf, np.nan
EDGES = {
    "least": [-INF] * 3,
    "greatest": [INF] * 3,
    "zeros": [0.0, -0.0, 0.0],
    "negative zeros": [-0.0, 0.0, -0.0],
    "subnormal": [5e-324, 0.0, -5e-324, 5e-324],
    "infinite": [1.0, INF, -INF, INF, -INF],
    "nan after inf": [1.0, INF, -INF, NAN, INF],
    "negative nan": [1.0, -NAN, INF],
    "negative": [-1.0, -1.0 - 1e-15, -2.0, -1.0],
}


@pytest.mark.parametrize("program", [REDUCTIONS, COMPUTED], ids=["read", "computed"])
@pytest.mark.parametrize("type,dtype", [("f32", "f4"), ("f64", "f8")])
def test_the_place_of_the_best(program, type, dtype):
    f = native(program.replace("T", type))
    for name, values in EDGES.items():
        x = np.array(values).astype(dtype)
        assert f(x)[3:] == (x.argmax(), x.argmin()), name
    for size in (1, 2, 15, 17, 255, 256, 257, 1023, 1024, 1025, 5000):
        x = rng.integers(-40, 40, size=size).astype(dtype)
        assert f(x)[3:] == (x.argmax(), x.argmin()), size
        assert f(x[::-1])[3:] == (x[::-1].argmax(), x[::-1].argmin()), size
        x[size // 2 :] = NAN
        assert f(x)[3:] == (size // 2, size // 2), size


@pytest.mark.parametrize("type,dtype", [("i32", "i4"), ("i64", "i8")])
def test_the_place_of_the_least_integer(type, dtype):
    x = np.full(700, np.iinfo(dtype).min, dtype)
    assert native(REDUCTIONS.replace("T", type))(x)[3:] == (0, 0)
    x[600] = np.iinfo(dtype).max
    assert native(REDUCTIONS.replace("T", type))(x)[3:] == (600, 0)


def test_and_or_and_unsigned_reductions():
    f = native("""
    func.func @f(%x: !ix.tab<[n], i1>, %y: !ix.tab<[n], i32>) -> (i1, i1, i32, i32) {
      ix.sizes ["n"]
      %a, %o, %u, %v = ix.for %k : !ix.idx<n> {
        %b = ix.at %x[%k : !ix.idx<n>] : !ix.tab<[n], i1> -> i1
        %c = ix.at %y[%k : !ix.idx<n>] : !ix.tab<[n], i32> -> i32
        ix.yield %b, %b, %c, %c : i1, i1, i32, i32
      } -> (and i1, or i1, umax i32, umin i32)
      func.return %a, %o, %u, %v : i1, i1, i32, i32
    }""")
    y = np.array([5, -1, 7], "i4")
    assert f(np.array([True, False, True]), y) == (False, True, -1, 5)
    assert f(np.array([True, True, True]), y)[:2] == (True, True)
    assert f(np.array([], bool), np.array([], "i4"))[:2] == (True, False)


def test_integer_division_never_traps():
    f = native("""
    func.func @f(%a: i64, %b: i64) -> (i64, i64, i64, i64) {
      %q = arith.floordivsi %a, %b : i64
      %d = arith.divsi %a, %b : i64
      %r = arith.remsi %a, %b : i64
      %c = arith.ceildivsi %a, %b : i64
      func.return %q, %d, %r, %c : i64, i64, i64, i64
    }""")
    least = np.iinfo("i8").min
    assert f(least, -1) == (least, least, 0, least)
    for a, b in ((7, 2), (-7, 2), (7, -2), (-7, -2), (5, -1), (6, 3)):
        toward_zero = abs(a) // abs(b) * (1 if a * b > 0 else -1)
        assert f(a, b) == (a // b, toward_zero, a - b * toward_zero, -(-a // b))


def test_floats_saturate_as_integers():
    f = native("""
    func.func @f(%x: f64) -> (i32, i8, i64) {
      %a = arith.fptosi %x : f64 to i32
      %b = arith.fptoui %x : f64 to i8
      %c = arith.fptosi %x : f64 to i64
      func.return %a, %b, %c : i32, i8, i64
    }""")
    assert f(np.nan) == (0, 0, 0)
    assert f(1e300) == (2**31 - 1, -1, 2**63 - 1)
    assert f(-1e300) == (-(2**31), 0, -(2**63))
    assert f(200.9) == (200, 200 - 256, 200)
    assert f(-3.9) == (-3, 0, -3)


def test_a_failed_check_raises_with_its_numbers_and_the_first_index_wins():
    f = native("""
    func.func @f(%x: !ix.tab<[n], i64>, %m: index) -> !ix.tab<[n], f64> {
      ix.sizes ["n"]
      %c = arith.constant 1.0 : f64
      %t = ix.for %i : !ix.idx<n> {
        %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], i64> -> i64
        %w = arith.index_cast %v : i64 to index
        %ok = arith.cmpi ult, %w, %m : index
        eff.check %ok, "IndexError" "{0} is not in range({1})"(%w, %m)
        ix.yield %c : f64
      } -> (tab !ix.tab<[n], f64>)
      func.return %t : !ix.tab<[n], f64>
    }""")
    x = np.zeros(100_000, "i8")
    assert f(x, 5).sum() == 100_000
    x[[7, 60_000, 99_000]] = 9, 10, 11
    with pytest.raises(IndexError, match=r"9 is not in range\(5\)"):
        f(x, 5)
    x[7] = -1
    with pytest.raises(IndexError, match=r"-1 is not in range\(5\)"):
        f(x, 5)


@pytest.mark.slow
def test_temporary_tables_of_iterations_are_released():
    f = native("""
    func.func @f(%x: !ix.tab<[n], f64>, %k: index) -> f64 {
      ix.sizes ["n"]
      %zero = arith.constant 0.0 : f64
      %s = eff.loop %i "i" : !ix.idx<n> carry (%a = %zero : f64) {
        ix.open %k as "k"
        %t = ix.fill %a : f64 -> !ix.tab<[i + k], f64>
        %b = ix.for %j : !ix.idx<i + k> {
          %v = ix.at %t[%j : !ix.idx<i + k>] : !ix.tab<[i + k], f64> -> f64
          ix.yield %v : f64
        } -> (max f64)
        %one = arith.constant 1.0 : f64
        %c = arith.addf %b, %one : f64
        eff.yield %c : f64
      }
      func.return %s : f64
    }""")
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert f(np.zeros(3000), 50_000) == 3000  # 3000 tables of 0.4 MB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_pack_small_tables_and_names():
    f = native("""
    func.func @f(%x: !ix.tab<[n, 3], f64>, %p: !ix.tab<[n], !ix.idx<n>>) -> !ix.tab<[n, 2, 3], f64> {
      ix.sizes ["n"]
      %t = ix.for %i : !ix.idx<n> {
        %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n, 3], f64> -> !ix.tab<[3], f64>
        %k = ix.at %p[%i : !ix.idx<n>] : !ix.tab<[n], !ix.idx<n>> -> !ix.idx<n>
        %b = ix.for %j : !ix.idx<3> {
          %v = ix.at %x[%k, %j : !ix.idx<n>, !ix.idx<3>] : !ix.tab<[n, 3], f64> -> f64
          ix.yield %v : f64
        } -> (tab !ix.tab<[3], f64>)
        %r = ix.pack %a, %b : !ix.tab<[3], f64>, !ix.tab<[3], f64> -> !ix.tab<[2, 3], f64>
        ix.yield %r : !ix.tab<[2, 3], f64>
      } -> (tab !ix.tab<[n, 2, 3], f64>)
      func.return %t : !ix.tab<[n, 2, 3], f64>
    }""")
    x, p = rng.normal(size=(5, 3)), rng.permutation(5)
    np.testing.assert_array_equal(f(x, p), np.stack([x, x[p]], 1))


def test_bool_tables_are_bytes():
    f = native("""
    func.func @f(%x: !ix.tab<[n], i1>, %c: i1) -> (!ix.tab<[n], i1>, i1) {
      ix.sizes ["n"]
      %t, %any = ix.for %i : !ix.idx<n> {
        %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], i1> -> i1
        %w = arith.xori %v, %c : i1
        ix.yield %w, %w : i1, i1
      } -> (tab !ix.tab<[n], i1>, or i1)
      func.return %t, %any : !ix.tab<[n], i1>, i1
    }""")
    x = rng.random(100) < 0.5
    table, some = f(x, True)
    np.testing.assert_array_equal(table, ~x)
    assert some is True


@pytest.mark.parametrize("parallel", [True, False])
def test_results_do_not_depend_on_threads(parallel):
    f = native(
        """
    func.func @f(%x: !ix.tab<[n], f64>) -> (f64, !ix.tab<[n], f64>, !ix.idx<n>) {
      ix.sizes ["n"]
      %s, %t, %m = ix.for %i : !ix.idx<n> {
        %v = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], f64> -> f64
        %e = math.exp %v : f64
        ix.yield %e, %e, %v : f64, f64, f64
      } -> (add f64, tab !ix.tab<[n], f64>, argmax !ix.idx<n>)
      func.return %s, %t, %m : f64, !ix.tab<[n], f64>, !ix.idx<n>
    }""",
        parallel=parallel,
    )
    from pydex import runtime

    x = rng.normal(size=200_000)
    threads = runtime.get_threads()
    try:
        found = []
        for count in (1, 2, 3):
            runtime.set_threads(count)
            found.append(f(x))
    finally:
        runtime.set_threads(threads)
    np.testing.assert_allclose(found[0][0], np.exp(x).sum(), rtol=1e-13)
    np.testing.assert_allclose(found[0][1], np.exp(x), rtol=1e-15)
    assert found[0][2] == x.argmax()
    for other in found[1:]:
        assert other[0] == found[0][0] and (other[1] == found[0][1]).all()
