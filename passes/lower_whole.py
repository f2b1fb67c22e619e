"""Tables that are filled or copied as a whole: by the runtime, which shares out large ones among threads.

    for i in n: for j in m: t[i, j] = c   ==>  pdx_fill(t, bytes, bytes of a cell, c)
    for i in n: for j in m: t[i, j] = s[i, j]   ==>  pdx_copy(t, s, bytes)

Only where the cells lie side by side (those between the rows of a ragged table are written, too), outside of all loops,
and not where a table is known to be small: then LLVM's loops are part of what is around them.
"""

from __future__ import annotations

from xdsl.ir import Attribute

from pydex.dialects import ix
from pydex.passes.lower import Lowering
from pydex.passes.lower_cells import Cells, size_of
from pydex.passes.lower_monoids import is_float
from pydex.passes.lower_text import Idx, Val, mul

#: A table of fewer bytes is small.
SMALL_BYTES = 4096


def fill(low: Lowering, type: Attribute, place: Cells, value: Val, stored: str) -> bool:
    """Makes all cells the value; no, where cells are to be written one by one."""
    cell, bytes_ = size_of(stored), _bytes(low, type, stored)
    if bytes_ is None or not place.dense or cell > 8:
        return False
    arguments = place.pointer, bytes_, cell, _word(low, value, 8 * cell)
    low.code.do("llvm.call @pdx_fill({}, {}, {}, {}) : (!llvm.ptr, i64, i64, i64) -> ()", *arguments)
    return True


def copy(low: Lowering, type: Attribute, source: Cells, target: Cells, stored: str) -> bool:
    """Copies all cells; no, where they are to be copied one by one."""
    bytes_ = _bytes(low, type, stored)
    if bytes_ is None or not (source.dense and target.dense):
        return False
    arguments = target.pointer, source.pointer, bytes_
    low.code.do("llvm.call @pdx_copy({}, {}, {}) : (!llvm.ptr, !llvm.ptr, i64) -> ()", *arguments)
    return True


def _bytes(low: Lowering, type: Attribute, stored: str) -> Idx | None:
    """The bytes of a table that is worth a call, where code runs once."""
    if not isinstance(type, ix.TableType) or len(low.frames) > 1 or low.code.outer is not None:
        return None
    total: Idx = size_of(stored)
    for size in ix.bounding_sizes(type):
        total = mul(low.code, total, low.extent(size))
    return None if isinstance(total, int) and total < SMALL_BYTES else total


def _word(low: Lowering, value: Val, bits: int) -> Val:
    """What is in a cell, as an integer."""
    if is_float(value.type):
        value = low.code.let(f"i{bits}", f"arith.bitcast {{}} : {value.type} to i{bits}", value)
    if value.type == "i64":
        return value
    return low.code.let("i64", f"arith.extui {{}} : {value.type} to i64", value)
