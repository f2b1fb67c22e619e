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

from pydex.dialects import ix
from pydex.passes import lower_lane_cells
from pydex.passes.lower import Frame, Lowering
from pydex.passes.lower_lane_cells import Place
from pydex.passes.lower_lane_turns import Side, Turn
from pydex.passes.lower_scalars import scalar_type
from pydex.passes.lower_text import Idx, Lines, Val, mul
from pydex.passes.lower_vectors import Index, Linear, element, linear, with_element

POINTER = "!llvm.ptr"

#: Alias scopes in one module; beyond, scopes are shared, which only says less.
MAX_SCOPES = 64


@dataclass(frozen=True, eq=False)
class Cells:
    """A table in memory: its first cell, the distance of neighbours along each axis in elements, and the alias scope
    of the memory (None: nobody writes it). alike: the memory that it trades places with has the same strides.

    dense: they lie side by side, the last axis innermost.
    In lanes: how far the cells of neighbouring lanes are apart, evenly (distance) or not (offsets); own: the memory
    is made for the lanes, each of which has a table of its own.
    """

    pointer: Val
    strides: tuple[Idx, ...]
    element: Attribute
    scope: int | None
    distance: Idx = 0
    offsets: Val | None = None
    own: bool = False
    alike: bool = False
    dense: bool = False


@dataclass
class Memory:
    """The part of the in-process target that knows memory, and the functions of the module so far."""

    entry: str = "entry"
    index: str = "i64"
    scopes: int = 0
    functions: list[str] = field(default_factory=list)
    helpers: dict[str, str] = field(default_factory=dict)
    near_forms: ClassVar[bool] = True
    loop_hints: ClassVar[Mapping[str, str]] = {
        hint: f" {{{{loop_annotation = #{hint}}}}}" for hint in ("masks", "scalar", "rare")
    }

    def spell(self, type: Attribute) -> str:
        return scalar_type(type, self.index)

    def stored(self, element: Attribute) -> str:
        """The type of an element in memory: a bool is a byte."""
        type = self.spell(element)
        return "i8" if type == "i1" else type

    def shares(self, op: ix.ForOp) -> bool:
        """Are iterations of the loop shared out among threads?"""
        return False

    def new_scope(self) -> int:
        self.scopes += 1
        return (self.scopes - 1) % MAX_SCOPES

    def allocate(self, low: Lowering, extents: Sequence[Idx], element: Attribute, small: bool) -> Cells:
        strides: list[Idx] = [max(1, low.lanes)]
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
        lanes = low.lanes > 0
        return Cells(pointer, tuple(strides[1:]), element, self.new_scope(), int(lanes), own=lanes, dense=not lanes)

    def beside(self, place: Cells, spare: Cells) -> tuple[Cells, Cells]:
        """Both as memory that trades places."""
        alike, dense = place.strides == spare.strides, place.dense and spare.dense
        return replace(place, alike=alike, dense=dense), replace(spare, scope=place.scope, alike=alike, dense=dense)

    def view(self, low: Lowering, place: Cells, indices: Sequence[Index]) -> Cells:
        at, left = self._locate(low, place, indices), place.strides[len(indices) :]
        dense = place.dense and (not indices or len(left) < 2)  # rows of a ragged table may have room between them
        return replace(place, pointer=at.pointer, strides=left, distance=at.distance, offsets=at.offsets, dense=dense)

    def rows_from(self, low: Lowering, place: Cells, axis: int, start: Idx) -> Cells:
        first = low.target.view(low, place, [*[0] * axis, start])  # pyright: ignore[reportArgumentType]
        return replace(place, pointer=first.pointer, dense=place.dense and axis == 0)

    def _locate(self, low: Lowering, place: Cells, indices: Sequence[Index]) -> Place:
        start, type = Linear(0, place.distance, place.offsets), self.stored(place.element)
        offset, distance, rest = linear(low.code, start, list(zip(place.strides, indices, strict=False)))
        pointer = self._moved(low, place.pointer, offset, type)
        return Place(pointer, distance, rest, place.own, type, self._aliases(place))

    def _moved(self, low: Lowering, pointer: Val, offset: Idx, type: str) -> Val:
        if offset == 0:
            return pointer
        if isinstance(offset, int):
            line = f"llvm.getelementptr inbounds {{}}[{offset}] : (!llvm.ptr) -> !llvm.ptr, {type}"
            return low.code.let(POINTER, line, pointer)
        line = f"llvm.getelementptr inbounds {{}}[{{}}] : (!llvm.ptr, i64) -> !llvm.ptr, {type}"
        return low.code.let(POINTER, line, pointer, offset)

    def load(self, low: Lowering, place: Cells, indices: Sequence[Index]) -> Val:
        at = self._locate(low, place, indices)
        if at.is_single:
            line = f"llvm.load {{}} {{{{{at.aliases}}}}} : !llvm.ptr -> {at.type}"
            value = low.code.let(at.type, line, at.pointer)
        else:
            value = lower_lane_cells.load(low, at, self.helpers)
        if self.spell(place.element) == "i1":
            truth = with_element(value.type, "i1")
            return low.code.let(truth, f"arith.trunci {{}} : {value.type} to {truth}", value)
        return value

    def store(self, low: Lowering, place: Cells, indices: Sequence[Index], value: Val) -> None:
        at = self._locate(low, place, indices)
        if element(value.type) == "i1":
            bytes_ = with_element(value.type, "i8")
            value = low.code.let(bytes_, f"arith.extui {{}} : {value.type} to {bytes_}", value)
        if not at.is_single:
            lower_lane_cells.store(low, at, value, self.helpers)
            return
        low.code.do(f"llvm.store {{}}, {{}} {{{{{at.aliases}}}}} : {at.type}, !llvm.ptr", value, at.pointer)

    def turned(self, low: Lowering, type: ix.TableType, source: Cells, target: Cells) -> bool:
        own, rows = (source, target) if source.own else (target, source)
        if rows.own or not own.own:
            return False
        turn = Turn(self._side(own), self._side(rows), source is own, self.stored(rows.element))
        sizes = [low.size(s) for s in type.sizes.data]
        return turn.run(low, sizes, self.helpers, lambda: low.copy_each(type, source, target))

    def _side(self, place: Cells) -> Side:
        return Side(place.pointer, place.strides, place.distance, place.offsets, self._aliases(place))

    def _aliases(self, place: Cells) -> str:
        if place.scope is None:
            return "noalias_scopes = #written"
        return f"alias_scopes = #in{place.scope}, noalias_scopes = #not{place.scope}"

    def carried(self, low: Lowering, place: Cells) -> list[Val]:
        return [place.pointer, *(low.code.number(s) for s in place.strides if not place.alike)]

    def place_of(self, low: Lowering, like: Cells, values: Sequence[Val]) -> Cells:
        return replace(like, pointer=values[0], strides=like.strides if like.alike else tuple(values[1:]))

    def fill(self, low: Lowering, type: Attribute, place: Cells, value: Val) -> bool:
        return False

    def copy(self, low: Lowering, type: Attribute, source: Cells, target: Cells) -> bool:
        return False

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
        lines.append("#rare = #llvm.loop_annotation<vectorize = <disable = true>, unroll = <disable = true>>")
        lines.append(f"#written = [{', '.join(f'#s{k}' for k in range(count))}]")
        return "\n".join(lines)


def size_of(type: str) -> int:
    """The bytes of an element in memory: a power of two."""
    return 2 if type == "bf16" else 1 << max(0, (int(type[1:]) // 8 - 1).bit_length())
