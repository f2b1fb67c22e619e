"""Integer operators at the edges of their range: NumPy's results, compiled and by reference."""

import numpy as np
import pytest

import pydex as dx
from pydex import DexError, i64, u8


@dx.jit
def shifts(a: i64, b: i64):
    return a << b, a >> b


@dx.jit
def unsigned_shifts(a: u8, b: u8):
    return a << b, a >> b


@dx.jit
def power(a: i64, b: i64):
    return a**b


@pytest.mark.parametrize("a", [1, -5, 7])
@pytest.mark.parametrize("b", [0, 3, 63, 64, -1])
def test_shifts_beyond_the_width_leave_the_sign(a, b):
    expected = int(np.left_shift(np.int64(a), np.int64(b))), int(np.right_shift(np.int64(a), np.int64(b)))
    assert shifts(a, b) == expected == shifts.reference(a, b)


@pytest.mark.parametrize("a", [1, 200])
@pytest.mark.parametrize("b", [0, 3, 8, 200])
def test_unsigned_shifts(a, b):
    a, b = np.uint8(a), np.uint8(b)
    assert unsigned_shifts(a, b) == (np.left_shift(a, b), np.right_shift(a, b))


@pytest.mark.parametrize("a", [0, 3, -2, 10])
@pytest.mark.parametrize("b", [0, 1, 5, 63])
def test_powers_with_an_exponent_of_run_time_wrap(a, b):
    assert power(a, b) == int(np.power(np.int64(a), np.int64(b)))


def test_a_negative_power_is_an_error():
    with pytest.raises(DexError, match="an integer to a negative power"):
        power(3, -1)
