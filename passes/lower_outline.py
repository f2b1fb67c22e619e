"""A part of a function as a function of its own, which the runtime calls once for each chunk, on any thread.

… %chunk … %x …
==>  llvm.func @entry.1(%env, %chunk) { %x = env[0] … };   env[0] = %x;  pdx_parallel(@entry.1, env, chunks, …)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydex.passes.lower import Frame, Lowering
from pydex.passes.lower_cells import POINTER, Memory
from pydex.passes.lower_text import Code, Idx, Val

#: At most so many chunks of a loop.
MAX_CHUNKS = 64


def outline(cpu: Memory, low: Lowering, body: Callable[[Val], None]) -> tuple[str, list[Val]]:
    """Writes a function whose text is what `body` writes for a chunk; its name, and the values of here it needs."""
    name = f"{cpu.entry}.{len(cpu.functions) + 1}"
    cpu.functions.append("")  # keeps the name
    position = len(cpu.functions) - 1
    outer, low.code = low.code, Code(cpu.index, outer=low.code)
    low.frames.append(Frame())
    body(Val("%chunk", "i64", low.code))
    low.frames.pop()
    inner, low.code = low.code, outer
    captured = list(inner.captured)
    type = slot_type([v.type for v in captured])
    loads = [line for k, v in enumerate(captured) for line in _load_slot(inner.captured[v], k, type)]
    text = "\n".join([*loads, inner.text()])
    cpu.functions[position] = f"llvm.func @{name}(%env: !llvm.ptr, %chunk: i64) {{\n{text}\n  llvm.return\n}}\n"
    return name, captured


def environment(code: Code, captured: Sequence[Val]) -> Val:
    """Memory that holds the values."""
    type = slot_type([v.type for v in captured])
    count = code.use(max(1, len(captured)))
    env = code.fresh(POINTER)
    code.head.append(f"{env.name} = llvm.alloca {count} x {type} {{alignment = 64}} : (i64) -> !llvm.ptr")
    for k, value in enumerate(captured):
        slot = code.let(POINTER, f"llvm.getelementptr inbounds {{}}[{k}] : (!llvm.ptr) -> !llvm.ptr, {type}", env)
        code.do(f"llvm.store {{}}, {{}} : {value.type}, !llvm.ptr", value, slot)
    return env


def run_chunks(code: Code, name: str, env: Val, count: Idx, nanoseconds: Idx) -> None:
    """Runs the function for each chunk. nanoseconds: that one thread needs at least."""
    address = code.let(POINTER, f"llvm.mlir.addressof @{name} : !llvm.ptr")
    signature = "(!llvm.ptr, !llvm.ptr, i64, i64) -> ()"
    code.do(f"llvm.call @pdx_parallel({{}}, {{}}, {{}}, {{}}) : {signature}", address, env, count, nanoseconds)


def slot_type(types: Sequence[str]) -> str:
    """What has room for a value of each of these types: eight bytes, but for long integers."""
    return max([t for t in types if t.startswith("i") and t != "index"] + ["i64"], key=lambda t: int(t[1:]))


def _load_slot(value: Val, k: int, type: str) -> list[str]:
    at = f"%env{k}"
    return [
        f"  {at} = llvm.getelementptr inbounds %env[{k}] : (!llvm.ptr) -> !llvm.ptr, {type}",
        f"  {value.name} = llvm.load {at} : !llvm.ptr -> {value.type}",
    ]
