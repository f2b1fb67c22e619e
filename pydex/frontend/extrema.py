"""`argmax` and `argmin`, over products of sets too; `max`, `min`, `argmax`, `argmin`, `mean` under a mask.

A mask may hold nowhere, so what needs an element is checked as the program runs. The arg-extrema are made of simpler
reductions, which cost another evaluation of an element or of one row:

    argmax(e for i, j in n * m) ==>   (i, argmax(e for j in m)) with i = argmax(max(e for j in m) for i in n)
    argmax(e for i in n if p)   ==>   argmax(p and (e == top or e != e) for i in n) with top = max(e for i in n if p)
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from typing import TYPE_CHECKING

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import SSAValue

from pydex import types
from pydex.dialects import eff
from pydex.frontend import overloads
from pydex.frontend.iteration import iterate
from pydex.frontend.kinds import size_of
from pydex.frontend.nests import body_of, close_loop, index_at, open_loop
from pydex.frontend.patterns import bind
from pydex.frontend.scalars import Dtype, constant, dtype_of, storage, to_ssa
from pydex.frontend.structure import index_of_parts
from pydex.frontend.values import NUMBERS, Tuple, Value
from pydex.sets import IndexSet
from pydex.sizes import Size
from pydex.types import ElementType

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator

EXTREMUM = {"argmax": "max", "argmin": "min"}


def masked(el: Elaborator, name: str, node: ast.GeneratorExp) -> Value:
    """A reduction that needs an element, over those where the masks hold; ValueError if there is none."""
    from pydex.frontend.reductions import level

    holds = level(el, "any", _with_element(node, True))
    flag = to_ssa(el, holds, types.bool_)  # type: ignore[arg-type]
    el.emit(eff.CheckOp(flag, "ValueError", f"{name} of no elements"))
    if name == "mean":
        count = level(el, "sum", _with_element(node, 1))
        return overloads.binary(el, "/", level(el, "sum", node), count)
    if name in EXTREMUM:
        return _masked_arg(el, name, node)
    return level(el, name, node, checked=True)


def _with_element(node: ast.GeneratorExp, element: bool | int | float) -> ast.GeneratorExp:
    made = copy.copy(node)
    made.elt = ast.copy_location(ast.Constant(element), node.elt)
    return made


def _masked_arg(el: Elaborator, name: str, node: ast.GeneratorExp) -> Value:
    from pydex.frontend.reductions import level, mask, over_set

    (part,) = node.generators
    top = level(el, EXTREMUM[name], node, checked=True)
    iterable = iterate(el, el.value(part.iter), part.iter)
    if isinstance(iterable, Tuple):
        el.fail(f"{name} of a tuple", node, NotImplementedError, "make it a table: [a, b, c]")

    def is_top() -> Value:
        value = el.value(node.elt)
        equal = overloads.compare(el, "==", value, top)
        return overloads.binary(el, "|", equal, overloads.compare(el, "!=", value, value))

    def element(index: Value) -> Value:
        el.visit(part.target)
        bind(el, part.target, iterable.element(index))
        return mask(el, "any", part.ifs, is_top)

    return over_set(el, "argmax", iterable.set, element, reverse=iterable.reverse, checked=True)


def least(el: Elaborator, name: str, dtype: Dtype) -> SSAValue:
    """The identity of max or min."""
    type = storage(dtype)
    if type.is_float:
        return constant(el, float("-inf") if name == "max" else float("inf"), type)
    lo, hi = (False, True) if type.kind == "b" else type.bounds
    return constant(el, lo if name == "max" else hi, type)


def arg_extremum(
    el: Elaborator,
    name: str,
    index_set: IndexSet,
    factors: list[IndexSet],
    element: Callable[[Value], Value],
    loop_name: str,
    reverse: bool,
) -> Value:
    """The index, of a product the tuple of indices, of the first extreme element."""
    from pydex.frontend.reductions import nest

    parts: list[Value] = []

    def at(last: Value) -> Value:
        return element(index_of_parts(index_set, (*parts, last)) if len(factors) > 1 else last)

    def extremum_of_row(first: Value) -> Value:
        rest = factors[len(parts) + 1 :]
        return nest(el, EXTREMUM[name], index_set, rest, [*parts, first], element, loop_name, reverse)

    for factor in factors[:-1]:
        parts.append(_first(el, name, factor, extremum_of_row, loop_name, reverse))
    last = _first(el, name, factors[-1], at, loop_name, reverse)
    return index_of_parts(index_set, (*parts, last)) if parts else last


def _first(
    el: Elaborator, name: str, factor: IndexSet, element: Callable[[Value], Value], loop_name: str, reverse: bool
) -> Value:
    """The index of the first extreme element over a set that is no product."""
    from pydex.frontend.frame import new_symbol

    loop = open_loop(el, factor, loop_name, reverse)
    with body_of(el, loop):
        value = element(loop.index)
        if not isinstance(value, NUMBERS):
            el.fail(f"{name} compares numbers, found {overloads.describe(value)}")
        ssa = _ordered(el, to_ssa(el, value, dtype_of(value)), storage(dtype_of(value)))
    result = close_loop(el, loop, [name], [ssa])[0]
    symbol = new_symbol("k")
    el.frame.add_index(symbol, result, size_of(factor))
    return index_at(factor, Size.of(symbol), reverse)


def _ordered(el: Elaborator, ssa: SSAValue, type: ElementType) -> SSAValue:
    """A number that the IR, whose arg-extrema compare integers as signed ones, orders as its type is ordered."""
    if type.kind == "b":
        return el.emit(arith.ExtUIOp(ssa, IntegerType(8)))
    if type.kind == "u":
        return el.emit(arith.XOrIOp(ssa, constant(el, 1 << (type.bits - 1), type)))
    return ssa
