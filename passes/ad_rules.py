"""The partial derivatives of every scalar op: one line an op, used by both modes.

An entry has one part for each operand: a number (constant partials are stated: 1.0, -1.0, 0.0), None (an integer:
there is no tangent), or a function of operands and result. Forward mode adds ∂·ẋ, reverse mode x̄ += ∂·ȳ. A product
is rounded to the type it is for, so casts have partial 1. An op that is missing is refused by name.

Special points: ties of max/min go to the first operand, and a NaN wins; |x|' = 0 at 0; x**y has ∂/∂x = 0
where y = 0 (so x**2 has derivatives of every order at 0), and ∂/∂y = 0 where x = 0, NaN where x < 0.
"""

from __future__ import annotations

import math as python_math
from collections.abc import Callable
from typing import Any, TypeAlias

from xdsl.dialects import arith, math
from xdsl.ir import Operation

from pydex.dialects.remainder import RemfOp

from .ad_numbers import (
    Real,
    above,
    below,
    cos,
    cosh,
    equal,
    exp,
    like,
    log,
    normal,
    power,
    sign,
    sin,
    sinh,
    sqrt,
    to_float,
    where,
)
from .ad_reciprocal import reciprocal

Partial: TypeAlias = float | None | Callable[..., Real]

LN2 = python_math.log(2.0)
LN10 = python_math.log(10.0)

FLOAT: dict[type[Operation], tuple[Partial, ...]] = {
    arith.AddfOp: (1.0, 1.0),
    arith.SubfOp: (1.0, -1.0),
    arith.MulfOp: (lambda x, y, r: y, lambda x, y, r: x),
    arith.DivfOp: (lambda x, y, r: reciprocal(y), lambda x, y, r: -(r * reciprocal(y))),  # one division for both
    arith.NegfOp: (-1.0,),
    RemfOp: (1.0, lambda x, y, r: (r - x) / y),
    arith.MaximumfOp: (lambda x, y, r: where(above(y, x), 0.0, 1.0), lambda x, y, r: where(above(y, x), 1.0, 0.0)),
    arith.MinimumfOp: (lambda x, y, r: where(below(y, x), 0.0, 1.0), lambda x, y, r: where(below(y, x), 1.0, 0.0)),
    arith.MaxnumfOp: (lambda x, y, r: where(equal(r, x), 1.0, 0.0), lambda x, y, r: where(equal(r, x), 0.0, 1.0)),
    arith.MinnumfOp: (lambda x, y, r: where(equal(r, x), 1.0, 0.0), lambda x, y, r: where(equal(r, x), 0.0, 1.0)),
    arith.SelectOp: (None, lambda c, x, y, r: where(c, 1.0, 0.0), lambda c, x, y, r: where(c, 0.0, 1.0)),
    arith.ExtFOp: (1.0,),
    arith.TruncFOp: (1.0,),
    math.AbsFOp: (lambda x, r: sign(x),),
    math.AcosOp: (lambda x, r: -1.0 / sqrt((1.0 - x) * (1.0 + x)),),
    math.AcoshOp: (lambda x, r: 1.0 / sqrt((x - 1.0) * (x + 1.0)),),
    math.AsinOp: (lambda x, r: 1.0 / sqrt((1.0 - x) * (1.0 + x)),),
    math.AsinhOp: (lambda x, r: 1.0 / sqrt(x * x + 1.0),),
    math.Atan2Op: (lambda y, x, r: x / (x * x + y * y), lambda y, x, r: -y / (x * x + y * y)),
    math.AtanOp: (lambda x, r: 1.0 / (x * x + 1.0),),
    math.AtanhOp: (lambda x, r: 1.0 / ((1.0 - x) * (1.0 + x)),),
    math.CbrtOp: (lambda x, r: 1.0 / (3.0 * r * r),),
    math.CopySignOp: (lambda x, y, r: where(equal(r, x), like(x, 1.0), like(x, -1.0)), 0.0),
    math.CosOp: (lambda x, r: -sin(x),),
    math.CoshOp: (lambda x, r: sinh(x),),
    math.ErfOp: (lambda x, r: (2.0 / python_math.sqrt(python_math.pi)) * exp(-(x * x)),),
    math.ExpOp: (lambda x, r: normal(r),),
    math.Exp2Op: (lambda x, r: normal(LN2 * r),),
    math.ExpM1Op: (lambda x, r: normal(exp(x)),),
    math.FmaOp: (lambda x, y, z, r: y, lambda x, y, z, r: x, 1.0),
    math.FPowIOp: (
        lambda x, n, r: where(equal(n, 0), like(x, 0.0), to_float(n, x) * power(x, n - 1)),
        None,
    ),
    math.LogOp: (lambda x, r: 1.0 / x,),
    math.Log10Op: (lambda x, r: 1.0 / (LN10 * x),),
    math.Log1pOp: (lambda x, r: 1.0 / (1.0 + x),),
    math.Log2Op: (lambda x, r: 1.0 / (LN2 * x),),
    math.PowFOp: (
        lambda x, y, r: where(equal(y, 0.0), like(x, 0.0), y * power(x, y - 1.0)),
        lambda x, y, r: where(equal(x, 0.0), like(x, 0.0), r * log(x)),
    ),
    math.RsqrtOp: (lambda x, r: -0.5 * r / x,),
    math.SinOp: (lambda x, r: cos(x),),
    math.SinhOp: (lambda x, r: cosh(x),),
    math.SqrtOp: (lambda x, r: 0.5 * reciprocal(r),),
    math.TanOp: (lambda x, r: 1.0 + r * r,),
    math.TanhOp: (lambda x, r: (1.0 - r) * (1.0 + r),),
}

#: Piecewise constant: the derivative is zero, and stated.
ZERO: dict[type[Operation], tuple[Partial, ...]] = {
    arith.CmpfOp: (0.0, 0.0),
    arith.FPToSIOp: (0.0,),
    arith.FPToUIOp: (0.0,),
    math.CeilOp: (0.0,),
    math.FloorOp: (0.0,),
    math.RoundOp: (0.0,),
    math.RoundEvenOp: (0.0,),
    math.TruncOp: (0.0,),
}

#: Of integers: no operand has a tangent.
INTEGER: dict[type[Operation], tuple[Partial, ...]] = {
    **dict.fromkeys(
        (
            arith.AddiOp, arith.AddUIExtendedOp, arith.SubiOp, arith.MuliOp, arith.MulUIExtendedOp,
            arith.MulSIExtendedOp, arith.DivUIOp, arith.DivSIOp, arith.FloorDivSIOp, arith.CeilDivSIOp,
            arith.CeilDivUIOp, arith.RemUIOp, arith.RemSIOp, arith.MinSIOp, arith.MaxSIOp, arith.MinUIOp,
            arith.MaxUIOp, arith.CmpiOp, arith.AndIOp, arith.OrIOp, arith.XOrIOp, arith.ShLIOp, arith.ShRUIOp,
            arith.ShRSIOp, math.IPowIOp,
        ),
        (None, None),
    ),
    **dict.fromkeys(
        (
            arith.IndexCastOp, arith.SIToFPOp, arith.UIToFPOp, arith.TruncIOp, arith.ExtSIOp, arith.ExtUIOp,
            math.AbsIOp, math.CountLeadingZerosOp, math.CountTrailingZerosOp, math.CtPopOp,
        ),
        (None,),
    ),
    arith.ConstantOp: (),
}  # fmt: skip

#: Ops of `arith` and `math` without a derivative, and why: differentiating through one is refused by name.
REFUSED: dict[type[Operation], str] = {
    arith.BitcastOp: "the bits of a float have no derivative; take those of `dx.stop_gradient(x)`",
}

PARTIALS: dict[type[Operation], tuple[Partial, ...]] = {**FLOAT, **ZERO, **INTEGER}


def apply(partial: Partial, operands: tuple[Any, ...], result: Any) -> Any:
    """The value of one partial derivative: a number, a `Mask`, or None."""
    return partial(*operands, result) if callable(partial) else partial


def is_square(op: Operation) -> bool:
    """x · x: both partials are x, and one product is enough."""
    return isinstance(op, arith.MulfOp) and op.lhs is op.rhs
