"""Integers as indices: `n.at(e)` checked, `n.clamp(e)`, `n.wrap(e)` total, `x.get(e, default)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from xdsl.dialects import arith
from xdsl.ir import SSAValue

from pydex.dialects import eff, ix
from pydex.frontend import elementwise, overloads, scalars
from pydex.frontend.branches import choose
from pydex.frontend.kinds import factors_of, root, size_of
from pydex.frontend.prove import refute_in_range, require
from pydex.frontend.structure import index_value
from pydex.frontend.values import NUMBERS, Int, Literal, Scalar, Table, Tuple, Value
from pydex.sets import Fin, IndexSet, Slice
from pydex.sizes import Size
from pydex.types import bool_, u64

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator


def _number(el: Elaborator, index_set: IndexSet, value: Value) -> SSAValue:
    if not isinstance(value, NUMBERS) or scalars.is_float(scalars.dtype_of(value)):
        el.fail(f"an ordinal of {index_set!r} is an integer, found {overloads.describe(value)}",
                help="convert it: i64(…)")  # fmt: skip
    return scalars.to_index_number(el, value)


def _is_u64(value: Value) -> bool:
    """May it be greater than any number of type index, which has a sign?"""
    return isinstance(value, NUMBERS) and scalars.form_of(value) is None and scalars.dtype_of(value) == u64


def _range(el: Elaborator, index_set: IndexSet) -> tuple[Size, Size]:
    if isinstance(index_set, Slice):
        if index_set.step != 1:
            el.fail(f"indices of {index_set!r}, which has gaps", kind=NotImplementedError)
        return index_set.lo, index_set.hi
    if factors_of(index_set) is not None:
        el.fail(f"{index_set!r} is a product of sets", kind=NotImplementedError, help="convert each part by itself")
    return Size.of(0), size_of(index_set)


def at(el: Elaborator, index_set: IndexSet, value: Value) -> Value:
    """The index with this ordinal, checked: IndexError if there is none."""
    form = scalars.form_of(value)
    if form is not None and not isinstance(index_set, Slice) and factors_of(index_set) is None:
        if refute_in_range(el.frame, form, size_of(index_set)) is None:
            return Int(form, index_set)
    lo, hi = _range(el, index_set)
    number = _number(el, index_set, value)
    if _is_u64(value):
        small = el.emit(arith.CmpiOp(number, el.frame.number(Size.of(0)), "sge"))
        el.emit(eff.CheckOp(small, "IndexError", f"an integer of 2**63 or more is not an index of {index_set!r}", []))
    above = el.emit(arith.CmpiOp(number, el.frame.number(lo), "sge"))
    below = el.emit(arith.CmpiOp(number, el.frame.number(hi), "slt"))
    ok = el.emit(arith.AndIOp(above, below))
    size = el.frame.number(size_of(index_set))
    el.emit(eff.CheckOp(ok, "IndexError", f"{{0}} is not an index of {index_set!r}, whose size is {{1}}",
                        [number, size]))  # fmt: skip
    return _proved(el, index_set, number)


def _proved(el: Elaborator, index_set: IndexSet, number: SSAValue) -> Int:
    size = size_of(root(index_set))
    return index_value(el, el.emit(ix.IndexOp([number], [1], 0, el.frame.attr(size))), index_set)


def _require_element(el: Elaborator, how: str, index_set: IndexSet) -> None:
    require(el, size_of(index_set), 1, f"{how} needs an index of {index_set!r}, which must not be empty")


def clamp(el: Elaborator, index_set: IndexSet, value: Value) -> Value:
    """The index nearest to this ordinal."""
    _require_element(el, "clamp", index_set)
    lo, hi = _range(el, index_set)
    if _is_u64(value):
        value = elementwise.extremum(el, "min", value, Literal(2**63 - 1))  # type: ignore[arg-type]
    number = _number(el, index_set, value)
    raised = el.emit(arith.MaxSIOp(number, el.frame.number(lo)))
    return _proved(el, index_set, el.emit(arith.MinSIOp(raised, el.frame.number(hi - 1))))


def wrap(el: Elaborator, index_set: IndexSet, value: Value) -> Value:
    """The index at this position modulo the size."""
    _require_element(el, "wrap", index_set)
    lo, _ = _range(el, index_set)
    number, size = _number(el, index_set, value), el.frame.number(size_of(index_set))
    if _is_u64(value):
        rest = el.emit(arith.RemUIOp(number, size))
    else:
        quotient = el.emit(arith.FloorDivSIOp(number, size))
        rest = el.emit(arith.SubiOp(number, el.emit(arith.MuliOp(quotient, size))))
    if lo != Size.of(0):
        rest = el.emit(arith.AddiOp(rest, el.frame.number(lo)))
    return _proved(el, index_set, rest)


CONVERSIONS: dict[str, Callable[[Elaborator, IndexSet, Value], Value]] = {"at": at, "clamp": clamp, "wrap": wrap}


def get(el: Elaborator, table: Table, *args: Value) -> Value:
    """`x.get(i, j, default)`: the element, or the default where an index is out of range."""
    from pydex.frontend.iteration import item

    *keys, default = args
    if len(keys) == 1 and isinstance(keys[0], Tuple):
        keys = list(keys[0].items)
    if not keys or len(keys) > len(table.axes):
        el.fail(f"x.get takes up to {len(table.axes)} indices and a default")
    holds, numbers = None, []
    for key, axis in zip(keys, table.axes, strict=False):
        number = _number(el, axis, key)
        inside = el.emit(arith.CmpiOp(number, el.frame.number(size_of(axis)), "ult"))
        holds = inside if holds is None else el.emit(arith.AndIOp(holds, inside))
        numbers.append(number)
    assert holds is not None

    def element() -> Value:
        value: Value = table
        for number in numbers:
            assert isinstance(value, Table)
            axis = value.axes[0]
            value = item(el, value, _proved(el, axis if not isinstance(axis, Slice) else Fin(size_of(axis)), number))
        return value

    return choose(el, Scalar(holds, bool_), element, lambda: default)
