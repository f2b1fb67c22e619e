"""`[e for i in n]`: a table over n; `[e for i in n for j in m]`: one over n * m."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pydex.frontend.iteration import iterate
from pydex.frontend.nests import tabulate
from pydex.frontend.patterns import bind
from pydex.frontend.values import Table, Tuple, Value
from pydex.sets import Product
from pydex.types import TableType

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator


def build_table(el: Elaborator, node: ast.ListComp) -> Value:
    """The table, or for a tuple the table of its items' values."""
    for generator in node.generators:
        if generator.ifs:
            el.fail(
                "a table has an element for every index, so a comprehension of a table has no `if`",
                generator.ifs[0],
                NotImplementedError,
                "use a conditional expression, or `sum(… if …)` to reduce",
            )
    return _level(el, node, 0)


def _level(el: Elaborator, node: ast.ListComp, depth: int) -> Value:
    if depth == len(node.generators):
        return el.value(node.elt)
    generator = node.generators[depth]
    iterable = iterate(el, el.value(generator.iter), generator.iter)
    if isinstance(iterable, Tuple):
        return _unrolled(el, node, depth, iterable)

    def element(index: Value) -> Value:
        el.visit(generator.target)
        bind(el, generator.target, iterable.element(index))
        return _level(el, node, depth + 1)

    table = tabulate(el, iterable.set, element, target_name(generator.target), iterable.reverse)
    if depth + 1 < len(node.generators):
        table = _joined(el, node, table, len(node.generators) - depth)
    return table


def _unrolled(el: Elaborator, node: ast.ListComp, depth: int, items: Tuple) -> Value:
    from pydex.frontend.tables import pack

    values: list[Value] = []
    for value in items.items:
        with el.names():
            bind(el, node.generators[depth].target, value)
            values.append(_level(el, node, depth + 1))
    return pack(el, values, [node.elt] * len(values))


def _joined(el: Elaborator, node: ast.ListComp, table: Value, axes: int) -> Value:
    """Nested generators make one axis, a product."""
    if not isinstance(table, Table) or len(table.axes) < 2:
        return table
    first, second, *rest = table.axes
    try:
        joined = Product((first, *(second.factors if isinstance(second, Product) else (second,))))
    except TypeError as error:
        el.fail_with(error)
    if any(s.name.startswith("#") for d in [second.size] for s in d.symbols()):
        el.fail(
            "the inner generator depends on the outer one, so this is no product of sets",
            node.generators[1].iter,
            help="nest the comprehensions: [[… for j in …] for i in …]",
        )
    return Table(table.leaves, TableType((joined, *rest), table.element))


def target_name(target: ast.expr) -> str:
    """A name for the index of a loop."""
    if isinstance(target, ast.Name):
        return target.id
    if isinstance(target, ast.Tuple) and target.elts and isinstance(target.elts[0], ast.Name):
        return target.elts[0].id
    return "i"
