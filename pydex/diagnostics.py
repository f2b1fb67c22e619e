"""Errors shown to users: spans of source, the text printed for them, and the exception classes.

Every class is a `DexError` and the builtin exception that fits, so `except TypeError` works as users expect.
"""

from __future__ import annotations

import linecache
import os
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True)
class Span:
    """A piece of a source line: columns count characters from 0, `end` is exclusive."""

    file: str
    line: int
    column: int
    end: int

    def text(self) -> str:
        """The source line, without its end."""
        return linecache.getline(self.file, self.line).rstrip("\n")

    def place(self) -> str:
        """`demo.py:7:22`, relative to the current directory where the file is below it."""
        return f"{display_path(self.file)}:{self.line}:{self.column + 1}"


def display_path(file: str) -> str:
    """The path of a file as errors print it."""
    relative = os.path.relpath(file) if os.path.isabs(file) else file
    return file if relative.startswith("..") else relative


@dataclass(frozen=True)
class Note:
    """A remark about another place."""

    message: str
    span: Span


@dataclass(frozen=True)
class Diagnostic:
    """What is wrong, where, why, and what to do."""

    message: str
    span: Span | None = None
    notes: tuple[Note, ...] = ()
    help: str = ""

    def __str__(self) -> str:
        place = f"{self.span.place()}: " if self.span else ""
        parts = [f"{place}error: {self.message}"]
        if self.span:
            parts.append(excerpt(self.span))
        for note in self.notes:
            parts += [f"note: {note.message}", excerpt(note.span)]
        if self.help:
            parts.append(f"help: {self.help}")
        return "\n".join(part for part in parts if part)


def excerpt(span: Span) -> str:
    """The source line with a caret under the first character of the span; nothing where the source is gone."""
    text = span.text()
    if not text:
        return ""
    number = str(span.line)
    indent = "".join("\t" if character == "\t" else " " for character in text[: span.column])
    return f"{number} | {text}\n{' ' * len(number)} | {indent}^"


def did_you_mean(name: str, *known: Iterable[str]) -> str:
    """`did you mean …?` if one of the known names is close; else nothing."""
    close = get_close_matches(name, {each for group in known for each in group if not each.startswith("_")}, 1, 0.75)
    return f"did you mean {close[0]}?" if close else ""


class DexError(Exception):
    """What pydex says about a user's program; `str()` is the whole text with source and caret."""

    def __init__(self, diagnostic: Diagnostic | str):
        self.diagnostic = diagnostic if isinstance(diagnostic, Diagnostic) else Diagnostic(diagnostic)
        super().__init__(str(self.diagnostic))


class DexSyntaxError(DexError, SyntaxError):
    """Python that pydex does not compile."""

    def __str__(self) -> str:
        return str(self.diagnostic)


class DexTypeError(DexError, TypeError):
    """A value of the wrong type, index set or effect."""


class DexIndexError(DexError, IndexError):
    """An index that cannot be proved to be in range."""


class DexNameError(DexError, NameError):
    """A name that has no value here."""


class DexValueError(DexError, ValueError):
    """A value, or a size, that cannot be."""


class DexAttributeError(DexError, AttributeError):
    """An attribute that a value does not have."""


class DexZeroDivisionError(DexError, ZeroDivisionError):
    """A division of constants by zero."""


class DexOverflowError(DexError, OverflowError):
    """A number that its type cannot hold."""


class DexRecursionError(DexError, RecursionError):
    """A function that calls itself."""


class DexNotImplementedError(DexError, NotImplementedError):
    """Something the language has a place for, but the compiler no rule."""


class DexInternalError(DexError, RuntimeError):
    """A broken invariant of the compiler; not the user's mistake."""


#: The error class that is also the given builtin.
CLASS_OF: dict[type[Exception], type[DexError]] = {
    SyntaxError: DexSyntaxError,
    TypeError: DexTypeError,
    IndexError: DexIndexError,
    NameError: DexNameError,
    ValueError: DexValueError,
    AttributeError: DexAttributeError,
    ZeroDivisionError: DexZeroDivisionError,
    OverflowError: DexOverflowError,
    RecursionError: DexRecursionError,
    NotImplementedError: DexNotImplementedError,
}


def error_class(error: Exception) -> type[DexError]:
    """The class of pydex's errors for an exception that Python raised; DexTypeError where none fits better."""
    return next((made for builtin, made in CLASS_OF.items() if isinstance(error, builtin)), DexTypeError)
