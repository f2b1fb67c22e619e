"""Compiles `for i: out[i] = op(x[i], …)` around vector-math functions and runs it on NumPy arrays."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from pydex import mlir
from pydex.passes.vector_math import FUNCTIONS, SUFFIX, module_functions, symbol

DTYPE = {"f32": np.float32, "f64": np.float64}


@dataclass(frozen=True)
class Kernel:
    """A compiled loop over arrays."""

    code: mlir.JitCode
    inputs: int
    element: str

    def __call__(self, *arrays: np.ndarray) -> np.ndarray:
        assert len(arrays) == self.inputs
        inputs = [np.ascontiguousarray(a, DTYPE[self.element]) for a in arrays]
        out = np.empty(inputs[0].shape, DTYPE[self.element])
        self.run(frame(inputs, out))
        return out

    def run(self, arguments: ctypes.Array[ctypes.c_int64]) -> None:
        """One call of the entry."""
        ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self.code.address)(ctypes.addressof(arguments))


def frame(inputs: Sequence[np.ndarray], out: np.ndarray) -> ctypes.Array[ctypes.c_int64]:
    """The argument of a kernel: n, the inputs' addresses, the output's."""
    slots = [out.size, *(a.ctypes.data for a in inputs), out.ctypes.data]
    return (ctypes.c_int64 * len(slots))(*slots)


@cache
def kernel(op: str, element: str, scales: bool = False) -> Kernel:
    """The loop that applies one function, or its hurried form."""
    arity = FUNCTIONS[op.removesuffix(SUFFIX)].arity
    return compiled([call("r", op, element)], {(op, element)}, arity, element, scales)


def compiled(
    body: Sequence[str], needed: set[tuple[str, str]], inputs: int, element: str, scales: bool = False
) -> Kernel:
    """The loop whose body computes %r from %v0, %v1, … with the needed functions."""
    text = loop(body, inputs, element) + module_functions(needed, scales=scales)
    return Kernel(mlir.compile(text), inputs, element)


def call(result: str, op: str, element: str, arguments: Sequence[str] = ("%v0", "%v1")) -> str:
    """The line that calls one function."""
    arity = FUNCTIONS[op.removesuffix(SUFFIX)].arity
    types = ", ".join([element] * arity)
    return f"%{result} = func.call @{symbol(op, element)}({', '.join(arguments[:arity])}) : ({types}) -> {element}"


def loop(body: Sequence[str], inputs: int, element: str) -> str:
    """`for i: out[i] = %r`, the body computing %r from %v0, %v1, …; the frame is n, the inputs, the output."""
    setup = [line for k in range(inputs + 1) for line in pointer(k)]
    inner = [line for k in range(inputs) for line in load(k, element)]
    store = [
        f"%o = llvm.getelementptr %p{inputs}[%i] : (!llvm.ptr, i64) -> !llvm.ptr, {element}",
        f"llvm.store %r, %o : {element}, !llvm.ptr",
    ]
    newline = "\n"
    return f"""llvm.func @entry(%frame: !llvm.ptr) {{
  %n = llvm.load %frame : !llvm.ptr -> i64
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  {newline.join(setup)}
  scf.for %i = %zero to %n step %one : i64 {{
    {newline.join([*inner, *body, *store])}
  }}
  llvm.return
}}
"""


def pointer(k: int) -> list[str]:
    return [
        f"%g{k} = llvm.getelementptr %frame[{k + 1}] : (!llvm.ptr) -> !llvm.ptr, i64",
        f"%p{k} = llvm.load %g{k} : !llvm.ptr -> !llvm.ptr",
    ]


def load(k: int, element: str) -> list[str]:
    return [
        f"%a{k} = llvm.getelementptr %p{k}[%i] : (!llvm.ptr, i64) -> !llvm.ptr, {element}",
        f"%v{k} = llvm.load %a{k} : !llvm.ptr -> {element}",
    ]
