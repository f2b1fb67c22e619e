"""Calls that do not keep a loop from being vectorised: sin, cos, tan of arguments beyond the reduction.

A branch in a loop body stops LLVM's vectoriser, and exact reduction of every lane would cost three times the function.
So the body calls `@pdx_sin_far_f64`, which returns at once while |x| is within the limit and else calls the C library's
sin. Its attribute `vector-function-abi-variant` names the same function on 2, 4, 8 lanes, with one test for all
lanes, and the vectoriser calls that: one call and one branch per vector. Vector code calls those variants itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pydex.passes.vector_math.format import Format
from pydex.passes.vector_math.trace import Value

# n stays small enough that the nearest multiple of pi/2 is found although x * 2/pi is rounded.
FAR_LIMIT = {"f32": 2.0**16, "f64": 2.0**40}
LANES = {"f32": (4, 8, 16), "f64": (2, 4, 8)}


def far(op: str, x: Value) -> Value:
    """op(x) where |x| > FAR_LIMIT, anything elsewhere."""
    x.trace.calls.add((op, x.format))
    kind = x.format.type("f")
    return x.trace.emit(f"llvm.call @{name(op, x.format)}({x.name}) : ({kind}) -> {kind}", "f", x.format)


def name(op: str, fmt: Format) -> str:
    return f"pdx_{op}_far_{fmt.suffix}"


def definitions(op: str, fmt: Format, with_variants: bool) -> dict[str, str]:
    """The function for this format and, for a scalar if asked, its vector variants: text by symbol."""
    if fmt.lanes:
        return {name(op, fmt): vector_definition(op, fmt)}
    if not with_variants:
        return {name(op, fmt): scalar_definition(op, fmt, "no_inline")}
    variants = [replace(fmt, lanes=lanes) for lanes in LANES[fmt.element]]
    mapping = ",".join(f"_ZGV_LLVM_N{v.lanes}v_{name(op, fmt)}({name(op, v)})" for v in variants)
    attributes = f'no_inline, passthrough = [["vector-function-abi-variant", "{mapping}"]]'
    scalar = scalar_definition(op, fmt, attributes)
    return {name(op, fmt): scalar} | {name(op, v): vector_definition(op, v) for v in variants}


def scalar_definition(op: str, fmt: Format, attributes: str) -> str:
    return definition(op, fmt, attributes, "arith.andi %distant, %distant : i1")


def vector_definition(op: str, fmt: Format) -> str:
    return definition(op, fmt, "no_inline", f"vector.reduction <or>, %distant : {fmt.type('b')} into i1")


def definition(op: str, fmt: Format, attributes: str, any_distant: str) -> str:
    kind = fmt.type("f")
    limit = f"{FAR_LIMIT[fmt.element]:.17e}"
    constant = f"dense<{limit}>" if fmt.lanes else limit
    return f"""llvm.func internal @{name(op, fmt)}(%x: {kind}) -> {kind} attributes {{{attributes}}} {{
  %limit = arith.constant {constant} : {kind}
  %size = math.absf %x : {kind}
  %distant = arith.cmpf ogt, %size, %limit : {kind}
  %any = {any_distant}
  %result = scf.if %any -> ({kind}) {{
    %exact = math.{op} %x : {kind}
    scf.yield %exact : {kind}
  }} else {{
    scf.yield %x : {kind}
  }}
  llvm.return %result : {kind}
}}
"""


def keep_alive(symbols: Iterable[str]) -> str:
    """A global that keeps vector variants until the vectoriser runs: nothing but an attribute refers to them before."""
    names = list(symbols)
    array = f"!llvm.array<{len(names)} x ptr>"
    lines = [f'llvm.mlir.global appending @llvm.compiler.used() {{section = "llvm.metadata"}} : {array} {{']
    lines.append(f"  %0 = llvm.mlir.poison : {array}")
    for k, symbol in enumerate(names):
        lines.append(f"  %p{k} = llvm.mlir.addressof @{symbol} : !llvm.ptr")
        lines.append(f"  %{k + 1} = llvm.insertvalue %p{k}, %{k}[{k}] : {array}")
    return "\n".join([*lines, f"  llvm.return %{len(names)} : {array}", "}", ""])
