"""Arguments of sin, cos, tan beyond the reduction: a call out of line that does not keep a loop from being vectorised.

A branch in a loop body stops LLVM's vectoriser, and exact reduction of every lane would cost three times the function.
So the body calls `@pdx_sin_far_f64`, which returns at once while |x| is within the limit and else calls the C library's
sin. Its attribute `vector-function-abi-variant` names the same function on 2, 4, 8, 16 lanes (one test for all lanes),
which the vectoriser then calls: one call and one branch per vector. Vector code calls those variants by itself.
"""

from __future__ import annotations

from pydex.passes.vector_math.trace import Format, Value

# n stays small enough that the nearest multiple of pi/2 is found in spite of rounding x * 2/pi.
FAR_LIMIT = {"f32": 2.0**16, "f64": 2.0**40}
LANES = {"f32": (2, 4, 8, 16, 32), "f64": (2, 4, 8, 16)}
PURE = (
    "llvm.no_inline, llvm.no_unwind, llvm.will_return, llvm.memory_effects = #llvm.memory_effects<other = none, "
    "argMem = none, inaccessibleMem = none, errnoMem = none, targetMem0 = none, targetMem1 = none>"
)
INTERNAL = "llvm.linkage = #llvm.linkage<internal>"


def far(op: str, x: Value) -> Value:
    """op(x) where |x| > FAR_LIMIT, anything elsewhere."""
    fmt = x.format
    x.trace.needs.add((op, fmt))
    kind = fmt.type("f")
    return x.trace.emit(f"func.call @{name(op, fmt)}({x.name}) : ({kind}) -> {kind}", "f")


def name(op: str, fmt: Format) -> str:
    return f"pdx_{op}_far_{fmt.suffix}"


def definitions(op: str, fmt: Format) -> dict[str, str]:
    """The function for this format and, for a scalar, its vector variants: text by symbol."""
    if fmt.lanes:
        return {name(op, fmt): vector_definition(op, fmt)}
    variants = [Format(fmt.element, fmt.mantissa, fmt.bias, lanes) for lanes in LANES[fmt.element]]
    mapping = ",".join(f"_ZGV_LLVM_N{v.lanes}v_{name(op, fmt)}({name(op, v)})" for v in variants)
    attributes = f'{PURE}, {INTERNAL}, llvm.passthrough = [["vector-function-abi-variant", "{mapping}"]]'
    same = "  %any = arith.andi %distant, %distant : i1"
    scalar = definition(op, fmt, f"func.func private @{name(op, fmt)}", attributes, same)
    return {name(op, fmt): scalar} | {name(op, v): vector_definition(op, v) for v in variants}


def vector_definition(op: str, fmt: Format) -> str:
    """The variant on lanes. Not private: nothing but an attribute refers to it before the loops are vectorised."""
    any_lane = f"  %any = vector.reduction <or>, %distant : {fmt.type('b')} into i1"
    return definition(op, fmt, f"func.func @{name(op, fmt)}", PURE, any_lane)


def definition(op: str, fmt: Format, head: str, attributes: str, any_lane: str) -> str:
    kind = fmt.type("f")
    limit = f"{FAR_LIMIT[fmt.element]:.17e}"
    constant = f"dense<{limit}>" if fmt.lanes else limit
    return f"""{head}(%x: {kind}) -> {kind} attributes {{{attributes}}} {{
  %limit = arith.constant {constant} : {kind}
  %size = math.absf %x : {kind}
  %distant = arith.cmpf ogt, %size, %limit : {kind}
{any_lane}
  %result = scf.if %any -> ({kind}) {{
    %exact = math.{op} %x : {kind}
    scf.yield %exact : {kind}
  }} else {{
    scf.yield %x : {kind}
  }}
  return %result : {kind}
}}
"""
