"""What Python's operators and attributes mean in a reference execution, on every kind of value.

The rewritten source calls these instead of Python's own operators, which differ on division, overflow and promotion.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable
from types import FunctionType
from typing import Any

from pydex.reference import dual, scalars
from pydex.reference.accumulators import Accumulator, unwrap
from pydex.reference.dual import Dual
from pydex.reference.indices import Length, is_same
from pydex.reference.tables import Table, elementwise, make_table
from pydex.sets import IndexSet
from pydex.sizes import Size
from pydex.structs import struct_fields

NAMES = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "truediv",
    "//": "floordiv",
    "%": "mod",
    "**": "pow",
    "@": "matmul",
    "&": "and_",
    "|": "or_",
    "^": "xor",
    "<<": "lshift",
    ">>": "rshift",
}
"""Python's operators and their names in its module `operator`; `__add__` and its like are how classes define them."""

FORMULAS = {"+": operator.add, "-": operator.sub, "*": operator.mul}
"""What keeps the formula of a length."""

UNARY_METHODS = {"-": "__neg__", "+": "__pos__", "~": "__invert__"}


def binary(op: str, left: Any, right: Any) -> Any:
    """`left op right`."""
    if op in FORMULAS and (isinstance(left, Length) or isinstance(right, Length)) and is_formula(left, right):
        return Length(FORMULAS[op](_form(left), _form(right)))
    left, right = scalars.plain(unwrap(left)), scalars.plain(unwrap(right))
    if isinstance(left, Table) or isinstance(right, Table):
        return matmul(left, right) if op == "@" else elementwise(lambda x, y: binary(op, x, y), (left, right))
    if is_struct(left) or is_struct(right):
        return _overloaded(op, left, right)
    if is_scalar(left) and is_scalar(right):
        return dual.binary(op, left, right)
    return getattr(operator, NAMES[op])(left, right)


def unary(op: str, value: Any) -> Any:
    """`op value`."""
    value = scalars.plain(unwrap(value))
    if isinstance(value, Table):
        return elementwise(lambda x: unary(op, x), (value,))
    if is_struct(value):
        return method(value, UNARY_METHODS[op])()
    if isinstance(value, Dual):
        return {"-": operator.neg, "+": lambda x: x}[op](value)
    return scalars.unary(op, value)


def augment(op: str, target: Any, value: Any) -> Any:
    """The new value of a name after `name op= value`."""
    if isinstance(target, Accumulator):
        target.check_operation(op)
        return target.combine(unary("-", value) if op == "-" else value)
    return binary(op, target, value)


def augment_item(op: str, target: Any, key: Any, value: Any) -> None:
    """`target[key] op= value`, with key evaluated once."""
    if isinstance(target, Accumulator):
        target.check_operation(op)
        target.combine_item(key, unary("-", value) if op == "-" else value)
    else:
        target[key] = binary(op, target[key], value)


def matmul(left: Any, right: Any) -> Any:
    """`left @ right` of tables of one or two axes: the sum over the last axis of left, which is the first of right."""
    if not isinstance(left, Table) or not isinstance(right, Table):
        raise TypeError("@ needs two tables")
    if left.items and isinstance(left.items[0], Table):
        return make_table(left.axis, [matmul(row, right) for row in left.items])
    if not is_same(left.axis, right.axis):
        if not left.items:
            return left  # no rows, whose axis would be known by them
        raise TypeError(f"@ sums over {left.axis!r} on its left side, but over {right.axis!r} on its right")
    total: Any = 0
    for x, row in zip(left.items, right.items, strict=True):
        total = binary("+", total, binary("*", x, row))
    return total


def attribute(value: Any, name: str) -> Any:
    """`value.name`; methods and properties of structs are run as pydex functions."""
    value = unwrap(value)
    if isinstance(value, IndexSet) and name == "size":
        return Length.of(value)
    if is_struct(value):
        found = inspect.getattr_static(type(value), name, None)
        if isinstance(found, FunctionType):
            return method(value, name)
        if isinstance(found, property):
            return as_pydex(found.fget)(value)
    if isinstance(value, Table):
        from pydex.reference.reductions import TABLE_METHODS  # they are built on the operators

        if name in TABLE_METHODS:
            return lambda *args: TABLE_METHODS[name](value, *args)
    return getattr(value, name)


def is_formula(*values: Any) -> bool:
    """Whether each value is a length or an untyped integer."""
    return all(isinstance(value, int) and scalars.is_untyped(value) for value in values)


def is_struct(value: Any) -> bool:
    """Whether `value` is an instance of a `@dx.struct` class."""
    return not isinstance(value, type) and struct_fields(type(value)) is not None


def is_scalar(value: Any) -> bool:
    """Whether `value` is a number or a bool, with or without tangent."""
    return isinstance(value, (*scalars.SCALARS, Dual))


def method(value: Any, name: str) -> Callable[..., Any]:
    """A method of a struct, bound to it, as a pydex function."""
    function = as_pydex(inspect.getattr_static(type(value), name))
    return lambda *args, **kwargs: function(value, *args, **kwargs)


def as_pydex(function: Any) -> Callable[..., Any]:
    """A Python function as the reference execution runs it."""
    from pydex.reference.functions import ReferenceFunction  # what runs programs is built on what they are made of

    return ReferenceFunction(function)


def _form(value: int) -> Size:
    return value.form if isinstance(value, Length) else Size.of(value)


def _overloaded(op: str, left: Any, right: Any) -> Any:
    name = NAMES[op].rstrip("_")
    for value, other, special in ((left, right, f"__{name}__"), (right, left, f"__r{name}__")):
        if is_struct(value) and inspect.getattr_static(type(value), special, None) is not None:
            result = method(value, special)(other)
            if result is not NotImplemented:
                return result
    raise TypeError(f"no {op} for {type(left).__name__} and {type(right).__name__}: define __{name}__")
