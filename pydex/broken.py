"""A broken invariant of the compiler: an error that names the step, with the IR in a file, not a traceback.

PYDEX_DEBUG=1 shows the traceback too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydex import knobs
from pydex.diagnostics import DexError, DexInternalError, DexRecursionError, Diagnostic, Span


def no_text() -> str:
    """There is no IR to show."""
    return ""


@contextmanager
def step(
    name: str,
    span: Callable[[Exception], Span | None] = lambda error: None,
    text: Callable[[], str] = no_text,
    passes: tuple[type[BaseException], ...] = (),
) -> Iterator[None]:
    """What is raised inside, other than an error of the user's program and `passes`, becomes a DexInternalError.

    span: the place in the user's program that the step was at; text: the IR.
    """
    try:
        yield
    except (DexError, *passes):
        raise
    except RecursionError as error:
        raise DexRecursionError(Diagnostic(f"{name}: the program is nested too deeply", span(error))) from None
    except Exception as error:
        message = f"{name} failed: {type(error).__name__}: {error}"
        help = f"this is a bug of pydex: please report it{_written(text)}"
        shown = error if knobs.DEBUG.get() >= 1 else None
        raise DexInternalError(Diagnostic(message, span(error), help=help)) from shown


def _written(text: Callable[[], str]) -> str:
    try:
        ir = text()
    except Exception:  # the IR itself may be what is broken
        return ""
    if not ir:
        return ""
    with tempfile.NamedTemporaryFile("w", prefix="pydex-", suffix=".mlir", delete=False) as file:
        file.write(ir)
    return f", with {Path(file.name)}"
