"""`break`, and `return` inside a loop, as flags: a loop that sets a flag goes on only while it is not set."""

from __future__ import annotations

import ast


def rewrite(node: ast.FunctionDef) -> list[ast.stmt]:
    """The body of a function in which loops are not left by `break` or `return`."""
    return node.body
