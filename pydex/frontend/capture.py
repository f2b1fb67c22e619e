"""Values of an enclosing frame as values of the frame that is being built: their SSA values become its arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.ir import SSAValue

from pydex.frontend.frame import Frame
from pydex.frontend.kinds import Leaf
from pydex.frontend.kinds import leaves as leaves_of
from pydex.frontend.structure import leaf_type
from pydex.frontend.values import Record, Scalar, Struct, Table, Tuple, Value

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator


def import_value(el: Elaborator, value: Value, owner: Frame) -> Value:
    """A value of the frame `owner` inside this frame; sizes and indices are imported when they are used."""
    match value:
        case Scalar(ssa, dtype):
            return Scalar(_capture_leaf(el, ssa, Leaf((), dtype), owner), dtype)
        case Table(leaves, type):
            captured = [_capture_leaf(el, ssa, leaf, owner) for ssa, leaf in zip(leaves, leaves_of(type), strict=True)]
            return Table(tuple(captured), type, value.store)
        case Tuple(items):
            return Tuple(tuple(import_value(el, item, owner) for item in items))
        case Record(fields):
            return Record({name: import_value(el, field, owner) for name, field in fields.items()})
        case Struct(cls, fields):
            return Struct(cls, {name: import_value(el, field, owner) for name, field in fields.items()})
    return value


def _capture_leaf(el: Elaborator, ssa: SSAValue, leaf: Leaf, owner: Frame) -> SSAValue:
    return el.frame.capture(ssa, leaf_type(el.frame, leaf), owner)
