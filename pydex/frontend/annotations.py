"""Annotations of parameters and results as types: evaluated in the program's own names."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from pydex.frontend.functions import Closure
from pydex.frontend.kinds import resolve, substitute
from pydex.frontend.setvalues import as_set, bound_size
from pydex.frontend.values import Literal, Record, Static, Tuple, Value
from pydex.sets import Ragged
from pydex.structs import struct_fields
from pydex.types import Size, TupleType, Type, as_type

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator


def annotated(el: Elaborator, annotation: Any) -> Type | None:
    """The type that an annotation of a Python function or struct means; None if it says nothing about types."""
    if annotation is None or annotation is Any or isinstance(annotation, str):
        return None
    try:
        return resolve(as_type(annotation))
    except TypeError:
        return None


def declared_types(el: Elaborator, closure: Closure) -> dict[str, Type]:
    """The annotated types of a function's parameters and result, under their names and `return`."""
    if isinstance(closure.node, ast.Lambda):
        return {}
    spec = closure.node.args
    nodes = {a.arg: a.annotation for a in [*spec.posonlyargs, *spec.args, *spec.kwonlyargs] if a.annotation}
    if closure.node.returns is not None and not _is_none(closure.node.returns):
        nodes["return"] = closure.node.returns
    if closure.python is not None:
        return _of_python(el, closure, nodes)
    return _of_syntax(el, closure, nodes)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _of_python(el: Elaborator, closure: Closure, nodes: dict[str, ast.expr]) -> dict[str, Type]:
    assert closure.python is not None
    found: dict[str, Type] = {}
    for name, node in nodes.items():
        annotation = closure.python.__annotations__.get(name)
        if isinstance(annotation, str):
            annotation = _evaluate(el, closure, annotation, node)
        try:
            found[name] = resolve(as_type(annotation))
        except TypeError as error:
            el.fail_with(error, node)
    return found


def _evaluate(el: Elaborator, closure: Closure, text: str, node: ast.expr) -> Any:
    """An annotation kept as text (`from __future__ import annotations`)."""
    python = closure.python
    assert python is not None
    cells = zip(python.__code__.co_freevars, python.__closure__ or (), strict=True)
    names = {name: cell.cell_contents for name, cell in cells}
    try:
        return eval(text, python.__globals__, names)
    except Exception as error:  # whatever evaluating the user's annotation raises
        el.fail_with(error, node)


def _of_syntax(el: Elaborator, closure: Closure, nodes: dict[str, ast.expr]) -> dict[str, Type]:
    """Annotations of a function defined inside a compiled one: its names are values here."""
    found: dict[str, Type] = {}
    for name, node in nodes.items():
        found[name] = type_of_value(el, el.value(node), node)
    return found


def type_of_value(el: Elaborator, value: Value, node: ast.AST | None = None) -> Type:
    """The type that a value in a type's place means; its sets are bound in this activation."""
    if isinstance(value, Tuple):
        return TupleType(tuple(type_of_value(el, item, node) for item in value.items))
    if isinstance(value, Record):
        from pydex.types import RecordType

        return RecordType(tuple((name, type_of_value(el, field, node)) for name, field in value.fields.items()))
    if isinstance(value, Static):
        try:
            return bind_type(el, resolve(as_type(value.value)))
        except TypeError as error:
            el.fail_with(error, node)
    el.fail("expected a type, such as f32 or f32[n]", node)


def bind_type(el: Elaborator, type: Type) -> Type:
    """A type with its declared size symbols as they are in this activation."""
    from pydex.frontend.kinds import symbols_of

    return substitute(type, {symbol: bound_size(el, symbol) for symbol in symbols_of(type)})


def type_index(el: Elaborator, value: Static, node: ast.Subscript) -> Value:
    """`f32[n, m]`, `dx.Size[n]`, `n.Index[p]` in the body of a function."""
    nodes = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if not isinstance(value.value, Type) and value.value is not Size and struct_fields(value.value) is None:
        if value.value is not tuple:
            el.fail(f"{value.value!r} cannot be indexed", node.value)
        return Static(TupleType(tuple(type_of_value(el, el.value(n), n) for n in nodes)))
    axes = [_axis(el, el.value(n), n) for n in nodes]
    try:
        made: Any = value.value[tuple(axes)] if len(axes) > 1 else value.value[axes[0]]
        return Static(resolve(made))
    except TypeError as error:
        el.fail_with(error, node)


def _axis(el: Elaborator, value: Value, node: ast.expr) -> Any:
    index_set = as_set(el, value)
    if index_set is not None:
        return index_set
    if isinstance(value, Static) and isinstance(value.value, Ragged):
        return value.value
    if isinstance(value, Literal) or value.type != Static(None).type:
        from pydex.frontend.scalars import form_of

        form = form_of(value)
        if form is not None:
            el.fail("an axis is an index set, found a number", node, help=f"write dx.Fin({ast.unparse(node)})")
    el.fail("an axis is an index set", node)
