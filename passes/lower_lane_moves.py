"""Cells of the lanes that do not lie side by side: read and written one by one, by functions that LLVM inlines.

    @pdx_take_even_v8f64(%p, %distance, %last) -> vector<8xf64>     lane k reads at p + k * distance, for k <= last
    @pdx_put_v8f64(%p, %offsets, %on, %v)                          lane k writes v[k] at p + offsets[k], where on[k]

Three times as fast as the machine's gathers and scatters (4 and 14 ns for eight f64 of neighbouring rows, on a Xeon
with AVX-512). Lanes that are off go where lane 0 goes, which is on whenever this form is used; it is written last.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from pydex.passes.vector_math import INLINE


@cache
def definition(put: bool, even: bool, lanes: int, type: str, aliases: str, name: str) -> str:
    """The text of one function."""
    whole, truths = f"vector<{lanes}x{type}>", f"vector<{lanes}xi1>"
    where = "%distance: i64, %last: i64" if even else f"%offsets: vector<{lanes}xi64>, %on: {truths}"
    value, arrow = (f", %v0: {whole}", "") if put else ("", f" -> {whole}")
    lines = [f"func.func private @{name}(%p: !llvm.ptr, {where}{value}){arrow} attributes {{{INLINE}}} {{"]
    lines += ["  %zero = arith.constant 0 : i64"]
    lines += [] if put else [f"  %v{lanes} = llvm.mlir.poison : {whole}"]
    for k in reversed(range(lanes)):
        lines += [f"  {line}" for line in [*_offset(even, k, lanes), *_access(put, k, whole, type, aliases)]]
    lines += ["  return" if put else f"  return %v0 : {whole}", "}", ""]
    return "\n".join(lines)


def _offset(even: bool, k: int, lanes: int) -> Sequence[str]:
    """How far from the pointer lane k is."""
    constant = f"%k{k} = arith.constant {k} : i64"
    if even:
        return (
            constant,
            f"%far{k} = arith.muli %k{k}, %distance : i64",
            f"%on{k} = arith.cmpi sle, %k{k}, %last : i64",
            f"%o{k} = arith.select %on{k}, %far{k}, %zero : i64",
        )
    return (
        constant,
        f"%far{k} = llvm.extractelement %offsets[%k{k} : i64] : vector<{lanes}xi64>",
        f"%first{k} = llvm.extractelement %offsets[%zero : i64] : vector<{lanes}xi64>",
        f"%on{k} = llvm.extractelement %on[%k{k} : i64] : vector<{lanes}xi1>",
        f"%o{k} = arith.select %on{k}, %far{k}, %first{k} : i64",
    )


def _access(put: bool, k: int, whole: str, type: str, aliases: str) -> Sequence[str]:
    at = f"%at{k} = llvm.getelementptr inbounds %p[%o{k}] : (!llvm.ptr, i64) -> !llvm.ptr, {type}"
    if put:
        return (
            at,
            f"%x{k} = llvm.extractelement %v0[%k{k} : i64] : {whole}",
            f"llvm.store %x{k}, %at{k} {{{aliases}}} : {type}, !llvm.ptr",
        )
    return (
        at,
        f"%x{k} = llvm.load %at{k} {{{aliases}}} : !llvm.ptr -> {type}",
        f"%v{k} = llvm.insertelement %x{k}, %v{k + 1}[%k{k} : i64] : {whole}",
    )
