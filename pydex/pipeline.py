"""From a module of `ix`, `eff` and `ad` to a Python callable: the passes, the lowering, the machine code.

`PYDEX_IR=dir` writes the module after each pass, `PYDEX_DEBUG=1` prints how long each took (profile.py),
`PYDEX_CHECK=1` verifies it.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, CallSiteLoc, FileLineColLoc, FusedLoc, ModuleOp, NameLoc, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute
from xdsl.passes import ModulePass
from xdsl.utils.arg_spec import parse_spec

from pydex import broken, knobs, mlir, profile, runtime
from pydex.code import NOT_COMPILED, AnyStrides, Code, Site, raiser
from pydex.diagnostics import Span
from pydex.dialects.text import context, print_module, verify
from pydex.passes import lower_to_cpu
from pydex.passes.lower_licence import flags_of
from pydex.passes.pipelines import CPU, UPSTREAM
from pydex.runtime.problems import Problem, argument_error
from pydex.runtime.signature import Signature
from pydex.universe import available_passes


@dataclass(frozen=True)
class Options:
    """How a module is compiled."""

    passes: tuple[str, ...] = CPU
    parallel: bool = True
    opt_level: int | None = None  # of LLVM; None: what PYDEX_OPT says


def compile(
    module: ModuleOp,
    entry: str,
    signature: Signature,
    options: Options = Options(),
    explain: Callable[[Problem], BaseException] = argument_error,
) -> Callable[..., Any]:
    """The function named `entry` as a Python callable over flat arguments (see `runtime.function`).

    The module is consumed. Run-time errors are raised as pydex's exceptions, with the line of the user's source;
    `explain` makes those of arguments that do not fit.
    """
    code = build(module, entry, options)
    return runtime.function(code.address, signature, raiser(code.sites, code.any_strides), code, explain)


def build(module: ModuleOp, entry: str, options: Options = Options()) -> Code:
    """The machine code of the function named `entry`. The module is consumed."""
    with _no_collection():
        prepare(module, entry, options)
        lowered = lower(module, entry, options)
        strides = AnyStrides(lambda it: for_any_strides(module, entry, it, options), refusal)
        code = _machine_code(lowered.text, entry, options, strides)
    return Code(code.address, sites_of(lowered), strides, code)


def sites_of(lowered: lower_to_cpu.Lowered) -> tuple[Site, ...]:
    """What the lowered program may raise, in the order of its sites."""
    return tuple(Site(c.exception.data, c.message.data, span_of(c.location)) for c in lowered.checks)


def prepare(module: ModuleOp, entry: str, options: Options = Options()) -> None:
    """All that happens to a module before it is lowered."""
    _hide_all_but(module, entry)
    run_passes(module, options.passes)


def for_any_strides(module: ModuleOp, entry: str, strides: AnyStrides, options: Options = Options()) -> mlir.JitCode:
    """The code of a prepared module for arguments that are not contiguous."""
    with _no_collection():
        return _machine_code(lower(module, entry, options, rows=False).text, entry, options, strides)


def _hide_all_but(module: ModuleOp, entry: str) -> None:
    """Only the entry is called from outside: the passes drop the others when nothing mentions them any more."""
    for function in module.ops:
        if isinstance(function, FuncOp) and function.sym_name.data != entry:
            function.properties["sym_visibility"] = StringAttr("private")


def lower(module: ModuleOp, entry: str, options: Options = Options(), rows: bool = True) -> lower_to_cpu.Lowered:
    """The text for MLIR, after the passes. rows: for contiguous tables, or for tables of any strides."""
    function = next(f for f in module.ops if isinstance(f, FuncOp) and f.sym_name.data == entry)
    name = "lower-to-cpu" if rows else "lower-to-cpu-any-strides"
    with profile.step(name), broken.step("the lowering", text=lambda: print_module(module)):
        lowered = lower_to_cpu.lower(function, parallel=options.parallel, rows=rows)
    if (flags := flags_of(function)) and knobs.DEBUG.get() >= 1:
        print(f"pydex: {entry} has fastmath={','.join(flags)}", file=sys.stderr)
    if knobs.IR.get():
        _write(len(options.passes) + (1 if rows else 2), name, lowered.text)
    return lowered


def _machine_code(text: str, entry: str, options: Options, any_strides: AnyStrides) -> mlir.JitCode:
    level = knobs.OPT_LEVEL.get() if options.opt_level is None else options.opt_level
    with broken.step("MLIR", text=lambda: text):
        symbols = {"pdx_any_strides": any_strides.symbol}
    code = mlir.compile(text, symbols=symbols, opt_level=level, pipeline=UPSTREAM)
    for name, seconds in code.seconds.items():
        profile.add(name, seconds)
    profile.report(entry)
    return code


@cache
def _raising() -> mlir.JitCode:
    return mlir.compile(f"""
        llvm.func @pdx_raise(i64, i64, i64)
        llvm.func @entry(%frame: !llvm.ptr) {{
          %site = llvm.mlir.constant({NOT_COMPILED} : i64) : i64
          llvm.call @pdx_raise(%site, %site, %site) : (i64, i64, i64) -> ()
          llvm.return
        }}""")


def refusal() -> int:
    """The address of code that raises NOT_COMPILED, whatever it is called with."""
    return _raising().address


def run_passes(module: ModuleOp, names: Sequence[str], ctx: Context | None = None) -> None:
    """Runs passes by name, `name` or `name{option=value}`, over the module."""
    ctx = ctx or context()
    for number, item in enumerate(names, 1):
        with profile.step(item), broken.step(f"the pass {item}", text=lambda: print_module(module)):
            _pass(item).apply(ctx, module)
        if knobs.CHECK.get():
            check(module)
        if knobs.IR.get():
            _write(number, item.split("{")[0], print_module(module))


def check(module: ModuleOp) -> None:
    """Verifies every op, and that values and size symbols are used where they are visible."""
    from pydex.passes.verify_scope import check_scope

    verify(module)
    check_scope(module)


@cache
def _pass(item: str) -> ModulePass:
    spec = parse_spec(item)
    return available_passes()[spec.name]().from_pass_spec(spec)


def _write(number: int, name: str, text: str) -> None:
    directory = Path(knobs.IR.get())
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{number:02}-{name}.mlir").write_text(text)


@contextmanager
def _no_collection() -> Any:
    """Compiling makes many small objects that stay alive: looking for garbage meanwhile costs up to 40 %."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


# ---------------------------------------------------------------------------------------- places of errors


def span_of(location: Attribute) -> Span | None:
    """The place in the user's source, if the location has one."""
    for part in _parts(location):
        if isinstance(part, FileLineColLoc):
            column = max(0, part.column.data - 1)
            return Span(part.filename.data, part.line.data, column, column + 1)
    return None


def _parts(location: Any) -> Iterable[Any]:
    if isinstance(location, FusedLoc):
        for inner in cast(ArrayAttr[Any], location.locations):
            yield from _parts(inner)
    elif isinstance(location, NameLoc):
        yield from _parts(location.location)
    elif isinstance(location, CallSiteLoc):
        yield from _parts(location.callee)
    else:
        yield location
