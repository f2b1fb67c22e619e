"""Tables as cells in memory, addressed by pointer and strides; what the text of in-process code says about memory.

Every access says which memory it cannot touch: memory that is written has an alias scope of its own (see aliases),
what parameters point to is never written. Freed memory is reused only after calls of the runtime, which LLVM does
not move accesses across, so scopes may overlap in time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from xdsl.ir import Attribute

from pydex.passes.lower import Frame, Lowering
from pydex.passes.lower_scalars import scalar_type
from pydex.passes.lower_text import Idx, Lines, Val, add, mul

POINTER = "!llvm.ptr"

#: Alias scopes in one module; beyond, scopes are shared, which only says less.
MAX_SCOPES = 64


@dataclass(frozen=True, eq=False)
class Cells:
    """A table in memory: its first cell, the distance of neighbours along each axis in elements, and the alias scope
    of the memory (None: nobody writes it)."""

    pointer: Val
    strides: tuple[Idx, ...]
    element: Attribute
    scope: int | None


@dataclass
class Memory:
    """The part of the in-process target that knows memory, and the functions of the module so far."""

    entry: str = "entry"
    index: str = "i64"
    scopes: int = 0
    functions: list[str] = field(default_factory=list)
    loop_hints: ClassVar[Mapping[str, str]] = {
        hint: f" {{{{loop_annotation = #{hint}}}}}" for hint in ("masks", "scalar")
    }

    def spell(self, type: Attribute) -> str:
        return scalar_type(type, self.index)

    def stored(self, element: Attribute) -> str:
        """The type of an element in memory: a bool is a byte."""
        type = self.spell(element)
        return "i8" if type == "i1" else type

    def new_scope(self) -> int:
        self.scopes += 1
        return (self.scopes - 1) % MAX_SCOPES

    def allocate(self, low: Lowering, extents: Sequence[Idx], element: Attribute, small: bool) -> Cells:
        strides: list[Idx] = [1]
        for extent in reversed(extents):
            strides.insert(0, mul(low.code, extent, strides[0]))
        type, code = self.stored(element), low.code
        if small:
            count = code.use(strides[0])
            pointer = code.fresh(POINTER)
            code.head.append(f"{pointer.name} = llvm.alloca {count} x {type} {{alignment = 64}} : (i64) -> !llvm.ptr")
        else:
            bytes_ = mul(code, strides[0], size_of(type))
            pointer = code.let(POINTER, "llvm.call @pdx_alloc({}) : (i64) -> !llvm.ptr", bytes_)
        return Cells(pointer, tuple(strides[1:]), element, self.new_scope())

    def beside(self, place: Cells, spare: Cells) -> Cells:
        """The spare as memory that trades places with `place`."""
        return replace(spare, scope=place.scope)

    def view(self, low: Lowering, place: Cells, indices: Sequence[Idx]) -> Cells:
        pointer = self._address(low, place, indices)
        return replace(place, pointer=pointer, strides=place.strides[len(indices) :])

    def _address(self, low: Lowering, place: Cells, indices: Sequence[Idx]) -> Val:
        offset: Idx = 0
        for i, stride in zip(indices, place.strides, strict=False):
            offset = add(low.code, offset, mul(low.code, i, stride))
        if offset == 0:
            return place.pointer
        type = self.stored(place.element)
        if isinstance(offset, int):
            line = f"llvm.getelementptr inbounds {{}}[{offset}] : (!llvm.ptr) -> !llvm.ptr, {type}"
            return low.code.let(POINTER, line, place.pointer)
        line = f"llvm.getelementptr inbounds {{}}[{{}}] : (!llvm.ptr, i64) -> !llvm.ptr, {type}"
        return low.code.let(POINTER, line, place.pointer, offset)

    def load(self, low: Lowering, place: Cells, indices: Sequence[Idx]) -> Val:
        address, type = self._address(low, place, indices), self.stored(place.element)
        line = f"llvm.load {{}}{self._aliases(place)} : !llvm.ptr -> {type}"
        value = low.code.let(type, line, address)
        if self.spell(place.element) == "i1":
            return low.code.let("i1", "arith.trunci {} : i8 to i1", value)
        return value

    def store(self, low: Lowering, place: Cells, indices: Sequence[Idx], value: Val) -> None:
        address, type = self._address(low, place, indices), self.stored(place.element)
        if value.type == "i1":
            value = low.code.let("i8", "arith.extui {} : i1 to i8", value)
        low.code.do(f"llvm.store {{}}, {{}}{self._aliases(place)} : {type}, !llvm.ptr", value, address)

    def _aliases(self, place: Cells) -> str:
        if place.scope is None:
            return " {{noalias_scopes = #written}}"
        return f" {{{{alias_scopes = #in{place.scope}, noalias_scopes = #not{place.scope}}}}}"

    def carried(self, low: Lowering, place: Cells) -> list[Val]:
        return [place.pointer, *(low.code.number(s) for s in place.strides)]

    def place_of(self, low: Lowering, like: Cells, values: Sequence[Val]) -> Cells:
        return replace(like, pointer=values[0], strides=tuple(values[1:]))

    def leave(self, low: Lowering, frame: Frame, start: Lines) -> None:
        """A loop's body that allocates gives it all back; the runtime does so for the function."""
        if frame.is_loop and frame.allocates:
            with low.code.at(start):
                mark = low.code.let("i64", "llvm.call @pdx_mark() : () -> i64")
            low.code.do("llvm.call @pdx_release({}) : (i64) -> ()", mark)

    def aliases(self) -> str:
        """The alias scopes, and for each the list of it alone and that of all others."""
        count = min(self.scopes, MAX_SCOPES)
        lines = ['#domain = #llvm.alias_scope_domain<id = distinct[0]<>, description = "tables">']
        for k in range(count):
            lines.append(f"#s{k} = #llvm.alias_scope<id = distinct[{k + 1}]<>, domain = #domain>")
        for k in range(count):
            others = ", ".join(f"#s{other}" for other in range(count) if other != k)
            lines += [f"#in{k} = [#s{k}]", f"#not{k} = [{others}]"]
        lines.append("#masks = #llvm.loop_annotation<vectorize = <predicateEnable = true>>")
        lines.append("#scalar = #llvm.loop_annotation<vectorize = <disable = true>>")
        lines.append(f"#written = [{', '.join(f'#s{k}' for k in range(count))}]")
        return "\n".join(lines)


def size_of(type: str) -> int:
    """The bytes of an element in memory."""
    return 2 if type == "bf16" else max(1, int(type[1:]) // 8)
