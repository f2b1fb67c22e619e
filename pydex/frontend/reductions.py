"""`sum`, `prod`, `max`, `min`, `any`, `all`, `mean` over a generator or a table; `argmax`, `argmin` go to extrema.py.

Scalars become reduction results of loops. Tables and structs of scalars are accumulated leaf by leaf.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Block, Region

from pydex import types
from pydex.dialects import eff
from pydex.frontend import elementwise, extrema, overloads
from pydex.frontend.comprehensions import target_name
from pydex.frontend.functions import Generator
from pydex.frontend.iteration import iterate
from pydex.frontend.kinds import WeakType, factors_of, size_of
from pydex.frontend.nests import OpenLoop, body_of, close_loop, open_loop
from pydex.frontend.patterns import bind
from pydex.frontend.prove import require
from pydex.frontend.scalars import Dtype, dtype_of, storage, to_ssa
from pydex.frontend.structure import flatten, index_of_parts, rebuild
from pydex.frontend.values import NUMBERS, Literal, Scalar, Table, Tuple, Value
from pydex.sets import IndexSet

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator

KINDS = {"sum": "add", "prod": "mul", "max": "max", "min": "min", "any": "or", "all": "and"}
NEEDS_ELEMENT = ("max", "min", "argmax", "argmin", "mean")


def reduce(el: Elaborator, name: str, value: Value) -> Value:
    """The reduction called `name` of a generator, table or tuple."""
    if isinstance(value, Generator):
        return _of_generator(el, name, value)
    iterable = iterate(el, value)
    if isinstance(iterable, Tuple):
        return fold(el, name, list(iterable.items))
    return over_set(el, name, iterable.set, iterable.element)


def _of_generator(el: Elaborator, name: str, generator: Generator) -> Value:
    node = generator.node
    if name in ("argmax", "argmin", "mean") and len(node.generators) > 1:
        help = "loop over a product of sets: `for i, j in n * m`"
        el.fail(f"{name} takes one `for`", node, NotImplementedError, help)
    has_mask = any(part.ifs for part in node.generators)
    scope, el.scope = el.scope, generator.scope
    try:
        with el.names():
            return extrema.masked(el, name, node) if has_mask and name in NEEDS_ELEMENT else level(el, name, node)
    finally:
        el.scope = scope


def level(el: Elaborator, name: str, node: ast.GeneratorExp, depth: int = 0, checked: bool = False) -> Value:
    """The reduction over one `for` of a generator and those in it; checked: it is known that there is an element."""
    if depth == len(node.generators):
        return el.value(node.elt)
    part = node.generators[depth]
    iterable = iterate(el, el.value(part.iter), part.iter)

    def inner() -> Value:
        return level(el, name, node, depth + 1, checked)

    if isinstance(iterable, Tuple):
        return fold(el, name, [_unrolled(el, part, item, inner, name) for item in iterable.items])

    def element(index: Value) -> Value:
        el.visit(part.target)
        bind(el, part.target, iterable.element(index))
        return mask(el, name, part.ifs, inner)

    return over_set(el, name, iterable.set, element, target_name(part.target), iterable.reverse, checked)


def _unrolled(el: Elaborator, part: ast.comprehension, item: Value, inner: Callable[[], Value], name: str) -> Value:
    with el.names():
        bind(el, part.target, item)
        return mask(el, name, part.ifs, inner)


IDENTITY = {"sum": 0, "prod": 1, "any": False, "all": True}


def mask(el: Elaborator, name: str, masks: list[ast.expr], inner: Callable[[], Value]) -> Value:
    """The element, or the identity of the reduction where a mask is false."""
    from pydex.frontend.branches import choose
    from pydex.frontend.expressions import condition

    if not masks:
        return inner()
    test = condition(el, el.value(masks[0]), masks[0])
    found: list[Value] = []

    def yes() -> Value:
        found.append(mask(el, name, masks[1:], inner))
        return found[0]

    def no() -> Value:
        return Literal(IDENTITY[name]) if name in IDENTITY else _least(el, name, found[0])

    return choose(el, test, yes, no)


def _least(el: Elaborator, name: str, like: Value) -> Value:
    if not isinstance(like, NUMBERS):
        el.fail(f"{name} compares numbers, found {overloads.describe(like)}")
    dtype = dtype_of(like)
    return Scalar(extrema.least(el, name, dtype), dtype)


# ------------------------------------------------------------------------------------------------- one loop


def over_set(
    el: Elaborator,
    name: str,
    index_set: IndexSet,
    element: Callable[[Value], Value],
    loop_name: str = "i",
    reverse: bool = False,
    checked: bool = False,
) -> Value:
    """The reduction over a set of what `element` makes of each index."""
    if name == "mean":
        total = over_set(el, "sum", index_set, element, loop_name, reverse)
        _require_element(el, name, index_set)
        return overloads.binary(el, "/", total, _count(index_set))
    if name in NEEDS_ELEMENT and not checked:
        _require_element(el, name, index_set)
    factors = list(factors_of(index_set) or [index_set])
    if name in extrema.EXTREMUM:
        return extrema.arg_extremum(el, name, index_set, factors, element, loop_name, reverse)
    return nest(el, name, index_set, factors, [], element, loop_name, reverse)


def _count(index_set: IndexSet) -> Value:
    from pydex.frontend.setvalues import size_value

    return size_value(index_set)


def _require_element(el: Elaborator, name: str, index_set: IndexSet) -> None:
    for factor in factors_of(index_set) or [index_set]:
        require(el, size_of(factor), 1, f"{name} over {factor!r}, which must not be empty")


def nest(
    el: Elaborator,
    name: str,
    index_set: IndexSet,
    todo: list[IndexSet],
    done: list[Value],
    element: Callable[[Value], Value],
    loop_name: str,
    reverse: bool,
) -> Value:
    """The reduction over the factors `todo` of a product, with indices for the factors before."""
    outside = Block()
    with el.inside(outside):
        loop = open_loop(el, todo[0], loop_name, reverse)
        parts = [*done, loop.index]
        with body_of(el, loop):
            if len(todo) > 1:
                value = nest(el, name, index_set, todo[1:], parts, element, loop_name, reverse)
            else:
                value = element(index_of_parts(index_set, tuple(parts)) if len(parts) > 1 else parts[0])
            if isinstance(value, NUMBERS):
                dtype = _reduced_type(el, name, value)
                ssa = to_ssa(el, value, dtype)
    if not isinstance(value, NUMBERS):
        return _accumulate(el, name, loop, outside, value)
    _splice(el, outside)
    kind = KINDS[name]
    if kind in ("max", "min") and storage(dtype).kind in "ub":
        kind = {"max": "or", "min": "and"}[kind] if storage(dtype).kind == "b" else "u" + kind
    return Scalar(close_loop(el, loop, [kind], [ssa])[0], dtype)


def _splice(el: Elaborator, block: Block) -> None:
    for op in list(block.ops):
        op.detach()
        el.frame.block.add_op(op)


def _reduced_type(el: Elaborator, name: str, value: Value) -> Dtype:
    dtype = dtype_of(value)  # type: ignore[arg-type]
    if name in ("any", "all"):
        if dtype != types.bool_:
            el.fail(f"{name} takes bools, found {dtype!r}", help="write a comparison, such as `… != 0`")
        return dtype
    if dtype == types.bool_ and name in ("sum", "prod"):
        return types.i64
    if not isinstance(dtype, WeakType) and dtype.is_storage_only:
        return types.f32
    return dtype


def reduced_type(value: Value) -> Dtype:
    """The type in which numbers like this one are accumulated."""
    dtype = dtype_of(value)  # type: ignore[arg-type]
    return types.f32 if not isinstance(dtype, WeakType) and dtype.is_storage_only else dtype


def _accumulate(el: Elaborator, name: str, loop: OpenLoop, outside: Block, value: Value) -> Value:
    """The sum of tables or tuples: accumulators around the loop, one for each leaf."""
    from pydex.frontend.tables import zero

    if name != "sum" or not isinstance(value, Table | Tuple):
        el.fail(f"{name} of {overloads.describe(value)}", kind=NotImplementedError, help="reduce each part by itself")
    with el.inside(loop.block):
        flat = flatten(el, value)
    if any(s == loop.symbol for s in _symbols(value)):
        el.fail("the tables that are summed have sizes that depend on the loop", help="give them one index set")
    initial = [zero(el, ssa.type) for ssa in flat]
    kinds = [eff.AccType(StringAttr("add"), ssa.type) for ssa in flat]
    arguments = [outside.insert_arg(kind, k) for k, kind in enumerate(kinds)]
    with el.inside(loop.block):
        for argument, ssa in zip(arguments, flat, strict=True):
            el.frame.emit(eff.AddOp(argument, [], ssa))
    with el.inside(outside):
        close_loop(el, loop, [], [])
        el.frame.emit(eff.YieldOp())
    op = eff.AccumOp(initial, ["add"] * len(flat), body=Region(outside))
    el.frame.emit(op)
    return rebuild(el, value.type, op.results)


def _symbols(value: Value):
    from pydex.frontend.kinds import symbols_of

    return symbols_of(value.type)


def fold(el: Elaborator, name: str, items: list[Value]) -> Value:
    """The reduction of values known one by one."""
    if name in ("argmax", "argmin"):
        el.fail(f"{name} of a tuple", kind=NotImplementedError, help="make it a table: [a, b, c]")
    if not items:
        if name in IDENTITY:
            return Literal(IDENTITY[name])
        el.fail(f"{name} of nothing", kind=ValueError)
    total = items[0]
    for item in items[1:]:
        total = combine(el, name, total, item)
    if name == "mean":
        return overloads.binary(el, "/", total, Literal(len(items)))
    return total


COMBINE = {"sum": "+", "mean": "+", "prod": "*", "any": "|", "all": "&"}


def combine(el: Elaborator, name: str, left: Value, right: Value) -> Value:
    """Two values of a reduction as one."""
    if name in ("max", "min"):
        if not isinstance(left, NUMBERS) or not isinstance(right, NUMBERS):
            el.fail(f"{name} of {overloads.describe(left)} and {overloads.describe(right)}")
        return elementwise.extremum(el, name, left, right)
    return overloads.binary(el, COMBINE[name], left, right)
