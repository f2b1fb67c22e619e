"""Cells as lanes see them: every lane at its own place, a fixed distance from its neighbour or anywhere.

    t[i, j], i spread over lanes     pointer + lane * distance       side by side: one vector;  far: one by one
    a table of one's own             the cells of all lanes side by side, at every index

Lanes that are off (lower_group.py) do not touch memory of outside.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydex.passes.lower import Lowering
from pydex.passes.lower_group import Group
from pydex.passes.lower_lane_moves import definition
from pydex.passes.lower_text import Idx, Val, known
from pydex.passes.lower_vectors import Spread, as_vector, element, select, splat, true, vector


@dataclass(frozen=True)
class Place:
    """Where the lanes of one access are: lane 0, how far apart they are (and offsets, if unevenly); whether the memory
    is the lanes' own; the type of a cell and what is known about aliases."""

    pointer: Val
    distance: Idx
    offsets: Val | None
    own: bool
    type: str
    aliases: str

    @property
    def is_single(self) -> bool:
        """Do all lanes find the same cell?"""
        return self.offsets is None and known(self.distance) == 0

    @property
    def is_near(self) -> bool:
        """Do the lanes lie side by side?"""
        return self.offsets is None and known(self.distance) == 1


def load(low: Lowering, place: Place, helpers: dict[str, str]) -> Val:
    """What the lanes read."""
    group, code = low.group, low.code
    assert group is not None
    type = vector(group.width, place.type)
    if place.is_near and (place.own or group.on is None):
        line = f"llvm.load {{}} {{{{{_alignment(place, 64)}, {place.aliases}}}}} : !llvm.ptr -> {type}"
        return code.let(type, line, place.pointer)
    if not place.is_near and group.branch is None:
        return _one_by_one(low, group, place, helpers, None)
    name, address, pointers = _addressed(low, group, place, "load", "gather")
    nothing, mask = code.constant("0" if place.type[0] == "i" else "0.0", type), _mask(low, group)
    line = f"llvm.intr.masked.{name} {{}}, {{}}, {{}} {{{{{_alignment(place, 32)}}}}}"
    return code.let(type, f"{line} : ({pointers}, {mask.type}, {type}) -> {type}", address, mask, nothing)


def store(low: Lowering, place: Place, value: Val, helpers: dict[str, str]) -> None:
    """Every lane that is on stores its value."""
    group, code = low.group, low.code
    assert group is not None
    value = splat(code, value, group.width)
    if place.is_near and (place.own or group.on is None):
        if place.own and group.branch is not None:
            value = select(code, group.branch, value, load(low, place, helpers))
        line = f"llvm.store {{}}, {{}} {{{{{_alignment(place, 64)}, {place.aliases}}}}} : {value.type}, !llvm.ptr"
        code.do(line, value, place.pointer)
        return
    if not place.is_near and group.branch is None:
        _one_by_one(low, group, place, helpers, value)
        return
    name, address, pointers = _addressed(low, group, place, "store", "scatter")
    mask = _mask(low, group)
    line = f"llvm.intr.masked.{name} {{}}, {{}}, {{}} {{{{{_alignment(place, 32)}}}}}"
    code.do(f"{line} : {value.type}, {mask.type} into {pointers}", value, address, mask)


def _one_by_one(low: Lowering, group: Group, place: Place, helpers: dict[str, str], value: Val | None) -> Val:
    """By a function of lower_lane_moves.py: reads, or writes the value."""
    code, put, even = low.code, value is not None, place.offsets is None
    suffix = place.aliases.split("#")[1].split(",")[0]
    name = f"pdx_{'put' if put else 'take'}{'_even' * even}_v{group.width}{place.type}_{suffix}"
    helpers[name] = definition(put, even, group.width, place.type, place.aliases, name)
    if place.offsets is None:
        where = [code.number(place.distance), code.number(group.last)]
    else:
        where = [as_vector(code, Spread(0, place.distance), group.width, place.offsets), _mask(low, group)]
    operands = [place.pointer, *where, *([] if value is None else [value])]
    types, names = ", ".join(o.type for o in operands), ", ".join(["{}"] * len(operands))
    if value is not None:
        code.do(f"func.call @{name}({names}) : ({types}) -> ()", *operands)
        return value
    type = vector(group.width, place.type)
    return code.let(type, f"func.call @{name}({names}) : ({types}) -> {type}", *operands)


def _mask(low: Lowering, group: Group) -> Val:
    return true(low.code, vector(group.width, "i1")) if group.on is None else group.on


def _alignment(place: Place, bits: int) -> str:
    return f"alignment = {max(1, int(element(place.type)[1:]) // 8)} : i{bits}"


def _addressed(low: Lowering, group: Group, place: Place, near: str, far: str) -> tuple[str, Val, str]:
    """How the access is called, the address or addresses, and their type."""
    if place.is_near:
        return near, place.pointer, place.pointer.type
    code, type = low.code, vector(group.width, "!llvm.ptr")
    offsets = as_vector(code, Spread(0, place.distance), group.width, place.offsets)
    line = f"llvm.getelementptr {{}}[{{}}] : (!llvm.ptr, {offsets.type}) -> {type}, {place.type}"
    return far, code.let(type, line, place.pointer, offsets), type
