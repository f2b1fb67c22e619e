"""Machine code of a program, compiled just now or read from the cache, and its run-time errors."""

from __future__ import annotations

import builtins
import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydex import runtime
from pydex.compiling import one_at_a_time
from pydex.diagnostics import CLASS_OF, DexError, Diagnostic, Span

NOT_COMPILED = -2  # the raise site of code for arguments of any strides that could not be made


@dataclass(frozen=True)
class Site:
    """A place in a program that raises: the builtin exception, the message (a format of two numbers), the place."""

    exception: str
    message: str
    span: Span | None


class AnyStrides:
    """The code of a function for arguments that are not contiguous, made when it is first needed.

    Compiled code calls `symbol`, which returns the address of that code, or of one that raises `NOT_COMPILED`.
    """

    def __init__(self, make: Callable[[AnyStrides], Any], refuse: Callable[[], int]):
        self._make, self._refuse = make, refuse
        self._code: Any = None
        self.error: Exception | None = None
        self._callback = ctypes.CFUNCTYPE(ctypes.c_void_p)(self._address)
        self.symbol = ctypes.cast(self._callback, ctypes.c_void_p).value or 0

    def _address(self) -> int:
        try:
            with one_at_a_time():
                self._code = self._code or self._make(self)
            return self._code.address
        except Exception as error:  # no exception may leave a function that machine code called
            self.error = error
            return self._refuse()


@dataclass(frozen=True)
class Code:
    """Where the code of an entry is, what it may raise, and what owns it."""

    address: int
    sites: tuple[Site, ...]
    any_strides: AnyStrides
    owner: Any  # has object_code() if it was compiled just now


def raiser(sites: Sequence[Site], any_strides: AnyStrides | None = None) -> Callable[[int, int, int], BaseException]:
    """Makes the exception of a raise site: site k is sites[k]."""

    def on_raise(site: int, a: int, b: int) -> BaseException:
        if site == runtime.OUT_OF_MEMORY:
            return MemoryError(f"pydex could not allocate {a} bytes for a temporary table")
        if site == NOT_COMPILED and any_strides is not None and any_strides.error is not None:
            return any_strides.error
        found = sites[site]
        return exception_class(found.exception)(Diagnostic(found.message.format(a, b), found.span))

    return on_raise


@cache
def exception_class(name: str) -> type[DexError]:
    """The error class of pydex that is also the builtin exception of this name."""
    builtin = getattr(builtins, name)
    if builtin in CLASS_OF:
        return CLASS_OF[builtin]
    return type(f"Dex{name}", (DexError, builtin), {"__doc__": f"A {name} raised by compiled code."})
