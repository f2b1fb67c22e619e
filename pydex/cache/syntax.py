"""The source of a Python function, and what it refers to outside of itself.

Only the lines of the function are parsed, where these are a function on their own: parsing its file, as the frontend
does, takes longer than all the rest of a call from the cache.
"""

from __future__ import annotations

import ast
import linecache
import textwrap
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

from pydex.frontend.source import function_syntax

Chain = tuple[str, ...]


def source_of(function: Callable[..., Any]) -> tuple[str, ast.AST]:
    """The text and the syntax of a function. Raises DexSyntaxError if it has no source."""
    code = function.__code__
    lines = linecache.getlines(code.co_filename, function.__globals__)
    first = code.co_firstlineno - 1
    if 0 <= first < len(lines):
        text = textwrap.dedent("".join(lines[first : _end(lines, first, _last_line(code))]))
        node = _only_function(text)
        if node is not None and node.name == code.co_name:
            return text, node
    node = function_syntax(function)[1]
    return ast.dump(node, include_attributes=True), node


def _only_function(text: str) -> ast.FunctionDef | None:
    try:
        (node,) = ast.parse(text).body
    except (SyntaxError, ValueError):
        return None
    return node if isinstance(node, ast.FunctionDef) else None


def _last_line(code: CodeType) -> int:
    """The last line that an instruction of the function, or of one inside it, comes from."""
    inner = [_last_line(c) for c in code.co_consts if isinstance(c, CodeType)]
    return max([code.co_firstlineno, *inner, *(end or 0 for _, end, _, _ in code.co_positions())])


def _end(lines: list[str], first: int, last: int) -> int:
    """The index of the first line after `last` that is not part of the block."""
    indent = _indent(lines[first])
    end = last
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > indent):
        end += 1
    return end


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def chains(node: ast.AST) -> Iterator[Chain]:
    """Every name in the syntax, with the attributes that are read of it: `a.b.c` is ("a", "b", "c").

    Whether a name is a local one is not asked: what is found too much is only compared too much.
    """
    chain = _chain(node)
    if chain is not None:
        yield chain
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from _in_text(node.value)
    else:
        for child in ast.iter_child_nodes(node):
            yield from chains(child)


def outer_chains(node: ast.AST, own: set[str]) -> Iterator[Chain]:
    """Those in the syntax of a function that may refer to something outside of it: not to its `own` variables."""
    body = node.body if isinstance(node, ast.FunctionDef) else [node]
    for part in body:
        yield from (chain for chain in chains(part) if chain[0] not in own)
    if isinstance(node, ast.FunctionDef):
        for annotation in [node.returns, *(a.annotation for a in ast.walk(node.args) if isinstance(a, ast.arg))]:
            yield from chains(annotation) if annotation is not None else ()


def _chain(node: ast.AST) -> Chain | None:
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    return (node.id, *reversed(attributes)) if isinstance(node, ast.Name) else None


def _in_text(text: str) -> Iterator[Chain]:
    """The names in an annotation that is a string. Text that is none is no expression, as a rule."""
    try:
        yield from chains(ast.parse(text, mode="eval"))
    except (SyntaxError, ValueError):
        return
