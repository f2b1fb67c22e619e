"""The entry of in-process code: reads the frame of a call, and tells contiguous arguments from others.

The frame is described in pydex/runtime/signature.py: sizes, then parameters (a scalar; or pointer and strides), then
results (a scalar to write; or the pointer to a contiguous destination).
"""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects import func
from xdsl.ir import Attribute, SSAValue

from pydex.dialects import ix
from pydex.passes.lower import Lowering
from pydex.passes.lower_cells import POINTER, Cells, Memory
from pydex.passes.lower_text import Idx, Val, mul


class CallFrame:
    """Reads the frame slot by slot."""

    def __init__(self, memory: Memory, low: Lowering):
        self.memory = memory
        self.low = low
        self.slot = 0

    def _address(self) -> Val:
        self.slot += 1
        line = f"llvm.getelementptr inbounds %frame[{self.slot - 1}] : (!llvm.ptr) -> !llvm.ptr, i64"
        return self.low.code.let(POINTER, line)

    def next(self, type: str) -> Val:
        """The value of the next slot."""
        return self.low.code.let(type, f"llvm.load {{}} : !llvm.ptr -> {type}", self._address())

    def sizes(self, function: func.FuncOp) -> None:
        """Defines the size symbols."""
        first = function.body.block.first_op
        for symbol in first.symbols if isinstance(first, ix.SizesOp) else ():
            self.low.define(symbol.data, self.next("i64"))

    def parameters(self, function: func.FuncOp) -> Iterator[tuple[SSAValue, Val, list[Val]]]:
        """The parameters: a scalar and nothing, or a pointer and strides."""
        for arg in function.body.block.args:
            if isinstance(arg.type, ix.TableType):
                yield arg, self.next(POINTER), [self.next("i64") for _ in range(arg.type.rank)]
            else:
                yield arg, self.memory.load(self.low, Cells(self._address(), (), arg.type, None), []), []

    def result(self, type: Attribute) -> Cells:
        """The place of a result."""
        scope = self.memory.new_scope()
        if not isinstance(type, ix.TableType):
            return Cells(self._address(), (), type, scope)
        return Cells(self.next(POINTER), tuple(row_major(self.low, type)), type.element, scope, dense=True)


def row_major(low: Lowering, type: ix.TableType) -> list[Idx]:
    """The strides of a contiguous table."""
    strides: list[Idx] = [1]
    for size in reversed(ix.bounding_sizes(type)[1:]):
        strides.insert(0, mul(low.code, low.size(size), strides[0]))
    return strides


def unpack(memory: Memory, low: Lowering, function: func.FuncOp, rows: bool) -> list[Cells]:
    """Sizes and parameters become values and places; the places of the results."""
    frame = CallFrame(memory, low)
    frame.sizes(function)
    for arg, value, strides in frame.parameters(function):
        if isinstance(arg.type, ix.TableType):
            known = row_major(low, arg.type) if rows else strides
            low.places[arg] = Cells(value, tuple(known), arg.type.element, None, dense=rows)
        else:
            low.values[arg] = value
    return [frame.result(type) for type in function.function_type.outputs]


def dispatch(memory: Memory, low: Lowering, function: func.FuncOp) -> str:
    """The entry: calls the code for contiguous tables if all are, else asks for the code for any strides."""
    frame, code = CallFrame(memory, low), low.code
    frame.sizes(function)
    good = code.constant("true", "i1")
    for arg, _, strides in frame.parameters(function):
        if isinstance(arg.type, ix.TableType):
            for given, known, size in zip(strides, row_major(low, arg.type), ix.bounding_sizes(arg.type), strict=True):
                same = code.let("i1", "arith.cmpi eq, {}, {} : i64", given, known)
                single = code.let("i1", "arith.cmpi sle, {}, {} : i64", low.size(size), 1)
                either = code.let("i1", "arith.ori {}, {} : i1", same, single)
                good = code.let("i1", "arith.andi {}, {} : i1", good, either)
    code.do("scf.if {} {{", good)
    with low.frame():
        code.do(f"llvm.call @{memory.entry}.rows(%frame) : (!llvm.ptr) -> ()")
    code.do("}} else {{")
    with low.frame():
        other = code.let(POINTER, "llvm.call @pdx_any_strides() : () -> !llvm.ptr")
        code.do("llvm.call {}(%frame) : !llvm.ptr, (!llvm.ptr) -> ()", other)
    code.do("}}")
    return f"llvm.func @{memory.entry}(%frame: !llvm.ptr) {{\n{code.text()}\n  llvm.return\n}}\n"
