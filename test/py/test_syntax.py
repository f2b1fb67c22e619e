"""The table of Python's syntax in docs/language.md: complete, and every line of it true."""

import ast
import itertools
import linecache
import re
import sys

import pytest
from markdown import ROOT

import pydex as dx
from pydex.frontend.unsupported import UNSUPPORTED

ROW = re.compile(r"^\| `(?P<example>.*?)` \| `(?P<node>\w+)` \| (?P<note>.*?) ?\|$", re.MULTILINE)
TABLE = (ROOT / "docs" / "language.md").read_text(encoding="utf-8").partition("<!-- syntax table")[2]
ROWS = [(m["node"], m["example"].replace("\\|", "|"), m["note"]) for m in ROW.finditer(TABLE)]
HEADER = """\
import pydex as dx
from pydex import f64, i64
n = dx.index_sets("n")

@dx.jit
def f(x: f64, v: f64[n], c: i64):
"""
numbers = itertools.count()

# Parts of other nodes, which have no line of their own, and nodes of newer Pythons.
PARTS = {"FormattedValue"} | ({"TypeAlias", "TemplateStr", "Interpolation"} if sys.version_info >= (3, 12) else set())


def compiled(example):
    """`f` with the example for its body."""
    lines = [line if line.startswith(" ") else line.strip() for line in re.split(r" ⏎ ?", example)]
    text = HEADER + "".join(f"    {line}\n" for line in lines) + ("" if "yield" in example else "    return x\n")
    text = text.replace("def f(", "async def f(", 1) if re.search(r"\bawait\b|async (for|with)", example) else text
    file = f"<syntax {next(numbers)}>"
    linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
    namespace = {}
    exec(compile(text, file, "exec"), namespace)
    return namespace["f"], ast.parse(text)


def test_every_node_has_one_line():
    nodes = {c.__name__ for base in (ast.stmt, ast.expr) for c in base.__subclasses__()}
    constants = {"Num", "Str", "Bytes", "NameConstant", "Ellipsis"}
    assert sorted(node for node, _, _ in ROWS) == sorted(nodes - constants - PARTS)


@pytest.mark.parametrize(("node", "example", "note"), ROWS, ids=[node for node, _, _ in ROWS])
def test_the_line_of_a_node(node, example, note):
    function, tree = compiled(example)
    assert any(type(inner).__name__ == node for inner in ast.walk(tree)), "the example has no such node"
    if not note.startswith("refused: "):
        function.ir("frontend")
        return
    what = UNSUPPORTED[getattr(ast, node)][0]
    assert note == f"refused: {what} is not supported"
    with pytest.raises(dx.DexError) as caught:
        function.ir("frontend")
    if "async def f(" not in linecache.getline(caught.value.diagnostic.span.file, 6):
        assert f"error: {what} is not supported" in str(caught.value)
    else:
        assert "error: an async function cannot be compiled" in str(caught.value)


def test_what_is_refused_has_a_line():
    refused = {node for node, _, note in ROWS if note.startswith("refused: ")}
    assert {c.__name__ for c in UNSUPPORTED} - refused == {"Starred", "Slice"}  # supported in the places that have them
