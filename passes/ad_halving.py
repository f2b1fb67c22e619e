"""The states at the starts of segments, made again where they are needed, in as many slots as there are levels.

Going back through m segments, m ≤ 2^k, segment t is reached with a state in each slot l = 0 … k: that at the start of
segment t with its last l bits cleared. So slot k has the start of all, slot 0 that of segment t itself.
From t + 1 to t the slots above the lowest set bit of t + 1 stay; those below are filled from above,

    slot l  =  slot l + 1, run on through the 2^l segments between them if bit l of t is set

The last segment fills all. A segment is run through at most once for each level whose bit its number lacks: ½ log2 m
times in the mean, k times at most. Deterministic halving needs a constant factor more than the binomial
schedule (Griewank & Walther, ACM Trans. Math. Softw. 26 (2000), doi:10.1145/347837.347846), and no table of binomials.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith, math
from xdsl.dialects.builtin import IndexType, IntegerAttr, i64
from xdsl.ir import SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr
from pydex.passes.symbols import fresh

from .ad_emit import Emitter
from .ad_reverse import Level
from .ad_segments import Segments
from .ad_vjp_state import Backwards


def through_slots(segments: Segments, level: Level, back: Backwards) -> Sequence[SSAValue]:
    """Back through all segments: the cotangents of what is carried where the first starts."""
    first = segments.advance(level.rerun(), segments.initial(level), segments.rest, segments.in_rest)
    slots = [_everywhere(level.emit, segments.length + 1, state) for state in first]
    loop = eff.LoopOp(segments.count, [*back.last, *slots], (), True)
    inner = level.within(level.emit.into(loop.body.block), {})
    cotangents, slots = loop.carried[: len(back.last)], loop.carried[len(back.last) :]
    filled = _fill(segments, inner.rerun(), loop.index, slots)
    lowest = [inner.emit.at(t, [_level(inner.emit, [], 0, segments)]) for t in filled]
    before = segments.back(inner, back, lowest, segments.length, segments.from_segment(loop.index), cotangents)
    results = level.emit.finish_loop(loop, [*before, *filled]).results_
    return results[: len(back.last)]


def _everywhere(emit: Emitter, size: SizeAttr, value: SSAValue) -> SSAValue:
    """A table with this value, or sub-table, at each index."""
    loop = ix.ForOp(size, [], [])
    return emit.finish_for(loop, ["tab"], [value]).results_[0]


def _fill(segments: Segments, level: Level, segment: SSAValue, slots: Sequence[SSAValue]) -> Sequence[SSAValue]:
    """The slots below the one whose state is still right, for this segment."""
    emit = level.emit
    number = _ordinal(emit, segment)
    stale = fresh("stale")
    emit.insert(ix.OpenOp(_index(emit, _stale(segments, emit, number)), stale, "slots", [segments.length]))
    loop = eff.LoopOp(SizeAttr.of(stale), slots, (), True)
    inner = level.within(emit.into(loop.body.block), {})
    filled = _fill_one(segments, inner, number, loop)
    return emit.finish_loop(loop, filled).results_


def _stale(segments: Segments, emit: Emitter, number: SSAValue) -> SSAValue:
    """How many slots are to be filled: 1 + the trailing zeros of the number of the segment before; at first all."""
    one = _constant(emit, 1)
    before = emit.insert(arith.AddiOp(number, one)).result
    count, levels = (_number(emit, size) for size in (segments.count, segments.length))
    none = emit.insert(arith.CmpiOp(before, count, "eq")).result
    top = emit.insert(arith.ShLIOp(one, emit.insert(arith.SubiOp(levels, one)).result)).result
    zeros = emit.insert(math.CountTrailingZerosOp(emit.select(none, top, before))).result
    return emit.insert(arith.AddiOp(zeros, one)).result


def _fill_one(segments: Segments, level: Level, number: SSAValue, loop: eff.LoopOp) -> list[SSAValue]:
    """slot l = slot l + 1, run on through 2^l segments if bit l of the number is set."""
    emit = level.emit
    at = _ordinal(emit, loop.index)
    bit = emit.insert(arith.ShLIOp(_constant(emit, 1), at)).result
    missing = emit.insert(arith.AndIOp(number, bit)).result
    above = emit.insert(arith.AddiOp(at, _constant(emit, 1))).result
    start = emit.insert(arith.ShLIOp(emit.insert(arith.ShRUIOp(number, above)).result, above)).result
    steps = fresh("steps")
    length = _number(emit, segments.length)
    missing = _index(emit, emit.insert(arith.MuliOp(missing, length)).result)
    emit.insert(ix.OpenOp(missing, steps, "again", [segments.steps.size]))
    known = [emit.at(t, [_level(emit, [loop.index], 1, segments)]) for t in loop.carried]
    made = segments.advance(level, known, SizeAttr.of(steps), segments.from_segment(_index(emit, start)))
    here = _level(emit, [loop.index], 0, segments)
    return [emit.update(t, [here], state) for t, state in zip(loop.carried, made, strict=True)]


def _level(emit: Emitter, operands: Sequence[SSAValue], offset: int, segments: Segments) -> SSAValue:
    """The index of a slot."""
    return emit.insert(ix.IndexOp(operands, [1] * len(operands), offset, segments.length + 1)).result


def _constant(emit: Emitter, value: int) -> SSAValue:
    return emit.insert(arith.ConstantOp(IntegerAttr(value, i64))).result


def _number(emit: Emitter, size: SizeAttr) -> SSAValue:
    return emit.insert(arith.IndexCastOp(emit.insert(ix.SizeOp(size)).result, i64)).result


def _ordinal(emit: Emitter, index: SSAValue) -> SSAValue:
    return emit.insert(arith.IndexCastOp(emit.insert(ix.OrdOp(index)).result, i64)).result


def _index(emit: Emitter, number: SSAValue) -> SSAValue:
    return emit.insert(arith.IndexCastOp(number, IndexType())).result
