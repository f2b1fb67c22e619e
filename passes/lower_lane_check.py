"""Checks that differ from lane to lane: the first lane that fails is the iteration that raises."""

from __future__ import annotations

from collections.abc import Sequence

from pydex.passes.lower import Lowering
from pydex.passes.lower_text import Idx, Val
from pydex.passes.lower_vectors import both, in_any_lane, lanes_of


def first_failure(low: Lowering, wrong: Val, numbers: Sequence[Idx]) -> tuple[Val, list[Idx]]:
    """Does a lane fail that is on, and the numbers of the first one."""
    assert low.group is not None
    code, index = low.code, low.code.index
    failed = both(code, wrong, low.group.on)
    assert failed is not None
    bits = f"i{lanes_of(failed.type)}"
    mask = code.let(bits, f"llvm.bitcast {{}} : {failed.type} to {bits}", failed)
    count = code.let(bits, f"math.cttz {{}} : {bits}", mask)
    lane = count if bits == index else code.let(index, f"arith.extui {{}} : {bits} to {index}", count)
    last = code.let(index, f"arith.minui {{}}, {{}} : {index}", lane, low.lanes - 1)
    return in_any_lane(code, failed), [_of_lane(low, n, last) for n in numbers]


def _of_lane(low: Lowering, number: Idx, lane: Val) -> Idx:
    if not isinstance(number, Val) or not lanes_of(number.type):
        return number
    return low.code.let(low.code.index, f"llvm.extractelement {{}}[{{}} : i64] : {number.type}", number, lane)
