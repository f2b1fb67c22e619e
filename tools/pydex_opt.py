"""pydex-opt: parse IR, run passes, print IR.

    pydex-opt FILE -p inline,cse,dce              pydex's and xDSL's passes, with options as name{key=value}
    pydex-opt FILE -p cpu                         a pipeline of passes/pipelines.py
    pydex-opt FILE -p lower-to-scf,mlir:cse       upstream MLIR's passes, after `mlir:`, in a child process

Whatever the text, the answer is IR with exit status 0, or `file:line:col: error: message` with exit status 1.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TextIO

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.transforms import get_all_passes
from xdsl.utils.arg_spec import parse_spec
from xdsl.utils.exceptions import DiagnosticException, ParseError, PyRDLError

from pydex import knobs
from pydex.diagnostics import DexError, Diagnostic, Span
from pydex.dialects.text import IRError, context, parse, print_module, verify
from pydex.tools.expected_errors import check_expected
from pydex.universe import available_passes

SPLIT = "// -----"


@dataclass(frozen=True)
class Step:
    """One item of a pipeline: its name as given, and what it does to a module."""

    name: str
    run: Callable[[Context, ModuleOp], ModuleOp]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: exits with 0, or with 1 after printing errors."""
    options = _parser().parse_args(arguments)
    if options.knobs or options.list_passes:
        print(knobs.table() if options.knobs else "\n".join(sorted({**_passes(), **_pipelines()})))
        return
    gc.disable()
    sys.exit(_run(options))


def _run(options: argparse.Namespace) -> int:
    try:
        text = sys.stdin.read() if options.file == "-" else open(options.file, encoding="utf-8").read()
        steps = _steps(options.pipeline)
    except (OSError, ValueError) as error:
        print(f"{options.file}:1:1: error: {error}", file=sys.stderr)
        return 1
    name = "<stdin>" if options.file == "-" else options.file
    failed = False
    outputs: list[str] = []
    for first_line, part in _split(text, options.split_input_file):
        output, errors = _process("\n" * first_line + part, name, steps, options)
        if options.verify_diagnostics:
            errors = check_expected("\n" * first_line + part, name, errors)
        elif output is not None:
            outputs.append(output)
        failed |= bool(errors)
        for error in errors:
            print(error, file=sys.stderr)
    if outputs:
        _write("".join(outputs) if len(outputs) == 1 else f"{SPLIT}\n".join(outputs), options.output)
    return int(failed)


def _process(
    text: str, name: str, steps: Sequence[Step], options: argparse.Namespace
) -> tuple[str | None, list[IRError]]:
    """The output of one module, or its errors. Nothing that a text can cause escapes as a traceback."""
    ctx = context()
    step = "parse"
    try:
        module = parse(text, name, ctx)
        for item in steps:
            step = item.name
            started = time.perf_counter()
            module = item.run(ctx, module)
            verify(module)
            _report(item.name, time.perf_counter() - started, module, options)
        return print_module(module, options.print_debuginfo, print_generic_format=options.generic), []
    except IRError as error:
        return None, [error]
    except ParseError as error:
        place = error.span.get_location()
        return None, [IRError(error.msg, place.file, place.line, place.col)]
    except (DiagnosticException, PyRDLError) as error:
        return None, [IRError(f"{step}: {_one_line(error)}", name)]
    except DexError as error:  # about the program: passes know its places
        return None, [_told(error.diagnostic, name)]
    except RecursionError:
        return None, [IRError(f"{step}: the IR is nested too deeply", name)]
    except Exception as error:  # a broken invariant of a pass: named, without a traceback
        if options.crash:
            raise
        return None, [_located(error) or IRError(f"{step}: internal error: {type(error).__name__}: {error}", name)]


def _told(diagnostic: Diagnostic, name: str) -> IRError:
    span = diagnostic.span or Span(name, 1, 0, 1)
    text = diagnostic.message + (f" (help: {diagnostic.help})" if diagnostic.help else "")
    return IRError(text, span.file, span.line, span.column + 1)


def _located(error: Exception) -> IRError | None:
    """Errors of passes that know the user's source place carry it in `span`-like fields."""
    line, column, file = (getattr(error, k, None) for k in ("line", "column", "file"))
    if isinstance(line, int) and isinstance(column, int) and isinstance(file, str):
        return IRError(str(getattr(error, "message", error)), file, line, column)
    return None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _report(name: str, seconds: float, module: ModuleOp, options: argparse.Namespace) -> None:
    if options.timing:
        print(f"{seconds * 1e3:9.2f} ms  {name}", file=sys.stderr)
    if options.print_after_all or name in options.print_after:
        print(f"// after {name}\n{print_module(module, options.print_debuginfo)}", file=sys.stderr)


def _split(text: str, split: bool) -> list[tuple[int, str]]:
    """Parts of the text with the number of lines before each."""
    if not split:
        return [(0, text)]
    parts: list[tuple[int, str]] = []
    line = 0
    for part in text.split(SPLIT):
        parts.append((line, part))
        line += part.count("\n")
    return parts


def _write(text: str, path: str | None) -> None:
    if path is None:
        sys.stdout.write(text)
        return
    stream: TextIO
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)


# ----------------------------------------------------------------------------------------------- pipelines


def _passes() -> dict[str, Callable[[], type[ModulePass]]]:
    return {**get_all_passes(), **available_passes()}


def _pipelines() -> dict[str, tuple[str, ...]]:
    from pydex.passes.pipelines import PIPELINES

    return PIPELINES


def _steps(pipeline: str) -> list[Step]:
    """The steps of a pipeline text. Raises ValueError naming a pass that does not exist."""
    steps: list[Step] = []
    for item in _items(pipeline):
        if item in _pipelines():
            steps += _steps(",".join(_pipelines()[item]))
        elif item.startswith("mlir:"):
            steps.append(_upstream(item))
        else:
            steps.append(_pass(item))
    return steps


def _items(pipeline: str) -> list[str]:
    """Split at the commas that are not inside braces or parentheses."""
    items, depth, current = [], 0, ""
    for char in pipeline:
        depth += (char in "{(") - (char in "})")
        if char == "," and depth == 0:
            items.append(current.strip())
            current = ""
        else:
            current += char
    return [item for item in [*items, current.strip()] if item]


def _pass(item: str) -> Step:
    spec = parse_spec(item)
    known = _passes()
    if spec.name not in known:
        raise ValueError(f"there is no pass '{spec.name}'; pydex-opt --list-passes prints them")
    module_pass = known[spec.name]().from_pass_spec(spec)

    def run(ctx: Context, module: ModuleOp) -> ModuleOp:
        module_pass.apply(ctx, module)
        return module

    return Step(spec.name, run)


def _upstream(item: str) -> Step:
    def run(ctx: Context, module: ModuleOp) -> ModuleOp:
        from pydex import mlir

        text = print_module(module, locations=True, print_generic_format=True)
        try:
            result = mlir.run_passes(text, item.removeprefix("mlir:"))
        except mlir.BackendError as error:
            raise IRError(f"{item}: {_one_line(error)}") from None
        ctx.allow_unregistered = True
        return parse(result, item, ctx)

    return Step(item, run)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("pydex-opt", description="Parse IR, run passes, print IR.")
    parser.add_argument("file", nargs="?", default="-", help="IR text; - is standard input")
    parser.add_argument("-p", "--pipeline", default="", help="passes and pipelines, separated by commas")
    parser.add_argument("-o", "--output", help="write here, not to standard output")
    parser.add_argument("--print-after-all", action="store_true", help="print the module after each pass")
    parser.add_argument("--print-after", action="append", default=[], metavar="PASS", help="print it after this pass")
    parser.add_argument("--print-debuginfo", action="store_true", help="print locations")
    parser.add_argument("--generic", action="store_true", help="print ops in their generic form")
    parser.add_argument("--timing", action="store_true", help="print the time of each pass")
    parser.add_argument("--split-input-file", action="store_true", help=f"modules are separated by '{SPLIT}'")
    parser.add_argument("--verify-diagnostics", action="store_true", help="compare errors with expected-error comments")
    parser.add_argument("--list-passes", action="store_true", help="print the names of all passes")
    parser.add_argument("--knobs", action="store_true", help="print the environment variables")
    parser.add_argument("--crash", action="store_true", help="show the traceback of an internal error")
    return parser


if __name__ == "__main__":
    main()
