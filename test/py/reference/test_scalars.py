"""Scalar arithmetic against Python's exact integers and NumPy's floats."""

import math
import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pydex.reference import scalars
from pydex.types import ELEMENT_TYPES, bf16, f16, f32, f64, i8, i64

INTEGERS = [type for type in ELEMENT_TYPES.values() if type.is_integer]
EXACT = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
}


def wrapped(value, type):
    lo, hi = type.bounds
    return (value - lo) % (hi - lo + 1) + lo


@pytest.mark.slow
@given(st.data(), st.sampled_from(INTEGERS), st.sampled_from(sorted(EXACT)))
def test_integers_wrap(data, type, op):
    numbers = st.integers(*type.bounds)
    left, right = data.draw(numbers), data.draw(numbers)
    made = [type.dtype.type(left), type.dtype.type(right)]
    if right == 0 and op in ("//", "%"):
        with pytest.raises(ZeroDivisionError, match="by zero"):
            scalars.binary(op, *made)
        return
    found = scalars.binary(op, *made)
    assert found.dtype == type.dtype and int(found) == wrapped(EXACT[op](left, right), type)


@given(st.floats(width=32), st.floats(width=32), st.sampled_from(["+", "-", "*", "/"]))
def test_floats_are_ieee(left, right, op):
    function = {"/": np.divide, "+": np.add, "-": np.subtract, "*": np.multiply}[op]
    with np.errstate(all="ignore"):
        expected = function(np.float32(left), np.float32(right))
    found = scalars.binary(op, np.float32(left), np.float32(right))
    assert found.dtype == np.float32 and (found == expected or math.isnan(found) and math.isnan(expected))


@given(st.floats(), st.sampled_from(INTEGERS))
def test_floats_saturate(value, type):
    lo, hi = type.bounds
    expected = 0 if math.isnan(value) else lo if value <= lo else hi if value >= hi else math.trunc(value)
    assert int(scalars.convert(value, type)) == expected


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from(INTEGERS))
def test_casts_of_integers_wrap(value, type):
    assert int(scalars.convert(np.int64(value), type)) == wrapped(value, type)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 63))
def test_shifts(value, count):
    assert int(scalars.binary("<<", np.int64(value), count)) == wrapped(value << count, i64)
    assert int(scalars.binary(">>", np.int64(value), count)) == value >> count


def test_untyped_numbers_take_the_type_they_meet():
    assert scalars.binary("*", np.float32(3), 2.5).dtype == np.float32
    assert scalars.binary("+", np.int8(3), 2).dtype == np.int8
    assert scalars.binary("*", np.int8(3), 2.5).dtype == np.float64
    assert scalars.binary("/", np.int32(3), 2).dtype == np.float64
    assert type(scalars.binary("/", 1, 0)) is float and scalars.binary("/", 1, 0) == math.inf
    with pytest.raises(OverflowError, match="200 does not fit into i8"):
        scalars.binary("+", np.int8(3), 200)


def test_half_precision_computes_in_f32():
    assert scalars.binary("+", np.float16(1), np.float16(1)).dtype == np.float32
    assert scalars.convert(1.0 + 0.75 * 2.0**-7, bf16) == 1.0 + 2.0**-7  # 8 significant bits
    assert scalars.convert(1.0 + 2.0**-8, bf16) == 1.0  # ties to even
    assert scalars.convert(1.0 + 3 * 2.0**-8, bf16) == 1.0 + 2.0**-6
    assert math.isnan(scalars.convert(math.nan, bf16)) and scalars.convert(1e9, f16) == math.inf


def test_adopting_never_converts_silently():
    assert scalars.adopt(1, f32).dtype == np.float32
    for value, type in (
        (np.float64(1), f32),
        (np.float32(1), f64),
        (1.5, i64),
        (np.int64(1), i8),
        (1, ELEMENT_TYPES["bool"]),
    ):
        with pytest.raises(TypeError, match=f"expected {type}, found"):
            scalars.adopt(value, type)


def test_bitcast():
    assert scalars.bitcast(np.uint32(0x3F800000), f32) == 1.0
    with pytest.raises(TypeError, match="widths differ"):
        scalars.bitcast(np.uint32(1), f64)
