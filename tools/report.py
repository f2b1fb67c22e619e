"""Any failure of a user's program as `file:line:col: error: …`, without a traceback of pydex."""

from __future__ import annotations

import sys
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path

import pydex
from pydex.diagnostics import DexError, Diagnostic, Note, Span

PACKAGE = Path(pydex.__file__).resolve().parent
NOT_THE_USERS = (
    *(folder.resolve() for folder in (PACKAGE, *(PACKAGE / name for name in ("dialects", "passes", "tools")))),
    *(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib")),
)


def report(file: str, action: Callable[[], None]) -> int:
    """Runs the action; 1 after printing what it raised, else 0. The user's own `sys.exit` passes."""
    try:
        action()
        sys.stdout.flush()
        return 0
    except BrokenPipeError:
        sys.stderr.close()  # the reader has seen enough, as with any filter
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        print(describe(error, file), file=sys.stderr)
        return 1


def describe(error: Exception, file: str) -> str:
    """The text for people."""
    if isinstance(error, DexError):
        return _located(error, file)
    if isinstance(error, SyntaxError) and error.lineno:
        column = max(0, (error.offset or 1) - 1)
        return str(Diagnostic(f"{error.msg}", Span(error.filename or file, error.lineno, column, column)))
    if isinstance(error, OSError) and error.filename == file:
        return f"{file}:1:1: error: {error.strerror}"
    message = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    caller = _caller(error)
    return str(Diagnostic(message, caller)) if caller else f"{file}:1:1: error: {message}"


def _located(error: DexError, file: str) -> str:
    """The error, with a note of the line of the user's program that led to it."""
    found, caller = error.diagnostic, _caller(error)
    if found.span is None:
        placed = Diagnostic(found.message, caller, found.notes, found.help)
        return str(placed) if caller else f"{file}:1:1: {placed}"
    if caller is None or (caller.file, caller.line) == (found.span.file, found.span.line):
        return str(error)
    return str(Diagnostic(found.message, found.span, (*found.notes, Note("called from here", caller)), found.help))


def _caller(error: Exception) -> Span | None:
    """Where the innermost line of the user's code is that the exception passed through."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if frame.lineno is not None and path.exists() and not any(map(path.resolve().is_relative_to, NOT_THE_USERS)):
            return Span(frame.filename, frame.lineno, frame.colno or 0, frame.colno or 0)
    return None
