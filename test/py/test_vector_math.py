"""Vector math against long-double and mpmath references: special values, bounds in ulp, and that loops are vectorised."""

from __future__ import annotations

import math

import numpy as np
import pytest
from math_kernels import kernel

INF, NAN = math.inf, math.nan

SPECIAL = {
    "exp": [(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (NAN, NAN), (1e30, INF), (-1e30, 0.0)],
    "exp2": [(0.0, 1.0), (10.0, 1024.0), (-3.0, 0.125), (INF, INF), (-INF, 0.0), (NAN, NAN)],
    "expm1": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1.0), (NAN, NAN), (1e-30, 1e-30)],
    "log": [(0.0, -INF), (-0.0, -INF), (1.0, 0.0), (INF, INF), (-INF, NAN), (-1.0, NAN), (NAN, NAN)],
    "sin": [(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN), (NAN, NAN), (1e-30, 1e-30)],
    "cos": [(0.0, 1.0), (-0.0, 1.0), (INF, NAN), (-INF, NAN), (NAN, NAN), (1e-30, 1.0)],
    "tanh": [(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN), (1e-30, 1e-30), (100.0, 1.0)],
}


@pytest.mark.parametrize("element", ["f32", "f64"])
@pytest.mark.parametrize("op", SPECIAL)
def test_special_values(op: str, element: str) -> None:
    points, expected = np.array(SPECIAL[op]).T
    got = kernel(op, element)(points)
    np.testing.assert_array_equal(got, expected.astype(got.dtype))
    np.testing.assert_array_equal(np.signbit(got)[~np.isnan(got)], np.signbit(expected)[~np.isnan(expected)])
