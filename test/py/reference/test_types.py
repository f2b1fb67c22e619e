"""What annotations evaluate to: types, index sets, sizes."""

import dataclasses
import itertools
from enum import Enum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pydex as dx
from pydex import f32, f64, i32
from pydex.sets import EnumSet, Fin, Product, RecordSet, Slice, UserSet, as_index_set
from pydex.sizes import Size, Symbol
from pydex.types import (
    ELEMENT_TYPES,
    IndexType,
    RecordType,
    SizeType,
    StructType,
    TableType,
    TupleType,
    as_type,
    element_type_of,
    promote,
    promote_untyped,
)

n, m, k = dx.index_sets("n m k")


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass(frozen=True)
class Cell:
    row: n
    column: m


class Weekday:
    size = 7

    def __init__(self, day):
        self.day = day

    def ordinal(self):
        return self.day

    @staticmethod
    def from_ordinal(day):
        return Weekday(day)


@dx.struct
class Point:
    x: f32
    y: f64[n]


TEXTS = [
    (n, "n"),
    (dx.Fin(10), "Fin(10)"),
    (n + 1, "n + 1"),
    (1 + n, "n + 1"),
    (n - k + 1, "n - k + 1"),
    (3 - n, "-n + 3"),
    (n - n, "Fin(0)"),
    (2 * n, "2*n"),
    (n * m, "n * m"),
    (n * m * k, "n * m * k"),
    (n * (m * k), "n * (m * k)"),
    (n | m, "n | m"),
    (n[1:-1], "n[1:n - 1]"),
    (n[::2], "n[::2]"),
    (n[1:][2:], "n[3:]"),
    (n[::2][1:], "n[2::2]"),
    (n[::2][:2], "n[:3:2]"),
    (n // 2, "n // 2"),
    (2 * ((n + 1) // 2), "2*((n + 1) // 2)"),
    (n * Colour, "n * Colour"),
    (as_index_set(Cell), "Cell"),
    (dx.upto, "upto"),
    (f32[n, m], "f32[n, m]"),
    (f32[n * m, k], "f32[n * m, k]"),
    (f64[n, dx.upto], "f64[n, upto]"),
    (f64[Colour], "f64[Colour]"),
    (n.Index, "n.Index"),
    ((n + 1).Index[m], "(n + 1).Index[m]"),
    (Point[n], "Point[n]"),
    (dx.Size[m], "Size[m]"),
    (dx.bool[n], "bool[n]"),
    (dx.Tuple[f32, n.Index][m], "tuple[f32, n.Index][m]"),
]


@pytest.mark.parametrize(("value", "text"), TEXTS, ids=[text for _, text in TEXTS])
def test_text(value, text):
    assert repr(value) == text


def test_equal_sets_are_one_set():
    assert n == Fin(n.size) == Fin(Symbol("n")) and hash(n) == hash(Fin(n.size))
    assert n + 1 == 1 + n and n - k + 1 == 1 - k + n and 2 * n == n + n
    assert n != m and n != n + 1 and n * m != m * n
    assert n[:] == n and n[0 : n.size] == n and n[1:][1:] == n[2:]
    assert n * m * k == Product((n, m, k)) != n * (m * k)


def test_structure():
    assert f32[n, m] == TableType((n, m), f32) == f32[m][n]
    assert n.Index[m] == TableType((m,), IndexType(n))
    assert dx.Size[m] == SizeType(m)
    assert as_index_set(Colour) == EnumSet(Colour)
    assert as_index_set(Cell) == RecordSet(Cell, (("row", n), ("column", m)))
    assert as_index_set(Weekday) == UserSet(Weekday)
    assert n[1:-1] == Slice(n, Size.of(1), n.size - 1)
    assert as_type(tuple[f32, f64]) == TupleType((f32, f64))
    assert as_type({"w": f32[n]}) == RecordType((("w", f32[n]),))
    assert as_type(Point) == StructType(Point) and StructType(Point).fields == (("x", f32), ("y", f64[n]))
    assert [as_type(plain).name for plain in (bool, int, float)] == ["bool", "i64", "f64"]


SIZES = [
    (n, "n", 5),
    (n - k + 1, "n - k + 1", 4),
    (n * m, "product", 15),
    (n | m, "sum", 8),
    (n[1:-1], "inner", 3),
    (n[::2], "stride", 3),
    (n[1:4:2], "part", 2),
    (as_index_set(Colour), "enum", 2),
    (as_index_set(Cell), "record", 15),
    (as_index_set(Weekday), "user", 7),
]


@pytest.mark.parametrize(("index_set", "name", "size"), SIZES, ids=[name for _, name, _ in SIZES])
def test_size(index_set, name, size):
    assert index_set.size.evaluate({Symbol("n"): 5, Symbol("m"): 3, Symbol("k"): 2}) == size


REFUSED = [
    (lambda: f32[3], "dx.Fin\\(3\\)"),
    (lambda: f32["n"], "not an index set"),
    (lambda: f32[()], "needs an index set"),
    (lambda: dx.Fin(-1), "-1 elements"),
    (lambda: dx.Fin(2.5), "2.5"),
    (lambda: dx.Fin(True), "True"),
    (lambda: n[3], "n.at\\(3\\)"),
    (lambda: n[::-1], "positive"),
    (lambda: dx.index_sets(""), "names"),
    (lambda: list(n), "only inside"),
    (lambda: as_type("f32"), "not a pydex type"),
    (lambda: as_type(Cell), "@dx.struct"),
    (lambda: as_type(list[int]), "not a pydex type"),
    (lambda: element_type_of(np.dtype("c16")), "complex128"),
    (lambda: dx.struct(type("Empty", (), {})), "no annotated fields"),
]


@pytest.mark.parametrize(("make", "text"), REFUSED, ids=[text for _, text in REFUSED])
def test_refused(make, text):
    with pytest.raises((TypeError, ValueError), match=text):
        make()


ATOMS = st.sampled_from([0, 1, 2, -3, "n", "m"])
EXPRESSIONS = st.recursive(ATOMS, lambda inner: st.tuples(st.sampled_from("+-*"), inner, inner), max_leaves=8)


def _evaluate(expression, leaf):
    if not isinstance(expression, tuple):
        return leaf(expression)
    op, left, right = expression
    left, right = _evaluate(left, leaf), _evaluate(right, leaf)
    return {"+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right}[op]()


@pytest.mark.slow
@given(EXPRESSIONS, st.integers(0, 9), st.integers(0, 9))
def test_sizes_are_polynomials(expression, n_value, m_value):
    values = {"n": n_value, "m": m_value}
    size = _evaluate(expression, lambda leaf: Size.of(Symbol(leaf) if isinstance(leaf, str) else leaf))
    number = _evaluate(expression, lambda leaf: values[leaf] if isinstance(leaf, str) else leaf)
    sizes = {Symbol(name): value for name, value in values.items()}
    assert size.evaluate(sizes) == number
    assert size.substitute({symbol: Size.of(value) for symbol, value in sizes.items()}) == Size.of(number)
    assert size - size == Size.of(0)


NUMPY_TYPES = [type for type in ELEMENT_TYPES.values() if type.name not in ("bf16", "f16", "bool")]


@pytest.mark.parametrize(("left", "right"), list(itertools.product(NUMPY_TYPES, repeat=2)), ids=repr)
def test_promotion_is_numpys(left, right):
    expected = np.promote_types(left.dtype, right.dtype)
    if {left.name, right.name} == {"i64", "u64"} or expected.kind == "f" and "f" not in (left.kind, right.kind):
        with pytest.raises(TypeError, match="convert one"):
            promote(left, right)
    else:
        assert promote(left, right).dtype == expected


def test_promotion_beyond_numpy():
    true, half = ELEMENT_TYPES["bool"], ELEMENT_TYPES["f16"]
    assert promote(true, true).name == "i64" and promote(true, i32) == i32
    assert promote(half, half) == f32 and promote(half, f64) == f64
    assert promote_untyped(f32, 2.0) == f32 and promote_untyped(i32, 2) == i32 and promote_untyped(i32, 2.0) == f64


def test_structs_are_values():
    point = Point(1, 2)
    assert point.replace(x=3) == Point(3, 2) and point == Point(1, 2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.x = 5


def test_every_export_has_a_home():
    exported = [name for module, names in dx.EXPORTS.items() if module != "pydex.api" for name in names.split()]
    assert all(getattr(dx, name) is not None for name in exported)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        dx.nonsense  # noqa: B018
