"""pydex: run, check and look into the compiled functions of a file.

    pydex run FILE [ARG…]                    the file as a program, as `python FILE ARG…`
    pydex run FILE:function [ARG…]           one function; prints its result
    pydex check FILE[:function]              the types of its compiled functions, without calling them
    pydex explain FILE:function              what the function costs, as formulas in its sizes
    pydex ir FILE:function [--after PASS]    the IR of a function
    pydex cache info|clear                   what compiled code is kept on disk; forget it

An argument of a function is a Python literal (`2.5`, `[1, 2]`), the path of an .npy file, or NAME=VALUE.
Whatever the file contains, the answer is a result with exit status 0, or `file:line:col: error: …` with exit status 1.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydex import knobs
from pydex.diagnostics import DexValueError
from pydex.tools.program import load, named, run_as_main, source_order
from pydex.tools.report import report

STAGES = {
    "frontend": "what the frontend makes",
    "cpu": "after the passes, the default",
    "mlir": "the text for MLIR",
    "llvm": "MLIR's llvm dialect",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: exits with 0, or with 1 after printing errors."""
    options = _parser().parse_args(arguments)
    sys.exit(options.command(options))


def run(options: argparse.Namespace) -> int:
    """`pydex run`."""
    file, name = split_target(options.target)
    if not name:
        return report(file, lambda: run_as_main(file, options.arguments))
    return report(file, lambda: _call(file, name, options.arguments))


def _call(file: str, name: str, texts: Sequence[str]) -> None:
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if equals and key.isidentifier():
            keywords[key] = parse_argument(value)
        else:
            positional.append(parse_argument(text))
    result = named(load(file), name)(*positional, **keywords)
    for part in result if isinstance(result, tuple) else (result,):
        print(part)


def check(options: argparse.Namespace) -> int:
    """`pydex check`: the errors of all functions, not only of the first."""
    file, name = split_target(options.target)
    functions: dict[str, Any] = {}

    def collect() -> None:
        module = load(file)
        functions.update({name: named(module, name)} if name else source_order(module))

    failed = report(file, collect)
    for shown, function in functions.items():
        failed |= report(file, lambda shown=shown, function=function: print(f"{shown}: {_type(function)}"))
    return failed


def _type(function: Any) -> str:
    return "generic, typed where it is called" if function.is_generic else function.type


def ir(options: argparse.Namespace) -> int:
    """`pydex ir`."""
    return _of_function("ir", options, lambda function: function.ir(options.stage, options.after).rstrip("\n"))


def explain(options: argparse.Namespace) -> int:
    """`pydex explain`."""
    from pydex.explaining import explained

    return _of_function("explain", options, explained)


def _of_function(command: str, options: argparse.Namespace, text: Callable[[Any], str]) -> int:
    """Prints a text about the function that is the target."""
    file, name = split_target(options.target)
    if not name:
        print(f"{file}:1:1: error: which function? pydex {command} {file}:FUNCTION", file=sys.stderr)
        return 1
    return report(file, lambda: print(text(named(load(file), name))))


def cache(options: argparse.Namespace) -> int:
    """`pydex cache`."""
    from pydex.cache import files

    if options.action == "clear":
        print(f"{files.clear()} entries forgotten")
        return 0
    found = files.info()
    where = found.directory if found.directory else "nowhere: PYDEX_CACHE=off"
    print(f"{found.entries} entries, {found.bytes / 2**20:.1f} MiB of at most {knobs.CACHE_SIZE.get()}, in {where}")
    return 0


def split_target(text: str) -> tuple[str, str]:
    """`FILE:function` as its two parts; no function is the empty string."""
    file, colon, name = text.rpartition(":")
    return (file, name) if colon and name.isidentifier() and not Path(text).exists() else (text, "")


def parse_argument(text: str) -> Any:
    """The value that a command line argument means. DexValueError if it means none."""
    if text.endswith(".npy"):
        import numpy as np

        return np.load(text)
    try:
        return float(text) if text.lstrip("+-").lower() in ("inf", "nan") else ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise DexValueError(f"the argument {text!r} is no Python literal and no .npy file") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("pydex", description="Run, check and look into the compiled functions of a file.")
    commands = parser.add_subparsers(required=True, metavar="run | check | explain | ir | cache")
    made = commands.add_parser("run", help="run a file, or call one of its functions")
    made.add_argument("target", metavar="FILE[:function]")
    made.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARG", help="a literal, .npy file, or NAME=VALUE")
    made.set_defaults(command=run)
    made = commands.add_parser("check", help="print the types of compiled functions, or what is wrong with them")
    made.add_argument("target", metavar="FILE[:function]")
    made.set_defaults(command=check)
    made = commands.add_parser("explain", help="print what a function costs, its loops and its gradient")
    made.add_argument("target", metavar="FILE:function")
    made.set_defaults(command=explain)
    made = commands.add_parser("ir", help="print the IR of a function")
    made.add_argument("target", metavar="FILE:function")
    stages = "; ".join(f"{name}: {what}" for name, what in STAGES.items())
    made.add_argument("--stage", choices=STAGES, default="cpu", help=stages)
    made.add_argument("--after", metavar="PASS", help="stop after this pass")
    made.set_defaults(command=ir)
    made = commands.add_parser("cache", help="what compiled code is kept on disk, and how to forget it")
    made.add_argument("action", choices=("info", "clear"))
    made.set_defaults(command=cache)
    return parser


if __name__ == "__main__":
    main()
