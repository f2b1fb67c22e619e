"""From a module of `ix`, `eff` and `ad` to a Python callable: the passes, the lowering, the machine code.

`PYDEX_IR=dir` writes the module after each pass, `PYDEX_DEBUG=2` prints how long each took, `PYDEX_CHECK=1`
verifies it.
"""

from __future__ import annotations

import builtins
import ctypes
import gc
import sys
import time
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

from pydex import broken, knobs, mlir, runtime
from pydex.diagnostics import CLASS_OF, DexError, Diagnostic, Span
from pydex.dialects import eff
from pydex.dialects.text import context, print_module, verify
from pydex.passes import lower_to_cpu
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
    with _no_collection():
        _hide_all_but(module, entry)
        run_passes(module, options.passes)
        lowered = lower(module, entry, options)
        any_strides = AnyStrides(module, entry, options)
        code = _machine_code(lowered.text, entry, options, any_strides)
    on_raise = raiser(lowered.checks, any_strides)
    return runtime.function(code.address, signature, on_raise, (code, any_strides), explain)


def _hide_all_but(module: ModuleOp, entry: str) -> None:
    """Only the entry is called from outside: the passes drop the others when nothing mentions them any more."""
    for function in module.ops:
        if isinstance(function, FuncOp) and function.sym_name.data != entry:
            function.properties["sym_visibility"] = StringAttr("private")


def lower(module: ModuleOp, entry: str, options: Options = Options(), rows: bool = True) -> lower_to_cpu.Lowered:
    """The text for MLIR, after the passes. rows: for contiguous tables, or for tables of any strides."""
    function = next(f for f in module.ops if isinstance(f, FuncOp) and f.sym_name.data == entry)
    started = time.perf_counter()
    with broken.step("the lowering", text=lambda: print_module(module)):
        lowered = lower_to_cpu.lower(function, parallel=options.parallel, rows=rows)
    name = "lower-to-cpu" if rows else "lower-to-cpu-any-strides"
    _report(name, time.perf_counter() - started)
    if knobs.IR.get():
        _write(len(options.passes) + (1 if rows else 2), name, lowered.text)
    return lowered


def _machine_code(text: str, entry: str, options: Options, any_strides: AnyStrides) -> mlir.JitCode:
    level = knobs.OPT_LEVEL.get() if options.opt_level is None else options.opt_level
    with broken.step("MLIR", text=lambda: text):
        symbols = {"pdx_any_strides": any_strides.symbol}
    code = mlir.compile(text, symbols=symbols, opt_level=level, pipeline=UPSTREAM)
    if knobs.DEBUG.get() >= 1:
        times = ", ".join(f"{name} {seconds * 1e3:.1f} ms" for name, seconds in code.seconds.items())
        print(f"pydex: {entry}: {times}", file=sys.stderr)
    return code


class AnyStrides:
    """The code of a function for arguments that are not contiguous, made when it is first needed.

    Compiled code calls `symbol`, which returns the address of that code, or of one that raises `NOT_COMPILED`.
    """

    NOT_COMPILED = -2

    def __init__(self, module: ModuleOp, entry: str, options: Options):
        self._make = lambda: lower(module, entry, options, rows=False).text
        self._entry, self._options = entry, options
        self._code: mlir.JitCode | None = None
        self.error: Exception | None = None
        self._callback = ctypes.CFUNCTYPE(ctypes.c_void_p)(self._address)
        self.symbol = ctypes.cast(self._callback, ctypes.c_void_p).value or 0

    def _address(self) -> int:
        try:
            if self._code is None:
                with _no_collection():
                    self._code = _machine_code(self._make(), self._entry, self._options, self)
            return self._code.address
        except Exception as error:  # no exception may leave a function that machine code called
            self.error = error
            return _refusal().address


@cache
def _refusal() -> mlir.JitCode:
    """Code that raises NOT_COMPILED, whatever it is called with."""
    return mlir.compile(f"""
        llvm.func @pdx_raise(i64, i64, i64)
        llvm.func @entry(%frame: !llvm.ptr) {{
          %site = llvm.mlir.constant({AnyStrides.NOT_COMPILED} : i64) : i64
          llvm.call @pdx_raise(%site, %site, %site) : (i64, i64, i64) -> ()
          llvm.return
        }}""")


def run_passes(module: ModuleOp, names: Sequence[str], ctx: Context | None = None) -> None:
    """Runs passes by name, `name` or `name{option=value}`, over the module."""
    ctx = ctx or context()
    for number, item in enumerate(names, 1):
        started = time.perf_counter()
        with broken.step(f"the pass {item}", text=lambda: print_module(module)):
            _pass(item).apply(ctx, module)
        _report(item, time.perf_counter() - started)
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


def _report(name: str, seconds: float) -> None:
    if knobs.DEBUG.get() >= 2:
        print(f"pydex: {seconds * 1e3:8.2f} ms  {name}", file=sys.stderr)


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


# ------------------------------------------------------------------------------------------- run-time errors


def raiser(
    checks: Sequence[eff.CheckOp], any_strides: AnyStrides | None = None
) -> Callable[[int, int, int], BaseException]:
    """Makes the exception of a raise site: site k is checks[k]."""
    sites = [(c.exception.data, c.message.data, span_of(c.location)) for c in checks]

    def on_raise(site: int, a: int, b: int) -> BaseException:
        if site == runtime.OUT_OF_MEMORY:
            return MemoryError(f"pydex could not allocate {a} bytes for a temporary table")
        if site == AnyStrides.NOT_COMPILED and any_strides is not None and any_strides.error is not None:
            return any_strides.error
        exception, message, span = sites[site]
        return exception_class(exception)(Diagnostic(message.format(a, b), span))

    return on_raise


@cache
def exception_class(name: str) -> type[DexError]:
    """The error class of pydex that is also the builtin exception of this name."""
    builtin = getattr(builtins, name)
    if builtin in CLASS_OF:
        return CLASS_OF[builtin]
    return type(f"Dex{name}", (DexError, builtin), {"__doc__": f"A {name} raised by compiled code."})


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
