"""A new pass: `python -m pydex.tools.new_pass my-pass "what it does"` writes its file, its lit test and its line.

    passes/my_pass.py             the class MyPass, with one rewrite to fill in
    test/lit/passes/my-pass.mlir  a test that says what must change, and fails until it does
    passes/__init__.py            the line of the registry
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

PASS = '''"""{name}: {sentence}

    before  ==>  after

Say what it does not do, and why.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from .edit import blocks


class {class_name}(ModulePass):
    name: ClassVar[str] = "{name}"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        {function}(op)


def {function}(root: Operation) -> None:
    """{sentence}"""
    for block in blocks(root):
        for op in list(block.ops):
            {function}(op)
'''

TEST = """// RUN: pydex-opt %s -p {name} | filecheck %s

// CHECK-LABEL: func.func @example
// CHECK: say here what {name} makes of it
func.func @example(%x : f64) -> f64 {{
  func.return %x : f64
}}
"""


def main(arguments: Sequence[str] | None = None, root: Path | None = None) -> None:
    """The command line: exits with 1 if the name is no name of a pass, or taken."""
    parser = argparse.ArgumentParser("new_pass", description="Scaffold a pass, its test and its registry line.")
    parser.add_argument("name", help="lower case words joined by hyphens: my-pass")
    parser.add_argument("sentence", help="what the pass does, in one sentence")
    options = parser.parse_args(arguments)
    try:
        for path in create(options.name, options.sentence, root or Path(__file__).resolve().parent.parent):
            print(path)
    except ValueError as error:
        sys.exit(f"new_pass: {error}")


def create(name: str, sentence: str, root: Path) -> list[Path]:
    """Write the files under `root`; their paths. Raises ValueError before writing anything."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise ValueError(f"'{name}' is no name of a pass: lower case words joined by hyphens")
    function = name.replace("-", "_")
    class_name = "".join(word.capitalize() for word in name.split("-"))
    source, test = root / "passes" / f"{function}.py", root / "test/lit/passes" / f"{name}.mlir"
    for path in (source, test):
        if path.exists():
            raise ValueError(f"{path} exists")
    registry = root / "passes" / "__init__.py"
    registered = _with_line(registry.read_text(), f'    "{name}": "pydex.passes.{function}:{class_name}",\n')
    source.write_text(PASS.format(name=name, sentence=sentence, class_name=class_name, function=function))
    test.write_text(TEST.format(name=name))
    registry.write_text(registered)
    return [source, test, registry]


def _with_line(text: str, line: str) -> str:
    """The registry with one line more, in alphabetical order."""
    head, start, rest = text.partition("] = {\n")
    lines, end, tail = rest.partition("}\n")
    if not start or not end:
        raise ValueError("passes/__init__.py has no table PASSES")
    return head + start + "".join(sorted([*lines.splitlines(keepends=True), line])) + end + tail


if __name__ == "__main__":
    main()
