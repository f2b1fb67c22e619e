"""Carried tables that loops inside read: derivatives, and that no copy of a table is kept."""

from __future__ import annotations

import re

import numpy as np
import pytest
from law1.agree import FIRST, Law1
from law1.subject import DERIVATIVES

import pydex as dx
from pydex import f64, i64
from pydex.explaining import explained

n, m = dx.index_sets("n m")


@dx.jit
def log_determinant(a: f64[n, n]) -> f64:
    """By the triangular factor, which is filled row by row and read inside."""
    low = dx.zeros(f64[n, n])
    for i in n:
        for j in dx.upto(i):
            r = a[i, j] - sum(low[i, q] * low[j, q] for q in dx.below(j))
            low[i, j] = dx.sqrt(r) if i == j else r / low[j, j]
    return 2.0 * sum(dx.log(low[i, i]) for i in n)


@dx.jit
def by_rows(a: f64[n, n]) -> f64:
    """The same, by a function of rows."""

    def dot(x, y, j):
        return sum(x[q] * y[q] for q in dx.below(j))

    low = dx.zeros(f64[n, n])
    for i in n:
        for j in dx.upto(i):
            r = a[i, j] - dot(low[i], low[j], j)
            low[i, j] = dx.sqrt(r) if i == j else r / low[j, j]
    return 2.0 * sum(dx.log(low[i, i]) for i in n)


@dx.jit
def solved(a: f64[n, n], b: f64[n]) -> f64:
    """Forward substitution, of a lower triangle."""
    x = dx.zeros(f64[n])
    for i in n:
        x[i] = (b[i] - sum(a[i, j] * x[j] for j in dx.below(i))) / a[i, i]
    return sum(x[i] * x[i] for i in n)


@dx.jit
def chain(cost: f64[n]) -> f64:
    """The least cost of merging neighbours, two at a time: the minimum over the places to cut."""
    best = dx.zeros(f64[n, n])
    for i in reversed(n):
        for j in dx.above(i):
            cut = min(best[i, q] + best[n.at(dx.ordinal(q) + 1), j] for q in n if i <= q and q < j)
            best[i, j] = cut + sum(cost[q] for q in n if i <= q and q <= j)
    return best[0, -1]


@dx.jit
def overwritten(x: f64[n], steps: i64) -> f64:
    """Elements are written again and again, at a place that depends on the table itself."""
    t = x.copy()
    for s in range(steps):
        mean = sum(t[j] * t[j] for j in n) / n.size
        k = n.wrap(i64(10.0 * t[0] * t[0]) + s)
        t[k] = t[k] * 0.5 + dx.sin(mean)
    return sum(dx.cos(t[i]) * t[i] for i in n)


@dx.jit
def swapped(x: f64[n]) -> f64:
    """Two tables that change places, each updated once a step."""
    a = x.copy()
    b = [dx.sin(x[i]) for i in n]
    for i in n:
        s = sum(a[j] * b[j] for j in n)
        a[i] = s * b[i]
        a, b = b, a
    return sum(a[i] + 2.0 * b[i] for i in n)


@dx.jit
def in_batch(x: f64[m, n]) -> f64:
    """Each iteration of an order-free loop has a table of its own."""
    total = 0.0
    for k in m:
        t = dx.zeros(f64[n])
        for i in n:
            t[i] = dx.sin(x[k, i] + 0.5 * sum(t[j] * t[j] for j in dx.below(i)))
        total += t[-1]
    return total


@dx.jit
def while_converges(x: f64[n]) -> f64:
    t = x.copy()
    k = 0
    while k < 7 and sum(t[j] for j in n) > -100.0:
        t[n.wrap(k)] = dx.sin(sum(t[j] * x[j] for j in n))
        k += 1
    return sum(t[i] * t[i] for i in n)


@dx.jit
def read_in_a_branch(x: f64[n]) -> f64:
    t = dx.ones(f64[n])
    for i in n:
        if x[i] > 0.0:
            s = sum(t[j] * x[j] for j in n)
        else:
            s = t[i] - 1.0
        t[i] = dx.exp(-s * s) + x[i]
    return sum(t[i] * t[i] for i in n)


@dx.jit
def read_by_a_loop(x: f64[n]) -> f64:
    """A sequential loop inside reads the table, and carries a number."""
    t = dx.zeros(f64[n])
    for i in n:
        s = 0.3
        for j in dx.below(i):
            s = dx.sin(s + t[j])
        t[i] = s * x[i]
    return sum(t[i] * t[i] for i in n)


@dx.jit
def rows_at_once(x: f64[n, m]) -> f64:
    """Each update writes a row, made of all rows before."""
    t = dx.zeros(f64[n, m])
    for i in n:
        t[i] = [dx.sin(x[i, j] + sum(t[q, j] for q in dx.below(i))) for j in m]
    return sum(t[i, j] * t[i, j] for i in n for j in m)


def positive(rng, count):
    a = rng.normal(size=(count, count))
    return a @ a.T + count * np.eye(count)


def spread(rng, count):
    return rng.normal(size=count)


CASES = {
    "log_determinant": (log_determinant, lambda rng: (positive(rng, 7),)),
    "by_rows": (by_rows, lambda rng: (positive(rng, 7),)),
    "solved": (solved, lambda rng: (positive(rng, 6), spread(rng, 6))),
    "chain": (chain, lambda rng: (np.abs(spread(rng, 7)),)),
    "overwritten": (overwritten, lambda rng: (spread(rng, 5), 17)),
    "swapped": (swapped, lambda rng: (0.3 * spread(rng, 5),)),
    "in_batch": (in_batch, lambda rng: (rng.normal(size=(3, 5)),)),
    "while_converges": (while_converges, lambda rng: (spread(rng, 4),)),
    "read_in_a_branch": (read_in_a_branch, lambda rng: (spread(rng, 6),)),
    "read_by_a_loop": (read_by_a_loop, lambda rng: (spread(rng, 6),)),
    "rows_at_once": (rows_at_once, lambda rng: (rng.normal(size=(5, 3)),)),
}


#: How many axes the largest table of the gradient has.
RANKS = {
    **dict.fromkeys(("log_determinant", "by_rows", "solved", "chain", "in_batch", "rows_at_once"), 2),
    **dict.fromkeys(("overwritten", "swapped", "while_converges", "read_in_a_branch"), 1),
    "read_by_a_loop": 2,  # what the loop inside carries, of each of its iterations
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_every_execution_and_second_derivatives_agree(name):
    program, make = CASES[name]
    args = make(np.random.default_rng(7))
    Law1(program, args, {}, FIRST, value=True).check(every_pass=False, compiled=("optimised", "plain"))
    second = [task for task in DERIVATIVES if task not in FIRST]
    Law1(program, args, {}, second, value=False).check(every_pass=False, orders=("random",), compiled=("optimised",))


@pytest.mark.parametrize("name", CASES)
def test_no_copies_of_the_table_are_kept(name):
    text = dx.grad(CASES[name][0]).ir("cpu")
    ranks = [1 + axes.count(",") for axes in re.findall(r"!ix.tab<\[([^\]]*)\]", text)]
    assert max(ranks) == RANKS[name]


def test_the_gradient_of_a_factor_loads_and_stores_a_constant_times_as_much():
    """The objective loads 2/3 n³ elements. Nothing copies a table in an iteration."""
    memory = next(line for line in explained(dx.grad(log_determinant)).splitlines() if "memory" in line)
    loads, stores = memory.split("loads", 1)
    assert loads.split()[1] == "n^3"
    assert stores.split()[1] == "1/3*n^3"


def test_the_gradient_of_a_determinant_is_the_inverse():
    a = positive(np.random.default_rng(3), 30)
    found = dx.grad(log_determinant)(a)
    np.testing.assert_allclose((found + found.T) / 2, np.linalg.inv(a), rtol=1e-9, atol=1e-12)


def test_an_index_of_a_rounded_number_is_kept():
    """Made again, it might be another one, and an element be put back in another place."""

    @dx.jit
    def rounded(x: f64[n], steps: i64) -> f64:
        t = x.copy()
        for s in range(steps):
            mean = sum(t[j] * t[j] for j in n) / n.size
            k = n.wrap(i64(10.0 * t[0] * t[0] + dx.sin(mean)) + s)
            t[k] = t[k] * 0.5 + dx.sin(mean)
        return sum(dx.cos(t[i]) * t[i] for i in n)

    text = dx.grad(rounded).ir("cpu")
    assert text[text.index("@grad") :].count("arith.fptosi") == 1
    Law1(rounded, (spread(np.random.default_rng(7), 5), 9), {}, FIRST).check(every_pass=False, compiled=("optimised",))
