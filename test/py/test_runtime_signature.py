"""Signatures: how arguments determine sizes, in Python and in the native fast path alike."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pydex.runtime import function
from pydex.runtime.call import bind
from pydex.runtime.convert import Refused
from pydex.runtime.problems import (
    Binding,
    NoSuchSize,
    Place,
    PreconditionFailed,
    SizeConflict,
    WrongCount,
    argument_error,
)
from pydex.runtime.signature import Precondition, Signature, SignatureError, Step, Value, evaluate, show

pytestmark = pytest.mark.slow

ONE = ((1, ()),)
N, M = ((1, ("n",)),), ((1, ("m",)),)


def table(name, *extents):
    return Value(name, "table", "f64", extents)


@pytest.mark.parametrize(
    ("poly", "text", "value"),
    [
        ((), "0", 0),
        (ONE, "1", 1),
        (N, "n", 5),
        (((1, ("n", "m")), (-2, ())), "n*m - 2", 13),
        (((-1, ("n",)), (3, ("m",)), (1, ())), "-n + 3*m + 1", 5),
    ],
)
def test_polynomials(poly, text, value):
    assert show(poly) == text
    assert evaluate(poly, {"n": 5, "m": 3}) == value


def test_bare_sizes_bind_first():
    plus = ((1, ("n",)), (1, ()))
    signature = Signature(("n",), (table("x", plus), table("y", N)), ())
    assert signature.steps == (Step(1, 0, "n", ONE, ()), Step(0, 0, None, (), plus))


def test_a_product_is_solved_when_one_factor_is_known():
    product = ((1, ("n", "m")),)
    signature = Signature(("n", "m"), (table("x", product), table("y", N)), ())
    assert signature.steps[1] == Step(0, 0, "m", ((1, ("n",)),), ())
    assert bind(signature, [np.zeros(6), np.zeros(2)], {})[1] == {"n": 2, "m": 3}


@pytest.mark.parametrize(
    ("symbols", "extents", "message"),
    [
        (("n",), (), "no parameter determines n"),
        (("n", "m"), (((1, ("n",)), (1, ("m",))),), "no parameter determines m, n"),
        (("n",), (((1, ("n", "n")),),), "no parameter determines n"),
        ((), (N,), "sizes that are not symbols of the function: n"),
    ],
)
def test_unsolvable_signatures(symbols, extents, message):
    with pytest.raises(SignatureError, match=f"^{message}$"):
        Signature(symbols, (table("x", *extents),), ())


@pytest.mark.parametrize(
    "arguments",
    [("x", "tensor"), ("x", "table", "f8"), ("x", "scalar", "f64", (N,)), ("x", "size"), ("x", "size", "i64", (N, N))],
)
def test_unsound_values(arguments):
    with pytest.raises(SignatureError):
        Value(*arguments)


def test_frame():
    signature = Signature(
        ("n",), (Value("n", "size", "i64", (N,)), table("x", N, N), Value("a", "scalar", "f32")), (table("y", N),)
    )
    assert signature.slots == ((1, 1, 4), (5,), 6)
    assert [value.type_text() for value in signature.params] == ["Size[n]", "f64[n, n]", "f32"]


# ---- problems are data


def problem_of(signature, *args, **kwargs):
    with pytest.raises(Refused) as caught:
        bind(signature, args, kwargs)
    return caught.value.problem


def test_a_conflict_says_who_disagrees():
    signature = Signature(("n", "m"), (table("x", N, M), table("y", N)), ())
    x, y = signature.params
    problem = problem_of(signature, np.zeros((2, 3)), np.zeros(4))
    assert problem == SizeConflict(Place(y, 0), N, 4, 2, (Binding("n", 2, Place(x, 0)),))


def test_other_problems():
    posts = ((1, ("n",)), (1, ()))
    signature = Signature(("n",), (table("x", posts),), (), (Precondition(N, 2, "x needs three elements"),))
    (x,) = signature.params
    assert problem_of(signature, np.zeros(0)) == NoSuchSize(Place(x, 0), posts, 0, "n", ())
    binding = Binding("n", 1, Place(x, 0))
    assert problem_of(signature, np.zeros(2)) == PreconditionFailed("x needs three elements", (binding,))
    assert problem_of(signature, y=1) == WrongCount(("x",), 1, missing=("x",), unknown=("y",))


def test_explain_makes_the_exception():
    class Caret(Exception):
        """Stands for the API's error."""

    f = function(0, Signature(("n",), (table("x", N),), ()), Caret, explain=Caret)
    with pytest.raises(Caret) as caught:
        f(1)
    assert caught.value.args[0].param.name == "x" and caught.value.__context__ is None


@pytest.mark.parametrize("problem", [WrongCount(("x",), 0), PreconditionFailed("no", ())])
def test_argument_errors_are_of_the_builtin_class(problem):
    error = argument_error(problem)
    assert isinstance(error, problem.raises) and error.problem is problem


# ---- the native fast path and `bind` are two programs with one meaning

SYMBOLS = ("a", "b", "c")
coefficient = st.integers(-2, 3)
term = st.tuples(coefficient, st.lists(st.sampled_from(SYMBOLS), max_size=2).map(tuple))
poly = st.lists(term, max_size=3).map(tuple)
bare = st.sampled_from([((1, (symbol,)),) for symbol in SYMBOLS])
extents = st.lists(st.one_of(bare, poly), max_size=3).map(tuple)


@settings(max_examples=200, deadline=None)
@given(st.lists(extents, min_size=1, max_size=4), st.lists(st.integers(0, 4), min_size=3, max_size=3), st.data())
def test_fast_and_slow_paths_agree(compiled_c, shapes, values, data):
    params = [Value("out", "table", "i64", (((3, ()),),)), *(table(f"x{i}", *shape) for i, shape in enumerate(shapes))]
    bound = [Value(symbol, "size", "i64", (((1, (symbol,)),),)) for symbol in SYMBOLS if data.draw(st.booleans())]
    try:
        signature = Signature(SYMBOLS, (*params, *bound), (), (Precondition(((1, ("a",)),), 1, "a"),))
    except SignatureError:
        return
    sizes = dict(zip(SYMBOLS, values, strict=True))
    out = np.full(3, -1, np.int64)
    arguments = [out]
    for shape in shapes:  # mostly as it should be, sometimes not
        wrong = data.draw(st.integers(-1, 1)) if data.draw(st.integers(0, 9)) == 0 else 0
        arguments.append(np.zeros([max(0, evaluate(extent, sizes) + wrong) for extent in shape]))
    arguments += [sizes[value.name] for value in bound]
    fast = compiled_c("store_symbols", signature, None)
    try:
        _, expected = bind(signature, arguments, {})
    except Refused:
        expected = None
    try:
        fast.retry(*arguments)
        found = dict(zip(SYMBOLS, out.tolist(), strict=True))
    except SystemError:
        found = None
    assert found == expected
