"""The native runtime: calls, errors, memory and threads, with hand-written C in the place of compiled code."""

import ctypes
import gc
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from pydex import runtime
from pydex.runtime import _native
from pydex.runtime.signature import Precondition, Signature, Value

N, M = ((1, ("n",)),), ((1, ("m",)),)


class Raised(Exception):
    """What on_raise makes in these tests: args are site, a, b."""


@pytest.fixture(scope="session")
def kernels(compiled_c):
    """kernels(name, params, results, symbols, preconditions): an entry of runtime_kernels.c."""

    def kernel(name, params=(), results=(), symbols=(), preconditions=()):
        return compiled_c(name, Signature(symbols, params, results, preconditions), Raised)

    return kernel


@pytest.fixture(autouse=True)
def two_threads():
    before = runtime.get_threads()
    runtime.set_threads(2)
    yield
    runtime.set_threads(before)


def scalar(name, dtype="i64"):
    return Value(name, "scalar", dtype)


def size(name):
    return Value(name, "size", "i64", (((1, (name,)),),))


def table(name, dtype, *extents):
    return Value(name, "table", dtype, extents)


# ---- values


def test_float(kernels):
    square = kernels("square", (scalar("x", "f64"),), (scalar("y", "f64"),))
    assert square(3.0) == 9.0 and type(square(3.0)) is float
    assert square(-3) == 9.0
    assert square(np.float64(1.5)) == 2.25
    assert square(np.array(1.5)) == 2.25
    assert square(x=2.0) == 4.0
    assert np.isnan(square(float("nan"))) and square(float("-inf")) == float("inf")


INTS = ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64")


@pytest.mark.parametrize("dtype", INTS)
def test_ints_at_their_limits(kernels, dtype):
    same = kernels("same", (scalar("x", dtype),), (scalar("y", dtype),))
    limits = np.iinfo(np.dtype(f"{dtype[0]}{int(dtype[1:]) // 8}"))
    for x in (limits.min, limits.max, 0, 1):
        assert same(x) == x
        assert same(limits.dtype.type(x)) == x
    assert type(same(1)) is (int if dtype == "i64" else limits.dtype.type)
    for x in (limits.min - 1, limits.max + 1, 10**30):
        with pytest.raises(OverflowError, match=f"^x: {x} is not a value of {dtype}$"):
            same(x)


def test_f32_and_bool(kernels):
    same = kernels("same", (scalar("x", "f32"),), (scalar("y", "f32"),))
    assert same(0.1) == np.float32(0.1) and type(same(0.1)) is np.float32
    assert same(np.float32(0.1)) == np.float32(0.1)
    assert same(float("inf")) == np.inf
    with pytest.raises(OverflowError):
        same(1e300)
    flip = kernels("same", (scalar("x", "bool"),), (scalar("y", "bool"),))
    assert flip(True) is True and flip(np.bool_(False)) is False


@pytest.mark.parametrize(
    ("dtype", "argument", "message"),
    [
        ("i64", 1.0, "x: expected i64, found float; convert it with int(x)"),
        ("i64", np.int32(1), "x: expected i64, found int32; convert it with int(x)"),
        ("i32", True, "x: expected i32, found bool; convert it with np.int32(x)"),
        ("f64", np.float32(1), "x: expected f64, found float32; convert it with float(x)"),
        ("f32", np.float64(1), "x: expected f32, found float64; convert it with np.float32(x)"),
        ("f64", "1", "x: expected f64, found str"),
        ("f64", None, "x: expected f64, found NoneType"),
        ("f64", np.zeros(3), "x: expected f64, found an array of float64, shape (3,); convert it with float(x)"),
        ("bool", 1, "x: expected bool, found int; convert it with bool(x)"),
    ],
)
def test_wrong_scalars(kernels, dtype, argument, message):
    same = kernels("same", (scalar("x", dtype),), (scalar("y", dtype),))
    with pytest.raises(TypeError) as caught:
        same(argument)
    assert str(caught.value) == message


# ---- tables


@pytest.fixture
def scale(kernels):
    params = (table("x", "f64", N, M), scalar("a", "f64"))
    return kernels("scale", params, (table("y", "f64", N, M),), ("n", "m"))


def views(x):
    """The same numbers as x, laid out in every way."""
    yield x
    yield np.asfortranarray(x)
    yield x[::-1, ::-1].copy()[::-1, ::-1]
    wide = np.zeros((2 * x.shape[0], 3 * x.shape[1]))
    wide[::2, ::3] = x
    yield wide[::2, ::3]
    unaligned = np.zeros(x.nbytes + 1, np.uint8)[1:].view(np.float64).reshape(x.shape)
    unaligned[...] = x
    yield unaligned
    yield x.astype(">f8")
    record = np.zeros(x.shape, dtype=[("a", "i4"), ("b", "f8"), ("c", "i2")])
    record["b"] = x
    yield record["b"]
    readonly = x.copy()
    readonly.flags.writeable = False
    yield readonly
    yield x.view(np.matrix) if x.ndim == 2 else x
    yield memoryview(np.ascontiguousarray(x))
    yield x.tolist()
    yield tuple(map(tuple, x.tolist()))


def test_any_layout(scale):
    x = np.arange(12.0).reshape(3, 4)
    for view in views(x):
        y = scale(view, 2)
        assert np.array_equal(y, 2 * x), type(view)
        assert type(y) is np.ndarray and y.flags.c_contiguous and y.flags.owndata and y.base is None
        assert y.ctypes.data % 64 == 0


def test_broadcast_strides_and_empty_tables(scale):
    row = np.broadcast_to(np.arange(4.0), (3, 4))
    assert np.array_equal(scale(row, 1), row)
    assert scale(np.zeros((0, 5)), 1).shape == (0, 5)
    assert scale(np.zeros((5, 0)), 1).shape == (5, 0)


def test_dlpack(scale):
    class Foreign:
        def __init__(self, array):
            self.array = array

        def __dlpack__(self, **options):
            return self.array.__dlpack__(**options)

        def __dlpack_device__(self):
            return self.array.__dlpack_device__()

    x = np.arange(12.0).reshape(3, 4)
    assert np.array_equal(scale(Foreign(x), 2), 2 * x)
    assert np.array_equal(scale(Foreign(x), Foreign(np.array(2.0))), 2 * x)


@pytest.mark.slow
def test_results_can_be_resized_and_outlive_the_function(scale):
    y = scale(np.ones((100, 100)), 3)
    y.resize((200, 100), refcheck=False)
    assert (y[:100] == 3).all() and (y[100:] == 0).all()
    z = scale(np.ones((1000, 1000)), 3)
    del scale
    gc.collect()
    assert (z == 3).all()


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        (np.zeros(3), "x: f64[n, m] has 2 axes, the argument's shape is (3,)"),
        (
            np.zeros((2, 2), np.float32),
            "x: expected f64[n, m], found an array of float32, shape (2, 2); convert it with x.astype(np.float64)",
        ),
        (3.0, "x: expected f64[n, m], found float"),
        ([[1.0], [1.0, 2.0]], "x: expected f64[n, m], found a list whose rows differ in shape"),
        ([["a"]], "x: expected f64[n, m], found a list of str"),
        (
            np.ma.masked_array(np.zeros((2, 2))),
            "x: expected f64[n, m], found an array of float64, shape (2, 2); "
            "say what masked elements are with filled()",
        ),
    ],
)
def test_wrong_tables(scale, argument, message):
    with pytest.raises(TypeError) as caught:
        scale(argument, 1)
    assert str(caught.value) == message


def test_lists_of_small_ints(kernels):
    first = kernels("nothing", (table("x", "i8", N),), (), ("n",))
    assert first([1, -128, 127]) == ()
    with pytest.raises(OverflowError, match="x: 128 is not a value of i8"):
        first([1, 128])
    with pytest.raises(TypeError, match=r"x: expected i8\[n\], found a list of float64"):
        first([1.0])


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, "missing: x, a; the parameters are (x, a)"),
        ((1, 2, 3), {}, "expected 2 arguments (x, a), found 3"),
        ((1, 2), {"a": 3}, "given twice: a; the parameters are (x, a)"),
        ((1,), {"b": 3}, "there is no parameter b; the parameters are (x, a)"),
    ],
)
def test_wrong_count(scale, args, kwargs, message):
    with pytest.raises(TypeError) as caught:
        scale(*args, **kwargs)
    assert str(caught.value) == message


# ---- sizes


def test_sizes_must_agree(kernels):
    f = kernels("nothing", (table("x", "f64", N), table("y", "f64", M, N)), (), ("n", "m"))
    assert f(np.zeros(3), np.zeros((2, 3))) == ()
    with pytest.raises(ValueError, match=r"^axis 1 of y has size 4, but n is 3 \(n = 3 from axis 0 of x\)$"):
        f(np.zeros(3), np.zeros((2, 4)))


def test_linear_sizes(kernels):
    posts, twice = ((1, ("n",)), (1, ())), ((2, ("n",)),)
    f = kernels("read_symbol", (table("x", "f64", posts),), (scalar("n"),), ("n",))
    assert f(np.zeros(8)) == 7
    with pytest.raises(ValueError, match=r"^axis 0 of x has size 0, and no n >= 0 makes n \+ 1 equal to it$"):
        f(np.zeros(0))
    g = kernels("read_symbol", (table("x", "f64", twice),), (scalar("n"),), ("n",))
    assert g(np.zeros(6)) == 3
    with pytest.raises(ValueError, match=r"^axis 0 of x has size 7, and no n >= 0 makes 2\*n equal to it$"):
        g(np.zeros(7))


def test_preconditions(kernels):
    condition = Precondition(((1, ("n",)),), 1, "x must not be empty")
    f = kernels("nothing", (table("x", "f64", N),), (), ("n",), (condition,))
    assert f(np.zeros(1)) == ()
    with pytest.raises(ValueError, match=r"^x must not be empty \(n = 0 from axis 0 of x\)$"):
        f(np.zeros(0))


def test_size_parameters(kernels):
    fill = kernels("fill", (size("n"),), (table("y", "i64", N),), ("n",))
    assert fill(3).tolist() == [0, 1000, 2000]
    assert fill(np.int32(3)).tolist() == [0, 1000, 2000]
    for wrong, error in ((3.0, TypeError), (True, TypeError), (-1, ValueError), (2**70, OverflowError)):
        with pytest.raises(error):
            fill(wrong)


@pytest.mark.parametrize("n", [2**60, 2**62, 2**45])
def test_huge_results_are_memory_errors(kernels, n):
    with pytest.raises(MemoryError):
        kernels("fill", (size("n"),), (table("y", "i64", N),), ("n",))(n)


# ---- errors and memory of compiled code


def test_raise(kernels):
    f = kernels("raise_site", (scalar("site"), scalar("a"), scalar("b")))
    with pytest.raises(Raised) as caught:
        f(3, -(2**63), 2**63 - 1)
    assert caught.value.args == (3, -(2**63), 2**63 - 1)


def test_on_raise_may_fail_itself(kernels):
    f = kernels("raise_site", (scalar("site"), scalar("a"), scalar("b")))
    g = _native.Function(0, Signature((), (), ()).encode(), None, None)
    assert g.keep is None and f.on_raise is Raised
    entry = ctypes.cast(f.keep.raise_site, ctypes.c_void_p).value
    signature = Signature((), (scalar("site"), scalar("a"), scalar("b")), ())
    for on_raise, error in ((lambda *_: 1 // 0, ZeroDivisionError), (lambda *_: "text", TypeError)):
        with pytest.raises(error):
            runtime.function(entry, signature, on_raise, f.keep)(1, 2, 3)


@pytest.mark.parametrize("bytes", [0, 1, 64, 65, 10**6, 10**8])
def test_alloc_is_aligned(kernels, bytes):
    assert kernels("allocate", (scalar("n"),), (scalar("r"),))(bytes) == 0


@pytest.mark.parametrize("bytes", [2**45, 2**62, 2**63 - 1, -1])
def test_huge_temporaries_are_memory_errors(kernels, bytes):
    with pytest.raises(MemoryError, match=f"cannot allocate {bytes} bytes for a temporary"):
        kernels("allocate", (scalar("n"),), (scalar("r"),))(bytes)


def test_stack_discipline(kernels):
    for _ in range(3):
        assert kernels("stack_discipline", (), (scalar("r"),))() == 1


def test_a_raise_releases_the_arena(kernels):
    f = kernels("allocate_and_raise", (scalar("n"),))
    held = []
    for _ in range(20):
        with pytest.raises(Raised):
            f(10**6)
        held.append(_native.arena_bytes())
    assert held[1:] == held[:1] * 19


def test_arena_is_given_back_when_calls_stop_using_it(kernels):
    allocate = kernels("allocate", (size("bytes"), table("x", "f64", N)), (), ("bytes", "n"))
    runtime.trim()
    assert _native.arena_bytes() == 0
    x = np.zeros(1)
    for first in (10**8, 100):  # the large block is the first, or above a small one
        allocate(first, x)
        allocate(10**8, x)
        assert _native.arena_bytes() >= 10**8
        for _ in range(130):
            allocate(100, x)
        assert 0 < _native.arena_bytes() < 10**7


def test_large_results_are_used_again(kernels):
    new = kernels("nothing", (size("n"),), (table("y", "i64", N),), ("n",))
    runtime.trim()
    addresses = set()
    for n in (1_000_000, 999_000, 950_000, 1_000_000):
        result = new(n)
        addresses.add(result.ctypes.data)
        del result
    assert len(addresses) == 1
    first, second = new(1_000_000), new(1_000_000)
    assert first.ctypes.data != second.ctypes.data


def test_what_alignment_leaves_behind_a_large_result_is_not_waste(kernels):
    """Blocks of 4 MB and more begin at 2 MB: up to as much is behind them, which depends on where they are."""
    new = kernels("nothing", (size("n"),), (table("y", "i64", N),), ("n",))
    for n in range(530_000, 1_500_000, 53_000):
        runtime.trim()
        result = new(n)
        address = result.ctypes.data
        del result
        assert new(n).ctypes.data == address


@pytest.mark.slow
def test_freed_results_are_bounded_and_can_be_given_back(kernels):
    new = kernels("nothing", (size("n"),), (table("y", "i64", N),), ("n",))

    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    runtime.trim()
    before = resident()
    results = [new(4_000_000) for _ in range(10)]
    for result in results:
        result.fill(1)
    del results, result
    assert 100_000_000 < resident() - before < 260_000_000  # of 320 MB
    runtime.trim()
    assert resident() - before < 20_000_000


@pytest.mark.slow
def test_nothing_leaks(kernels, scale):
    fail = kernels("raise_site", (scalar("site"), scalar("a"), scalar("b")))
    x = np.ones((50, 50))

    def work(n):
        for _ in range(n):
            scale(x, 2)
            for wrong in (lambda: fail(1, 2, 3), lambda: scale(x[0], 1), lambda: scale(x.tolist(), "a")):
                with pytest.raises((Raised, TypeError)):
                    wrong()

    def resident():
        gc.collect()
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    work(300)
    before = resident()
    work(3000)
    assert resident() - before < 4_000_000


# ---- threads


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_parallel(kernels, threads):
    runtime.set_threads(threads)
    assert runtime.get_threads() == threads
    fill = kernels("fill", (size("n"),), (table("y", "i64", N),), ("n",))
    for n in (0, 1, 2, 7, 1000):
        assert fill(n).tolist() == [1000 * i for i in range(n)]


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize(("first", "step"), [(0, 1), (5, 1), (5, 3), (19, 1)])
def test_lowest_failing_chunk_wins(kernels, threads, first, step):
    runtime.set_threads(threads)
    fail = kernels("fail_from", (table("done", "i64", N), scalar("first"), scalar("step")), (), ("n",))
    for _ in range(5):
        done = np.zeros(20, np.int64)
        with pytest.raises(Raised) as caught:
            fail(done, first, step)
        assert caught.value.args == (first, 10 * first, -first)
        assert done[:first].all()


def test_nested_loops(kernels):
    nested = kernels("nested", (size("n"),), (table("y", "i64", ((10, ("n",)),)),), ("n",))
    expected = [1000 * j + i for i in range(8) for j in range(10)]
    assert nested(8).tolist() == expected
    fail = kernels("nested_fail", (table("done", "i64", ((4, ()),)),))
    with pytest.raises(Raised) as caught:
        fail(np.zeros(4, np.int64))
    assert caught.value.args[0] == 2
    assert nested(8).tolist() == expected  # and the pool is as before


def test_the_gil_is_released(kernels):
    wait = kernels("wait_for_flag", (table("flag", "i64", ((1, ()),)),), (scalar("r"),))
    flag = np.zeros(1, np.int64)
    setter = threading.Timer(0.05, lambda: flag.__setitem__(0, 1))
    setter.start()
    assert wait(flag) == 1


def test_the_gil_is_released_for_large_arguments_though_calls_were_brief(kernels):
    wait = kernels("wait_for_flag", (table("flag", "i64", ((10**5, ()),)),), (scalar("r"),))
    flag = np.ones(10**5, np.int64)
    assert all(wait(flag) for _ in range(100))
    flag[0] = 0
    setter = threading.Timer(0.05, lambda: flag.__setitem__(0, 1))
    setter.start()
    assert wait(flag) == 1


def test_calls_from_many_threads(kernels, scale):
    fill = kernels("fill", (size("n"),), (table("y", "i64", N),), ("n",))
    fail = kernels("raise_site", (scalar("site"), scalar("a"), scalar("b")))
    failures = []

    def work(seed):
        x = np.full((7, 5), float(seed))
        for i in range(200):
            ok = (scale(x, 2) == 2 * seed).all() and fill(20)[19] == 19000
            try:
                fail(seed, i, 0)
            except Raised as error:
                ok &= error.args == (seed, i, 0)
            if not ok:
                failures.append((seed, i))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


# ---- the native type


def test_bad_programs_are_refused():
    good = np.frombuffer(Signature(("n",), (table("x", "f64", N),), (table("y", "f64", N),)).encode(), np.int64)
    _native.Function(0, good.tobytes(), None, None)
    for cut in range(len(good)):
        with pytest.raises(ValueError, match="not a program"):
            _native.Function(0, good[:cut].tobytes(), None, None)
    for index in range(len(good)):
        bad = good.copy()
        bad[index] = 2**40
        try:
            _native.Function(0, bad.tobytes(), None, None)
        except ValueError:
            pass
    with pytest.raises(ValueError, match="not a program"):
        _native.Function(0, np.append(good, 0).tobytes(), None, None)


def test_retry_is_strict(scale):
    with pytest.raises(SystemError):
        scale.retry([1, 2], 3)


@pytest.mark.slow
def test_functions_are_collected(kernels):
    class Owner:
        """Stands for the compiled code, and refers back to its function."""

    owner = Owner()
    collected = threading.Event()
    owner.function = _native.Function(0, Signature((), (), ()).encode(), None, None, owner)
    owner.__class__.__del__ = lambda self: collected.set()
    del owner
    gc.collect()
    assert collected.is_set()


def test_importing_the_runtime_does_not_import_mlir():
    code = "import pydex.runtime, sys; print(*(m for m in sys.modules if 'mlir' in m or m == 'xdsl'))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == ""
