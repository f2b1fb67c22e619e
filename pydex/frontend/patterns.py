"""What a loop variable or the left side of an assignment binds."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pydex.frontend import overloads
from pydex.frontend.values import Struct, Table, Tuple, Value

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator


def bind(el: Elaborator, target: ast.expr, value: Value) -> None:
    """Names of a target stand for the parts of a value from here on."""
    if isinstance(target, ast.Name):
        el.scope.names[target.id] = value
        el.scope.origins[target.id] = el.span(target)
        el.scope.owned.discard(target.id)
        return
    if isinstance(target, ast.Tuple | ast.List):
        for part, item in zip(target.elts, unpack(el, target, value), strict=True):
            bind(el, part, item)
        return
    el.fail("only a name, or a tuple of names, can be bound here", target, SyntaxError)


def unpack(el: Elaborator, target: ast.Tuple | ast.List, value: Value) -> list[Value]:
    """The items of a value for each part of a target. Fails if their numbers differ."""
    starred = next((part for part in target.elts if isinstance(part, ast.Starred)), None)
    if starred is not None:
        el.fail("a starred name in an assignment", starred, SyntaxError, "name each item")
    items = items_of(el, value)
    if items is None:
        el.fail(f"{overloads.describe(value)} cannot be unpacked", target)
    if len(items) != len(target.elts):
        el.fail(f"{len(items)} values for {len(target.elts)} names", target, ValueError)
    return items


def items_of(el: Elaborator, value: Value) -> list[Value] | None:
    """The items of a tuple, or of a table of a small fixed size."""
    if isinstance(value, Tuple):
        return list(value.items)
    if isinstance(value, Struct):
        return list(value.fields.values())
    if isinstance(value, Table):
        from pydex.frontend.iteration import item
        from pydex.frontend.kinds import size_of
        from pydex.frontend.values import Int
        from pydex.sizes import Size

        count = size_of(value.axes[0]).constant
        if count is not None and count <= 64:
            return [item(el, value, Int(Size.of(k), value.axes[0])) for k in range(count)]
    return None
