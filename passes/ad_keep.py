"""ad-keep: the loops of a call with a policy say how many of their states reverse mode keeps.

    y = ad.checkpoint @f<n> policy "sqrt" (x)
    ==>  k = ⌈√n⌉, m = ⌊n/k⌋, r = n - k·m;  the body of f, in which  eff.loop %i : !ix.idx<n> …  has  keep <k, m, r>

The segments of "log" have ⌈log2(n + 1)⌉ steps, and those of "64" have 64. Only outermost sequential loops, of functions
that derivatives mention: elsewhere the call stays, and is inlined later. `ad-expand` does the rest.

A while loop is run once to be counted, then as a loop over that many trips:

    c', t = while (c = c0) B   ==>   _, t = while (c = c0) B, which accumulates nothing;  c' = loop t (c = c0) B
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects import arith, math
from xdsl.dialects.builtin import FloatAttr, IndexType, IntegerAttr, ModuleOp, UnitAttr, f64, i64
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import InsertPoint

from pydex.dialects import ad, eff, ix
from pydex.dialects.sizes import SizeAttr, SizeListAttr

from .ad_emit import Emitter
from .ad_errors import known_too_late
from .ad_expand import in_order
from .edit import erase
from .inline import inline_call
from .needs import mentioned
from .symbols import clone_region, defined_symbols, fresh


class AdKeep(ModulePass):
    name: ClassVar[str] = "ad-keep"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        functions, order, reached = in_order(op)
        for function in (f for f in order if f in reached):
            for call in [c for c in function.walk() if isinstance(c, ad.CheckpointOp) and c.policy is not None]:
                assert call.policy is not None
                policy = call.policy.data
                for loop in _outermost(inline_call(call, functions)):
                    _mark(_counted(loop) if isinstance(loop, eff.WhileOp) else loop, policy)


def _outermost(ops: Sequence[Operation]) -> Iterator[eff.LoopOp | eff.WhileOp]:
    """The sequential loops that are in no other."""
    for op in ops:
        if isinstance(op, eff.LoopOp | eff.WhileOp):
            yield op
        else:
            yield from _outermost([child for region in op.regions for block in region.blocks for child in block.ops])


def _counted(op: eff.WhileOp) -> eff.LoopOp:
    """The loop over the trips of a while loop, which is left to count them."""
    emit = Emitter(InsertPoint.after(op), op.location)
    symbol = fresh("trips")
    emit.insert(ix.OpenOp(op.trips, symbol))
    body = clone_region(op.body, {}, {})
    body.block.insert_arg(ix.IdxType(SizeAttr.of(symbol)), 0)
    loop = emit.insert(eff.LoopOp(SizeAttr.of(symbol), list(op.initial), body=body))
    for old, new in zip(op.results_[:-1], loop.results_, strict=True):
        old.replace_all_uses_with(new)
    checked = [c for c in loop.walk() if isinstance(c, eff.CheckOp)]
    for child in (*checked, *(c for c in op.walk() if isinstance(c, eff.AddOp))):
        erase(child)
    return loop


def _mark(loop: eff.LoopOp, policy: str) -> None:
    loop.keep = SizeListAttr(in_segments(loop, policy, _place(loop)))
    loop.halving = UnitAttr() if policy == "log" else None


def in_segments(loop: eff.LoopOp, policy: str, place: Operation) -> tuple[SizeAttr, SizeAttr, SizeAttr]:
    """The length and the number of segments, and the rest, computed in front of `place`."""
    emit = Emitter(InsertPoint.before(place), loop.location)
    steps = emit.insert(ix.SizeOp(loop.size)).result
    steps = _integer(emit, arith.MaxSIOp, emit.insert(arith.IndexCastOp(steps, i64)).result, _number(emit, 0))
    n, k = loop.size, SizeAttr.of(int(policy)) if policy.isdecimal() else None
    length = _number(emit, int(policy)) if policy.isdecimal() else _length(emit, steps, policy)
    if k is None:
        k = _opened(emit, length, "segment", policy, [n])
    r = _opened(emit, _integer(emit, arith.RemSIOp, steps, length), "rest", "rest", [n, k])
    m = _opened(emit, _integer(emit, arith.DivSIOp, steps, length), "segments", "quotient", [n, k, r])
    return k, m, r


def _length(emit: Emitter, steps: SSAValue, policy: str) -> SSAValue:
    """The steps of a segment, at least 1. Whatever they are, derivatives are right; these make the memory least."""
    number = emit.insert(arith.SIToFPOp(steps, f64)).result
    if policy == "sqrt":
        number = emit.insert(math.SqrtOp(number)).result
    else:
        one = emit.insert(arith.ConstantOp(FloatAttr(1.0, f64))).result
        number = emit.insert(math.Log2Op(emit.insert(arith.AddfOp(number, one)).result)).result
    number = emit.insert(arith.FPToSIOp(emit.insert(math.CeilOp(number)).result, i64)).result
    return _integer(emit, arith.MaxSIOp, number, _number(emit, 1))


def _number(emit: Emitter, value: int) -> SSAValue:
    return emit.insert(arith.ConstantOp(IntegerAttr(value, i64))).result


def _integer(
    emit: Emitter, op: type[arith.MaxSIOp | arith.DivSIOp | arith.RemSIOp], a: SSAValue, b: SSAValue
) -> SSAValue:
    return emit.insert(op(a, b)).result


def _opened(emit: Emitter, number: SSAValue, name: str, rule: str, of: Sequence[SizeAttr]) -> SizeAttr:
    symbol = fresh(name)
    emit.insert(ix.OpenOp(emit.insert(arith.IndexCastOp(number, IndexType())).result, symbol, rule, of))
    return SizeAttr.of(symbol)


def _place(loop: eff.LoopOp) -> Operation:
    """The op around the loop, or the loop, in front of which its size is known, the outermost there is.

    Raises: DexNotImplementedError where that is inside of an accumulation, from which no size can be taken out.
    """
    symbols, here = set(mentioned(loop.size)), loop
    found: Operation = loop
    while not isinstance(parent := here.parent_op(), FuncOp) and parent is not None:
        if symbols & defined_symbols(parent):
            if isinstance(parent, eff.AccumOp) and found.parent_op() is parent:
                raise known_too_late(loop)
            break
        here = found = parent
    return found
