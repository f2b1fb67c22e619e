"""ad-split: the way back through a sequential loop, whose steps wait for each other, waits for little.

    λ = loop linear reverse t (λ) { acc += g_t(λ); A_t · λ + c_t }              A_t, c_t, g_t: made of the tape at t
    ==>  λ = loop reverse s in n/256 (λ) {                                      in segments of 256 steps
             A, c = for t { A_t, c_t } -> tab                                   t in the order in which the steps run
             λ, Λ = loop t (λ) { A[t] · λ + c[t] } -> tab of the λ at which each step starts
             for t { acc += g_t(Λ[t]) }
         }
         λ = loop reverse t in n mod 256 …                                      as it was

What is long, the A_t and the g_t, is then in loops that are free of order, so in lanes of vectors. If it is less work,
the first loop also makes what g_t multiplies λ by (`ad_recurrence`). Only loops that reverse mode has written
(`linear`): there the order of operations is ours, in a user's recurrence it is not. A coefficient of one step may
overflow or vanish where its product with λ, from left to right, would not; other than that, what is not finite in one
loop is not in three, and what a choice leaves out stays zero beside it (`ad_forms`).

Not split: what carries more than FEW numbers, or a table; loops inside of order-free ones, where these are what runs
in lanes; bodies with loops, or not linear by the rules of `ad_affine`; loops that read no tape, which need no memory as
they are; bodies that would run twice and choose by rounded numbers (`decides`); and where it would not pay (`_pays`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import Float32Type, Float64Type, ModuleOp
from xdsl.ir import Operation, OpResult, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr

from .ad_affine import Affine, NotAffine
from .ad_choices import decides, feeding
from .ad_emit import Emitter
from .ad_keep import in_segments
from .ad_recurrence import Map, coefficients
from .carried_chain import chain
from .edit import ops_inside, replace
from .lower_cost import work
from .lower_lane_choice import width_of
from .lower_parallel import CHUNK_WORK
from .symbols import Sizes, Values, clone, fresh

#: How many steps a segment may have: the most with which its tables stay in the nearest cache, and no loop over it is
#: worth a hand-over to threads.
LENGTHS = (256, 128, 64, 32)
CACHE = 32 * 1024

#: So many numbers are carried at most.
FEW = 4


#: Cycles that an operation waits for the one before it, and operations that may start in a cycle.
LATENCY, TOGETHER = 4, 2

#: Cycles that it takes to add to a cell of a table for each step; the loop as it was may write these as a new table.
MEMORY = 1.5

#: Split if that is estimated to take at most this part of the time.
BETTER = 0.7


class AdSplit(ModulePass):
    name: ClassVar[str] = "ad-split"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for loop in [o for o in ops_inside(op) if isinstance(o, eff.LoopOp) and o.linear is not None]:
            if _may_split(loop):
                split(loop)


def _may_split(loop: eff.LoopOp) -> bool:
    """Is it a long loop over a straight body that carries a few numbers, and reads a tape?"""
    types = {c.type for c in loop.carried}
    if len(types) != 1 or not isinstance(types.pop(), Float32Type | Float64Type) or len(loop.carried) > FEW:
        return False
    if len(loop.results_) > len(loop.carried):
        return False
    if loop.size.constant is not None and loop.size.constant < 2 * LENGTHS[0]:
        return False
    if not any(isinstance(op, ix.AtOp) and isinstance(op.table, OpResult) for op in loop.body.walk()):
        return False
    for op in loop.body.walk():
        loops = isinstance(op, ix.ForOp | eff.LoopOp | eff.WhileOp | eff.AccumOp)
        if loops or "except" in eff.effects(op) or (isinstance(op, eff.AddOp) and op.linear is None):
            return False
    parent = loop.parent_op()
    while parent is not None and not isinstance(parent, ix.ForOp):
        parent = parent.parent_op()
    return parent is None


def split(loop: eff.LoopOp) -> None:
    """Replace the loop by one over segments and one over the rest, if that pays."""
    length: int | None = LENGTHS[0]
    while length is not None:
        steps = _Steps(loop, *in_segments(loop, str(length), loop))
        segments = eff.LoopOp(steps.count, list(loop.initial), (), loop.reverse is not None)
        emit = Emitter.before(loop)
        inside = emit.into(segments.body.block)
        step = steps.map(inside, segments.index)
        fitting = _length(loop, step) if step is not None and _may_pay(loop, step) else None
        if step is not None and fitting == length:
            last = steps.segment(inside, step, segments)
            replace(loop, steps.remaining(emit, emit.finish_loop(segments, last).results_))
            return
        segments.drop_all_references()
        length = fitting


@dataclass(frozen=True)
class _Steps:
    """The steps of `loop`: `count` segments of `length`, which run first, and the rest."""

    loop: eff.LoopOp
    length: SizeAttr
    count: SizeAttr
    rest: SizeAttr

    def map(self, emit: Emitter, segment: SSAValue) -> Map | None:
        """The loop that makes the coefficients of each step of a segment; None: a step is not linear by our rules."""
        loop = ix.ForOp(self.length, [], [])
        inner = Affine(emit.into(loop.body.block), {}, {}, True)
        inner.values, inner.sizes = self._enter(inner.emit, [segment, loop.index])
        try:
            return coefficients(emit, loop, inner, self.loop)
        except NotAffine:
            return None

    def segment(self, emit: Emitter, step: Map, segments: eff.LoopOp) -> Sequence[SSAValue]:
        """The rest of the body of the loop over segments; what it carries on."""
        last, starts = self._recurrence(emit, step, segments.carried)
        self._accumulate(emit, step, segments.index, starts)
        return last

    def _recurrence(
        self, emit: Emitter, step: Map, carried: Sequence[SSAValue]
    ) -> tuple[Sequence[SSAValue], Sequence[SSAValue]]:
        """λ after the segment, and a table of the λ at which each step starts."""
        loop = eff.LoopOp(self.length, carried)
        inner = emit.into(loop.body.block)
        after = [step.value(inner, form, loop.index, loop.carried) for form in step.rows]
        results = emit.finish_loop(loop, [*after, *loop.carried]).results_
        return results[: len(carried)], results[len(carried) :]

    def _accumulate(self, emit: Emitter, step: Map, segment: SSAValue, starts: Sequence[SSAValue]) -> None:
        """The loop that adds to accumulators what the steps add."""
        loop = ix.ForOp(self.length, [], [])
        inner = emit.into(loop.body.block)
        carried = [inner.at(t, [loop.index]) for t in starts]
        at = [segment, loop.index]
        if step.sums is None:
            self._run(inner, at, carried)
        else:
            indices = feeding(self.loop.body.block, [i for add in step.sums for i in add.indices])
            values = self._run(inner, at, carried, indices)
            for add, form in step.sums.items():
                value = step.value(inner, form, loop.index, carried)
                inner.insert(eff.AddOp(add.accumulator, [values.get(i, i) for i in add.indices], value, linear=True))
        emit.finish_for(loop, [], [])

    def remaining(self, emit: Emitter, carried: Sequence[SSAValue]) -> Sequence[SSAValue]:
        """The loop over the rest."""
        loop = eff.LoopOp(self.rest, carried, (), self.loop.reverse is not None)
        values = self._run(emit.into(loop.body.block), [loop.index], loop.carried)
        return emit.finish_loop(loop, [values.get(v, v) for v in self.loop.yielded]).results_

    def _run(
        self,
        emit: Emitter,
        at: Sequence[SSAValue],
        carried: Sequence[SSAValue],
        only: Collection[Operation] | None = None,
    ) -> Values:
        """The ops of the body, or some of them, as they are; what the values are."""
        values, sizes = self._enter(emit, at)
        values.update(zip(self.loop.carried, carried, strict=True))
        for op in self.loop.body.block.ops:
            if op.next_op is not None and (only is None or op in only):
                emit.insert(clone(op, values, sizes))
        return values

    def _enter(self, emit: Emitter, at: Sequence[SSAValue]) -> tuple[Values, Sizes]:
        """The body's index at a step of a segment, or of the rest: going back, the rest are the first steps."""
        backwards, in_rest = self.loop.reverse is not None, len(at) == 1
        before = self.rest if backwards else self.count * self.length
        first = before if backwards != in_rest else SizeAttr.of(0)
        coefs = [SizeAttr.of(1)] if in_rest else [self.length, SizeAttr.of(-1 if backwards else 1)]
        if backwards and not in_rest:
            first = first + self.length - 1
        index = emit.insert(ix.IndexOp(at, coefs, first, self.loop.size)).result
        if self.loop.symbol is None:
            return {self.loop.index: index}, {}
        symbol = fresh(self.loop.symbol.data)
        index = emit.insert(ix.NameOp(index, symbol)).result
        return {self.loop.index: index}, {self.loop.symbol.data: SizeAttr.of(symbol)}


def _length(loop: eff.LoopOp, step: Map) -> int | None:
    """The length of segments of which the tables are small, and the loops over them not shared out."""
    bodies = [step.made.body.block, *([loop.body.block] if step.sums is None else [])]
    most = max(work(b).constant or 0 for b in bodies)
    bytes = 8 * (len(step.tables) + len(loop.carried))
    return next((k for k in LENGTHS if bytes * k <= CACHE and most * k < 2 * CHUNK_WORK), None)


def _may_pay(loop: eff.LoopOp, step: Map) -> bool:
    """Is each choice made once, and the loop faster in three?"""
    return not (step.sums is None and decides(loop.body.block.walk(), loop.body.block)) and _pays(loop, step)


def _pays(loop: eff.LoopOp, step: Map) -> bool:
    """Is the loop faster in three? A loop takes as long as its chain, or as long as its operations."""
    few, body, made = len(loop.carried), work(loop.body.block).constant, work(step.made.body.block).constant
    if body is None or made is None:
        return False
    lanes = 1 if any(isinstance(op, scf.IfOp) for op in loop.body.block.ops) else width_of(step.made)
    after = few + (body if step.sums is None else 2 * sum(len(f.terms) for f in step.sums.values()))
    cells = MEMORY * sum(isinstance(op, eff.AddOp) and bool(op.indices) for op in loop.body.walk())
    between = 2 * few + 2 * sum(len(r.terms) for r in step.rows)
    whole = max(LATENCY * chain(loop.body.block, loop.carried), body / TOGETHER)
    lined = (made + len(step.tables) + after) / lanes / TOGETHER
    parts = max(LATENCY * step.chain(), between / TOGETHER) + lined + cells
    return parts <= BETTER * whole
