"""The table of partial derivatives, line by line: against mpmath's derivative of mpmath's function, on mpmath numbers
and, through IR and interpreter in both modes, on f64; and at points where a derivative is a convention."""

from __future__ import annotations

import math as python_math
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from xdsl.dialects import arith, math
from xdsl.dialects.builtin import ModuleOp, f32, f64, i1, i64
from xdsl.ir import Operation

from ad.build import Build, program
from ad.programs import derivative, expanded
from pydex.dialects import ad
from pydex.dialects.remainder import ARITH, RemfOp
from pydex.interpreter import run
from pydex.passes.ad_rules import FLOAT, PARTIALS, REFUSED, ZERO, apply

Points = Sequence[tuple[float, ...]]

UNIT: Points = [(-0.8,), (-0.1,), (0.3,), (0.9,)]
POSITIVE: Points = [(1e-3,), (0.7,), (3.0,), (250.0,)]
LINE: Points = [(-3.0,), (-0.4,), (0.0,), (0.2,), (2.5,)]
NONZERO: Points = [(-3.0,), (-0.4,), (0.2,), (2.5,)]
PLANE: Points = [(0.5, 2.0), (-1.5, 0.7), (3.0, -2.0), (-0.2, -0.9)]
QUARTER: Points = [(0.5, 2.0), (1.5, -0.7), (3.0, 0.5)]

#: op -> (the function in mpmath, points where it is smooth)
MEANING: dict[type[Operation], tuple[Callable[..., Any], Points]] = {
    arith.AddfOp: (lambda x, y: x + y, PLANE),
    arith.SubfOp: (lambda x, y: x - y, PLANE),
    arith.MulfOp: (lambda x, y: x * y, PLANE),
    arith.DivfOp: (lambda x, y: x / y, PLANE),
    RemfOp: (lambda x, y: x - y * (mpmath.floor if x * y > 0 else mpmath.ceil)(x / y), PLANE),
    arith.NegfOp: (lambda x: -x, LINE),
    arith.MaximumfOp: (max, PLANE),
    arith.MinimumfOp: (min, PLANE),
    arith.MaxnumfOp: (max, PLANE),
    arith.MinnumfOp: (min, PLANE),
    math.AbsFOp: (abs, NONZERO),
    math.AcosOp: (mpmath.acos, UNIT),
    math.AcoshOp: (mpmath.acosh, [(1.1,), (2.0,), (30.0,)]),
    math.AsinOp: (mpmath.asin, UNIT),
    math.AsinhOp: (mpmath.asinh, LINE),
    math.Atan2Op: (mpmath.atan2, PLANE),
    math.AtanOp: (mpmath.atan, LINE),
    math.AtanhOp: (mpmath.atanh, UNIT),
    math.CbrtOp: (lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), NONZERO),
    math.CopySignOp: (lambda x, y: abs(x) * mpmath.sign(y), PLANE),
    math.CosOp: (mpmath.cos, LINE),
    math.CoshOp: (mpmath.cosh, LINE),
    math.ErfOp: (mpmath.erf, LINE),
    math.ExpOp: (mpmath.exp, LINE),
    math.Exp2Op: (lambda x: mpf(2) ** x, LINE),
    math.ExpM1Op: (mpmath.expm1, [*LINE, (-40.0,), (1e-12,)]),
    math.FmaOp: (lambda x, y, z: x * y + z, [(0.5, 2.0, -1.0), (-3.0, 0.1, 7.0)]),
    math.LogOp: (mpmath.log, POSITIVE),
    math.Log10Op: (mpmath.log10, POSITIVE),
    math.Log1pOp: (mpmath.log1p, [(-0.9,), (-1e-12,), (0.0,), (2.0,)]),
    math.Log2Op: (lambda x: mpmath.log(x, 2), POSITIVE),
    math.PowFOp: (lambda x, y: x**y, QUARTER),
    math.RsqrtOp: (lambda x: 1 / mpmath.sqrt(x), POSITIVE),
    math.SinOp: (mpmath.sin, LINE),
    math.SinhOp: (mpmath.sinh, LINE),
    math.SqrtOp: (mpmath.sqrt, POSITIVE),
    math.TanOp: (mpmath.tan, [(-1.2,), (0.0,), (0.4,), (2.0,)]),
    math.TanhOp: (mpmath.tanh, [*LINE, (-9.0,)]),
}

#: Ops whose operands are not all f64; tested by name below.
MIXED = {arith.SelectOp, arith.ExtFOp, arith.TruncFOp, math.FPowIOp}


def expected_partial(function: Callable[..., Any], point: tuple[float, ...], k: int) -> Any:
    with mpmath.workdps(40):
        order = tuple(int(j == k) for j in range(len(point)))
        return mpmath.diff(function, tuple(map(mpf, point)), order)


def value(partial: Any) -> Any:
    return 0.0 if partial is None else partial


def modes(
    op: Any, point: Sequence[float], types: Sequence[Any], wrt: Sequence[int]
) -> tuple[list[float], list[float], float]:
    """Partials of a scalar op by forward mode and by reverse mode, through the interpreter, and its value."""
    module = program("", types, lambda f, *xs: f.call(op, *xs))
    module = derivative(derivative(module, "f", ad.JvpOp, wrt, "jvp"), "f", ad.VjpOp, wrt, "vjp")
    expanded(module)
    primal, *reverse = run(module, "vjp", [*point, 1.0])
    forward = [run(module, "jvp", [*point, *(float(j == k) for j in wrt)])[1] for k in wrt]
    return [float(v) for v in forward], [float(v) for v in reverse], float(primal)


def test_every_scalar_op_has_a_line_or_is_refused_by_name() -> None:
    ops = {*ARITH.operations, *math.Math.operations}
    assert set(PARTIALS) | set(REFUSED) == ops
    assert not set(PARTIALS) & set(REFUSED)
    assert set(MEANING) | MIXED == set(FLOAT)


@pytest.mark.parametrize("op", MEANING, ids=lambda op: op.name)
def test_partials_on_mpmath_numbers(op: type[Operation]) -> None:
    function, points = MEANING[op]
    for point in points:
        with mpmath.workdps(30):
            operands = tuple(map(mpf, point))
            got = [value(apply(p, operands, function(*operands))) for p in PARTIALS[op]]
        for k, partial in enumerate(got):
            want = expected_partial(function, point, k)
            assert abs(partial - want) <= 1e-14 * (1 + abs(want)), f"∂{k} at {point}"


@pytest.mark.parametrize("op", MEANING, ids=lambda op: op.name)
def test_partials_through_both_modes(op: type[Operation]) -> None:
    function, points = MEANING[op]
    arity = len(points[0])
    for point in points:
        forward, reverse, primal = modes(op, point, [f64] * arity, range(arity))
        assert primal == pytest.approx(float(function(*map(mpf, point))), rel=1e-14)
        want = [float(expected_partial(function, point, k)) for k in range(arity)]
        assert forward == pytest.approx(want, rel=1e-13, abs=1e-15)
        assert reverse == pytest.approx(want, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize(
    ("op", "least"),
    [
        (math.ExpOp, -1022 * python_math.log(2.0)),
        (math.Exp2Op, -1022.0 - python_math.log2(python_math.log(2.0))),
        (math.ExpM1Op, -1022 * python_math.log(2.0)),
    ],
    ids=lambda x: str(x),
)
def test_what_an_exponential_gives_is_no_subnormal_number(op: type[Operation], least: float) -> None:
    for point, want in ((least - 1.0, 0.0), (least + 0.01, 2.0**-1022), (float("nan"), float("nan"))):
        forward, reverse, _ = modes(op, [point], [f64], [0])
        for slope in (*forward, *reverse):
            assert slope == pytest.approx(want, rel=0.02, abs=0.0, nan_ok=True)


@pytest.mark.parametrize("op", [o for o in ZERO if o.name.startswith("math.")], ids=lambda op: op.name)
def test_piecewise_constant_ops_have_derivative_zero(op: type[Operation]) -> None:
    for point in (-1.5, 0.3, 2.0):
        forward, reverse, _ = modes(op, [point], [f64], [0])
        assert forward == reverse == [0.0]


@pytest.mark.parametrize(
    ("op", "point", "want"),
    [
        (arith.MaximumfOp, (1.0, 1.0), (1.0, 0.0)),  # a tie goes to the first operand
        (arith.MinimumfOp, (1.0, 1.0), (1.0, 0.0)),
        (arith.MaxnumfOp, (1.0, 1.0), (1.0, 0.0)),
        (arith.MinnumfOp, (2.0, 2.0), (1.0, 0.0)),
        (arith.MaxnumfOp, (python_math.nan, 1.0), (0.0, 1.0)),  # the number wins
        (arith.MaxnumfOp, (1.0, python_math.nan), (1.0, 0.0)),
        (arith.MaximumfOp, (python_math.nan, 1.0), (1.0, 0.0)),  # a NaN wins, the first of two
        (arith.MaximumfOp, (1.0, python_math.nan), (0.0, 1.0)),
        (arith.MaximumfOp, (python_math.nan, python_math.nan), (1.0, 0.0)),
        (arith.MinimumfOp, (python_math.nan, 1.0), (1.0, 0.0)),
        (arith.MinimumfOp, (1.0, python_math.nan), (0.0, 1.0)),
        (arith.MinimumfOp, (python_math.nan, python_math.nan), (1.0, 0.0)),
        (math.AbsFOp, (0.0,), (0.0,)),
        (math.AbsFOp, (-0.0,), (0.0,)),
        (math.PowFOp, (0.0, 2.0), (0.0, 0.0)),
        (math.PowFOp, (0.0, 1.0), (1.0, 0.0)),
        (math.PowFOp, (0.0, 0.0), (0.0, 0.0)),
        (math.PowFOp, (3.0, 0.0), (0.0, python_math.log(3.0))),
        (math.CopySignOp, (2.0, -1.0), (-1.0, 0.0)),
        (math.SqrtOp, (0.0,), (python_math.inf,)),
    ],
    ids=lambda x: getattr(x, "name", str(x)),
)
def test_special_points(op: type[Operation], point: tuple[float, ...], want: tuple[float, ...]) -> None:
    forward, reverse, _ = modes(op, point, [f64] * len(point), range(len(point)))
    assert forward == pytest.approx(list(want))
    assert reverse == pytest.approx(list(want))


@pytest.mark.parametrize(("x", "n"), [(0.0, 2), (0.0, 1), (0.0, 0), (-1.5, 3), (2.0, -2), (0.7, 5)])
def test_integer_powers(x: float, n: int) -> None:
    want = 0.0 if n == 0 else n * (1.0 if n == 1 else x ** (n - 1))
    forward, reverse, primal = modes(math.FPowIOp, [x, n], [f64, i64], [0])
    assert primal == pytest.approx(x**n)
    assert forward == reverse == pytest.approx([want])


@pytest.mark.parametrize(("order", "want"), [(1, 0.0), (2, 2.0), (3, 0.0), (4, 0.0)])
def test_square_by_pow_has_every_derivative_at_zero(order: int, want: float) -> None:
    module = program("", [f64], lambda f, x: f.call(math.PowFOp, x, f.constant(2.0)))
    name = "f"
    for k in range(order):
        module, name = slope(module, name, f"d{k}")
    assert run(expanded(module), name, [0.0]) == [want]


def slope(module: ModuleOp, callee: str, name: str) -> tuple[ModuleOp, str]:
    """Add the function `name`(x): the derivative of @callee at x."""

    def body(f: Build, x: Any) -> Any:
        op = f.emit.insert(ad.JvpOp(callee, [], [0], [x.value], [f.constant(1.0).value], [f64, f64]))
        return f.number(op.results_[1])

    made = program("", [f64], body, name).body.block.first_op
    assert made is not None
    made.detach()
    module.body.block.add_op(made)
    return module, name


@pytest.mark.parametrize("c", [True, False])
def test_select_chooses_the_tangent(c: bool) -> None:
    forward, reverse, _ = modes(arith.SelectOp, [c, 2.0, 3.0], [i1, f64, f64], [1, 2])
    assert forward == reverse == [float(c), float(not c)]


def test_casts_round_the_derivative() -> None:
    def both(f: Build, x: Any) -> Any:
        small = f.number(f.emit.insert(arith.TruncFOp(x.value, f32)).result)
        return f.number(f.emit.insert(arith.ExtFOp((small * small).value, f64)).result)

    module = program("", [f64], both)
    module = derivative(derivative(module, "f", ad.JvpOp, [0], "jvp"), "f", ad.VjpOp, [0], "vjp")
    expanded(module)
    x = 1.0 / 3.0
    want = float(np.float32(2.0) * np.float32(x))
    assert run(module, "jvp", [x, 1.0])[1] == run(module, "vjp", [x, 1.0])[1] == want
