"""Whole tables: displays, constants, elementwise operations, matrix products, and the methods of tables."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from xdsl.dialects import arith
from xdsl.dialects.builtin import FloatAttr, IndexType, IntegerAttr
from xdsl.ir import Attribute, SSAValue

from pydex.dialects import ix
from pydex.frontend import overloads, scalars
from pydex.frontend.extrema import EXTREMUM
from pydex.frontend.kinds import StaticType, factors_of, size_of, table_of
from pydex.frontend.nests import tabulate
from pydex.frontend.prove import equate
from pydex.frontend.structure import Mismatch, bring, flatten, ir_types, rebuild, unify
from pydex.frontend.values import Literal, Table, Value
from pydex.sets import Fin
from pydex.sizes import Size
from pydex.types import ElementType, TableType, Type

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator


def zero(el: Elaborator, type: Attribute) -> SSAValue:
    """The zero of an IR type."""
    if isinstance(type, ix.TableType):
        return el.emit(ix.FillOp(zero(el, type.element), type))
    if isinstance(type, ix.IdxType):
        return el.emit(ix.IndexOp([], [], 0, type.size))
    from xdsl.dialects.builtin import IntegerType

    if isinstance(type, IntegerType | IndexType):
        return el.emit(arith.ConstantOp(IntegerAttr(0, type)))
    return el.emit(arith.ConstantOp(FloatAttr(0.0, type)))  # type: ignore[arg-type]


def fill(el: Elaborator, type: TableType, value: Value) -> Table:
    """The table of this type that is `value` everywhere."""
    leaves = []
    for ssa, target in zip(flatten(el, value), ir_types(el.frame, type), strict=True):
        assert isinstance(target, ix.TableType)
        leaves.append(el.emit(ix.FillOp(ssa, target)))
    return Table(tuple(leaves), type)


def pack(el: Elaborator, items: list[Value], nodes: Sequence[ast.expr]) -> Value:
    """`[a, b, c]`: the table over Fin(3) of values of one type."""
    if not items:
        el.fail("an empty list has no element type", help="write dx.zeros(f64[dx.Fin(0)])")
    common = items[0].type
    for item, node in zip(items, nodes, strict=True):
        try:
            common = unify(common, item.type)
        except Mismatch:
            message = f"a table has elements of one type, but this is {item.type!r} and the first {items[0].type!r}"
            el.fail(message, node, help="use a tuple: (a, b)")
    if isinstance(common, StaticType):
        el.fail(f"a table holds values, not {common!r}", nodes[0], help="use a tuple: (a, b)")
    columns = list(zip(*(flatten(el, bring(el, item, common)) for item in items), strict=True))
    leaves = [el.emit(ix.PackOp(list(column))) for column in columns]
    return rebuild(el, table_of((Fin(Size.of(len(items))),), common), leaves)


def convert_elements(el: Elaborator, table: Table, to: Type) -> Table:
    """The table with every element brought to a type."""
    return _map(el, table, lambda x: bring(el, x, to))


def cast_elements(el: Elaborator, table: Table, to: ElementType) -> Value:
    """`f32(x)` of a table."""
    return elementwise(el, [table], lambda x: scalars.cast(el, x, to), to.name)  # type: ignore[arg-type]


def _map(el: Elaborator, table: Table, function: Callable[[Value], Value]) -> Table:
    from pydex.frontend.iteration import item

    def at(part: Value) -> Value:
        if not isinstance(part, Table):
            return function(part)
        return tabulate(el, part.axes[0], lambda index: at(item(el, part, index)))

    result = at(table)
    assert isinstance(result, Table)
    return result


def elementwise(el: Elaborator, values: list[Value], function: Callable[..., Value], what: str) -> Value:
    """The function of each element; scalars go with every element, tables must be over the same sets."""
    tables = [v for v in values if isinstance(v, Table)]
    first = tables[0]
    for other in tables[1:]:
        if other.axes[0] != first.axes[0] or len(other.axes) != len(first.axes):
            if len(other.axes) == len(first.axes):
                equate(el, size_of(other.axes[0]), size_of(first.axes[0]))
            el.fail(
                f"{what} of tables over {_axes(first)} and {_axes(other)}",
                help="give both the same index sets, or say which elements meet: [… for i in n]",
            )

    from pydex.frontend.iteration import item

    def at(index: Value) -> Value:
        here = [item(el, v, index) if isinstance(v, Table) else v for v in values]
        return elementwise(el, here, function, what) if any(isinstance(v, Table) for v in here) else function(*here)

    return tabulate(el, first.axes[0], at)


def _axes(table: Table) -> str:
    return "[" + ", ".join(map(repr, table.axes)) + "]"


def matmul(el: Elaborator, left: Value, right: Value) -> Value:
    """`a @ b`: sums over the last axis of a and the first but those of a batch of b."""
    from pydex.frontend.iteration import item
    from pydex.frontend.reductions import over_set

    ranks = [len(v.axes) if isinstance(v, Table) else 0 for v in (left, right)]
    if not isinstance(left, Table) or not isinstance(right, Table) or max(ranks) > 2:
        el.fail(f"'@' is not defined on {overloads.describe(left)} and {overloads.describe(right)} here",
                help="tables of one or two axes have matrix products; write the sum")  # fmt: skip
    if left.axes[-1] != right.axes[0]:
        equate(el, size_of(left.axes[-1]), size_of(right.axes[0]))
        el.fail(f"'@' sums over {left.axes[-1]!r} on the left and {right.axes[0]!r} on the right")

    def dot(row: Table, k_of: Callable[[Value], Value]) -> Value:
        return over_set(el, "sum", row.axes[0], lambda k: overloads.binary(el, "*", item(el, row, k), k_of(k)), "k")

    def row_times(row: Table) -> Value:
        if len(right.axes) == 1:
            return dot(row, lambda k: item(el, right, k))
        return tabulate(el, right.axes[1], lambda j: dot(row, lambda k: item(el, item(el, right, k), j)))  # type: ignore

    if len(left.axes) == 1:
        return row_times(left)
    return tabulate(el, left.axes[0], lambda i: row_times(item(el, left, i)))  # type: ignore[arg-type]


def transpose(el: Elaborator, table: Table) -> Value:
    """`x.T`."""
    from pydex.frontend.iteration import item

    if len(table.axes) != 2:
        el.fail(f"only a table of two axes has a transpose, this one has {len(table.axes)}")
    rows, columns = table.axes
    return tabulate(el, columns, lambda j: tabulate(el, rows, lambda i: item(el, item(el, table, i), j)))  # type: ignore


def reduce_all(el: Elaborator, name: str, table: Table) -> Value:
    """`x.sum()`: over all axes."""
    from pydex.frontend.iteration import item
    from pydex.frontend.reductions import over_set
    from pydex.frontend.setvalues import size_value

    if name == "mean":
        total = reduce_all(el, "sum", table)
        count: Value = Literal(1)
        for axis in table.axes:
            count = overloads.binary(el, "*", count, size_value(axis))
        return overloads.binary(el, "/", total, count)
    if name in EXTREMUM and len(table.axes) > 1:
        help = f"say in which order: {name}(x[i, j] for i, j in n * m)"
        el.fail(f"{name} of a table with {len(table.axes)} axes", kind=NotImplementedError, help=help)

    def at(part: Value) -> Value:
        if not isinstance(part, Table):
            return part
        return over_set(el, name, part.axes[0], lambda index: at(item(el, part, index)))

    return at(table)


def with_axes(el: Elaborator, table: Table, axes: tuple[Any, ...]) -> Table:
    """The same elements over other axes of the same sizes: one axis becomes a product of sets."""
    from pydex.frontend.indexing import Place, read_place

    if table.axes == axes:
        return table

    def at(part: Value, rest: tuple[Any, ...]) -> Value:
        if not rest or not isinstance(part, Table):
            return part
        if part.axes[0] == rest[0] or factors_of(rest[0]) is None:
            return tabulate(el, part.axes[0], lambda index: at(_item(el, part, index), rest[1:]))
        return tabulate(el, rest[0], lambda index: at(_flat_item(part, index), rest[1:]))

    def _flat_item(part: Table, index: Value) -> Value:
        form = ordinal_of(index)
        ssa = el.frame.index(form, size_of(part.axes[0]))
        later = part.axes[1:]
        type = TableType(later, part.element) if later else part.element
        return read_place(el, part, Place([form], [ssa], type))

    made = at(table, axes)
    assert isinstance(made, Table)
    return made


def _item(el: Elaborator, table: Table, index: Value) -> Value:
    from pydex.frontend.iteration import item

    return item(el, table, index)


def ordinal_of(index: Value) -> Size:
    """The ordinal of an index; of a tuple of indices that in their product."""
    from pydex.frontend.kinds import root
    from pydex.frontend.values import Int, Struct, Tuple

    if isinstance(index, Int):
        return index.form
    assert isinstance(index, Tuple | Struct)
    total = Size.of(0)
    for part in index.items if isinstance(index, Tuple) else index.fields.values():
        assert isinstance(part, Int) and part.set is not None
        total = total * size_of(root(part.set)) + part.form
    return total
