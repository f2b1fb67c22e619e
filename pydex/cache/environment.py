"""What compiled code depends on besides the program: pydex itself, MLIR, Python, the processor, the knobs.

An installation is known by the sizes and times of its files, so that an edited pydex never meets code of another.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from pydex import knobs, processor

COMPILER = ("", "cache", "frontend", "runtime", "dialects", "passes", "passes/vector_math")
"""The folders of pydex that have a part in compiling."""

NOT_COMPILED_IN = (knobs.THREADS, knobs.DEBUG, knobs.CACHE, knobs.CACHE_SIZE)
"""Knobs that say nothing about the code."""


def environment() -> str:
    """Equal in two processes only if they make the same code of the same program."""
    given = {knob.name: os.environ.get(knob.name, "") for knob in knobs.KNOBS if knob not in NOT_COMPILED_IN}
    return repr((_installation(), _processor(), sorted(given.items())))


@cache
def _installation() -> tuple:
    pydex = Path(__file__).resolve().parents[1]
    own = [stamp for folder in COMPILER for stamp in _stamps(pydex / folder)]
    others = [stamp for name in ("torch_mlir", "mlir", "xdsl", "islpy") for stamp in _package(name)]
    return sys.version, np.__version__, tuple(own), tuple(others)


def _package(name: str) -> Iterator[tuple]:
    """The top files of an installed package, and its libraries."""
    spec = find_spec(name)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        yield from _stamps(Path(place))
        yield from _stamps(Path(place) / "_mlir_libs")


def _stamps(folder: Path) -> Iterator[tuple]:
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.endswith((".py", ".so", ".dylib", ".pyd")):
                status = entry.stat()
                yield str(folder), entry.name, status.st_size, status.st_mtime_ns


@cache
def _processor() -> tuple:
    """Its name and features: the first processor of the machine in /proc/cpuinfo."""
    return platform.machine(), sys.platform, *processor.described()
