"""Dual numbers: the oracle of derivatives, which knows no IR.

`Dual(x, ẋ, tag)` is x + ẋ·ε with ε² = 0. Every differentiation has an ε of its own, known by its `tag`; a number of
another tag is a constant to it, so nested derivatives are not confused (Siskind & Pearlmutter, "Nesting forward-mode
AD in a functional framework", HOSC 21, 2008). Both parts may be duals of older tags. An absent tangent is exactly 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from pydex.reference import scalars
from pydex.types import ElementType, f64

new_tag = count(1).__next__


@dataclass(frozen=True, eq=False)
class Dual:
    """A float and its tangent. Comparisons and truth are those of the primal."""

    primal: Any
    tangent: Any
    tag: int
    __array_ufunc__ = None  # NumPy scalars leave operators to this class

    def __add__(self, other: Any) -> Any:
        return binary("+", self, other)

    def __radd__(self, other: Any) -> Any:
        return binary("+", other, self)

    def __sub__(self, other: Any) -> Any:
        return binary("-", self, other)

    def __rsub__(self, other: Any) -> Any:
        return binary("-", other, self)

    def __mul__(self, other: Any) -> Any:
        return binary("*", self, other)

    def __rmul__(self, other: Any) -> Any:
        return binary("*", other, self)

    def __truediv__(self, other: Any) -> Any:
        return binary("/", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return binary("/", other, self)

    def __pow__(self, other: Any) -> Any:
        return binary("**", self, other)

    def __neg__(self) -> Any:
        return Dual(-self.primal, -self.tangent, self.tag)

    def __eq__(self, other: Any) -> Any:
        return primal(self) == primal(other)

    def __ne__(self, other: Any) -> Any:
        return primal(self) != primal(other)

    def __lt__(self, other: Any) -> Any:
        return primal(self) < primal(other)

    def __le__(self, other: Any) -> Any:
        return primal(self) <= primal(other)

    def __gt__(self, other: Any) -> Any:
        return primal(self) > primal(other)

    def __ge__(self, other: Any) -> Any:
        return primal(self) >= primal(other)

    def __bool__(self) -> bool:
        return bool(self.primal)

    def __hash__(self) -> int:
        return hash(primal(self))


def primal(value: Any) -> Any:
    """The number without any tangent."""
    while isinstance(value, Dual):
        value = value.primal
    return value


def parts(value: Any, tag: int) -> tuple[Any, Any]:
    """Primal and tangent with respect to `tag`; the tangent is None if there is none."""
    if isinstance(value, Dual) and value.tag == tag:
        return value.primal, value.tangent
    return value, None


def convert(value: Any, type: ElementType) -> Any:
    """`type(value)`; the tangent of a conversion to anything but a float is none."""
    if not isinstance(value, Dual):
        return scalars.convert(value, type)
    if not type.is_float:
        return scalars.convert(primal(value), type)
    return Dual(convert(value.primal, type), convert(value.tangent, type), value.tag)


def apply(name: str, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """`function(*args)` and its tangent by the partial derivatives in the table. KeyError if it has no line there."""
    tag = max((arg.tag for arg in args if isinstance(arg, Dual)), default=0)
    if not tag:
        return function(*args)
    primals = [parts(arg, tag)[0] for arg in args]
    result = apply(name, function, tuple(primals))
    with np.errstate(all="ignore"):
        terms = [
            partial(*primals, result) * tangent
            for partial, tangent in zip(PARTIALS[name], (parts(arg, tag)[1] for arg in args), strict=True)
            if tangent is not None and partial is not None
        ]
    return Dual(result, sum(terms[1:], terms[0]), tag) if terms else result


def binary(op: str, left: Any, right: Any) -> Any:
    """`left op right`, of which at least one may be a dual."""
    if not isinstance(left, Dual) and not isinstance(right, Dual):
        return scalars.binary(op, left, right)
    if op not in PARTIALS:
        raise TypeError(f"{op} is not an operator of floats")
    type = scalars.common_type(primal(left), primal(right)) or f64
    if op == "**" and not isinstance(right, Dual) and scalars.is_untyped(right):
        exponent = int(right) if right == int(right) else scalars.convert(right, type)
        return apply("power", lambda x, n: scalars.binary("**", x, n), (convert(left, type), exponent))
    return apply(op, lambda x, y: scalars.binary(op, x, y), (convert(left, type), convert(right, type)))


def _function(name: str, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function that occurs in derivatives, on duals of older tags as well."""
    return lambda x: apply(name, function, (x,))


_exp, _log, _sqrt = _function("exp", np.exp), _function("log", np.log), _function("sqrt", np.sqrt)
_sin, _cos = _function("sin", np.sin), _function("cos", np.cos)
_sinh, _cosh = _function("sinh", np.sinh), _function("cosh", np.cosh)


def _power_of_constant(x: Any, n: Any, r: Any) -> Any:
    """n·x^(n−1), which is 0 for n = 0, at x = 0 as well."""
    return 0.0 if n == 0 else n * binary("**", x, n - 1)


def _power_by_exponent(x: Any, y: Any, r: Any) -> Any:
    """x^y·log x, which is 0 at x = 0."""
    return 0.0 if x == 0 else r * _log(x)


def _one(*_: Any) -> float:
    return 1.0


PARTIALS: dict[str, tuple[Callable[..., Any] | None, ...]] = {
    "+": (_one, _one),
    "-": (_one, lambda x, y, r: -1.0),
    "*": (lambda x, y, r: y, lambda x, y, r: x),
    "/": (lambda x, y, r: 1.0 / y, lambda x, y, r: -r / y),
    "//": (None, None),
    "%": (_one, lambda x, y, r: -binary("//", primal(x), primal(y))),
    "**": (_power_of_constant, _power_by_exponent),
    "power": (_power_of_constant, None),
    "exp": (lambda x, r: r,),
    "exp2": (lambda x, r: r * math.log(2),),
    "expm1": (lambda x, r: r + 1.0,),
    "log": (lambda x, r: 1.0 / x,),
    "log2": (lambda x, r: 1.0 / (x * math.log(2)),),
    "log10": (lambda x, r: 1.0 / (x * math.log(10)),),
    "log1p": (lambda x, r: 1.0 / (1.0 + x),),
    "sqrt": (lambda x, r: 0.5 / r,),
    "cbrt": (lambda x, r: 1.0 / (3.0 * r * r),),
    "sin": (lambda x, r: _cos(x),),
    "cos": (lambda x, r: -_sin(x),),
    "tan": (lambda x, r: 1.0 + r * r,),
    "asin": (lambda x, r: 1.0 / _sqrt(1.0 - x * x),),
    "acos": (lambda x, r: -1.0 / _sqrt(1.0 - x * x),),
    "atan": (lambda x, r: 1.0 / (1.0 + x * x),),
    "sinh": (lambda x, r: _cosh(x),),
    "cosh": (lambda x, r: _sinh(x),),
    "tanh": (lambda x, r: 1.0 - r * r,),
    "asinh": (lambda x, r: 1.0 / _sqrt(x * x + 1.0),),
    "acosh": (lambda x, r: 1.0 / _sqrt(x * x - 1.0),),
    "atanh": (lambda x, r: 1.0 / (1.0 - x * x),),
    "erf": (lambda x, r: 2.0 / math.sqrt(math.pi) * _exp(-x * x),),
    "sigmoid": (lambda x, r: r * (1.0 - r),),
    "relu": (lambda x, r: float(primal(x) > 0),),
    "abs": (lambda x, r: np.sign(primal(x)),),
    "sign": (None,),
    "floor": (None,),
    "ceil": (None,),
    "trunc": (None,),
    "round": (None,),
    "atan2": (lambda y, x, r: x / (x * x + y * y), lambda y, x, r: -y / (x * x + y * y)),
}
"""∂r/∂xₖ of r = f(x…), one line a primitive; None: the derivative is 0 everywhere. Ties: abs'(0) = relu'(0) = 0."""
