"""The native runtime: calls of compiled code, its threads and its memory. See src/pydex_rt.h and src/program.h.

`function` makes a Python callable of compiled code; `library` is what the code is linked against.
"""

import ctypes
import sys
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydex import knobs

try:
    from pydex.runtime import _native
except ImportError as error:
    raise ImportError(
        "pydex's native runtime is not built: run `make setup`, or `cmake -B build && cmake --build build`"
    ) from error

from pydex.runtime._native import Dispatcher as Dispatcher
from pydex.runtime._native import Function as Function
from pydex.runtime._native import Image as Image
from pydex.runtime._native import type_codes as type_codes

if TYPE_CHECKING:
    from pydex.runtime.call import function as function

# What compiled code may call, each a symbol of `library()`.
SYMBOLS = (
    *("pdx_raise", "pdx_alloc", "pdx_mark", "pdx_release"),
    *("pdx_parallel", "pdx_contract", "pdx_copy", "pdx_fill"),
)
OUT_OF_MEMORY = -1  # the raise site of a failed allocation


def library() -> Path:
    """The shared library that defines SYMBOLS."""
    return Path(__file__).parent / ("libpydex_rt.dylib" if sys.platform == "darwin" else "libpydex_rt.so")


def __getattr__(name: str) -> Any:
    if name == "function":
        return import_module("pydex.runtime.call").function  # what it needs is imported at the first compilation
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def _libraries() -> tuple[ctypes.CDLL, ctypes.CDLL]:
    return ctypes.CDLL(str(library())), ctypes.CDLL(None)


def addresses(names: Iterable[str]) -> dict[str, int]:
    """Where functions are that compiled code calls: of `library()`, else of this process; those that exist."""
    own, process = _libraries()
    found = {name: getattr(own, name, None) or getattr(process, name, None) for name in names}
    return {name: ctypes.cast(f, ctypes.c_void_p).value or 0 for name, f in found.items() if f is not None}


def set_threads(n: int) -> None:
    """Run later parallel loops on n threads; n = 0: on all processors that this process may use."""
    _native.set_threads(n)


def get_threads() -> int:
    """How many threads parallel loops use."""
    return _native.get_threads()


def blas() -> str:
    """The path of the OpenBLAS that contractions use; '' if there is none, and they are slow."""
    return _native.blas()


def trim() -> None:
    """Give back the memory that this thread keeps for temporaries of later calls, and large results that were freed."""
    _native.trim()


def _blas_wheel() -> str:
    # The wheel scipy-openblas32 holds one library; '' without the wheel.
    spec = find_spec("scipy_openblas32")
    found = sorted(Path(spec.origin).parent.glob("lib/libscipy_openblas.*")) if spec and spec.origin else []
    return str(found[0]) if found else ""


_native.set_blas(_blas_wheel())
_native.set_threads(knobs.THREADS.get())
