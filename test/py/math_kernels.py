"""Compiles `for i: out[i] = op(x[i], …)` around a vector-math function and runs it on NumPy arrays."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch_mlir import execution_engine, ir, passmanager

from pydex.passes.vector_math import FUNCTIONS, module_functions, symbol

LOWERING = (
    "builtin.module(canonicalize,cse,convert-vector-to-scf,convert-scf-to-cf,convert-math-to-llvm,convert-vector-to-llvm,"
    "convert-func-to-llvm,convert-arith-to-llvm,convert-cf-to-llvm,convert-index-to-llvm,reconcile-unrealized-casts)"
)
DTYPE = {"f32": np.float32, "f64": np.float64}


@dataclass
class Kernel:
    """A compiled loop over arrays; `engine` keeps the code alive."""

    engine: Any
    packed: Callable[[ctypes.c_void_p], None]
    element: str

    def run(self, frame: ctypes.Array[ctypes.c_int64]) -> None:
        """Calls @entry. What `raw_lookup` finds takes an array of pointers to the arguments."""
        argument = ctypes.c_void_p(ctypes.addressof(frame))
        self.packed(ctypes.byref((ctypes.c_void_p * 1)(ctypes.addressof(argument))))

    def __call__(self, *arrays: np.ndarray) -> np.ndarray:
        dtype = DTYPE[self.element]
        arrays = tuple(np.ascontiguousarray(a, dtype) for a in arrays)
        out = np.empty(arrays[0].shape, dtype)
        self.run(frame(arrays, out))
        return out

    def dump(self, path: Path) -> None:
        """Writes the object file."""
        self.engine.dump_to_object_file(str(path))


def frame(arrays: tuple[np.ndarray, ...], out: np.ndarray) -> ctypes.Array[ctypes.c_int64]:
    """The argument of a kernel: n, the inputs' addresses, the output's."""
    slots = [out.size, *(a.ctypes.data for a in arrays), out.ctypes.data]
    return (ctypes.c_int64 * len(slots))(*slots)


def kernel(op: str, element: str) -> Kernel:
    """The loop that applies one function."""
    call = f"%r = func.call @{symbol(op, element)}({arguments(op)}) : ({types(op, element)}) -> {element}"
    return compiled(loop([call], FUNCTIONS[op].arity, element) + module_functions({(op, element)}), element)


def arguments(op: str) -> str:
    return ", ".join(f"%v{k}" for k in range(FUNCTIONS[op].arity))


def types(op: str, element: str) -> str:
    return ", ".join([element] * FUNCTIONS[op].arity)


def loop(body: list[str], inputs: int, element: str) -> str:
    """`for i: out[i] = %r`, the body computing %r from %v0, %v1, …"""
    pointers = [
        f"%g{k} = llvm.getelementptr %frame[{k + 1}] : (!llvm.ptr) -> !llvm.ptr, i64\n"
        f"  %p{k} = llvm.load %g{k} : !llvm.ptr -> !llvm.ptr"
        for k in range(inputs + 1)
    ]
    loads = [
        f"%a{k} = llvm.getelementptr %p{k}[%i] : (!llvm.ptr, i64) -> !llvm.ptr, {element}\n"
        f"    %v{k} = llvm.load %a{k} : !llvm.ptr -> {element}"
        for k in range(inputs)
    ]
    store = [
        f"%o = llvm.getelementptr %p{inputs}[%i] : (!llvm.ptr, i64) -> !llvm.ptr, {element}",
        f"llvm.store %r, %o : {element}, !llvm.ptr",
    ]
    setup = "\n  ".join(pointers)
    inner = "\n    ".join([*loads, *body, *store])
    return f"""llvm.func @entry(%frame: !llvm.ptr) {{
  %n = llvm.load %frame : !llvm.ptr -> i64
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  {setup}
  scf.for %i = %zero to %n step %one : i64 {{
    {inner}
  }}
  llvm.return
}}
"""


def compiled(text: str, element: str) -> Kernel:
    """A module in MLIR text whose @entry takes a frame."""
    with ir.Context(), ir.Location.unknown():
        module = ir.Module.parse(text)
        passmanager.PassManager.parse(LOWERING).run(module.operation)
        engine = execution_engine.ExecutionEngine(module, opt_level=3, enable_object_dump=True)
        address = engine.raw_lookup("entry")
    return Kernel(engine, ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address), element)
