"""Statements that leave a block early: `return`, `continue`, `break`."""

from __future__ import annotations

import ast


def escapes(node: ast.stmt) -> bool:
    """Whether a statement may leave the block it is in: `return` anywhere, `continue` or `break` of this loop."""
    if isinstance(node, ast.Return | ast.Continue | ast.Break):
        return True
    if isinstance(node, ast.If):
        return any(escapes(s) for s in node.body + node.orelse)
    return False


def never_falls_through(body: list[ast.stmt]) -> bool:
    """Whether a block always ends with `return`, `continue`, `break` or `raise`."""
    for node in body:
        if isinstance(node, ast.Return | ast.Continue | ast.Break | ast.Raise):
            return True
        if isinstance(node, ast.If) and never_falls_through(node.body) and never_falls_through(node.orelse):
            return True
    return False


def without_jumps(node: ast.FunctionDef) -> list[ast.stmt]:
    """The body of a function in which loops are not left by `break` or `return`."""
    from pydex.frontend.jumps import rewrite

    return rewrite(node)
