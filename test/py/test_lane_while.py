"""`while` loops in each iteration, which end at different times: they run in lanes, and give what each gives alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import pydex as dx
from pydex import f32, f64, i32, i64
from pydex.passes import lower_for, lower_lanes

n, m = dx.index_sets("n m")

SIZES = [0, 1, 7, 8, 16, 31, 64, 65, 200]


@dx.jit
def escapes(re: f32[m], im: f32[n], limit: i32) -> i32[n, m]:
    """Only the count is read later; part of the condition is the same in all lanes."""
    result = dx.zeros(i32[n, m])
    for i in n:
        for j in m:
            x = f32(0.0)
            y = f32(0.0)
            count = i32(0)
            while count < limit and x * x + y * y <= 4.0:
                x, y = x * x - y * y + re[j], 2.0 * x * y + im[i]
                count += 1
            result[i, j] = count
    return result


@dx.jit
def where_it_leaves(x: f64[n]) -> tuple[f64[n], f64[n], i64[n]]:
    """All that is carried is read later."""
    ends = dx.zeros(f64[n])
    sums = dx.zeros(f64[n])
    turns = dx.zeros(i64[n])
    for i in n:
        z = x[i]
        s = 0.0
        k = 0
        while abs(z) < 2.0 and k < 50:
            s += z
            z = z * z + 0.3
            k += 1
        ends[i] = z
        sums[i] = s
        turns[i] = k
    return ends, sums, turns


@dx.jit
def root(a: f64) -> f64:
    """Newton's method, to convergence: for NaN, infinity and negative numbers there is a limit."""
    y = max(a, 1.0)
    k = 0
    while abs(y * y - a) > 1e-12 * a and k < 100:
        y = 0.5 * (y + a / y)
        k += 1
    return y


@dx.jit
def roots(x: f64[n]) -> f64[n]:
    return [root(x[i]) for i in n]


@dx.jit
def sum_of_roots(x: f64[n]) -> tuple[f64, f64]:
    """Reductions of what the loops give."""
    return sum(root(x[i]) for i in n), max(root(x[i]) for i in n)


@dx.jit
def bisection(x: f64[n]) -> f64[n]:
    """A branch in the loop; the solution of y + y³ = x."""
    result = dx.zeros(f64[n])
    for i in n:
        low = -10.0
        high = 10.0
        while high - low > 1e-9:
            middle = 0.5 * (low + high)
            if middle + middle * middle * middle < x[i]:
                low = middle
            else:
                high = middle
        result[i] = low
    return result


@dx.jit
def collatz(x: i64[n]) -> i64[n]:
    """Integers, and divisions of them."""
    result = dx.zeros(i64[n])
    for i in n:
        a = x[i]
        steps = 0
        while a > 1:
            a = a // 2 if a % 2 == 0 else 3 * a + 1
            steps += 1
        result[i] = steps
    return result


@dx.jit
def divisor(a: i64, b: i64) -> i64:
    while b != 0:
        a, b = b, a % b
    return a


@dx.jit
def divisors(x: i64[n], y: i64[n]) -> i64[n]:
    """The divisor is 0 in lanes that have ended."""
    return [divisor(x[i], y[i]) for i in n]


@dx.jit
def chase(next: i64[n], most: i64) -> i64[n]:
    """Reads where the lanes say, only while they are on: beyond, the index is out of range."""
    result = dx.zeros(i64[n])
    for i in n:
        at = next[i]
        k = 0
        while at >= 0 and k < most:
            at = next.get(at, -1)
            k += 1
        result[i] = k
    return result


@dx.jit
def checked(next: i64[n]) -> i64[n]:
    """An index that is checked in the loop: the first iteration that fails raises."""
    result = dx.zeros(i64[n])
    for i in n:
        at = next[i]
        k = 0
        while at != 0:
            at = next[n.at(at)]
            k += 1
        result[i] = k
    return result


@dx.jit
def nested(x: f64[n]) -> f64[n]:
    """A loop that ends at different times in another one; values of outside in both."""
    result = dx.zeros(f64[n])
    for i in n:
        total = 0.0
        rest = x[i]
        while rest > 0.0:
            y = rest
            k = 1
            while y > 0.25:
                y = y * 0.5
                k += 1
            total += y * f64(k)
            rest -= 1.0
        result[i] = total
    return result


@dx.jit
def inside_of_branches(x: f64[n], flag: bool) -> f64[n]:
    result = dx.zeros(f64[n])
    for i in n:
        y = x[i]
        if y > 0.5:
            while y < 100.0:
                y = y * 1.5 + (1.0 if flag else 0.0)
        result[i] = y
    return result


@dx.jit
def histogram(x: f64[n]) -> tuple[f64, f64[n]]:
    """Accumulators of outside, inside of the loop: one cell, and one for each iteration."""
    total = 0.0
    own = dx.zeros(f64[n])
    for i in n:
        y = abs(x[i])
        while y > 0.1:
            y *= 0.7
            total += y
            own[i] += 1.0
    return total, own


@dx.jit
def sines(x: f64[n]) -> i64[n]:
    """A function of which far arguments take long, and a value that nobody reads later."""
    result = dx.zeros(i64[n])
    for i in n:
        y = x[i]
        k = 0
        while abs(y) < 1e6 and k < 40:
            y = 3.0 * y + dx.sin(y)
            k += 1
        result[i] = k
    return result


def numbers(size: int) -> np.ndarray:
    x = np.random.default_rng(size).normal(size=size) * 2
    x[::9] = 0.0
    special = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324, 1e308])
    x[5 : 5 + len(special)] = special[: max(0, size - 5)]
    return x


def finite(size: int) -> np.ndarray:
    return np.random.default_rng(size).uniform(-3, 9, size)


@pytest.fixture(scope="module")
def lanes() -> Iterator[list[tuple[int, int]]]:
    """Widths, and groups abreast, of the loops that are compiled to lanes."""
    taken: list[tuple[int, int]] = []

    def run(low, op, made, *rest):
        taken.append((made.width, made.abreast))
        return lower_lanes.run_lanes(low, op, made, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lower_for, "run_lanes", run)
        yield taken


def check(function, *args) -> None:
    got, want = function(*args), function.reference(*args)
    got, want = (v if isinstance(v, tuple) else (v,) for v in (got, want))
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_escapes(lanes, size) -> None:
    re, im = np.linspace(-2, 0.5, size, dtype=np.float32), np.linspace(-1.2, 1.2, 3, dtype=np.float32)
    for limit in (0, 1, 40):
        got = escapes(re, im, limit)
        z, c = np.zeros((3, size), np.complex64), re[None, :] + 1j * im[:, None]
        want = np.zeros((3, size), np.int32)
        inside = np.ones((3, size), bool)
        for _ in range(limit):
            inside &= z.real**2 + z.imag**2 <= 4
            z = np.where(inside, z * z + c, z)
            want += inside
        assert np.sum(got != want) <= 0.02 * want.size, "chaotic, so a few may differ"
    assert (16, 4) in lanes


@pytest.mark.parametrize("function", [where_it_leaves, roots, inside_of_branches, sines])
@pytest.mark.parametrize("size", SIZES)
def test_numbers_of_all_kinds(lanes, function, size) -> None:
    args = (numbers(size), True) if function is inside_of_branches else (numbers(size),)
    if function is inside_of_branches:
        args[0][np.isnan(args[0])] = 0.25
    check(function, *args)
    assert lanes[-1][0] == 8 or size != SIZES[0]


@pytest.mark.parametrize("function", [bisection, nested, histogram, sum_of_roots])
@pytest.mark.parametrize("size", SIZES[1:])
def test_finite_numbers(function, size) -> None:
    x = finite(size)
    check(function, np.abs(x) if function is sum_of_roots else x)


@pytest.mark.parametrize("size", SIZES)
def test_integers(lanes, size) -> None:
    rng = np.random.default_rng(size)
    x = rng.integers(-3, 10**6, size)
    check(collatz, x)
    check(divisors, x, rng.integers(-20, 20, size) * (rng.random(size) > 0.3))
    check(divisors, np.full(size, np.iinfo(np.int64).min), np.full(size, -1))


@pytest.mark.parametrize("size", SIZES)
def test_reads_of_lanes_that_are_on(size) -> None:
    check(chase, np.random.default_rng(size).integers(-1, max(size, 1), size), 20)


def test_the_first_iteration_that_fails_raises() -> None:
    next = np.zeros(100, np.int64)
    np.testing.assert_array_equal(checked(next), 0)
    next[[3, 40]] = 50, 1000
    next[50] = 60
    next[60] = 777
    with pytest.raises(IndexError, match="777"):
        checked(next)


def test_strided_arguments_and_threads() -> None:
    x = np.random.default_rng(1).uniform(-2, 2, 3001)
    want = where_it_leaves(x[::3].copy())
    for a, b in zip(where_it_leaves(x[::3]), want, strict=True):
        np.testing.assert_array_equal(a, b)
    long, threads = np.tile(np.abs(x), 50), dx.get_num_threads()
    results = []
    for count in (1, 2):
        dx.set_num_threads(count)
        results.append((roots(long), *sum_of_roots(long)))
    dx.set_num_threads(threads)
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


@dx.jit
def energy(x: f64[n]) -> f64:
    return sum(root(x[i]) * x[i] for i in n)


def test_derivatives_of_what_loops_give() -> None:
    """The derivative of x √x: loops whose turns are counted, then run again as often."""
    x = np.random.default_rng(2).uniform(0.5, 5, 37)
    np.testing.assert_allclose(dx.grad(energy)(x), 1.5 * np.sqrt(x), rtol=1e-9)
    np.testing.assert_allclose(dx.grad(energy)(x[:1]), 1.5 * np.sqrt(x[:1]), rtol=1e-9)
