"""Python that pydex refuses, by name: one line for each kind of syntax."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator

UNSUPPORTED: dict[type[ast.AST], tuple[str, str]] = {
    ast.Global: ("`global`", "return the value"),
    ast.Nonlocal: ("`nonlocal`", "return the value"),
    ast.Yield: ("`yield`", "build a table"),
    ast.YieldFrom: ("`yield from`", "build a table"),
    ast.Await: ("`await`", ""),
    ast.AsyncFor: ("`async for`", ""),
    ast.AsyncWith: ("`async with`", ""),
    ast.AsyncFunctionDef: ("an async function", ""),
    ast.Delete: ("`del`", "use another name"),
    ast.ClassDef: ("a class inside a compiled function", "define it outside"),
    ast.Import: ("`import` inside a compiled function", "import it outside"),
    ast.ImportFrom: ("`import` inside a compiled function", "import it outside"),
    ast.With: ("`with`", ""),
    ast.Try: ("`try`", ""),
    ast.TryStar: ("`except*`", ""),
    ast.Match: ("`match`", "use `if`"),
    ast.Set: ("a set display", "use a tuple, or a table of bools"),
    ast.SetComp: ("a set comprehension", "use a table of bools"),
    ast.DictComp: ("a dict comprehension", "write the dict out: its keys are literals"),
    ast.JoinedStr: ("a formatted string", "a string is a constant here"),
    ast.Starred: ("`*` here", ""),
    ast.Slice: ("a slice here", ""),
}


def refuse(el: Elaborator, node: ast.AST) -> NoReturn:
    """Raises the error for syntax that has no handler."""
    what, help = UNSUPPORTED.get(type(node), (f"{type(node).__name__}", ""))
    el.fail(f"{what} is not supported", node, SyntaxError, help)
