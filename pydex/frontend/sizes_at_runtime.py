"""Numbers that are known only at run time as sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.dialects import arith

from pydex.dialects import eff
from pydex.frontend import overloads, scalars
from pydex.frontend.frame import new_symbol
from pydex.frontend.values import NUMBERS, Value
from pydex.sizes import Size

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator


def open_size(el: Elaborator, value: Value, name: str = "size", negative_is_empty: bool = False) -> Size:
    """A run-time integer as a size symbol of this name; a negative one is refused, or counts as 0."""
    if not isinstance(value, NUMBERS) or scalars.is_float(scalars.dtype_of(value)):
        el.fail(f"a size is an integer, found {overloads.describe(value)}")
    form = scalars.form_of(value)
    if form is not None:
        return form
    number = scalars.to_index_number(el, value)
    zero = el.frame.constant(0)
    ok = el.emit(arith.CmpiOp(number, zero, "sge"))
    if negative_is_empty:
        number = el.emit(arith.SelectOp(ok, number, zero))
    else:
        el.emit(eff.CheckOp(ok, "ValueError", "an index set cannot have {0} elements", [number]))
    symbol = new_symbol(name)
    el.frame.add_opened(symbol, number)
    return Size.of(symbol)
