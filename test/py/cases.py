"""The table of programs with known answers, shared by every execution: reference, interpreter, compiled code.

Programs are in LANGUAGE's own syntax. Ids that begin with C are the conformance cases of the design (CASES.md), ids
that begin with L are about one rule of the language each. Answers come from the design, from NumPy or from arithmetic,
never from pydex.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np

import pydex as dx
from pydex import f32, f64, i8, i32, i64, u8, u64

n, m, k = dx.index_sets("n m k")
two, three, four = dx.Fin(2), dx.Fin(3), dx.Fin(4)
INFINITY = math.inf
LAYER = {"weight": f64[m, n], "bias": f64[m]}


@dataclass(frozen=True)
class Case:
    """A call and its answer: `expected`, or an exception of the class `raises` whose text matches `match`.

    `refused`: the exception is raised when the program is compiled; without it, when it runs.
    """

    id: str
    function: Callable[..., Any]
    args: tuple[Any, ...] = ()
    expected: Any = None
    raises: type[Exception] | None = None
    match: str = ""
    refused: bool = False
    tolerance: float = 1e-12
    kwargs: dict[str, Any] = field(default_factory=dict)


def assert_matches(found: Any, case: Case) -> None:
    """AssertionError unless `found` has the structure and, within the tolerance, the numbers of the answer."""
    _compare(found, case.expected, case.tolerance, case.id)


def _compare(found: Any, expected: Any, tolerance: float, where: str) -> None:
    if isinstance(expected, tuple | list) and not isinstance(found, np.ndarray):
        assert isinstance(found, tuple | list), f"{where}: expected {expected!r}, found {found!r}"
        assert len(found) == len(expected), f"{where}: expected {len(expected)} parts, found {len(found)}"
        for place, (part, wanted) in enumerate(zip(found, expected, strict=True)):
            _compare(part, wanted, tolerance, f"{where}[{place}]")
    elif isinstance(expected, dict):
        assert set(found) == set(expected), f"{where}: expected the keys {set(expected)}, found {set(found)}"
        for name, wanted in expected.items():
            _compare(found[name], wanted, tolerance, f"{where}[{name!r}]")
    elif expected is None or isinstance(expected, Thing | Complex):
        assert found == expected, f"{where}: expected {expected!r}, found {found!r}"
    else:
        exact = np.asarray(expected).dtype.kind in "biu" and np.asarray(found).dtype.kind in "biu"
        assert np.shape(found) == np.shape(expected), f"{where}: shape {np.shape(found)}, expected {np.shape(expected)}"
        np.testing.assert_allclose(
            found, expected, rtol=0 if exact else tolerance, atol=0 if exact else tolerance, err_msg=where
        )


# ------------------------------------------------------------------------------------------ the design's own cases


@dx.jit
def transposed(x: i64[n, m]) -> i64[m, n]:
    return [[x[i, j] for i in n] for j in m]


@dx.jit
def dependent_counts():
    return (
        [sum(1 for j in dx.upto(i)) for i in four],
        [sum(1 for j in dx.below(i)) for i in four],
        [sum(1 for j in dx.starting(i)) for i in four],
        [sum(1 for j in dx.above(i)) for i in four],
    )


@dx.jit
def sum_over_pairs(xs: i64[n], ys: i64[m]) -> i64:
    return sum(xs[i] + ys[j] for i, j in n * m)


@dx.jit
def counter():
    c = 0
    seen = dx.zeros(i64[four])
    for i in four:
        seen[i] = c
        c = c + 1
    return seen, c


@dx.jit
def effects(r: i64):
    total = 0.0
    state = True
    for _ in dx.Fin(1):
        total += 2.0
        for _ in dx.Fin(1):
            total += 4.0
            state = not state
    return (r + 2, total), state


@dx.jit
def symmetrised(a: f64[n, n]) -> f64[n, n]:
    s = a.copy()
    for i in n:
        for j in n:
            mean = (s[i, j] + s[j, i]) / 2.0
            s[i, j] = mean
            s[j, i] = mean
    return s


@dx.jit
def adjacency(source: n.Index[m], target: n.Index[m], nodes: dx.Size[n]) -> dx.bool[n, n]:
    return [[any(source[e] == i and target[e] == j for e in m) for j in n] for i in n]


@dx.jit
def squares(x: f64[n]) -> f64[n]:
    return [x[i] ** 2 for i in n]


@dx.jit
def jvp_of_squares(x: f64[n], v: f64[n]) -> f64[n]:
    return dx.jvp(squares, (x,), (v,))[1]


@dx.jit
def nested_gradients(x: f64) -> f64:
    return dx.grad(lambda x: x * dx.grad(lambda y: x * y)(2.0))(x)


@dx.jit
def dot(x: f64[n], y: f64[n]) -> f64:
    return sum(x[i] * y[i] for i in n)


@dx.jit
def gradient_of_dot(x: f64[n], y: f64[n]) -> tuple[f64[n], f64[n]]:
    return dx.grad(dot, wrt=("x", "y"))(x, y)


@dx.jit
def accumulates_twice(x: f64) -> f64:
    total = 0.0
    y = 2.0 * x
    total += 2.0 * x
    total += y
    return total


@dx.jit
def gradient_of_accumulation(x: f64) -> f64:
    return dx.grad(accumulates_twice)(x)


@dx.jit
def first_of_ragged(x: f64) -> f64:
    t = [[x for j in dx.upto(i)] for i in two]
    return sum(v for v in t[0])


@dx.jit
def linearized_ragged(x: f64, v: f64) -> f64:
    return dx.linearize(first_of_ragged, x)[1](v)


@dx.jit
def least_by_state(x: f64, y: f64) -> f64:
    best = INFINITY
    for b in (x, y):
        best = dx.where(b < best, b, best)
    return best


@dx.jit
def least_by_argmin(x: f64) -> f64:
    xs = [x]
    return xs[dx.argmin(xs)]


@dx.jit
def gradients_of_minima(x: f64) -> tuple[f64, f64]:
    return dx.grad(lambda x: least_by_state(x, x + 1.0))(x), dx.grad(least_by_argmin)(x)


@dx.jit
def bell(x: f64[n]) -> f64:
    return dx.exp(0.5 * sum(x[i] * x[i] for i in n))


@dx.jit
def reverse_over_forward(x: f64[n], v: f64[n]) -> f64[n]:
    return dx.grad(lambda x: dx.jvp(bell, (x,), (v,))[1])(x)


@dx.jit
def reverse_over_reverse(x: f64[n], v: f64[n]) -> f64[n]:
    return dx.grad(lambda x: dot(dx.grad(bell)(x), v))(x)


@dx.jit
def forward_over_reverse(x: f64[n], v: f64[n]) -> f64[n]:
    return dx.jvp(dx.grad(bell), (x,), (v,))[1]


@dx.jit
def hashed(key: u64, number: u64) -> u64:
    return dx.random.hash(key, number)


@dx.jit
def uniform_table(seed: u64) -> f32[three, two]:
    key = dx.random.new_key(seed)
    return [[dx.random.rand(dx.random.ixkey(key, (i, j))) for j in two] for i in three]


@dx.jit
def levenshtein(a: u8[n], b: u8[m]):
    d = dx.zeros(i64[n + 1, m + 1])
    for i in n + 1:
        d[i, 0] = i
    for j in m + 1:
        d[0, j] = j
    for i in n:
        for j in m:
            d[i + 1, j + 1] = min(d[i, j + 1] + 1, d[i + 1, j] + 1, d[i, j] + i64(a[i] != b[j]))
    return [d[n.size, j] for j in m + 1], d[n.size, m.size]


@dx.jit
def distance(x: f64[four]) -> f64:
    return 0.5 * sum((1.1 - x[i]) ** 2 for i in four)


@dx.jit
def descent(steps: dx.Size[k]) -> f64[four]:
    x = dx.zeros(f64[four])
    momentum = dx.zeros(f64[four])
    for _ in k:
        g = dx.grad(distance)(x)
        momentum = [0.9 * momentum[i] + g[i] for i in four]
        x = [x[i] - 0.01 * momentum[i] for i in four]
    return x


@dx.struct
class Thing:
    """Two numbers."""

    x: i64
    y: i64

    def incby(self, amount):
        return Thing(self.x + amount, self.y + amount)


@dx.jit
def grown(thing: Thing, amount: i64) -> Thing:
    return thing.incby(amount)


@dx.jit
def two_sets(x: f64[dx.Fin(10)], y: f64[dx.Fin(3)]) -> f64:
    return sum(x[i] + y[i] for i in dx.Fin(10))


# --------------------------------------------------------------------------------------- one rule of the language each


@dx.jit
def matmul(a: f32[n, k], b: f32[k, m]) -> f32[n, m]:
    return [[sum(a[i, p] * b[p, j] for p in k) for j in m] for i in n]


@dx.jit
def logsumexp(x: f64[n]) -> f64:
    top = max(x[i] for i in n)
    return top + dx.log(sum(dx.exp(x[i] - top) for i in n))


@dx.jit
def softmax(x: f64[n]) -> f64[n]:
    return dx.grad(logsumexp)(x)


@dx.jit
def histogram(x: i32[n], weight: f32[n], bins: dx.Size[m]) -> f32[m]:
    h = dx.zeros(f32[m])
    for i in n:
        h[m.clamp(x[i])] += weight[i]
    return h


@dx.jit
def correlation(x: f64[n], w: f64[k]) -> f64[n - k + 1]:
    return [sum(x[p + q] * w[q] for q in k) for p in n - k + 1]


@dx.jit
def smoothed(x: f64[n]) -> f64[n]:
    y = x.copy()
    for i in n[1:-1]:
        y[i] = (x[i - 1] + x[i] + x[i + 1]) / 3.0
    return y


@dx.jit
def every_other(x: f64[n]) -> f64:
    return sum(x[i] for i in n[::2])


@dx.jit
def triangle(x: f64[n]):
    return [[x[i] * x[j] for j in dx.upto(i)] for i in n]


@dx.jit
def row_sums(t: f64[n, dx.upto]) -> f64[n]:
    return [sum(t[i, j] for j in dx.upto(i)) for i in n]


@dx.jit
def elementwise(x: f64[n], y: f64[n]) -> f64[n]:
    return 2.0 * x + dx.exp(y) - x * y


@dx.jit
def whole_tables(a: f64[n, k], b: f64[k, m]):
    c = a @ b
    return c, c.T, c.sum()


@dx.jit
def collatz(start: i64) -> i64:
    steps = 0
    at = start
    while at != 1:
        if at % 2 == 0:
            at = at // 2
        else:
            at = 3 * at + 1
        steps += 1
    return steps


@dx.jit
def first_above(x: f64[n], bound: f64) -> i64:
    for i in n:
        if x[i] > bound:
            return i64(i)
    return -1


@dx.jit
def divided(a: i64[n], b: i64[n]):
    return [a[i] // b[i] for i in n], [a[i] % b[i] for i in n], [a[i] / b[i] for i in n]


@dx.jit
def float_divided(a: f64, b: f64) -> f64:
    return a / b


@dx.jit
def doubled(x: i8) -> i8:
    return x + x


@dx.jit
def truncated(x: f64[n]) -> i8[n]:
    return [i8(x[i]) for i in n]


@dx.jit
def masked_sum(x: f64[n]) -> f64:
    return sum(x[i] for i in n if x[i] > 0.0)


@dx.jit
def positions(x: f64[n]):
    return dx.argmax(x[i] for i in n), dx.argmin(x[i] for i in n)


@dx.jit
def positions_in_product(a: f64[n, m]):
    return dx.argmax(a[i, j] for i, j in n * m), dx.argmin(a[i, j] for i, j in n * m)


@dx.jit
def masked_position(x: f64[n]):
    return dx.argmax(x[i] for i in n if x[i] < 6.0), dx.argmin(v for v in x if v > 0.0 and v < 6.0)


@dx.jit
def masked_position_in_product(a: f64[n, m]):
    i, j = dx.argmax(a[i, j] for i, j in n * m if a[i, j] < 7.0)
    return i, j, a[i, j]


@dx.jit
def masked_extrema(a: f64[n, m]):
    least = min(a[i, j] for i in n if i > 0 for j in m)
    return max(a[i, j] for i in n for j in m if a[i, j] < 6.0), least, dx.mean(a[i, j] for i, j in n * m if a[i, j] > 0)


@dx.jit
def until_negative(a: f64[n, m]):
    total = 0.0
    for i, j in n * m:
        if a[i, j] < 0.0:
            break
        total += a[i, j] * (1.0 + i + 2.0 * j)
    for i, j in reversed(n * m):
        if a[i, j] > 6.0:
            return total, i, j
        total = 0.5 * total
    return total, -1, -1


@dx.jit
def positions_of_type(c: u8[n]):
    return c.argmax(), c.argmin(), dx.argmax(v > 100 for v in c)


@dx.jit
def root_or_zero(x: f64) -> f64:
    return dx.where(x > 0.0, dx.sqrt(x), 0.0)


@dx.jit
def gradient_of_ties(x: f64[n]):
    return (
        dx.grad(lambda x: max(x[i] for i in n))(x),
        dx.grad(lambda x: sum(abs(x[i] - 1.0) for i in n))(x),
        dx.grad(lambda x: sum(dx.relu(x[i] - 1.0) for i in n))(x),
        dx.grad(lambda x: sum(max(x[i], 1.0) for i in n))(x),
        dx.grad(lambda x: sum(max(1.0, x[i]) for i in n))(x),
    )


@dx.jit
def gradient_of_root(x: f64) -> f64:
    return dx.grad(root_or_zero)(x)


@dx.jit
def gradient_of_square(x: f64) -> f64:
    return dx.grad(lambda x: x**2)(x)


@dx.jit
def gradient_of_product(x: f64[n]) -> f64[n]:
    return dx.grad(lambda x: prod(x[i] for i in n))(x)  # noqa: F821


@dx.jit
def checked_read(x: f64[n], at: i64) -> f64:
    return x[n.at(at)]


@dx.jit
def read_or(x: f64[n], at: i64) -> f64:
    return x.get(at, 7.0)


@dx.jit
def gathered(x: f64[n], at: n.Index[m]) -> f64[m]:
    return [x[at[e]] for e in m]


@dx.jit
def dense(x: f64[n], parameters: LAYER) -> f64[m]:
    return [sum(parameters["weight"][i, j] * x[j] for j in n) + parameters["bias"][i] for i in m]


def mean(x):
    """Generic: over the own set of whatever it is given."""
    return sum(x[i] for i in range(len(x))) / len(x)


@dx.jit
def means(x: f64[n, m]):
    return [mean(x[i]) for i in n], mean([v for v in x.T[0]])


def compose(f, g):
    return lambda x: f(g(x))


@dx.jit
def higher_order(x: f64[n]) -> f64[n]:
    both = compose(lambda v: v + 1.0, lambda v: 2.0 * v)
    return [both(x[i]) for i in n]


@dx.jit
def outer_product(x: f64[n], y: f64[m]):
    flat = [x[i] * y[j] for i in n for j in m]
    return flat, sum(flat[i, j] for i, j in n * m)


class Colour(Enum):
    """An index set of two."""

    RED = "red"
    BLUE = "blue"


@dx.jit
def by_colour(x: f64[Colour]) -> f64[Colour]:
    return [x[c] if c == Colour.RED else -x[c] for c in Colour]


@dx.jit
def parts_of_a_table(x: f64[n + 2]):
    inner = x[1:-1]
    return inner, [inner[i] - x[i] for i in n], x[-1]


@dx.jit
def greatest_per_bin(x: f64[n], bin: m.Index[n], bins: dx.Size[m]) -> f64[m]:
    best = dx.accum(f64[m], max)
    for i in dx.parallel(n):
        best[bin[i]] += x[i]
    return best


@dx.struct
class Complex:
    """A complex number."""

    re: f64
    im: f64

    def __add__(self, other):
        return Complex(self.re + other.re, self.im + other.im)

    def __mul__(self, other):
        return Complex(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)

    @property
    def square(self):
        return self.re * self.re + self.im * self.im


@dx.jit
def square_of_product(a: Complex, b: Complex) -> f64:
    return (a * b + b).square


@dx.jit
def gradient_of_structs(a: Complex, b: Complex) -> Complex:
    return dx.grad(square_of_product)(a, b)


@dx.jit
def polar(x: f64[two]) -> f64[two]:
    return [x[0] * dx.cos(x[1]), x[0] * dx.sin(x[1])]


@dx.jit
def jacobians(x: f64[n, two]) -> f64[n, two, two]:
    return [dx.jacobian(polar)(x[i]) for i in n]


@dx.jit
def cubic(x: f64[two]) -> f64:
    return x[0] ** 3 * x[1]


@dx.jit
def second_derivatives(x: f64[two], v: f64[two]):
    return dx.hessian(cubic)(x), dx.hvp(cubic)(x, v)


@dx.jit
def running_products(x: f64[n]) -> f64:
    state = x.copy()
    carried = 1.0
    for i in n:
        carried = carried * state[i]
        state[i] = carried
    return sum(state[i] for i in n)


@dx.jit
def gradient_of_state(x: f64[n]) -> f64[n]:
    return dx.grad(running_products)(x)


@dx.jit
def area_functions(x: f64, y: f64):
    return (
        (dx.asinh(x), dx.acosh(y), dx.atanh(x)),
        (dx.grad(lambda t: dx.asinh(t))(x), dx.grad(lambda t: dx.acosh(t))(y), dx.grad(lambda t: dx.atanh(t))(x)),
    )


@dx.jit
def square_root(x: f64) -> f64:
    """Newton's iteration, to the last digit that moves."""
    guess = x
    while abs(guess * guess - x) > 1e-13 * x:
        guess = 0.5 * (guess + x / guess)
    return guess


@dx.jit
def gradient_of_while(x: f64) -> f64:
    return dx.grad(square_root)(x)


@dx.jit
def pulled_back(x: f64[n], c: f64[n]):
    value, back = dx.vjp(squares, x)
    return value, back(c)


@dx.jit
def from_the_end(x: f64[n, m]) -> f64[n]:
    """Literals count from the end of each axis, where they are read and where they are written."""
    y = x.copy()
    y[-1, 0] += x[-2, -1]
    z = [y[i, 0] for i in n]
    z[-3] = x[0, -1] + y[-1][0]
    z[-1] += x[0, 1]
    z[-2] = -z[0]
    return z


@dx.jit
def stopped(x: f64) -> tuple[f64, f64]:
    return dx.value_and_grad(lambda x: x * dx.stop_gradient(x) + dx.checkpoint(lambda v: v * v)(x))(x)


KITTEN, SITTING = (np.frombuffer(word, np.uint8) for word in (b"kitten", b"sitting"))
HESSIAN_TIMES_V = [0.235952, 0.364653, 0.493354]
X3, V3 = np.array([0.1, 0.2, 0.3]), np.array([0.2, 0.3, 0.4])
A23, B34 = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4) - 5.0
RAMP = np.array([1.0, 4.0, 2.0, 8.0, 5.0])

CASES = [
    Case("C1", transposed, (np.array([[0, 1], [2, 3]]),), np.array([[0, 2], [1, 3]])),
    Case("C2", dependent_counts, (), ([1, 2, 3, 4], [0, 1, 2, 3], [4, 3, 2, 1], [3, 2, 1, 0])),
    Case("C3", sum_over_pairs, (np.array([10, 20]), np.array([1, 2, 3])), 102),
    Case("C4", counter, (), ([0, 1, 2, 3], 4)),
    Case("C5", effects, (2,), ((4, 6.0), False)),
    Case("C6", symmetrised, (np.array([[1.0, 2.0], [3.0, 4.0]]),), np.array([[1, 2.5], [2.5, 4]])),
    Case(
        "C9",
        adjacency,
        (np.array([0, 0, 2, 1]), np.array([1, 2, 0, 1]), 3),
        np.array([[False, True, True], [False, True, False], [True, False, False]]),
    ),
    Case("C11", jvp_of_squares, (np.array([1.0, 2.0]), np.array([3.0, 4.0])), np.array([6.0, 16.0])),
    Case("C12", nested_gradients, (1.0,), 2.0),
    Case("C13", gradient_of_dot, (np.array([1.0, 2.0]), np.array([3.0, 4.0])), ([3.0, 4.0], [1.0, 2.0])),
    Case("C14", gradient_of_accumulation, (1.0,), 4.0),
    Case("C15-value", first_of_ragged, (1.0,), 1.0),
    Case("C15", linearized_ragged, (1.0, 2.0), 2.0),
    Case("C16", gradients_of_minima, (1.0,), (1.0, 1.0)),
    Case("C18-value", bell, (X3,), 1.072508, tolerance=1e-6),
    Case("C18-rev-fwd", reverse_over_forward, (X3, V3), np.array(HESSIAN_TIMES_V), tolerance=1e-6),
    Case("C18-rev-rev", reverse_over_reverse, (X3, V3), np.array(HESSIAN_TIMES_V), tolerance=1e-6),
    Case("C18-fwd-rev", forward_over_reverse, (X3, V3), np.array(HESSIAN_TIMES_V), tolerance=1e-6),
    Case("C19-hash-0", hashed, (0, 0), 0x6B20015999BA4EFE),
    Case("C19-hash", hashed, (123, 456), 0x500945C565C98701),
    Case("C19-threefry", hashed, (0x13198A2E03707344, 0x243F6A8885A308D3), 0xC4923A9C483DF7A0),
    Case(
        "C19-rand",
        uniform_table,
        (11,),
        np.array([[0.1513238, 0.07557154], [0.1075971, 0.2888795], [0.5509554, 0.56872]]),
        tolerance=1e-6,
    ),
    Case("C20", levenshtein, (KITTEN, SITTING), ([6, 6, 5, 4, 3, 3, 2, 3], 3)),
    Case("C21", descent, (1000,), np.full(4, 1.1), tolerance=1e-4),
    Case("C24", grown, (Thing(1, 2), 10), Thing(11, 12)),
    Case("C25", two_sets, (np.zeros(10), np.zeros(3)), raises=TypeError, match=r"Fin\(3\).*Fin\(10\)", refused=True),
    Case("L-matmul", matmul, (A23.astype("f4"), B34.astype("f4")), (A23 @ B34), tolerance=1e-5),
    Case("L-logsumexp", logsumexp, (RAMP,), np.log(np.exp(RAMP).sum())),
    Case("L-softmax", softmax, (RAMP,), np.exp(RAMP) / np.exp(RAMP).sum()),
    Case(
        "L-histogram",
        histogram,
        (np.array([0, 1, 5, -3], "i4"), np.array([1, 2, 4, 8], "f4"), 3),
        np.array([9.0, 2.0, 4.0]),
    ),
    Case("L-histogram-empty", histogram, (np.zeros(0, "i4"), np.zeros(0, "f4"), 3), np.zeros(3)),
    Case("L-windows", correlation, (RAMP, np.array([1.0, -2.0])), np.correlate(RAMP, [1.0, -2.0], "valid")),
    Case("L-slice", smoothed, (RAMP,), np.array([1.0, 7 / 3, 14 / 3, 5.0, 5.0])),
    Case("L-stride", every_other, (RAMP,), 8.0),
    Case("L-ragged-out", triangle, (np.array([1.0, 2.0, 3.0]),), [[1.0], [2.0, 4.0], [3.0, 6.0, 9.0]]),
    Case(
        "L-ragged-in",
        row_sums,
        ([np.array([1.0]), np.array([2.0, 4.0]), np.array([3.0, 6.0, 9.0])],),
        np.array([1.0, 6.0, 18.0]),
    ),
    Case("L-elementwise", elementwise, (RAMP, -RAMP), 2 * RAMP + np.exp(-RAMP) + RAMP * RAMP),
    Case("L-tables", whole_tables, (A23, B34), (A23 @ B34, (A23 @ B34).T, (A23 @ B34).sum())),
    Case("L-while", collatz, (27,), 111),  # OEIS A006577
    Case("L-return", first_above, (RAMP, 3.0), 1),
    Case("L-return-none", first_above, (RAMP, 9.0), -1),
    Case(
        "L-floor",
        divided,
        (np.array([7, -7, 7, -7]), np.array([2, 2, -2, -2])),
        ([3, -4, -4, 3], [1, 1, -1, -1], [3.5, -3.5, -3.5, 3.5]),
    ),
    Case("L-floor-zero", divided, (np.array([1]), np.array([0])), raises=ZeroDivisionError, match="zero"),
    Case("L-ieee", float_divided, (-1.0, 0.0), -math.inf),
    Case("L-wrap", doubled, (np.int8(100),), -56),
    Case(
        "L-saturate",
        truncated,
        (np.array([1e9, -1e9, math.nan, -3.7, math.inf]),),
        np.array([127, -128, 0, -3, 127]),
    ),
    Case("L-mask", masked_sum, (np.array([1.0, -2.0, 4.0]),), 5.0),
    Case("L-mask-all", masked_sum, (np.array([-2.0]),), 0.0),
    Case("L-argmax", positions, (np.array([3.0, 1.0, 3.0, 1.0]),), (0, 1)),
    Case("L-argmax-product", positions_in_product, (np.array([[1.0, 7, 3], [7, 7, -4]]),), ((0, 1), (1, 2))),
    Case("L-argmax-nan", positions_in_product, (np.array([[1.0, 7], [math.nan, 8]]),), ((1, 0), (1, 0))),
    Case("L-argmax-mask", masked_position, (np.array([1.0, 5, -2, 5, 9]),), (1, 0)),
    Case("L-argmax-infinite", masked_position, (np.array([9.0, -math.inf, 1, -math.inf]),), (2, 2)),
    Case("L-argmax-nowhere", masked_position, (np.array([9.0]),), raises=ValueError, match="argmax of no"),
    Case("L-argmax-mask-product", masked_position_in_product, (np.array([[1.0, 7, 3], [7, 7, -4]]),), (0, 2, 3.0)),
    Case("L-break-product", until_negative, (np.array([[1.0, 2, 3], [4, 7, -1]]),), (29.0, 1, 1)),
    Case("L-break-product-none", until_negative, (np.array([[1.0, 2, 3]]),), (0.125 * (1 + 6 + 15), -1, -1)),
    Case("L-break-product-empty", until_negative, (np.ones((2, 0)),), (0.0, -1, -1)),
    Case("L-extrema-mask", masked_extrema, (np.array([[1.0, 7, 3], [7, 7, -4]]),), (3.0, -4.0, 5.0)),
    Case("L-argmax-unsigned", positions_of_type, (np.array([3, 200, 100], np.uint8),), (1, 0, 1)),
    Case("L-argmax-empty", positions, (np.zeros(0),), raises=ValueError, match="empty|1"),
    Case(
        "L-ties",
        gradient_of_ties,
        (np.array([1.0, 1.0, 0.0]),),
        ([1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]),
    ),
    Case("L-where", gradient_of_root, (0.0,), 0.0),
    Case("L-pow-zero", gradient_of_square, (0.0,), 0.0),
    Case("L-prod-zero", gradient_of_product, (np.array([0.0, 2.0, 3.0]),), np.array([6.0, 0.0, 0.0])),
    Case("L-at", checked_read, (RAMP, 3), 8.0),
    Case("L-at-out", checked_read, (RAMP, 5), raises=IndexError, match="5"),
    Case("L-at-negative", checked_read, (RAMP, -1), raises=IndexError, match="-1"),
    Case("L-get", read_or, (RAMP, 5), 7.0),
    Case("L-gather", gathered, (RAMP, np.array([4, 0, 4])), np.array([5.0, 1.0, 5.0])),
    Case("L-gather-out", gathered, (RAMP, np.array([4, 5])), raises=IndexError, match="5"),
    Case(
        "L-record",
        dense,
        (np.array([1.0, 2.0]), {"weight": np.array([[1.0, 1.0], [0.0, 3.0]]), "bias": np.array([0.5, 0.0])}),
        np.array([3.5, 6.0]),
    ),
    Case("L-generic", means, (A23,), ([1.0, 4.0], 1.5)),
    Case("L-higher-order", higher_order, (RAMP,), 2 * RAMP + 1),
    Case("L-product", outer_product, (np.array([1.0, 2.0]), np.array([3.0, 5.0])), ([3.0, 5.0, 6.0, 10.0], 24.0)),
    Case(  # asinh x = log(x + √(x² + 1)); derivatives 1/√(x² + 1), 1/√(x² − 1), 1/(1 − x²)
        "L-area-functions",
        area_functions,
        (0.5, 1.25),
        (
            (math.log(0.5 + math.sqrt(1.25)), math.log(2.0), 0.5 * math.log(3.0)),
            (1 / math.sqrt(1.25), 1 / 0.75, 1 / 0.75),
        ),
    ),
    Case("L-enum", by_colour, (np.array([1.0, 2.0]),), np.array([1.0, -2.0])),
    Case("L-table-slice", parts_of_a_table, (RAMP,), ([4.0, 2.0, 8.0], [3.0, -2.0, 6.0], 5.0)),
    Case(
        "L-accum",
        greatest_per_bin,
        (np.array([1.0, 3.0, 2.0]), np.array([0, 0, 1]), 3),
        np.array([3.0, 2.0, -math.inf]),
    ),
    Case("L-operators", square_of_product, (Complex(1.0, 2.0), Complex(3.0, 4.0)), 200.0),  # |-2 + 14i|²
    Case(  # f = |a + 1|² |b|², |b|² = 25, so 2·25·(re a + 1) and 2·25·im a
        "L-gradient-struct", gradient_of_structs, (Complex(1.0, 2.0), Complex(3.0, 4.0)), Complex(100.0, 100.0)
    ),
    Case(
        "L-jacobians",
        jacobians,
        (np.array([[2.0, 0.0], [3.0, math.pi / 2]]),),
        np.array([[[1.0, 0.0], [0.0, 2.0]], [[0.0, -3.0], [1.0, 0.0]]]),
    ),
    Case(
        "L-hessian",
        second_derivatives,
        (np.array([2.0, 3.0]), np.array([1.0, -1.0])),
        (np.array([[36.0, 12.0], [12.0, 0.0]]), np.array([24.0, 12.0])),
    ),
    Case("L-state", gradient_of_state, (np.array([1.0, 2.0, 3.0]),), np.array([9.0, 4.0, 2.0])),
    Case("L-newton", square_root, (2.0,), math.sqrt(2.0)),
    Case("L-gradient-while", gradient_of_while, (2.0,), 0.5 / math.sqrt(2.0), tolerance=1e-9),
    Case("L-vjp", pulled_back, (np.array([1.0, 2.0]), np.array([3.0, 4.0])), ([1.0, 4.0], [6.0, 16.0])),
    Case("L-from-the-end", from_the_end, (np.arange(12.0).reshape(3, 4),), [18.0, -18.0, 16.0]),
    Case("L-stop", stopped, (3.0,), (18.0, 9.0)),
    Case("L-sizes-differ", elementwise, (np.zeros(2), np.zeros(3)), raises=ValueError, match="3"),
    Case("L-element-type", elementwise, (np.zeros(2, "f4"), np.zeros(2)), raises=TypeError, match=r"f64.*f(loat)?32"),
]
