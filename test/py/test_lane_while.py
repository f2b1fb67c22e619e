"""`while` loops in each iteration, which end at different times: they run in lanes, and give what each gives alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import pydex as dx
from pydex import f32, f64, i32, i64
from pydex.passes import lower_for, lower_lane_choice, lower_lanes

n, m = dx.index_sets("n m")

SIZES = [0, 1, 8, 31, 65, 200]


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


@dx.jit
def halvings(x: f64[n]) -> i64[n]:
    """How often x can be halved before it is at most 1: none for NaN, and for what is small already."""
    found = dx.zeros(i64[n])
    for i in n:
        y = x[i]
        count = 0
        while y > 1.0:
            y = y / 2.0
            count += 1
        found[i] = count
    return found


@dx.jit
def longest(start: i64[n], limit: i64) -> tuple[i64, i64]:
    """The longest sequence and where it begins; the turn is on integers and branches."""
    lengths = dx.zeros(i64[n])
    for i in n:
        k = start[i]
        length = 0
        while k > 1 and length < limit:
            k = k >> 1 if k & 1 == 0 else 3 * k + 1
            length += 1
        lengths[i] = length
    return max(lengths[i] for i in n), dx.argmax(lengths)


@dx.jit
def own_index(x: f32[n, m]) -> f32[n, m]:
    """The turns use the loop's index and a number computed before them."""
    out = x.copy()
    for i in n:
        for j in m:
            step = x[i, j] * x[i, j] + f32(1.0)
            y = f32(0.0)
            while y < f32(j):
                y += step
            out[i, j] = y - step
    return out


@dx.jit
def carries_a_table(x: f64[n, m]) -> f64[n]:
    result = dx.zeros(f64[n])
    for i in n:
        row = [x[i, j] for j in m]
        while sum(row) > 1.0:
            row = [row[j] * 0.5 for j in m]
        result[i] = sum(row)
    return result


def numbers(size: int) -> np.ndarray:
    x = np.random.default_rng(size).normal(size=size) * 2
    x[::9] = 0.0
    special = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324, 1e308])
    x[5 : 5 + len(special)] = special[: max(0, size - 5)]
    return x


def finite(size: int) -> np.ndarray:
    return np.random.default_rng(size).uniform(-3, 9, size)


@pytest.fixture(scope="module", autouse=True)
def lanes() -> Iterator[list[tuple[int, int]]]:
    """Wherever a loop can run in lanes, it does: the widths, and groups abreast, of those that are compiled."""
    taken: list[tuple[int, int]] = []

    def run(low, op, made, *rest):
        taken.append((made.width, made.abreast))
        return lower_lanes.run_lanes(low, op, made, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lower_lane_choice, "BETTER", np.inf)
        patch.setattr(lower_lane_choice, "NO_WORSE", np.inf)
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
    assert any(width == 16 for width, _ in lanes)


@pytest.mark.parametrize("function", [where_it_leaves, roots, inside_of_branches, sines])
@pytest.mark.parametrize("size", SIZES)
def test_numbers_of_all_kinds(lanes, function, size) -> None:
    args = (numbers(size), True) if function is inside_of_branches else (numbers(size),)
    if function is inside_of_branches:
        args[0][np.isnan(args[0])] = 0.25
    check(function, *args)
    assert (8, 4) in lanes or function is sines


@pytest.mark.slow
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
def test_reads_of_lanes_that_are_on(lanes, size) -> None:
    check(chase, np.random.default_rng(size).integers(-1, max(size, 1), size), 20)
    assert (8, 4) in lanes


def test_the_first_iteration_that_fails_raises() -> None:
    next = np.zeros(100, np.int64)
    np.testing.assert_array_equal(checked(next), 0)
    next[[3, 40]] = 50, 1000
    next[50] = 60
    next[60] = 777
    with pytest.raises(IndexError, match="777"):
        checked(next)


@pytest.mark.parametrize("size", SIZES)
def test_strided_arguments(size) -> None:
    """Groups that are beyond the end as a whole do not touch the cells there."""
    x = np.random.default_rng(1).uniform(-2, 2, 3 * size)
    for part in (x[::3], x[::-3]):
        for a, b in zip(where_it_leaves(part), where_it_leaves(part.copy()), strict=True):
            np.testing.assert_array_equal(a, b)


@dx.jit
def columns(x: f64[n, m]) -> f64[n, m]:
    """Lanes write cells that lie apart."""
    result = dx.zeros(f64[n, m])
    for j in m:
        for i in n:
            y = x[i, j]
            while y > 1.0:
                y *= 0.5
            result[i, j] = y
    return result


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_results_that_lie_apart(size) -> None:
    x = np.random.default_rng(size).uniform(-2, 9, (size, 3))
    check(columns, x)
    check(columns, np.asfortranarray(x))


@pytest.mark.slow
def test_threads() -> None:
    x = np.random.default_rng(1).uniform(-2, 2, 3001)
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


@pytest.mark.slow
def test_derivatives_of_what_loops_give() -> None:
    """The derivative of x √x: loops whose turns are counted, then run again as often."""
    x = np.random.default_rng(2).uniform(0.5, 5, 37)
    np.testing.assert_allclose(dx.grad(energy)(x), 1.5 * np.sqrt(x), rtol=1e-9)
    np.testing.assert_allclose(dx.grad(energy)(x[:1]), 1.5 * np.sqrt(x[:1]), rtol=1e-9)


@pytest.mark.parametrize("size", SIZES)
def test_counts(size) -> None:
    x = 2.0 ** np.random.default_rng(size).uniform(-3, 40, size)
    x[::5] = np.nan
    want = np.where(x > 1.0, np.ceil(np.log2(np.where(x > 1.0, x, 1.0))), 0)
    np.testing.assert_array_equal(halvings(x), want)


@pytest.mark.slow
def test_one_long_iteration_among_short_ones() -> None:
    x = np.full(300, 0.5)
    x[[7, 131, 299]] = 2.0**1000, np.inf / np.inf, 8.0
    want = np.zeros(300)
    want[7], want[299] = 1000, 3
    np.testing.assert_array_equal(halvings(x), want)


@pytest.mark.slow
def test_a_winner_among_the_results() -> None:
    start = np.arange(1, 400)
    lengths = []
    for k in start:
        length = 0
        while k > 1 and length < 90:
            k, length = (k // 2 if k % 2 == 0 else 3 * k + 1), length + 1
        lengths.append(length)
    assert longest(start, 90) == (max(lengths), int(np.argmax(lengths)))


@pytest.mark.slow
def test_the_index_and_what_comes_before() -> None:
    x = np.random.default_rng(3).normal(size=(3, 200)).astype(np.float32)
    steps = (x * x + np.float32(1.0)).astype(np.float64)
    want = (np.ceil(np.arange(200) / steps) - 1) * steps
    got = own_index(x)
    assert np.mean(np.abs(got - want) < 1e-3) > 0.99
    assert np.all(got < np.arange(200) + 1e-3)


def test_groups_run_abreast_until_no_lane_is_on() -> None:
    """Four groups, as long as both halves of them have lanes; then pairs, then each."""
    text = halvings.ir("mlir")
    assert text.count("scf.while") == 1 + 2 + 4
    assert text.count("vector.reduction <or>") == 2 + 2 * 2 + 4


def test_what_lanes_share_is_a_scalar() -> None:
    """The count and its limit; the other part of the condition is a vector."""
    loop = escapes.ir("mlir").split("scf.while")[1].split("scf.condition")[0]
    assert " : i32\n" in loop
    assert "vector<16xi32>" not in loop.split("{", 1)[1]


def test_loops_that_stay_out_of_lanes() -> None:
    for function in (checked, carries_a_table):
        assert "vector.reduction <or>" not in function.ir("mlir")
    x = np.random.default_rng(4).uniform(0, 3, (9, 4))
    check(carries_a_table, x)
