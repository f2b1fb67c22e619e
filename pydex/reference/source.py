"""The syntax tree of a Python function, found in its file by the position of its code."""

from __future__ import annotations

import ast
import inspect
import linecache
from functools import lru_cache
from types import CodeType, FunctionType


def find(function: FunctionType) -> ast.FunctionDef | ast.Lambda:
    """The definition of `function`. TypeError if its source cannot be read."""
    code = function.__code__
    lines = tuple(linecache.getlines(code.co_filename, function.__globals__)) or _lines(function)
    found = [node for node in _definitions(lines) if _is_definition_of(node, code)]
    if not found:
        raise TypeError(f"cannot read the source of {function.__qualname__}: pydex functions are compiled from source")
    return found[0]


def _lines(function: FunctionType) -> tuple[str, ...]:
    try:
        return tuple(inspect.findsource(function)[0])
    except OSError:
        return ()


@lru_cache(maxsize=64)
def _definitions(lines: tuple[str, ...]) -> tuple[ast.FunctionDef | ast.Lambda, ...]:
    tree = ast.parse("".join(lines))
    return tuple(node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.Lambda)))


def _is_definition_of(node: ast.FunctionDef | ast.Lambda, code: CodeType) -> bool:
    if isinstance(node, ast.FunctionDef):
        first = node.decorator_list[0].lineno if node.decorator_list else node.lineno
        return node.name == code.co_name and code.co_firstlineno == first
    body = node.body
    span = (body.lineno, body.end_lineno, body.col_offset, body.end_col_offset)
    return code.co_name == "<lambda>" and span in code.co_positions()
