"""What a program means in the reference execution, one rule of the language a test; answers by NumPy or by hand."""

import dataclasses
import math
from enum import Enum

import numpy as np
import pytest

import pydex as dx
from pydex import f32, f64, i8, i32, i64, u8
from pydex.reference import all_floats_in_f64, jvp, reference_call

n, m, k = dx.index_sets("n m k")
three = dx.Fin(3)
SCALE = 2.0
TABLE = np.array([1.0, 2.0, 3.0])
ALIAS = f64[n]
RECORD = {"a": f64, "b": tuple[f64, i64]}


def run(function, *args, **kwargs):
    return reference_call(function, args, kwargs)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass(frozen=True)
class Cell:
    row: three
    column: n


class Even:
    """0, 2, 4: a set of the user's own."""

    size = 3

    def __init__(self, value):
        self.value = value

    def ordinal(self):
        return self.value // 2

    @staticmethod
    def from_ordinal(position):
        return Even(2 * position)


@dx.struct
class Complex:
    re: f64
    im: f64

    def __add__(self, other):
        return Complex(self.re + other.re, self.im + other.im)

    def __mul__(self, other):
        return Complex(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)

    def __neg__(self):
        return Complex(-self.re, -self.im)

    @property
    def square(self):
        return self.re * self.re + self.im * self.im


@dx.struct
class Layer:
    weight: f64[n, m]
    bias: f64[n]


PARAMETERS = {"w": f64, "z": Complex, "k": i64}


# ------------------------------------------------------------------------------------------------- index sets


def test_enum_index_sets():
    def by_colour(x: f64[Colour]):
        return [x[c] if c == Colour.RED else -x[c] for c in Colour], x[Colour.BLUE]

    found = run(by_colour, np.array([1.0, 2.0]))
    assert found[0].tolist() == [1.0, -2.0] and found[1] == 2.0


def test_record_index_sets():
    def by_cell(x: f64[Cell], size: f64[n]):
        return sum(x[c] for c in Cell if c.row == c.column), x[Cell(three.at(1), n.at(0))]

    x = np.arange(12.0)
    assert run(by_cell, x, np.zeros(4)) == (x.reshape(3, 4).trace(), 4.0)


def test_users_index_sets():
    def by_even(x: f64[Even]):
        return sum(e.value * x[e] for e in Even)

    assert run(by_even, np.array([1.0, 10.0, 100.0])) == 420.0


def test_products_are_flat_axes_of_pairs():
    def both(x: f64[n], y: f64[m]):
        table = [x[i] * y[j] for i in n for j in m]
        return table, table[n.at(1), m.at(0)], sum(table[p] for p in n * m)

    found = run(both, np.array([1.0, 2.0]), np.array([3.0, 5.0]))
    assert found[0].tolist() == [3.0, 5.0, 6.0, 10.0] and found[1:] == (6.0, 24.0)


def test_a_pair_indexes_two_axes():
    def total(x: f64[n, m]):
        return sum(x[p] for p in n * m)

    assert run(total, np.ones((2, 3))) == 6.0


def test_fixed_sizes_and_fence_posts():
    def differences(x: f64[n + 1]) -> f64[n]:
        return [x[i + 1] - x[i] for i in n]

    assert run(differences, np.array([1.0, 4.0, 9.0])).tolist() == [3.0, 5.0]

    def inside_a_superset(x: f64[n + 1], y: f64[n]):
        return [x[i] + y[i] for i in n]

    assert run(inside_a_superset, np.ones(3), np.ones(2)).tolist() == [2.0, 2.0]


def test_sums_of_sets():
    def concatenated(x: f64[n], y: f64[m]) -> f64[n | m]:
        z = dx.zeros(f64[n | m])
        for i in n:
            z[i.ordinal] = x[i]
        for j in m:
            z[n.size + j] = y[j]
        return z

    assert run(concatenated, np.ones(2), np.zeros(1)).tolist() == [1.0, 1.0, 0.0]


def test_dependent_sets_nest():
    def pairs_below(count: dx.Size[n]) -> i64:
        return sum(1 for i in n for j in dx.below(i) for _ in dx.upto(j))

    assert run(pairs_below, 4) == 10


def test_slices_of_sets_keep_their_ordinals_and_tables_start_at_zero():
    def inner(x: f64[n]):
        kept = [i.ordinal for i in n[1:-1]]
        y = [x[i] for i in n[1:-1]]
        return kept, y, y[0], x[1:-1][0], x[-1], x[::2]

    found = run(inner, np.array([5.0, 6.0, 7.0, 8.0]))
    assert found[0].tolist() == [1, 2] and found[1].tolist() == [6.0, 7.0]
    assert found[2:5] == (6.0, 6.0, 8.0) and found[5].tolist() == [5.0, 7.0]


def test_conversions_of_integers():
    def converted(x: f64[n], at: i64):
        return n.clamp(at), n.wrap(at)

    assert [run(converted, np.zeros(3), at) for at in (-1, 1, 5)] == [(0, 2), (1, 1), (2, 2)]


def test_run_time_sets():
    def first(x: f64[n], count: i64):
        s = dx.Fin(count)
        return sum(x[i.ordinal] for i in s)

    assert run(first, np.array([1.0, 2.0, 4.0]), 2) == 3.0


def test_ranges_of_lengths_range_over_the_own_set():
    def generic(x, y: f64[n]):
        return [x[i] for i in range(len(x))], [y[i] for i in range(n.size)], [v for v in reversed(y)]

    found = run(generic, np.arange(2.0), np.arange(3.0))
    assert [part.tolist() for part in found] == [[0.0, 1.0], [0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]


def test_indices_as_data():
    def chosen(x: f64[n], edges: n.Index[m]) -> n.Index[m]:
        return [edges[e] for e in m]

    found = run(chosen, np.zeros(3), np.array([2, 0], np.int32))
    assert found.tolist() == [2, 0] and found.dtype == np.int64


# ----------------------------------------------------------------------------------------------------- scalars


def test_element_types_stay():
    def kinds(x: f32, y: i8):
        s = 0.0
        s += x
        return s, x * 2, y + 1, y / y, x * y, 3, 0.5, x > 0

    found = run(kinds, np.float32(1.5), np.int8(3))
    assert [type(part) for part in found] == [
        np.float32,
        np.float32,
        np.int8,
        np.float64,
        np.float32,
        np.int64,
        np.float64,
        np.bool_,
    ]


def test_booleans_count():
    def how_many(x: f64[n]):
        return sum(x[i] > 0 for i in n), any(x[i] > 2 for i in n), all(v > 0 for v in x), not (x[0] > 0)

    assert run(how_many, TABLE) == (3, True, True, False)


def test_casts():
    def cast(x: f64):
        return f32(x), i8(x), u8(x), dx.bool(x), int(x), float(2), i32(300) + i32(1), i8(i32(300))

    assert run(cast, 300.7) == (np.float32(300.7), 127, 255, True, 300, 2.0, 301, 44)


def test_division_by_zero_of_literals_and_indices():
    def inverse(count: dx.Size[n]):
        return [1 / i for i in n]

    assert run(inverse, 3).tolist() == [math.inf, 1.0, 0.5]


def test_integer_overflow_wraps_without_a_warning(recwarn):
    def overflow(x: i32):
        return x * x, -x, x << 4, x**5

    big = np.int32(-(2**31))
    with np.errstate(all="ignore"):
        assert run(overflow, big) == (big * big, big, 0, 0)
    assert not recwarn.list


def test_nan_propagates():
    def extremes(x: f64[n]):
        return max(v for v in x), min(v for v in x), dx.maximum(x[0], x[1]), dx.argmax(x)

    found = run(extremes, np.array([1.0, math.nan, 3.0]))
    assert all(math.isnan(part) for part in found[:3]) and found[3] == 1


def test_annotated_locals():
    def local() -> f32:
        s: f32 = 0
        return s

    assert type(run(local)) is np.float32


# ------------------------------------------------------------------------------------------- tables and records


def test_numpys_names_on_whole_tables():
    def names(x: f64[n, m]):
        return x.sum(), x.max(), x.T, x.mean(), dx.sqrt(x), -x, x > 2, x.shape, x.argmax()

    x = np.array([[1.0, 4.0, 9.0], [16.0, 25.0, 36.0]])
    total, top, transposed, mean, root, negative, above, shape, at = run(names, x)
    assert (total, top, mean, shape, at) == (91.0, 36.0, 91 / 6, (2, 3), (1, 2))
    np.testing.assert_array_equal(transposed, x.T)
    np.testing.assert_array_equal(root, np.sqrt(x))
    np.testing.assert_array_equal(negative, -x)
    np.testing.assert_array_equal(above, x > 2)


def test_constructors():
    def made(x: f32[n]):
        return dx.zeros(i32[n]), dx.ones(f32), dx.full(f64[n, 2 * n], 7), dx.ones_like(x), dx.zeros_like(x)

    zeros, one, sevens, ones, none = run(made, np.zeros(2, np.float32))
    assert zeros.dtype == np.int32 and type(one) is np.float32 and ones.dtype == none.dtype == np.float32
    assert sevens.tolist() == [[7.0] * 4] * 2 and ones.tolist() == [1.0, 1.0] and none.tolist() == [0.0, 0.0]


def test_rows_are_updated_in_place():
    def rows(x: f64[n, m]):
        y = x.copy()
        for i in n:
            y[i] = [2.0 * v for v in x[i]]
        y[0, 0] += 1.0
        y[0][1] = 5.0
        return y

    assert run(rows, np.ones((2, 2))).tolist() == [[3.0, 5.0], [2.0, 2.0]]


def test_arguments_are_never_changed():
    x = np.zeros(3)

    def change(x: f64[n]):
        y = x.copy()
        y[0] = 1.0
        return y, x

    assert run(change, x)[1].tolist() == [0.0, 0.0, 0.0] and x.tolist() == [0.0, 0.0, 0.0]


def test_structs():
    def product(a: Complex, b: Complex):
        c = a * b + -a
        return c, c.square, c.replace(im=0.0), [Complex(v, v) for v in (1.0, 2.0)][1].re

    found = run(product, Complex(1.0, 2.0), Complex(3.0, 4.0))
    assert found == (Complex(-6.0, 8.0), 100.0, Complex(-6.0, 0.0), 2.0)


def test_structs_of_tables_bind_sizes():
    def applied(layer: Layer, x: f64[m]) -> f64[n]:
        return [sum(layer.weight[i, j] * x[j] for j in m) + layer.bias[i] for i in n]

    layer = Layer(np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]]), np.array([1.0, 0.0]))
    assert run(applied, layer, TABLE).tolist() == [15.0, 2.0]
    with pytest.raises(ValueError, match="layer.bias"):
        run(applied, layer.replace(bias=np.zeros(3)), TABLE)


def test_tables_of_structs():
    def total(z: Complex[n]) -> Complex:
        return sum(z[i] for i in n)

    assert run(total, [Complex(1.0, 2.0), Complex(3.0, 4.0)]) == Complex(4.0, 6.0)


def test_tuples_and_records():
    def records(p: RECORD):
        first, second = p["b"]
        out = {"sum": p["a"] + first, "twice": (second, second)}
        return out

    assert run(records, {"a": 1.0, "b": (2.0, 3)}) == {"sum": 3.0, "twice": (3, 3)}


def test_filtered_tables():
    def positive(x: f64[n]):
        return [x[i] for i in n if x[i] > 1.5]

    assert run(positive, TABLE).tolist() == [2.0, 3.0]


def test_accumulators():
    def combined(x: f64[n], bin: m.Index[n], bins: dx.Size[m]):
        best = dx.accum(f64[m], max)
        product = dx.accum(f64, prod)  # noqa: F821
        for i in dx.parallel(n):
            best[bin[i]] += x[i]
            product += x[i]
        return best, product

    best, product = run(combined, np.array([1.0, 3.0, 2.0]), np.array([0, 0, 1]), 3)
    assert best.tolist() == [3.0, 2.0, -math.inf] and product == 6.0


def test_matmul_needs_one_set():
    def wrong(a: f64[n, m], b: f64[k, n]):
        return a @ b

    with pytest.raises(TypeError, match="sums over m .* over k"):
        run(wrong, np.zeros((2, 3)), np.zeros((3, 2)))


# --------------------------------------------------------------------------------------------------- functions


def test_captures_are_read_at_each_call():
    scale = np.array([1.0, 2.0])

    def scaled(x: f64[n]):
        return x * scale, x[0] * SCALE, [TABLE[i] for i in range(len(TABLE))]

    assert run(scaled, np.ones(2))[0].tolist() == [1.0, 2.0]
    scale[1] = 5.0
    assert run(scaled, np.ones(2))[0].tolist() == [1.0, 5.0]


def test_callees_have_sizes_of_their_own():
    def halves(x: f64[n], y: f64[n]) -> f64[n]:
        return [x[i] + y[i] for i in n]

    def caller(x: f64[m], y: f64[m], z: f64[n]):
        return [halves(x, y)[j] for j in m], halves(z, z)

    found = run(caller, np.ones(2), np.ones(2), np.ones(3))
    assert found[0].tolist() == [2.0, 2.0] and found[1].tolist() == [2.0, 2.0, 2.0]


def test_local_functions_lambdas_and_defaults():
    def outer(x: f64[n], factor: f64 = 3.0):
        def scaled(v, by=factor):
            return v * by

        functions = (scaled, lambda v: v + factor)
        return [f(x[0]) for f in functions], scaled(x[1], by=2.0)

    found = run(outer, np.array([1.0, 2.0]))
    assert found[0].tolist() == [3.0, 4.0] and found[1] == 4.0


def test_functions_as_arguments():
    def twice(f, x: f64):
        return f(f(x))

    assert run(twice, lambda v: v // 2, 9.0) == 2.0


def test_control_flow():
    def flow(x: f64[n]):
        total = 0.0
        for i, v in enumerate(x):
            if v < 0:
                continue
            if i == 3:
                break
            total += v
        try:
            assert total < 100, "too much"
        except AssertionError:
            total = -1.0
        match total:
            case -1.0:
                return 0.0
        return total

    assert run(flow, np.array([1.0, -1.0, 2.0, 4.0])) == 3.0
    assert run(flow, np.array([100.0])) == 0.0


def test_strings_of_annotations():
    namespace = {"dx": dx, "f64": f64, "n": n}
    source = "def f(x: 'f64[n]') -> 'f64':\n    return sum(x[i] for i in n)\n"
    import linecache

    linecache.cache["<annotations>"] = (len(source), None, source.splitlines(True), "<annotations>")
    exec(compile(source, "<annotations>", "exec"), namespace)
    assert run(namespace["f"], TABLE) == 6.0


def test_aliases_of_types():
    def identity(x: ALIAS) -> ALIAS:
        y: ALIAS = x
        return y

    assert run(identity, TABLE).tolist() == TABLE.tolist()


def test_sets_of_equal_size_stay_different_in_a_call():
    def added(x: f64[n], y: f64[n]):
        return x + y

    def caller(x: f64[n], y: f64[m]):
        return added(x, y)

    with pytest.raises(TypeError, match="y is over m, but x over n"):
        run(caller, np.zeros(2), np.zeros(2))


def test_empty_axes_keep_their_shape():
    def transposed(x: f32[n, m]) -> f32[m, n]:
        return [[x[i, j] for i in n] for j in m]

    found = run(transposed, np.zeros((0, 3), "f4"))
    assert found.shape == (3, 0) and run(transposed, np.zeros((3, 0), "f4")).shape == (0, 3)
    assert found.dtype == np.float32


def test_all_floats_in_f64():
    def third(x: f32[n]) -> f32:
        s: f32 = 0.0
        for i in n:
            s += x[i] / f32(3)
        return s + dx.zeros(f32)

    ones = np.ones(10, np.float32)
    with all_floats_in_f64():
        wide = run(third, ones)
    assert type(wide) is np.float64 and wide == pytest.approx(10 / 3, rel=1e-15)
    assert type(run(third, ones)) is np.float32


# -------------------------------------------------------------------------------------------------- derivatives


def test_jvp_from_outside():
    def product(x: f64[n], s: f64, steps: i64) -> f64:
        return s * sum(x[i] * x[i] for i in n) + steps

    value, tangent = jvp(product, (TABLE, 2.0, 3), (np.ones(3), 1.0, None))
    assert value == 31.0 and tangent == 2 * 12.0 + 14.0


def test_gradients_have_the_structure_of_their_arguments():
    def loss(p, x):
        return p["w"] * x + p["z"].re * p["z"].im + p["k"]

    def gradient(p: PARAMETERS, x: f64):
        return dx.grad(loss)(p, x), dx.grad(loss, wrt=(0, "x"))(p, x)[1]

    found = run(gradient, {"w": 2.0, "z": Complex(3.0, 4.0), "k": 1}, 5.0)
    assert found == ({"w": 5.0, "z": Complex(4.0, 3.0), "k": None}, 2.0)


def test_jacobians_and_hessians():
    def polar(x: f64[n]) -> f64[n]:
        return [x[0] * dx.cos(x[1]), x[0] * dx.sin(x[1])]

    def cubic(x: f64[n]) -> f64:
        return x[0] ** 3 * x[1]

    def derivatives(x: f64[n], v: f64[n]):
        return dx.jacobian(polar)(x), dx.hessian(cubic)(x), dx.hvp(cubic)(x, v)

    r, a = 2.0, 0.3
    x, v = np.array([r, a]), np.array([1.0, -1.0])
    by_hand = np.array([[math.cos(a), -r * math.sin(a)], [math.sin(a), r * math.cos(a)]])
    hessian = np.array([[6 * r * a, 3 * r * r], [3 * r * r, 0.0]])
    with pytest.raises(TypeError, match="over n"):
        run(derivatives, x, v)

    def polar_of_two(x: f64[dx.Fin(2)]) -> f64[dx.Fin(2)]:
        return [x[0] * dx.cos(x[1]), x[0] * dx.sin(x[1])]

    def of_two(x: f64[dx.Fin(2)], v: f64[dx.Fin(2)]):
        return dx.jacobian(polar_of_two)(x), dx.hessian(cubic)(x), dx.hvp(cubic)(x, v)

    found = run(of_two, x, v)
    np.testing.assert_allclose(found[0], by_hand)
    np.testing.assert_allclose(found[1], hessian)
    np.testing.assert_allclose(found[2], hessian @ v)


def test_vjp_linearize_and_transpose():
    def linear(x: f64[n], y: f64) -> f64[n]:
        return [2.0 * x[i] + y for i in n]

    def all_three(x: f64[n], y: f64, c: f64[n]):
        return dx.vjp(linear, x, y)[1](c), dx.linearize(linear, x, y)[1](c, 1.0), dx.transpose(linear, x, y)(c)

    back, forward, transposed = run(all_three, TABLE, 1.0, np.array([1.0, 0.0, 2.0]))
    for pulled in (back, transposed):
        assert pulled[0].tolist() == [2.0, 0.0, 4.0] and pulled[1] == 3.0
    assert forward.tolist() == [3.0, 1.0, 5.0]


def test_stop_gradient_and_checkpoint():
    def stopped(x: f64) -> f64:
        return x * dx.stop_gradient(x) + dx.checkpoint(lambda v: v * v)(x)

    def gradient(x: f64):
        return dx.value_and_grad(stopped)(x)

    assert run(gradient, 3.0) == (18.0, 9.0)


def test_gradient_through_state_and_updates():
    def recurrence(x: f64[n]) -> f64:
        state = x.copy()
        carried = 1.0
        for i in n:
            carried = carried * state[i]
            state[i] = carried
        return sum(state[i] for i in n)

    def gradient(x: f64[n]):
        return dx.grad(recurrence)(x)

    a, b, c = TABLE
    assert run(gradient, TABLE).tolist() == [1 + b + b * c, a + a * c, a * b]


# -------------------------------------------------------------------------------------------------------- errors


def _two_sets(x: f64[n], y: f64[m]):
    return [x[i] + y[i] for i in n]


def _unbound(x: f64[n]):
    return [0.0 for j in m]


def _out_of_range(x: f64[n]):
    return x[n.size]


def _negative(x: f64[n]):
    return [x[i - 1] for i in n]


def _narrowing(x: f64[n]):
    y = dx.zeros(f32[n])
    y[0] = x[0]
    return y


def _mixed():
    return [f32(1.0), f64(2.0)]


def _no_float(x: i64):
    return dx.grad(lambda v: v * v)(x)


def _table_result(x: f64[n]):
    return dx.grad(lambda v: v)(x)


def _wrong_name(x: f64):
    return dx.grad(lambda v: v, wrt="w")(x)


def _empty_maximum(x: f64[n]):
    return max(x[i] for i in n)


def _too_deep(x: f64[n]):
    return x[0, 0]


def _result_type(x: f64) -> f32:
    return x


def _literal_too_large(x: i8):
    return x + 300


def _truth(x: f64[n]):
    return 1 if x > 0 else 0


def _undetermined(x: f64[n * m]):
    return x


def _odd(x: f64[2 * n]):
    return x


def _untupled(x: f64):
    return dx.jvp(lambda v: v, x, x)


ERRORS = [
    (_two_sets, (TABLE, TABLE), TypeError, "indexed by m, but the index ranges over n"),
    (_unbound, (TABLE,), TypeError, "size m is not bound"),
    (_out_of_range, (TABLE,), IndexError, "3 is not an index of n, which has 3"),
    (_negative, (TABLE,), IndexError, "-1 is not an index"),
    (_narrowing, (TABLE,), TypeError, "expected f32, found f64: write f32"),
    (_mixed, (), TypeError, "f32 and f64"),
    (_no_float, (1,), TypeError, "no floats to differentiate by"),
    (_table_result, (TABLE,), TypeError, "float scalar"),
    (_wrong_name, (1.0,), ValueError, "wrt names 'w', but the parameters are v"),
    (_empty_maximum, (np.zeros(0),), ValueError, "max of nothing"),
    (_too_deep, (TABLE,), TypeError, "too many indices"),
    (_result_type, (1.0,), TypeError, "expected f32, found f64"),
    (_literal_too_large, (np.int8(1),), OverflowError, "300 does not fit into i8"),
    (_truth, (TABLE,), TypeError, "neither true nor false"),
    (_undetermined, (TABLE,), TypeError, "does not determine"),
    (_odd, (TABLE,), ValueError, "no n makes 2\\*n that many"),
    (_untupled, (1.0,), TypeError, "tuple of arguments"),
    (_two_sets, (TABLE, np.zeros((2, 2))), TypeError, "y: expected f64.m., found an array of 2 axes"),
    (_two_sets, (TABLE.astype("f4"), TABLE), TypeError, "x: expected f64, found f32.*astype"),
    (_two_sets, (TABLE,), TypeError, "missing a required argument: 'y'"),
    (_two_sets, (1.0, TABLE), TypeError, "expected a table"),
]


@pytest.mark.parametrize(("function", "args", "error", "text"), ERRORS, ids=[text for *_, text in ERRORS])
def test_error(function, args, error, text):
    with pytest.raises(error, match=text):
        run(function, *args)


def test_a_function_without_source_is_refused():
    exec("def f(x):\n    return x", namespace := {})
    with pytest.raises(TypeError, match="cannot read the source of f"):
        run(namespace["f"], 1.0)


def test_errors_point_into_the_users_file():
    with pytest.raises(IndexError) as caught:
        run(_negative, TABLE)
    lines = [frame.lineno + 1 for frame in caught.traceback if frame.path.name == "test_programs.py"]
    assert _negative.__code__.co_firstlineno + 1 in lines
