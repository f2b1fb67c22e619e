"""C by hand with adjoints by hand: built when first asked for, kept under build/c, called through ctypes.

-O3 -march=native -ffast-math, which lets sums be reassociated and calls glibc's vector math (libmvec); OpenMP where the
compiler has it. Results go to arrays that are there already: what C costs is its loops, not fresh memory.
"""

import ctypes
import functools
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
BUILD = HERE.parents[1] / "build" / "c"
COMPILERS = ("clang-22", "clang-21", "clang-20", "clang-19", "clang", "gcc", "cc")
FLAGS = ("-std=c11", "-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=512", "-shared", "-fPIC")
FLAGS += ("-nostartfiles",)  # GCC's start files for -ffast-math flush denormals to zero in the whole process


@functools.cache
def compiler() -> str | None:
    """The path of clang, else of GCC; None where there is neither."""
    return next(filter(None, map(shutil.which, COMPILERS)), None)


def _command(path: str) -> list[str]:
    return [path, *FLAGS, *(["-fveclib=libmvec"] if "clang" in Path(path).name else [])]


def _compile(source: Path, target: Path) -> None:
    """Raises RuntimeError with the compiler's first words."""
    path = compiler()
    if path is None:
        raise RuntimeError(f"no C compiler: none of {', '.join(COMPILERS)} is installed")
    target.parent.mkdir(parents=True, exist_ok=True)
    own = target.with_suffix(f".{os.getpid()}")
    for openmp in (["-fopenmp"], []):
        words = [*_command(path), *openmp, source, "-o", own, "-lm"]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode == 0:
            own.replace(target)
            return
    raise RuntimeError(f"{source.name}: {done.stderr.strip().splitlines()[0]}")


def _processor() -> str:
    """What -march=native depends on."""
    info = Path("/proc/cpuinfo")
    return (
        next((line for line in info.read_text().splitlines() if line.startswith("flags")), "") if info.exists() else ""
    )


@functools.cache
def library(name: str) -> ctypes.CDLL:
    """benchmarks/c/NAME.c, compiled unless it was before: by this compiler, with these flags, for this processor."""
    source = HERE / f"{name}.c"
    key = "\n".join([source.read_text(), *_command(compiler() or ""), _processor()])
    target = BUILD / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.so"
    if not target.exists():
        _compile(source, target)
    return ctypes.CDLL(str(target))


def _argument(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        assert value.flags.c_contiguous
        return ctypes.c_void_p(value.ctypes.data)
    return ctypes.c_double(value) if isinstance(value, float) else ctypes.c_int64(value)


def call(name: str, function: str, *arguments: Any, result: Any = None) -> Callable[[], Any]:
    """A call of the function of benchmarks/c/NAME.c that gives `result`, which it fills; without one, its double."""
    native = getattr(library(name), function)
    native.restype = ctypes.c_double if result is None else None
    converted = [_argument(value) for value in arguments]

    def run(_kept: tuple = arguments) -> Any:
        found = native(*converted)
        return found if result is None else result

    return run
