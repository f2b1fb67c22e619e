"""Which compilation a call goes to: by the types of its arguments, without asking Python twice."""

import gc
import math
import types
import weakref

import numpy as np
import pytest

import pydex as dx
from pydex import f64, pipeline

pytestmark = pytest.mark.slow

m, n = dx.index_sets("m n")
PAIR = (2, 3)
HAVE_VECTORCALL = 1 << 11


@pytest.fixture
def compilations(monkeypatch):
    """The entries that were compiled, in order."""
    made = []
    build = pipeline.build
    monkeypatch.setattr(pipeline, "build", lambda module, entry: made.append(entry) or build(module, entry))
    return made


@dx.jit
def scaled(x: f64, factor: f64 = 2.0) -> f64:
    return x * factor


@dx.jit
def area(r: f64) -> f64:
    return math.pi * r * r


@dx.jit
def of_pair(x: f64) -> f64:
    return PAIR[0] * x + PAIR[1]


def test_defaults_and_names_work_at_every_call():
    for _ in range(2):
        assert (scaled(3.0), scaled(3.0, 5.0), scaled(3.0, factor=4.0), scaled(factor=1.0, x=7.0)) == (6, 15, 12, 7)
    with pytest.raises(TypeError, match="without x"):
        scaled()
    with pytest.raises(TypeError, match="takes 2 arguments, found 3"):
        scaled(1.0, 2.0, 3.0)


def test_numbers_of_libraries_never_change(compilations):
    assert area(1.0) == area(1.0) == math.pi
    assert compilations == ["area"]


def test_a_tuple_outside_is_a_constant_of_the_program(monkeypatch, compilations):
    assert of_pair(1.0) == of_pair(1.0) == 5.0
    monkeypatch.setitem(globals(), "PAIR", (2, 4))
    assert of_pair(1.0) == 6.0
    monkeypatch.setitem(globals(), "PAIR", (2, 4.5))
    assert of_pair(1.0) == 6.5
    assert compilations == ["of_pair"] * 3


def test_an_attribute_of_a_module_is_a_constant_of_the_program(monkeypatch, compilations):
    constants = types.ModuleType("constants")
    constants.scale = 4  # type: ignore[attr-defined]
    times = dx.jit(lambda x: x * constants.scale)
    assert times(2.0) == times(2.0) == 8.0
    constants.scale = 5  # type: ignore[attr-defined]
    assert times(2.0) == 10.0
    assert len(compilations) == 2


def goes_to_native_code(monkeypatch, f, *args):
    """The result of a call that Python has no part in."""
    with monkeypatch.context() as patch:
        patch.setattr(f, "_call", lambda args, kwargs: pytest.fail("Python was asked"))
        return f(*args)


def test_constants_outside_are_compared_without_python(monkeypatch, compilations):
    assert of_pair(1.0) == goes_to_native_code(monkeypatch, of_pair, 1.0) == 5.0
    monkeypatch.setitem(globals(), "PAIR", (3, 3))
    assert of_pair(1.0) == goes_to_native_code(monkeypatch, of_pair, 1.0) == 6.0
    monkeypatch.delitem(globals(), "PAIR")
    with pytest.raises(NameError, match="PAIR"):
        of_pair(1.0)


def test_a_variable_of_a_closure_is_compared_without_python(monkeypatch, compilations):
    scale = 4
    times = dx.jit(lambda x: x * scale)
    assert times(2.0) == goes_to_native_code(monkeypatch, times, 2.0) == 8.0
    assert times(np.float32(2.0)) == goes_to_native_code(monkeypatch, times, np.float32(2.0)) == 8.0
    scale = 5
    assert times(2.0) == goes_to_native_code(monkeypatch, times, 2.0) == 10.0
    assert times(np.float32(2.0)) == 10.0
    assert len(compilations) == 4


def test_a_constant_that_can_change_in_place_is_looked_at_by_python():
    table = {"scale": 4}
    times = dx.jit(lambda x: x * table["scale"])
    assert times(2.0) == times(2.0) == 8.0
    table["scale"] = 5
    assert times(2.0) == 10.0


@dx.jit
def picked(x: f64[m], which: m.Index[n]) -> f64[n]:
    return [x[which[i]] for i in n]


def test_tables_of_indices_are_passed_as_they_are(monkeypatch, compilations):
    x = np.arange(3.0)
    assert list(picked(x, np.array([2, 0]))) == list(goes_to_native_code(monkeypatch, picked, x, np.array([2, 0])))
    for which in ([2, 0], (2, 0), np.array([2, 0], np.uint8), np.array([2, 0], ">i4"), np.array([2, 9, 0])[::2]):
        assert list(picked(x, which)) == [2.0, 0.0]
    assert list(picked(x, [])) == []
    for which in ([2, 3], np.array([0, -1], np.int8)):
        with pytest.raises(IndexError, match="not an index of m, whose size is 3"):
            picked(x, which)
    for which in (np.array([2.0, 0.0]), np.array([True]), [0.5], ["a"]):
        with pytest.raises(TypeError, match=r"which: expected m.Index\[n\], found an? "):
            picked(x, which)
    assert compilations == ["picked"]


def test_a_generic_function_is_compiled_once_for_each_kind_of_argument(compilations):
    double = dx.jit(lambda x: x + x)
    kinds = [1.5, 2, np.float32(1.5), np.int8(3), np.arange(3.0), np.arange(3), np.ones((2, 2)), np.ones(2, "f4")]
    for _ in range(2):
        for x in kinds:
            found = double(x)
            np.testing.assert_array_equal(found, x + x)
            assert np.asarray(found).dtype == np.asarray(x + x).dtype
    assert len(compilations) == len(kinds)
    assert double(np.arange(1000.0))[999] == 1998.0  # another size is no other type
    assert len(compilations) == len(kinds)


def test_more_kinds_than_are_remembered(compilations):
    double = dx.jit(lambda x, y: x + y)
    kinds = [np.dtype(kind).type(1) for kind in ("f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4")]
    for _ in range(2):
        assert [double(x, x) for x in kinds] == [2] * 9
    assert len(compilations) == 9


def test_what_has_no_type_of_its_own_is_looked_at_by_python():
    total = dx.jit(lambda x: sum(x[i] for i in range(len(x))))
    assert total(np.arange(3.0)) == 3.0
    assert total([1.0, 2.0]) == 3.0
    assert total(np.arange(3.0).astype(">f8")) == 3.0
    assert total(np.arange(6.0)[::2]) == 6.0


def test_classes_of_functions_are_called_without_a_tuple_of_arguments():
    assert all(type(f).__flags__ & HAVE_VECTORCALL for f in (scaled, dx.grad(scaled)))


def test_a_function_that_nobody_needs_any_more_goes():
    f = dx.jit(lambda x: x + 1)
    assert f(1.0) == 2.0
    gone = weakref.ref(f)
    f.itself = f
    del f
    gc.collect()
    assert gone() is None


def test_a_dispatcher_refuses_what_is_no_compilation():
    f = dx.jit(lambda x: x)
    with pytest.raises(TypeError, match="expected a Function"):
        f.settle(len, ())
    with pytest.raises(TypeError, match="expected a Function"):
        f.specialise(len, (1.0,), ())
    assert f(1.0) == 1.0
    (compilation,) = f._compilations.values()
    assert not f.specialise(compilation.native, ("text",), ())
    for guards in ((1,), ((1, 2),), (("dict", "key", 1),), None):
        with pytest.raises(TypeError, match="tuple of guards"):
            f.settle(compilation.native, guards)
    f.forget()
    assert f(2.0) == 2.0


def helper(x):
    return 2.0 * x


@dx.jit
def compiled_helper(x: f64) -> f64:
    return helper(x)


MODE = "double"


@dx.jit
def calls(x: f64) -> f64:
    return helper(x) + compiled_helper(x) + (2.0 * x if MODE == "double" else 9.0 * x)


slope_of_calls = dx.grad(calls)


def test_what_is_defined_anew_is_compiled_anew(monkeypatch):
    """Called twice each time: the second call does not go through Python."""
    for _ in range(2):
        assert (calls(1.0), slope_of_calls(1.0)) == (6.0, 6.0)
    monkeypatch.setitem(globals(), "helper", lambda x: 5.0 * x)
    for _ in range(2):
        assert (calls(1.0), slope_of_calls(1.0)) == (12.0, 12.0) == (calls.reference(1.0), 12.0)
    monkeypatch.setitem(globals(), "compiled_helper", dx.jit(lambda x: 7.0 * x))
    for _ in range(2):
        assert (calls(1.0), slope_of_calls(1.0)) == (14.0, 14.0)
    monkeypatch.setitem(globals(), "MODE", "more")
    for _ in range(2):
        assert (calls(1.0), slope_of_calls(1.0)) == (21.0, 21.0)


def test_a_function_of_a_module_that_is_defined_anew(monkeypatch):
    module = types.ModuleType("some_module")
    module.f = helper
    monkeypatch.setitem(globals(), "some_module", module)
    calls_it = dx.jit(through_module)
    assert calls_it(1.0) == calls_it(1.0) == 2.0
    module.f = lambda x: 3.0 * x
    assert calls_it(1.0) == calls_it(1.0) == 3.0


def through_module(x: f64) -> f64:
    return some_module.f(x)  # noqa: F821
