"""Statements: assignment, branches, return, assert, raise; loops are in loops.py and whiles.py.

A block of statements returns a value if it ends the function. Where a branch may leave the block (`return`,
`continue`), what follows the `if` is elaborated inside the branches that do not.
"""

from __future__ import annotations

import ast
from typing import Any

from pydex import types
from pydex.dialects import eff
from pydex.frontend import overloads, scalars
from pydex.frontend.accumulators import accumulate
from pydex.frontend.branches import DIVERGED, Diverged, fork
from pydex.frontend.elaborator import Elaborator, statement
from pydex.frontend.escapes import escapes, never_falls_through, without_jumps
from pydex.frontend.expressions import condition
from pydex.frontend.functions import Closure
from pydex.frontend.operators import SYMBOLS
from pydex.frontend.patterns import bind, unpack
from pydex.frontend.scalars import to_ssa
from pydex.frontend.values import NONE, Literal, Scalar, Static, Value


class Continued(Value):
    """The outcome of a block that ends with `continue`."""


CONTINUED = Continued()


def run_body(el: Elaborator, node: ast.FunctionDef) -> Value | None:
    """The result of a function's body; None if it ends without `return`."""
    body = without_jumps(node)
    result = run_block(el, body)
    return NONE if isinstance(result, Diverged) else result


def run_block(el: Elaborator, body: list[ast.stmt]) -> Value | None:
    """Executes statements: the value returned, DIVERGED, CONTINUED, or None if it falls through."""
    for k, node in enumerate(body):
        if isinstance(node, ast.Return):
            el.visit(node)
            return NONE if node.value is None else el.value(node.value)
        if isinstance(node, ast.Continue):
            return CONTINUED
        if isinstance(node, ast.If) and escapes(node):
            return _escaping_if(el, node, body[k + 1 :])
        outcome = el.run(node)
        if outcome is not None:
            return outcome
    return None


def _escaping_if(el: Elaborator, node: ast.If, rest: list[ast.stmt]) -> Value | None:
    el.visit(node)
    test = condition(el, el.value(node.test), node.test)

    def arm(block: list[ast.stmt]) -> Value | None:
        outcome = run_block(el, block if never_falls_through(block) else [*block, *rest])
        return outcome if outcome is not None else NONE if _returns(node, rest) else CONTINUED

    return fork(el, test, lambda: arm(node.body), lambda: arm(node.orelse))


def _returns(node: ast.If, rest: list[ast.stmt]) -> bool:
    return any(isinstance(n, ast.Return) for part in [node, *rest] for n in ast.walk(part))


@statement(ast.If)
def branch(el: Elaborator, node: ast.If) -> Value | None:
    test = condition(el, el.value(node.test), node.test)
    return fork(el, test, lambda: run_block(el, node.body), lambda: run_block(el, node.orelse))


@statement(ast.Assign)
def assign(el: Elaborator, node: ast.Assign) -> None:
    if accumulate(el, node):
        return
    value = el.value(node.value)
    for target in node.targets:
        store(el, target, value, node.value)


def store(el: Elaborator, target: ast.expr, value: Value, source: ast.expr | None = None) -> None:
    """`target = value`."""
    if isinstance(target, ast.Subscript):
        from pydex.frontend.updates import assign_element

        assign_element(el, target, value)
    elif isinstance(target, ast.Tuple | ast.List):
        for part, item in zip(target.elts, unpack(el, target, value), strict=True):
            store(el, part, item)
    elif isinstance(target, ast.Attribute):
        el.fail("a struct is never changed in place", target, help=f"make another one: .replace({target.attr}=…)")
    else:
        bind(el, target, value)
        from pydex.frontend.updates import note_owner

        note_owner(el, target)


@statement(ast.AnnAssign)
def annotated(el: Elaborator, node: ast.AnnAssign) -> None:
    from pydex.frontend.annotations import type_of_value
    from pydex.frontend.conform import conform

    if node.value is None:
        return
    declared = type_of_value(el, el.value(node.annotation), node.annotation)
    store(el, node.target, conform(el, el.value(node.value), declared, {}, ast.unparse(node.target)), node.value)


@statement(ast.AugAssign)
def augmented(el: Elaborator, node: ast.AugAssign) -> None:
    from pydex.frontend.updates import augment_element

    if accumulate(el, node):
        return
    op = SYMBOLS[type(node.op)]
    if isinstance(node.target, ast.Subscript):
        augment_element(el, node.target, op, node.value)
        return
    if not isinstance(node.target, ast.Name):
        el.fail("a struct is never changed in place", node.target, help="make another one with .replace(…)")
    current = el.value(ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target))
    store(el, node.target, overloads.binary(el, op, current, el.value(node.value)), node.value)


@statement(ast.Expr)
def expression_statement(el: Elaborator, node: ast.Expr) -> None:
    if isinstance(node.value, ast.Constant):
        return  # a docstring
    el.value(node.value)


@statement(ast.Pass)
def nothing(el: Elaborator, node: ast.Pass) -> None:
    return None


@statement(ast.FunctionDef)
def define(el: Elaborator, node: ast.FunctionDef) -> None:
    value: Any = Closure(node, el.scope, node.name, el.scope.source)
    for decorator in reversed(node.decorator_list):
        from pydex.frontend.calls import call

        made = el.value(decorator)
        value = value if _is_jit(made) else call(el, made, [value], {})
    el.scope.names[node.name] = value


def _is_jit(value: Value) -> bool:
    return isinstance(value, Static) and getattr(value.value, "__name__", "") == "jit"


@statement(ast.Assert)
def assertion(el: Elaborator, node: ast.Assert) -> Value | None:
    test = condition(el, el.value(node.test), node.test)
    message = message_of(el, node.msg)
    return check(el, test, "AssertionError", message)


def check(el: Elaborator, test: Literal | Scalar, exception: str, message: str) -> Value | None:
    """Raises unless the test holds."""
    if isinstance(test, Literal) and test.value:
        return None
    el.emit(eff.CheckOp(to_ssa(el, test, types.bool_), exception, message))
    return DIVERGED if isinstance(test, Literal) else None


def message_of(el: Elaborator, node: ast.expr | None) -> str:
    """The text of an exception, a constant."""
    if node is None:
        return ""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.replace("{", "{{").replace("}", "}}")
    el.fail("the message of an exception is a string constant", node, NotImplementedError)


@statement(ast.Raise)
def raise_(el: Elaborator, node: ast.Raise) -> Value:
    error = node.exc
    call = error if isinstance(error, ast.Call) else None
    name = call.func if call else error
    if not isinstance(name, ast.Name) or not _is_exception(el, name.id):
        el.fail('`raise` takes an exception of Python, such as ValueError("…")', node)
    message = message_of(el, call.args[0] if call and call.args else None)
    el.emit(eff.CheckOp(scalars.constant(el, False, types.bool_), name.id, message))
    return DIVERGED


def _is_exception(el: Elaborator, name: str) -> bool:
    import builtins

    found = getattr(builtins, name, None)
    return isinstance(found, type) and issubclass(found, Exception)
