"""Expressions: names, literals, operators, conditions, displays."""

from __future__ import annotations

import ast

from xdsl.dialects import arith

from pydex import types
from pydex.builtins import BUILTINS
from pydex.diagnostics import Note, did_you_mean
from pydex.frontend import branches, overloads, scalars, values
from pydex.frontend.accumulators import Monoidal
from pydex.frontend.elaborator import Elaborator, expression
from pydex.frontend.functions import Closure, Generator
from pydex.frontend.jumps import Undefined
from pydex.frontend.lift import lift
from pydex.frontend.operators import COMPARISONS, SYMBOLS
from pydex.frontend.scope import Gone
from pydex.frontend.values import NUMBERS, Literal, Record, Scalar, Static, Tuple, Value
from pydex.outer import MISSING


@expression(ast.Constant)
def constant(el: Elaborator, node: ast.Constant) -> Value:
    if isinstance(node.value, bool | int | float):
        return Literal(node.value)
    if node.value is None or isinstance(node.value, str) or node.value is Ellipsis:
        return Static(node.value)
    help = "write a @dx.struct of two floats" if isinstance(node.value, complex) else "pass a table of u8"
    el.fail(f"{type(node.value).__name__} is not a type of pydex", node, help=help)


@expression(ast.Name)
def name(el: Elaborator, node: ast.Name) -> Value:
    return lookup(el, node.id)


def lookup(el: Elaborator, name: str) -> Value:
    """The value of a name. Fails if it has none."""
    found = el.scope.find(name)
    if found is not None:
        value, scope = found
        if isinstance(value, Gone):
            notes = (Note(f"{name} is assigned here", value.span),) if value.span else ()
            el.fail(value.why, kind=NameError, help=value.help, notes=notes)
        if isinstance(value, Monoidal):
            value = value.content
        if scope.frame is not el.frame:
            from pydex.frontend.capture import import_value

            return import_value(el, value, scope.frame)
        return value
    if name in _assigned_later(el):
        el.fail(f"{name} is read before it is assigned", kind=NameError)
    python = el.scope.find_python(name)
    if python is MISSING and name in NEEDS_NO_IMPORT:
        return Static(BUILTINS[name])
    if python is MISSING:
        help = did_you_mean(name, el.scope.all_names())
        el.fail(f"the name {name} is not defined", kind=NameError, help=help)
    return lift(el, python, name)


NEEDS_NO_IMPORT = ("prod", "argmax", "argmin")
"""Reductions that Python has not."""


def _assigned_later(el: Elaborator) -> set[str]:
    return getattr(el.scope, "locals", set())


@expression(Undefined)
def undefined(el: Elaborator, node: Undefined) -> Value:
    return values.Undefined()


@expression(ast.BinOp)
def binary(el: Elaborator, node: ast.BinOp) -> Value:
    left, right = el.value(node.left), el.value(node.right)
    return overloads.binary(el, SYMBOLS[type(node.op)], left, right)


@expression(ast.UnaryOp)
def unary(el: Elaborator, node: ast.UnaryOp) -> Value:
    value = el.value(node.operand)
    if isinstance(node.op, ast.Not):
        return negation(el, condition(el, value, node.operand))
    return overloads.unary(el, {ast.USub: "-", ast.UAdd: "+", ast.Invert: "~"}[type(node.op)], value)


def negation(el: Elaborator, value: Literal | Scalar) -> Value:
    """`not value`."""
    if isinstance(value, Literal):
        return Literal(not value.value)
    true = scalars.constant(el, True, types.bool_)
    return Scalar(el.emit(arith.XOrIOp(value.ssa, true)), types.bool_)


def condition(el: Elaborator, value: Value, node: ast.expr) -> Literal | Scalar:
    """A bool: what `if`, `while`, `and`, `not` and masks take."""
    if isinstance(value, Static) and value.value is None:
        return Literal(False)
    if isinstance(value, Literal) and isinstance(value.value, bool):
        return value
    if isinstance(value, Scalar) and value.dtype == types.bool_:
        return value
    if isinstance(value, NUMBERS):
        el.fail(f"expected a bool, found {value.type!r}", node, help="write a comparison, such as `… != 0`")
    what = overloads.describe(value)
    help = "use any(…) or all(…)" if what == "a table" else ""
    el.fail(f"{what} is neither true nor false", node, help=help)


@expression(ast.BoolOp)
def logical(el: Elaborator, node: ast.BoolOp) -> Value:
    is_and = isinstance(node.op, ast.And)
    return _logical(el, is_and, node.values)


def _logical(el: Elaborator, is_and: bool, nodes: list[ast.expr]) -> Value:
    left = condition(el, el.value(nodes[0]), nodes[0])
    if len(nodes) == 1:
        return left
    if isinstance(left, Literal):
        return _logical(el, is_and, nodes[1:]) if left.value == is_and else left

    def rest() -> Value:
        return _logical(el, is_and, nodes[1:])

    def stop() -> Value:
        return Literal(not is_and)

    return branches.choose(el, left, rest if is_and else stop, stop if is_and else rest)


@expression(ast.Compare)
def compare(el: Elaborator, node: ast.Compare) -> Value:
    left, result = el.value(node.left), None
    for op, right_node in zip(node.ops, node.comparators, strict=True):
        right = el.value(right_node)
        link = _compare(el, op, left, right)
        result = link if result is None else overloads.binary(el, "&", result, link)
        left = right
    assert result is not None
    return result


def _compare(el: Elaborator, op: ast.cmpop, left: Value, right: Value) -> Value:
    if isinstance(op, ast.Is | ast.IsNot):
        if not (isinstance(left, Static) or isinstance(right, Static)):
            el.fail("`is` compares identities, which values do not have", help="write `==`")
        same = isinstance(left, Static) and isinstance(right, Static) and left.value is right.value
        return Literal(same == isinstance(op, ast.Is))
    if isinstance(op, ast.In | ast.NotIn):
        return _contains(el, isinstance(op, ast.In), left, right)
    return overloads.compare(el, COMPARISONS[type(op)], left, right)


def _contains(el: Elaborator, positive: bool, left: Value, right: Value) -> Value:
    if isinstance(right, Record) and isinstance(left, Static):
        return Literal((left.value in right.fields) == positive)
    if not isinstance(right, Tuple):
        el.fail("`in` looks into a tuple or a record's names", help="write any(v == e for v in …)")
    found: Value = Literal(False)
    for item in right.items:
        equal = overloads.compare(el, "==", left, item)
        found = overloads.binary(el, "|", found, equal) if not _is(found, False) else equal
    return found if positive else negation(el, found)  # type: ignore[arg-type]


def _is(value: Value, constant: bool) -> bool:
    return isinstance(value, Literal) and value.value is constant


@expression(ast.IfExp)
def conditional(el: Elaborator, node: ast.IfExp) -> Value:
    test = condition(el, el.value(node.test), node.test)
    return branches.choose(el, test, lambda: el.value(node.body), lambda: el.value(node.orelse))


@expression(ast.Tuple)
def display_tuple(el: Elaborator, node: ast.Tuple) -> Value:
    return Tuple(tuple(_items(el, node.elts)))


def _items(el: Elaborator, nodes: list[ast.expr]) -> list[Value]:
    items: list[Value] = []
    for node in nodes:
        if not isinstance(node, ast.Starred):
            items.append(el.value(node))
            continue
        spread = el.value(node.value)
        if not isinstance(spread, Tuple):
            el.fail(f"only a tuple can be spread with `*`, found {overloads.describe(spread)}", node)
        items += spread.items
    return items


@expression(ast.List)
def display_list(el: Elaborator, node: ast.List) -> Value:
    from pydex.frontend.tables import pack

    return pack(el, _items(el, node.elts), node.elts)


@expression(ast.Dict)
def display_dict(el: Elaborator, node: ast.Dict) -> Value:
    fields: dict[str, Value] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            spread = el.value(value)
            if not isinstance(spread, Record):
                el.fail(f"only a record can be spread with `**`, found {overloads.describe(spread)}", value)
            fields.update(spread.fields)
        elif isinstance(key, ast.Constant) and isinstance(key.value, str):
            fields[key.value] = el.value(value)
        else:
            el.fail("the keys of a dict are literal strings", key)
    return Record(fields)


@expression(ast.NamedExpr)
def named(el: Elaborator, node: ast.NamedExpr) -> Value:
    value = el.value(node.value)
    el.scope.names[node.target.id] = value
    return value


@expression(ast.Lambda)
def function(el: Elaborator, node: ast.Lambda) -> Value:
    return Closure(node, el.scope, "<lambda>", el.scope.source)


@expression(ast.GeneratorExp)
def generator(el: Elaborator, node: ast.GeneratorExp) -> Value:
    return Generator(node, el.scope)


@expression(ast.ListComp)
def comprehension(el: Elaborator, node: ast.ListComp) -> Value:
    from pydex.frontend.comprehensions import build_table

    return build_table(el, node)


@expression(ast.Attribute)
def attribute(el: Elaborator, node: ast.Attribute) -> Value:
    from pydex.frontend.attributes import attribute_of

    return attribute_of(el, el.value(node.value), node.attr)


@expression(ast.Subscript)
def subscript(el: Elaborator, node: ast.Subscript) -> Value:
    from pydex.frontend.indexing import read

    return read(el, el.value(node.value), node)


@expression(ast.Call)
def call(el: Elaborator, node: ast.Call) -> Value:
    from pydex.frontend.calls import call as call_value

    callee = el.value(node.func)
    args = _items(el, node.args)
    kwargs = {word.arg: el.value(word.value) for word in node.keywords if word.arg is not None}
    for word in node.keywords:
        if word.arg is None:
            spread = el.value(word.value)
            if not isinstance(spread, Record):
                el.fail(f"only a record can be spread with `**`, found {overloads.describe(spread)}", word.value)
            kwargs.update(spread.fields)
    return call_value(el, callee, args, kwargs)
