"""Compiled code whose allocations are counted: the runtime's arena behind functions that keep a record."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from law1.subject import Subject
from pydex import mlir, pipeline, runtime
from pydex.passes.pipelines import UPSTREAM


class Arena:
    """Stands between compiled code and the arena: `total` bytes asked for, and the `peak` of those in use at once."""

    def __init__(self) -> None:
        self.total = self.peak = 0
        self.live: list[tuple[int, int]] = []
        self.library = ctypes.CDLL(str(runtime.library()))
        self.library.pdx_alloc.restype = ctypes.c_void_p
        self.library.pdx_mark.restype = ctypes.c_int64
        word, pointer = ctypes.c_int64, ctypes.c_void_p
        self.callbacks = {
            "pdx_alloc": ctypes.CFUNCTYPE(pointer, word)(self.allocate),
            "pdx_release": ctypes.CFUNCTYPE(None, word)(self.release),
        }
        self.symbols = {n: ctypes.cast(call, ctypes.c_void_p).value or 0 for n, call in self.callbacks.items()}

    def allocate(self, size: int) -> int:
        self.live.append((self.library.pdx_mark(), size))
        self.total += size
        self.peak = max(self.peak, sum(size for _, size in self.live))
        return self.library.pdx_alloc(ctypes.c_int64(size))

    def release(self, mark: int) -> None:
        self.live = [(start, size) for start, size in self.live if start < mark]
        self.library.pdx_release(ctypes.c_int64(mark))


def run_compiled(made: Subject) -> Arena:
    """The arena after a call of the compiled program by one thread, since each has memory of its own while it works
    at a chunk; its module has been through the pipeline."""
    arena = Arena()
    lowered = pipeline.lower(made.module, made.entry)
    symbols = {**arena.symbols, "pdx_any_strides": 1}  # no address: arguments will be contiguous
    code = mlir.compile(lowered.text, symbols=symbols, opt_level=0, pipeline=UPSTREAM)
    call: Any = runtime.function(code.address, made.signature, pipeline.raiser(lowered.checks), (code, arena))
    before = runtime.get_threads()
    runtime.set_threads(1)
    try:
        call(*(np.ascontiguousarray(v) if isinstance(v, np.ndarray) else v for v in made.passed))
    finally:
        runtime.set_threads(before)
    return arena
