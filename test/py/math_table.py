"""Prints the tables of docs/math.md: `PYTHONPATH=.:test/py python test/py/math_table.py accuracy|speed`. Not a test."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from math_kernels import DTYPE, frame, kernel
from math_reference import every, reference, scattered, scattered_pairs, ulp_error, wide

from pydex.passes.vector_math import FUNCTIONS

SIZE = 16384
FAST = ("exp", "log", "sin", "cos", "tanh", "powf", "erf")


def points(op: str, element: str) -> tuple[np.ndarray, ...]:
    """The points of the dense tests; more where mpmath is slow."""
    if FUNCTIONS[op].arity == 2:
        return scattered_pairs(op, 60000, element)
    if element == "f32":
        return (every(1001),)
    return (scattered(op, 40000 if op in ("erf", "erfc") else 60000),)


def accuracy() -> None:
    """| function | bound f32 (measured) | bound f64 (measured) |"""
    for op, function in FUNCTIONS.items():
        cells = []
        for element in DTYPE:
            x = points(op, element)
            worst = ulp_error(kernel(op, element)(*x), reference(op, element, *x), element).max()
            cells.append(f"{getattr(function, f'ulp_{element}'):g} ({worst:.2f})")
        print(f"| {op} | {' | '.join(cells)} |", flush=True)


def speed() -> None:
    """| function | pydex f32 | NumPy f32 | libmvec f32 | the same for f64 |, in ns an element."""
    with tempfile.TemporaryDirectory() as directory:
        library = libmvec(Path(directory))
        for op in FAST:
            print(f"| {op} | {' | '.join(cell for e in DTYPE for cell in times(op, e, library))} |", flush=True)


def times(op: str, element: str, library: ctypes.CDLL | None) -> list[str]:
    rng = np.random.default_rng(0)
    inputs = [rng.uniform(0.1, 5, SIZE).astype(DTYPE[element]) for _ in range(FUNCTIONS[op].arity)]
    out = np.empty_like(inputs[0])
    compiled, arguments, theirs = kernel(op, element), frame(inputs, out), wide(op)
    runs: list[Callable[[], object]] = [lambda: compiled.run(arguments), lambda: theirs(*inputs, out=out)]
    if library is not None:
        loop = getattr(library, f"loop_{op}_{element}")
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in (*inputs, out)]
        runs.append(lambda: loop(ctypes.c_int64(SIZE), *pointers))
    best = [min(once(run) for _ in range(100)) for run in runs]
    return [f"{seconds / SIZE * 1e9:.2f}" for seconds in best] + ["–"] * (3 - len(best))


def once(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def libmvec(directory: Path) -> ctypes.CDLL | None:
    """C loops that gcc vectorises with glibc's libmvec; None without gcc."""
    lines = ["#include <math.h>", "#include <stdint.h>"]
    for op in FAST:
        for element, c_type, suffix in (("f32", "float", "f"), ("f64", "double", "")):
            names = ["x", "y"][: FUNCTIONS[op].arity]
            parameters = ", ".join(f"const {c_type} *restrict {n}" for n in names)
            call = f"{'pow' if op == 'powf' else op}{suffix}({', '.join(n + '[i]' for n in names)})"
            lines.append(f"void loop_{op}_{element}(int64_t n, {parameters}, {c_type} *restrict out)")
            lines.append(f"{{ for (int64_t i = 0; i < n; i++) out[i] = {call}; }}")
    source, shared = directory / "loops.c", directory / "loops.so"
    source.write_text("\n".join(lines))
    flags = "-O3 -march=native -mprefer-vector-width=512 -ffast-math -shared -fPIC".split()
    try:
        subprocess.run(["gcc", *flags, str(source), "-o", str(shared), "-lmvec", "-lm"], check=True)
    except FileNotFoundError:
        return None
    return ctypes.CDLL(str(shared))


if __name__ == "__main__":
    {"accuracy": accuracy, "speed": speed}[sys.argv[1]]()
