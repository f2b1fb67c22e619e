"""Pages whose code is run: the fenced blocks of a Markdown file, executed one after the other as a notebook's cells.

```python          runs; its output is the ```text block that follows, if one does
```python fails    must raise; the ```text block that follows is the whole error
```console         `$ pydex …` is run in the root of the repository; the other lines are what it prints
"""

from __future__ import annotations

import contextlib
import io
import linecache
import math
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE)
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d*)?(?:e[+-]?\d+)?(?![\w])")


@dataclass(frozen=True)
class Block:
    """A fenced block: `info` is what follows the fence, `line` the number of its first line of code."""

    info: str
    code: str
    line: int


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [Block(m["info"].strip(), m["code"], text.count("\n", 0, m.start()) + 2) for m in FENCE.finditer(text)]


def run_page(page: Path, directory: Path) -> int:
    """Executes the blocks of a page in one namespace; the number of those that were. AssertionError with the line."""
    namespace = _new_module()
    found = [*blocks(page), Block("", "", 0)]
    executed = 0
    for block, after in zip(found, found[1:], strict=False):
        where = f"{page.name}:{block.line}"
        expected = after.code if after.info == "text" else None
        if block.info.split()[:1] == ["python"]:
            executed += 1
            _check_python(block, expected, namespace, directory / str(block.line), where)
        elif block.info == "console":
            executed += 1
            _check_console(block, where)
    return executed


def _new_module() -> dict[str, Any]:
    """The namespace of a module named demo, which dataclasses look up by this name."""
    module = sys.modules["demo"] = ModuleType("demo")
    return vars(module)


def _check_python(block: Block, expected: str | None, namespace: dict[str, Any], folder: Path, where: str) -> None:
    assert block.info in ("python", "python fails"), f"{where}: unknown block `{block.info}`"
    output, error = execute(block.code, namespace, folder)
    if block.info == "python fails":
        assert error is not None, f"{where}: this must fail, and does not"
        output += f"{error}\n"
    elif error is not None:
        raise AssertionError(f"{where}: {error}") from error
    if expected is not None or block.info == "python fails":
        assert same_text(output, expected or ""), f"{where}: it prints\n{output}\nnot\n{expected}"


def execute(code: str, namespace: dict[str, Any], folder: Path) -> tuple[str, Exception | None]:
    """What the code prints and what it raises; it is the file demo.py in the folder, which errors do not show."""
    folder.mkdir(parents=True)
    file = folder / "demo.py"
    file.write_text(code, encoding="utf-8")
    linecache.checkcache(str(file))
    printed, error = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(code, str(file), "exec"), namespace)
        except Exception as raised:
            error = Failure(raised, folder.parent)
    return printed.getvalue().replace(f"{folder}/", ""), error


class Failure(Exception):
    """An exception of a block; `str` is its text without folders, with the class if it is no error of pydex."""

    def __init__(self, error: Exception, folders: Path):
        from pydex import DexError

        text = str(error) if isinstance(error, DexError) else f"{type(error).__name__}: {error}"
        super().__init__(re.sub(rf"{re.escape(str(folders))}/\w+/", "", text))
        self.__cause__ = error


def _check_console(block: Block, where: str) -> None:
    for part in re.split(r"^\$ ", block.code, flags=re.MULTILINE)[1:]:
        line, _, expected = part.partition("\n")
        program, *arguments = line.split()
        assert program == "pydex", f"{where}: only pydex is run, not {program}"
        command = [sys.executable, "-m", "pydex.tools.pydex_cli", *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
        output = done.stdout + done.stderr
        assert same_text(output, expected), f"{where}: $ {line}\nprints\n{output}\nnot\n{expected}"


def same_text(found: str, expected: str) -> bool:
    """Equal, but for the last digits of floats (an integer has no last digits)."""
    if NUMBER.sub("0", found).split() != NUMBER.sub("0", expected).split():
        return False
    return all(_same_number(a, b) for a, b in zip(NUMBER.findall(found), NUMBER.findall(expected), strict=True))


def _same_number(a: str, b: str) -> bool:
    if "." not in b and "e" not in b:
        return a == b
    return math.isclose(float(a), float(b), rel_tol=1e-6, abs_tol=1e-9)
