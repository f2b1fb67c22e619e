"""`jacobian`, `hessian`, `hvp`: rows of a Jacobian by reverse mode, columns by forward mode, whichever are fewer."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from xdsl.dialects.builtin import UnitAttr
from xdsl.ir import SSAValue

from pydex.dialects import ix
from pydex.frontend import scalars
from pydex.frontend.derivatives import Transformed, push_forward
from pydex.frontend.kinds import WeakType, dims_of, leaves, size_of
from pydex.frontend.nests import tabulate
from pydex.frontend.structure import ir_types
from pydex.frontend.tables import pack, zero
from pydex.frontend.tangents import float_leaves, float_types
from pydex.frontend.targets import (
    Target,
    check_differentiable,
    emit_jvp,
    emit_vjp,
    places_of,
    shaped,
    target,
)
from pydex.frontend.values import NONE, Record, Static, Table, Tuple, Value
from pydex.sizes import Size
from pydex.types import ElementType, RecordType, TableType, TupleType, Type

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator

MOST_UNROLLED = 4


def apply_jacobian(el: Elaborator, this: Transformed, f: Value, args: list[Value], kwargs: dict[str, Value]) -> Value:
    at = target(el, f, args, kwargs)
    places = places_of(el, f, this.wrt, len(at.args))
    check_differentiable(el, at, places, f)
    forward = this.mode == "forward" or (this.mode is None and _fewer_inputs(at, places))
    if this.mode not in (None, "forward", "reverse"):
        el.fail(f'mode is "forward" or "reverse", found {this.mode!r}', kind=ValueError)
    if forward:
        return shaped(this.wrt, [_columns(el, at, place) for place in places])
    return _rows(el, at, places, this.wrt)


def _count(type: Type) -> int | None:
    """How many floats a value of this type has, if that is known now."""
    total = 0
    for leaf, kept in zip(leaves(type), float_leaves(type), strict=True):
        sizes = [d.constant for d in leaf.dims]
        if kept:
            if None in sizes:
                return None
            total += math.prod(sizes)  # type: ignore[arg-type]
    return total


def _fewer_inputs(at: Target, places: list[int]) -> bool:
    inputs = [_count(at.types[place]) for place in places]
    outputs = _count(at.result)
    if None in inputs:
        return False
    return outputs is None or sum(inputs) < outputs  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------- reverse mode


def _rows(el: Elaborator, at: Target, places: list[int], wrt) -> Value:
    """For each float of the result, the gradient of it, in the structure of the result."""
    zeros: dict[int, SSAValue] = {}
    types = float_types(el, at.result)

    def row(leaf: int, seed: SSAValue) -> Tuple:
        seeds = []
        for k, type in enumerate(types):
            if k != leaf:
                zeros[k] = zero(el, type)
            seeds.append(seed if k == leaf else zeros[k])
        return Tuple(tuple(emit_vjp(el, at, places, seeds)[1]))

    counter = iter(range(len(types)))

    def part(type: Type) -> Value:
        if not any(float_leaves(type)):
            return NONE
        match type:
            case ElementType() | WeakType():
                leaf = next(counter)
                return row(leaf, scalars.constant(el, 1.0, type))
            case TableType(_, ElementType() | WeakType()):
                return _table_rows(el, type, partial(row, next(counter)))
            case TupleType(items):
                return Tuple(tuple(map(part, items)))
            case RecordType(fields):
                return Record({name: part(field) for name, field in fields})
        el.fail(f"the Jacobian of a function whose result is {type!r}", kind=NotImplementedError)

    made = part(at.result)
    return shaped(wrt, [pick(el, made, at.result, k) for k in range(len(places))])


def pick(el: Elaborator, value: Value, type: Type, k: int) -> Value:
    """The k-th of the gradients that stand at each float of a result."""
    match type, value:
        case _, Static():
            return value
        case TupleType(types), Tuple(items):
            return Tuple(tuple(pick(el, v, t, k) for v, t in zip(items, types, strict=True)))
        case RecordType(types), Record(fields):
            return Record({name: pick(el, fields[name], t, k) for name, t in types})
        case _, Tuple(items):
            return items[k]
        case _, Table():
            return _pick_table(el, value, k)
    raise AssertionError(f"no Jacobian in {type!r}")


def _pick_table(el: Elaborator, table: Table, k: int) -> Value:
    """Of a table of tuples of gradients, the table of the k-th: its leaves are columns of the table's."""
    element = table.element
    assert isinstance(element, TupleType)
    first = sum(len(leaves(item)) for item in element.items[:k])
    chosen = element.items[k]
    mine = table.leaves[first : first + len(leaves(chosen))]
    if isinstance(chosen, TableType):
        from pydex.frontend.kinds import renumber

        count = sum(len(dims_of(a)) for a in table.axes)
        return Table(mine, TableType(table.axes + renumber(chosen.axes, count), chosen.element))
    return Table(mine, TableType(table.axes, chosen))


def _table_rows(el: Elaborator, type: TableType, row: Callable[[SSAValue], Tuple]) -> Value:
    """The rows of a table of results: written out where they are few, so that they share what they have in common."""
    size = size_of(type.axes[0]).constant if len(type.axes) == 1 else None
    if size is not None and 0 < size <= MOST_UNROLLED:
        units = [_unit(el, type.element, size, k) for k in range(size)]  # type: ignore[arg-type]
        return pack(el, [row(unit) for unit in units], [el.node] * size)  # type: ignore[list-item]
    return _over_axes(el, type, type.axes, [], lambda forms: row(_one_hot(el, type, forms)))


def _unit(el: Elaborator, dtype: ElementType, size: int, at: int) -> SSAValue:
    return el.emit(ix.PackOp([scalars.constant(el, float(k == at), dtype) for k in range(size)]))


def _over_axes(el: Elaborator, type: TableType, axes, forms: list[Size], inner: Callable[[list[Size]], Value]) -> Value:
    if not axes:
        return inner(forms)
    from pydex.frontend.values import Int

    def at(index: Value) -> Value:
        if not isinstance(index, Int):
            el.fail("the Jacobian of a table over a product of sets", kind=NotImplementedError)
        return _over_axes(el, type, axes[1:], [*forms, index.form], inner)

    return tabulate(el, axes[0], at, "o")


def _one_hot(el: Elaborator, type: TableType, forms: list[Size]) -> SSAValue:
    """The table that is 1 at one place and 0 elsewhere: zero, with one element changed."""
    (target_type,) = ir_types(el.frame, type)
    dtype = type.element
    indices = [el.frame.index(form, dims_of(axis)[0]) for form, axis in zip(forms, type.axes, strict=True)]
    base = zero(el, target_type)
    update = ix.UpdateOp(base, indices, scalars.constant(el, 1.0, dtype))  # type: ignore[arg-type]
    update.attributes[ix.SEED] = UnitAttr()
    return el.emit(update)


# ------------------------------------------------------------------------------------------------- forward mode


def _columns(el: Elaborator, at: Target, place: int) -> Value:
    """By one parameter: the tangent of the result for each of its floats, then brought to the result's structure."""
    type = at.types[place]
    if isinstance(type, ElementType | WeakType):
        return emit_jvp(el, at, {place: [scalars.constant(el, 1.0, type)]})[1]
    if not isinstance(type, TableType) or not isinstance(type.element, ElementType | WeakType):
        el.fail(f"the Jacobian by a {type!r} in forward mode", kind=NotImplementedError, help='use mode="reverse"')
    columns = _over_axes(
        el, type, type.axes, [], lambda forms: emit_jvp(el, at, {place: [_one_hot(el, type, forms)]})[1]
    )
    return _transposed(el, columns, type, at.result)


def _transposed(el: Elaborator, columns: Value, by: TableType, result: Type) -> Value:
    """Axes of the input moved behind those of the result."""
    if isinstance(result, TupleType) or not isinstance(columns, Table):
        el.fail(f"the Jacobian of {result!r} in forward mode", kind=NotImplementedError, help='use mode="reverse"')
    if not isinstance(result, TableType):
        return columns
    from pydex.frontend.iteration import item

    def at_output(axes, outputs: list[Value]) -> Value:
        if axes:
            return tabulate(el, axes[0], lambda index: at_output(axes[1:], [*outputs, index]), "o")
        return at_input(by.axes, [], outputs)

    def at_input(axes, inputs: list[Value], outputs: list[Value]) -> Value:
        if axes:
            return tabulate(el, axes[0], lambda index: at_input(axes[1:], [*inputs, index], outputs))
        value: Value = columns
        for index in [*inputs, *outputs]:
            value = item(el, value, index)  # type: ignore[arg-type]
        return value

    return at_output(result.axes, [])


# ------------------------------------------------------------------------------------------------- second order


def apply_hessian(el: Elaborator, this: Transformed, f: Value, args: list[Value], kwargs: dict[str, Value]) -> Value:
    gradient = Static(Transformed("grad", f, this.wrt))
    return apply_jacobian(el, Transformed("jacobian", gradient, this.wrt, this.mode), gradient, args, kwargs)


def apply_hvp(el: Elaborator, this: Transformed, f: Value, args: list[Value], kwargs: dict[str, Value]) -> Value:
    if len(args) < 2:
        el.fail("hvp(f) takes the arguments of f and a direction")
    *inputs, direction = args
    (place,) = places_of(el, f, this.wrt, len(inputs))
    gradient = Static(Transformed("grad", f, place))
    tangents: list[Value] = [NONE] * len(inputs)
    tangents[place] = direction
    return push_forward(el, gradient, inputs, tangents)[1]


HIGHER = {"jacobian": apply_jacobian, "hessian": apply_hessian, "hvp": apply_hvp}
