"""What `dx.sum`, `dx.exp`, `len`, `range`, `np.exp`, … do: a handler for each name of pydex.builtins and of Python.

A handler takes the elaborator and the arguments' values.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from pydex import types
from pydex.builtins import ELEMENTWISE, REDUCTIONS
from pydex.frontend import elementwise, extrema, iteration, overloads, reductions, scalars
from pydex.frontend.annotations import type_of_value
from pydex.frontend.kinds import WeakType
from pydex.frontend.values import NUMBERS, Literal, Record, Static, Struct, Table, Tuple, Value
from pydex.types import ElementType, TableType

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator


def _unary(name: str) -> Callable[[Elaborator, Value], Value]:
    def handler(el: Elaborator, x: Value) -> Value:
        return elementwise_call(el, f"dx.{name}", [x], lambda v: elementwise.unary(el, name, v))

    return handler


def _binary(name: str) -> Callable[[Elaborator, Value, Value], Value]:
    def handler(el: Elaborator, x: Value, y: Value) -> Value:
        return elementwise_call(el, f"dx.{name}", [x, y], lambda a, b: elementwise.BINARY[name](el, a, b))

    return handler


def where(el: Elaborator, condition: Value, x: Value, y: Value) -> Value:
    from pydex.frontend.expressions import condition as as_condition

    def choose(c: Value, a: Value, b: Value) -> Value:
        return elementwise.where(el, as_condition(el, c, el.node), a, b)  # type: ignore[arg-type]

    return elementwise_call(el, "dx.where", [condition, x, y], choose)


def elementwise_call(el: Elaborator, name: str, args: list[Value], function: Callable[..., Value]) -> Value:
    """A function of numbers on numbers, on tables element by element, on structs by the method of its name."""
    if all(isinstance(a, NUMBERS) for a in args):
        return function(*args)
    if any(isinstance(a, Table) for a in args):

        def each(*parts: Value) -> Value:
            return elementwise_call(el, name, list(parts), function)

        return _over_tables(el, name, args, each)
    for a in args:
        if isinstance(a, Struct):
            from pydex.frontend.attributes import method_of
            from pydex.frontend.calls import call

            method = method_of(a, name.removeprefix("dx."))
            if method is not None:
                return call(el, method, [b for b in args if b is not a], {})
    bad = next(a for a in args if not isinstance(a, NUMBERS))
    el.fail(f"{name} is not defined on {overloads.describe(bad)}")


def _over_tables(el: Elaborator, name: str, args: list[Value], each: Callable[..., Value]) -> Value:
    from pydex.frontend.tables import elementwise as over_tables

    return over_tables(el, args, each, name)


def _reduction(name: str) -> Callable[..., Value]:
    def handler(el: Elaborator, *args: Value) -> Value:
        if name in ("sum",) and len(args) == 2:
            return overloads.binary(el, "+", args[1], reductions.reduce(el, name, args[0]))
        if len(args) > 1:
            return reductions.fold(el, name, list(args))
        if not args:
            el.fail(f"{name} of nothing")
        return reductions.reduce(el, name, args[0])

    return handler


def constructor(number: int | float) -> Callable[[Elaborator, Value], Value]:
    def handler(el: Elaborator, type: Value) -> Value:
        return full(el, type, Literal(number))

    return handler


def full(el: Elaborator, type: Value, value: Value) -> Value:
    """`dx.full(f32[m], 2)`."""
    from pydex.frontend.kinds import table_axis

    made = type_of_value(el, type)
    element = made.element if isinstance(made, TableType) else made
    if not isinstance(element, ElementType):
        el.fail(f"expected a type of numbers such as f32[n], found {made!r}")
    if not isinstance(value, NUMBERS):
        el.fail(f"expected a number, found {overloads.describe(value)}")
    scalar = _element(el, value, element)
    if not isinstance(made, TableType):
        return scalar
    from pydex.frontend.tables import fill

    return fill(el, TableType(tuple(table_axis(a) for a in made.axes), element), scalar)


def _element(el: Elaborator, value: Any, element: ElementType) -> Value:
    if isinstance(value, Literal):
        return scalars.cast(el, value, element) if element.kind == "b" else scalars.adopt(el, value, element)
    return scalars.adopt(el, value, element)


def like(number: int) -> Callable[[Elaborator, Value], Value]:
    def handler(el: Elaborator, value: Value) -> Value:
        if isinstance(value, Table):
            return elementwise_call(el, "zeros_like", [value], lambda v: like_number(el, v, number))
        if isinstance(value, NUMBERS):
            return like_number(el, value, number)
        el.fail(f"expected a table or a number, found {overloads.describe(value)}")

    return handler


def like_number(el: Elaborator, value: Any, number: int) -> Value:
    dtype = scalars.dtype_of(value)
    if isinstance(dtype, WeakType):
        return Literal(float(number) if dtype.kind == "float" else number)
    return scalars.Scalar(scalars.constant(el, number, dtype), dtype)


def length(el: Elaborator, value: Value) -> Value:
    """`len(x)`: the size of the first axis."""
    from pydex.frontend.setvalues import as_set, size_value

    if isinstance(value, Table):
        return size_value(value.axes[0])
    if isinstance(value, Tuple):
        return Literal(len(value.items))
    if isinstance(value, Record):
        return Literal(len(value.fields))
    index_set = as_set(el, value)
    if index_set is not None:
        return size_value(index_set)
    el.fail(f"{overloads.describe(value)} has no length")


def stop_gradient(el: Elaborator, value: Value) -> Value:
    from pydex.dialects.ad import StopOp
    from pydex.frontend.structure import flatten, rebuild

    flat = flatten(el, value)
    return rebuild(el, value.type, [el.emit(StopOp(ssa)) for ssa in flat])


def power(el: Elaborator, x: Value, y: Value) -> Value:
    return overloads.binary(el, "**", x, y)


def divmod_(el: Elaborator, x: Value, y: Value) -> Value:
    return Tuple((overloads.binary(el, "//", x, y), overloads.binary(el, "%", x, y)))


def to_int(el: Elaborator, x: Value) -> Value:
    from pydex.frontend.calls import convert

    return x if isinstance(x, scalars.Int) else convert(el, types.i64, [x])


def converter(dtype: ElementType) -> Callable[[Elaborator, Value], Value]:
    def handler(el: Elaborator, x: Value) -> Value:
        from pydex.frontend.calls import convert

        return convert(el, dtype, [x])

    return handler


def sum_type_only(name: str) -> Callable[..., Value]:
    def handler(el: Elaborator, *args: Value) -> Value:
        el.fail(f"dx.{name} is not supported yet", kind=NotImplementedError)

    return handler


def isinstance_(el: Elaborator, value: Value, cls: Value) -> Value:
    """`isinstance(x, Point)`: known when compiling."""
    wanted = cls.value if isinstance(cls, Static) else None
    options = wanted if isinstance(wanted, tuple) else (wanted,)
    own = value.cls if isinstance(value, Struct) else type(value.value) if isinstance(value, Literal | Static) else None
    return Literal(any(isinstance(o, type) and own is not None and issubclass(own, o) for o in options))


def bitcast(el: Elaborator, value: Value, to: Value) -> Value:
    """`dx.bitcast(x, f32)`: the bits of x read as another type."""
    from xdsl.dialects import arith

    target = type_of_value(el, to)
    if not isinstance(value, NUMBERS) or not isinstance(target, ElementType):
        el.fail("dx.bitcast takes a number and an element type")
    dtype = scalars.dtype_of(value)
    source = scalars.storage(dtype)
    if source.bits != target.bits:
        el.fail(f"bitcast from {source} to {target}: the widths differ")
    ssa = scalars.to_ssa(el, value, dtype)
    if source.is_float == target.is_float:
        return scalars.Scalar(ssa, target)
    return scalars.Scalar(el.emit(arith.BitcastOp(ssa, scalars.ir_type(target))), target)  # type: ignore[arg-type]


def ordinal(el: Elaborator, index: Value) -> Value:
    """`dx.ordinal(i)`: the number of an index, of a tuple of indices that in their product."""
    from pydex.frontend.kinds import root, size_of
    from pydex.sizes import Size

    parts = [index]
    if isinstance(index, Tuple | Struct):
        parts = list(index.items if isinstance(index, Tuple) else index.fields.values())
    total = Size.of(0)
    for part in parts:
        form = scalars.form_of(part)
        if form is None or (len(parts) > 1 and (not isinstance(part, scalars.Int) or part.set is None)):
            el.fail(f"dx.ordinal takes an index, found {overloads.describe(part)}")
        total = total * (size_of(root(part.set)) if len(parts) > 1 else 1) + form  # type: ignore[union-attr,arg-type]
    return scalars.Int(total)


MONOIDS = {"sum": "add", "prod": "mul", "max": "max", "min": "min", "any": "or", "all": "and", "maximum": "max",
           "minimum": "min"}  # fmt: skip


def accum(el: Elaborator, type: Value, monoid: Value | None = None) -> Value:
    """`dx.accum(f32[m], max)`: what `+=` combines into."""
    from pydex.frontend.accumulators import IDENTITY, Monoidal

    made = type_of_value(el, type)
    element = made.element if isinstance(made, TableType) else made
    object = monoid.value if isinstance(monoid, Static) else builtins.sum
    name = MONOIDS.get(getattr(object, "name", None) or FOREIGN.get(object, ""))
    if name is None or (monoid is not None and not isinstance(monoid, Static)):
        el.fail("the monoid of an accumulator is one of sum, prod, max, min, any, all")
    if not isinstance(element, ElementType) or (name in ("or", "and")) != (element.kind == "b"):
        help = "sum, prod, max, min are of numbers; any, all of bools"
        el.fail(f"an accumulator of {made!r} with this monoid", help=help)
    if name in ("max", "min"):
        start: Value = scalars.Scalar(extrema.least(el, name, element), element)
    else:
        start = Literal(IDENTITY[name])
    return Monoidal(full(el, type, start), name)


BUILTINS: dict[str, Callable[..., Value]] = {
    **{name: _unary(name) for name in ELEMENTWISE if name not in elementwise.BINARY and name != "where"},
    **{name: _binary(name) for name in elementwise.BINARY},
    **{name: _reduction(name) for name in REDUCTIONS},
    "pow": power, "where": where,
    "zeros": constructor(0), "ones": constructor(1), "full": full, "zeros_like": like(0), "ones_like": like(1),
    "accum": accum, "argsort": sum_type_only("argsort"),
    "stop_gradient": stop_gradient, "parallel": iteration.parallel,
    "bitcast": bitcast, "ordinal": ordinal,
    "len": length, "range": iteration.range_, "enumerate": iteration.enumerate_, "zip": iteration.zip_,
    "reversed": iteration.reversed_, "divmod": divmod_, "isinstance": isinstance_,
    "int": to_int, "float": converter(types.f64), "bool": converter(types.bool_),
}  # fmt: skip
"""The functions of the language, by name."""

PYTHON = "sum max min any all abs round pow len range enumerate zip reversed divmod isinstance int float bool"
MATH = "exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf "
MATH += "floor ceil trunc isnan isinf isfinite atan2 pow prod"
NUMPY = {
    **{name: name for name in "exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan sinh cosh tanh".split()},
    **{name: name for name in "abs sign floor ceil trunc isnan isinf isfinite minimum maximum where".split()},
    **{name: name for name in "sum prod mean any all argmax argmin zeros_like ones_like".split()},
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2", "power": "pow", "absolute": "abs",
    "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    "rint": "round", "max": "max", "min": "min", "fabs": "abs",
}  # fmt: skip

FOREIGN: dict[Any, str] = {
    **{getattr(np, name): ours for name, ours in NUMPY.items()},
    **{getattr(math, name): name for name in MATH.split() if hasattr(math, name)},
    math.fabs: "abs",
    **{getattr(builtins, name): name for name in PYTHON.split()},
}
"""Functions of Python, math and NumPy, and which of ours they mean."""
