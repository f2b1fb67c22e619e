"""Whatever a user passes, from however many threads: a result, or an error of Python's. Never a crash."""

import array
import os
import threading

import numpy as np
import pytest

import pydex as dx
from pydex import f64, i64

pytestmark = pytest.mark.slow

n, m = dx.index_sets("n m")


@dx.jit
def total(x: f64[n]) -> f64:
    return sum(x[i] for i in n)


@dx.jit
def turned(x: f64[n, m]) -> f64[m, n]:
    return [[x[i, j] for i in n] for j in m]


@dx.jit
def gathered(x: f64[n], at: n.Index[m]) -> f64[m]:
    return [x[at[e]] for e in m]


@dx.jit
def counted(x: i64[n], bins: dx.Size[m]) -> i64[m]:
    h = dx.zeros(i64[m])
    for i in n:
        h[m.wrap(x[i])] += 1
    return h


@dx.jit
def same(x):
    return x


PADDED = np.zeros(3, dtype=[("tag", "i1"), ("value", "f8")])
PADDED["value"] = [1.0, 2.0, 4.0]

ARRAYS = {
    "empty": np.zeros(0),
    "read-only": np.frombuffer(np.array([1.0, 2.0, 4.0]).tobytes()),
    "byte-swapped": np.array([1.0, 2.0, 4.0]).astype(">f8"),
    "reversed": np.array([4.0, 2.0, 1.0])[::-1],
    "every other": np.array([1.0, 9.0, 2.0, 9.0, 4.0, 9.0])[::2],
    "broadcast": np.broadcast_to(1.0, (1000,)),
    "unaligned": np.frombuffer(b"x" + np.array([1.0, 2.0, 4.0]).tobytes(), offset=1),
    "a field of records": PADDED["value"],
    "a list": [1, 2.0, True],
    "a buffer": memoryview(np.array([1.0, 2.0, 4.0])),
    "array.array": array.array("d", [1.0, 2.0, 4.0]),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_of_any_kind(kind):
    assert total(ARRAYS[kind]) == pytest.approx(sum(np.asarray(ARRAYS[kind]).tolist()))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0), (1, 1), (2, 3)])
def test_axes_without_elements(shape):
    x = np.arange(float(np.prod(shape))).reshape(shape)
    np.testing.assert_array_equal(turned(x), x.T)


@pytest.mark.parametrize("steps", [(1, -1), (-1, 1), (-2, -3), (2, 1)])
def test_strides_of_any_sign(steps):
    x = np.arange(60.0).reshape(6, 10)[:: steps[0], :: steps[1]]
    np.testing.assert_array_equal(turned(x), x.T)
    np.testing.assert_array_equal(turned(x.T), x)


@pytest.mark.parametrize("dtype", ["f2", "f4", "g", "c16", "?", "i8", "O", "U3", "M8[s]", [("a", "f8")]])
def test_other_element_types_are_refused(dtype):
    with pytest.raises(TypeError, match=r"x: expected f64\[n\], found an array of "):
        total(np.zeros(3, dtype))


REFUSED = [None, "abc", {}, {1.0}, object(), iter([1.0]), range(3), b"abc", 1j, np.float64(1.0), 3, np.array(3.0)]
REFUSED += [[[1.0]], [[1.0], [2.0, 3.0]], [None], np.ma.array([1.0], mask=[1])]


@pytest.mark.parametrize("value", REFUSED, ids=lambda value: type(value).__name__)
def test_what_is_no_table_is_refused(value):
    with pytest.raises(TypeError, match=r"test_robust\.py:\d+:\d+: error: x: "):
        total(value)


def test_data_that_contains_itself():
    itself = []
    itself.append(itself)
    with pytest.raises((TypeError, RecursionError)):
        total(itself)
    with pytest.raises((TypeError, RecursionError)):
        same(itself)
    record = {}
    record["inside"] = record
    with pytest.raises(RecursionError, match="nested too deeply"):
        same(record)


@pytest.mark.parametrize("value", [np.float16(1.0), np.zeros(2, "f2"), 1j, b"a", {1}, np.array([None]), np], ids=repr)
def test_generic_functions_refuse_what_is_no_value(value):
    with pytest.raises(dx.DexError, match="error: "):
        same(value)


@pytest.mark.parametrize("index", [-1, 3, 2**63 - 1, -(2**63)])
def test_indices_out_of_range(index):
    with pytest.raises(IndexError, match=f"at: {index} is not an index of n, whose size is 3"):
        gathered(np.ones(3), np.array([0, index]))


@pytest.mark.parametrize("index", [2**63, 2**64 - 1])
def test_indices_that_no_signed_integer_holds(index):
    assert gathered(np.arange(3.0), np.array([0, 2], np.uint64)).tolist() == [0.0, 2.0]
    with pytest.raises(OverflowError, match=f"at: {index} is not a value of i64"):
        gathered(np.ones(3), np.array([0, index], np.uint64))


def test_indices_of_an_empty_table():
    with pytest.raises(IndexError, match="0 is not an index of n, whose size is 0"):
        gathered(np.ones(0), np.array([0]))


@pytest.mark.parametrize(
    ("bins", "error"), [(-1, ValueError), (2**45, MemoryError), (2**62, MemoryError), (2**63, OverflowError)]
)
def test_sizes_that_cannot_be(bins, error):
    with pytest.raises(error, match=r"test_robust\.py:\d+:\d+: error: "):
        counted(np.zeros(3, "i8"), bins)


def test_a_size_that_is_no_integer():
    with pytest.raises(TypeError, match="bins"):
        counted(np.zeros(3, "i8"), 2.0)


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63), -1, 0])
def test_integers_at_the_end_of_their_range(value):
    np.testing.assert_array_equal(counted(np.array([value]), 7), np.arange(7) == value % 7)


@dx.jit
def quotient(a: i64, b: i64) -> i64:
    return a // b + a % b


def test_the_division_that_traps_on_the_processor():
    assert quotient(-(2**63), -1) == -(2**63)  # wraps, as NumPy
    with pytest.raises(ZeroDivisionError):
        quotient(1, 0)


@dx.jit
def greatest(x: f64[n]) -> tuple[f64, f64]:
    k = dx.argmax(x[i] for i in n)
    return x[k], max(x[i] for i in n)


@pytest.mark.parametrize("value", [np.nan, -np.inf, np.inf])
def test_the_argmax_of_numbers_that_do_not_compare_is_an_index(value):
    np.testing.assert_array_equal(greatest(np.full(5, value)), (value, value))


def in_threads(count, work):
    """The errors of as many threads that run `work`."""
    errors = []

    def run(number):
        try:
            work(number)
        except BaseException as error:  # whatever it is, it is told
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_one_function_from_many_threads():
    def work(number):
        for _ in range(100):
            assert total(np.full(20_000, 0.5)) == 10_000.0
            with pytest.raises(IndexError):
                gathered(np.ones(3), np.array([7]))

    assert in_threads(6, work) == []


def test_first_calls_from_many_threads():
    @dx.jit
    def scaled(x: f64[n]) -> f64[n]:
        return [3.0 * x[i] for i in n]

    def work(number):
        assert scaled(np.ones(2)).tolist() == [3.0, 3.0]

        @dx.jit
        def shifted(x: f64[n]) -> f64[n]:
            return [x[i] + number for i in n]

        assert shifted(np.ones(2)).tolist() == [1.0 + number] * 2

    assert in_threads(6, work) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_calls_and_compiles():
    assert total(np.ones(100_000)) == 100_000.0
    child = os.fork()
    if child == 0:

        @dx.jit
        def doubled(x: f64[n]) -> f64[n]:
            return [2.0 * x[i] for i in n]

        good = total(np.ones(100_000)) == 100_000.0 and doubled(np.ones(2)).tolist() == [2.0, 2.0]
        os._exit(0 if good else 1)
    assert os.waitpid(child, 0)[1] == 0


@dx.jit
def until_done(x: dx.f64[n], at: m.Index[n], size: dx.Size[m]) -> dx.f64[m]:
    best = dx.accum(dx.f64[m], max)
    turns = 0
    while turns < 3:
        for i in n:
            best[at[i]] += x[i] * turns
        turns += 1
    return best


def test_an_accumulator_in_a_while():
    with pytest.raises(TypeError, match="best is made by dx.accum, and this loop may stop early or does not count"):
        until_done(np.ones(3), np.zeros(3, int), 1)


@dx.jit
def own_type(x: dx.f32[n]):
    u = [[0.5 for _ in dx.Fin(2)] for _ in n]
    for i in n[1:]:
        for a in dx.Fin(2):
            u[i, a] = 2.0 * x[i]
    return u


def test_untyped_tables_get_the_type_of_their_elements():
    found = own_type(np.array([1.0, 2.0], np.float32))
    assert found.dtype == np.float32 and found.tolist() == [[0.5, 0.5], [4.0, 4.0]]
