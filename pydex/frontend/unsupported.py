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
    ast.Await: ("`await`", "call the function: nothing here waits"),
    ast.AsyncFor: ("`async for`", "write `for`"),
    ast.AsyncWith: ("`async with`", "do it in Python, around the call"),
    ast.AsyncFunctionDef: ("an async function", "write `def`"),
    ast.Delete: ("`del`", "use another name"),
    ast.ClassDef: ("a class inside a compiled function", "define it outside"),
    ast.Import: ("`import` inside a compiled function", "import it outside"),
    ast.ImportFrom: ("`import` inside a compiled function", "import it outside"),
    ast.With: ("`with`", "do it in Python, around the call"),
    ast.Try: ("`try`", "test with `if`, or catch it in Python, around the call"),
    ast.TryStar: ("`except*`", "catch it in Python, around the call"),
    ast.Match: ("`match`", "use `if`"),
    ast.Set: ("a set display", "use a tuple, or a table of bools"),
    ast.SetComp: ("a set comprehension", "use a table of bools"),
    ast.DictComp: ("a dict comprehension", "write the dict out: its keys are literals"),
    ast.JoinedStr: ("a formatted string", "a string is a constant here"),
    ast.Starred: ("`*` here", "name each item"),
    ast.Slice: ("a slice here", "build the table: [x[i] for i in n[1:]]"),
}


def refuse(el: Elaborator, node: ast.AST) -> NoReturn:
    """Raises the error for syntax that has no handler."""
    what, help = UNSUPPORTED.get(type(node), (f"{type(node).__name__}", ""))
    el.fail(f"{what} is not supported", node, SyntaxError, help)
