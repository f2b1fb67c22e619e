"""Where a Python function comes from: its syntax tree with true line and column numbers."""

from __future__ import annotations

import ast
import functools
import linecache
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

from pydex.diagnostics import DexSyntaxError, Diagnostic, Span

FunctionNode = ast.FunctionDef | ast.Lambda


@dataclass(frozen=True)
class Source:
    """The file that syntax trees refer to."""

    file: str

    def span(self, node: ast.AST) -> Span:
        """Where a node begins and ends (on its first line)."""
        line, start = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        end = getattr(node, "end_col_offset", start) if getattr(node, "end_lineno", line) == line else start
        data = linecache.getline(self.file, line).encode()
        column = len(data[:start].decode(errors="replace"))
        return Span(self.file, line, column, len(data[:end].decode(errors="replace")))


@functools.lru_cache(maxsize=64)
def _parse(file: str, text: str) -> ast.Module:
    return ast.parse(text, file)


def function_syntax(function: Callable[..., Any]) -> tuple[Source, FunctionNode]:
    """The syntax of a function or lambda. DexSyntaxError if its source cannot be found."""
    code = function.__code__
    text = "".join(linecache.getlines(code.co_filename, function.__globals__))
    found = list(_candidates(_parse(code.co_filename, text), code)) if text else []
    if not found:
        what = "this lambda" if code.co_name == "<lambda>" else f"the function {code.co_name}"
        raise DexSyntaxError(
            Diagnostic(
                f"the source of {what} cannot be found",
                Span(code.co_filename, code.co_firstlineno, 0, 0),
                help="define it in a file or a notebook cell: pydex compiles a function from its source",
            )
        )
    if isinstance(found[0], ast.AsyncFunctionDef):
        span = Source(code.co_filename).span(found[0])
        raise DexSyntaxError(Diagnostic("an async function cannot be compiled", span))
    return Source(code.co_filename), found[0]


def _candidates(tree: ast.Module, code: CodeType) -> Iterator[Any]:
    if code.co_name == "<lambda>":
        lambdas = [n for n in ast.walk(tree) if isinstance(n, ast.Lambda) and n.lineno == code.co_firstlineno]
        yield from (n for n in lambdas if len(lambdas) == 1 or _holds(n, code))
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first == code.co_firstlineno:
                yield node


def _holds(node: ast.Lambda, code: CodeType) -> bool:
    """Whether the code's instructions lie exactly in the body of the lambda."""
    body = node.body
    spans = [p for p in code.co_positions() if None not in p and p[2] != p[3]]
    inside = (min((p[0], p[2]) for p in spans), max((p[1], p[3]) for p in spans))  # type: ignore[type-var]
    return inside == ((body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset))
