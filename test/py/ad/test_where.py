"""`where`: what was not chosen leaves no NaN, in either mode and to second order; formulas written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from xdsl.dialects import arith, math
from xdsl.dialects.builtin import f64

from ad.build import Build, program
from ad.programs import check, derivative, expanded
from pydex.dialects import ad
from pydex.interpreter import run

pytestmark = pytest.mark.slow


def guarded_sqrt(f: Build, x: Any) -> Any:
    """where(x > 0, sqrt(x), x)"""
    return f.select(x > 0.0, f.call(math.SqrtOp, x), x)


def guarded_ratio(f: Build, x: Any) -> Any:
    """where(x > 0, log(x) * (1 / x), x * x): infinities in the middle of the slice."""
    return f.select(x > 0.0, f.call(math.LogOp, x) * (1.0 / x), x * x)


def guarded_twice(f: Build, x: Any) -> Any:
    """where(x > 0, where(x < 4, sqrt(x) · sqrt(4 - x), 0), 0): a slice in a slice."""
    inner = f.select(x < 4.0, f.call(math.SqrtOp, x) * f.call(math.SqrtOp, 4.0 - x), f.constant(0.0))
    return f.select(x > 0.0, inner, f.constant(0.0))


def guarded_sum(f: Build, x: Any) -> Any:
    """where(x > 0, sum over three of sqrt(x), 0): a loop in the slice."""
    return f.select(x > 0.0, f.sum("3", lambda g, i: g.call(math.SqrtOp, x)), f.constant(0.0))


def kept_elsewhere(f: Build, x: Any) -> Any:
    """sqrt(x) is also used outside of the where: its infinity is the truth."""
    r = f.call(math.SqrtOp, x)
    return f.select(x > 0.0, r, x) + r


CASES = [
    (guarded_sqrt, 0.0, 1.0, 0.0),
    (guarded_sqrt, 4.0, 0.25, -1 / 32),
    (guarded_ratio, 0.0, 0.0, 2.0),
    (guarded_ratio, 1.0, 1.0, -3.0),
    (guarded_twice, 0.0, 0.0, 0.0),
    (guarded_twice, 5.0, 0.0, 0.0),
    (guarded_twice, 2.0, 0.0, -0.5),
    (guarded_sum, 0.0, 0.0, 0.0),
    (guarded_sum, 4.0, 0.75, -3 / 32),
]


@pytest.mark.parametrize(("body", "x", "first", "second"), CASES)
def test_what_is_not_chosen_leaves_no_trace(body: Any, x: float, first: float, second: float) -> None:
    module = program("", [f64], body)
    for mode in (ad.JvpOp, ad.VjpOp):
        name = f"d_{mode.name[3:]}"
        derivative(module, "f", mode, [0], name)
        for again in (ad.JvpOp, ad.VjpOp):
            derivative(module, name, again, [0], f"{name}_{again.name[3:]}")
    expanded(module)
    for mode in ("jvp", "vjp"):
        assert run(module, f"d_{mode}", [x, 1.0])[1] == pytest.approx(first)
        assert run(module, f"d_{mode}_jvp", [x, 1.0, 1.0])[3] == pytest.approx(second)
        assert run(module, f"d_{mode}_vjp", [x, 1.0, 0.0, 1.0])[2] == pytest.approx(second)


def test_what_is_used_elsewhere_is_not_masked() -> None:
    module = expanded(derivative(program("", [f64], kept_elsewhere), "f", ad.VjpOp, [0], "d"))
    assert np.isinf(run(module, "d", [0.0, 1.0])[1])


def test_relu_by_where_needs_no_mask() -> None:
    module = program("", [f64], lambda f, x: f.select(x > 0.0, x, f.constant(0.0)))
    expanded(derivative(module, "f", ad.VjpOp, [0], "d"))
    (_, function) = module.body.block.ops
    selects = [op for op in function.walk() if isinstance(op, arith.SelectOp)]
    assert len(selects) == 2  # the primal, and its cotangent
    check(program("", [f64], lambda f, x: f.select(x > 0.0, x, f.constant(0.0))), [0.7], [0])
