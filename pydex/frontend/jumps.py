"""`break`, and `return` inside a loop, as flags.

    for i in n:                        stopped = False
        if p: break            ==>     for i in n:                  (goes on while not stopped)
        rest                               if p: stopped = True; continue
                                           rest

A `return` inside a loop keeps its value in a variable, and the function returns it after the loop.
"""

from __future__ import annotations

import ast
import copy
from itertools import count

_numbers = count(1)


def rewrite(node: ast.FunctionDef) -> list[ast.stmt]:
    """The body of a function in which loops are not left by `break` or `return`."""
    known = getattr(node, "pydex_body", None)
    if known is None:
        known = [s for statement in node.body for s in _statement(statement, None)]
        node.pydex_body = known  # type: ignore[attr-defined] - rewritten once for each syntax tree
    return known


class _Loop:
    """The loop that a jump is in: its flags, and whether one of its jumps returns."""

    def __init__(self) -> None:
        number = next(_numbers)
        self.stop, self.returned, self.value = f"break {number}", f"return {number}", f"result {number}"
        self.breaks = self.returns = False


def _statement(node: ast.stmt, loop: _Loop | None) -> list[ast.stmt]:
    if isinstance(node, ast.For | ast.While):
        return _loop(node, loop)
    if isinstance(node, ast.If):
        if not any(isinstance(n, ast.Break | ast.Return | ast.For | ast.While) for n in ast.walk(node)):
            return [node]
        made = copy.copy(node)
        made.body, made.orelse = _block(node.body, loop), _block(node.orelse, loop)
        return [made]
    if loop is not None and isinstance(node, ast.Break):
        loop.breaks = True
        return [_assign(node, loop.stop, ast.Constant(True)), ast.copy_location(ast.Continue(), node)]
    if loop is not None and isinstance(node, ast.Return):
        loop.returns = True
        value = node.value or ast.copy_location(ast.Constant(None), node)
        return [
            _assign(node, loop.returned, ast.Constant(True)),
            _assign(node, loop.value, value),
            ast.copy_location(ast.Continue(), node),
        ]
    return [node]


def _block(body: list[ast.stmt], loop: _Loop | None) -> list[ast.stmt]:
    return [s for statement in body for s in _statement(statement, loop)]


def _loop(node: ast.For | ast.While, outer: _Loop | None) -> list[ast.stmt]:
    if not any(isinstance(n, ast.Break | ast.Return) for n in ast.walk(node)):
        return [node]
    loop, made = _Loop(), copy.copy(node)
    made.body = _block(node.body, loop)
    before: list[ast.stmt] = []
    flags: list[str] = []
    if loop.breaks:
        before.append(_assign(node, loop.stop, ast.Constant(False)))
        flags.append(loop.stop)
    if loop.returns:
        before += [_assign(node, loop.returned, ast.Constant(False)), _assign(node, loop.value, Undefined(None))]
        flags.append(loop.returned)
    made.pydex_flags = flags  # type: ignore[union-attr]
    after: list[ast.stmt] = [_return_after(node, loop, outer)] if loop.returns else []
    return [*before, made, *after]


def _return_after(node: ast.stmt, loop: _Loop, outer: _Loop | None) -> ast.stmt:
    """`if returned: return value`, or in another loop the same jump out of that one."""
    value = ast.copy_location(ast.Name(loop.value, ast.Load()), node)
    jump = _statement(ast.copy_location(ast.Return(value), node), outer)
    test = ast.copy_location(ast.Name(loop.returned, ast.Load()), node)
    return ast.copy_location(ast.If(test, jump, []), node)


def _assign(node: ast.stmt, name: str, value: ast.expr) -> ast.stmt:
    target = ast.copy_location(ast.Name(name, ast.Store()), node)
    return ast.copy_location(ast.Assign([target], ast.copy_location(value, node)), node)


class Undefined(ast.Constant):
    """The value of a variable that is not read before it is assigned; it takes any type."""
