"""ad-split: the way back through a sequential loop, whose steps wait for each other, waits for little.

    λ = loop linear reverse t (λ) { acc += g_t(λ); A_t · λ + c_t }              A_t, c_t, g_t: made of the tape at t
    ==>  λ = loop reverse s in n/128 (λ) {                                      in segments of 128 steps
             A, c = for t { A_t, c_t } -> tab
             λ, Λ = loop reverse t (λ) { A[t] · λ + c[t] } -> tab of the λ at which each step starts
             for t { acc += g_t(Λ[t]) }
         }
         λ = loop reverse t in n mod 128 …                                      as it was

What is long, the A_t and the g_t, is then in loops that are free of order, so in lanes of vectors. Only loops that
reverse mode has written (`linear`): there the order of operations is ours, in a user's recurrence it is not.

Not split: what carries more than FEW numbers, or a table; loops inside of order-free ones, where these are what runs
in lanes; bodies with loops, or not linear by the rules of `ad_affine`; and where it would not pay (`_pays`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import Float32Type, Float64Type, ModuleOp
from xdsl.ir import Block, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr

from .ad_affine import Affine, Form, NotAffine
from .ad_emit import Emitter
from .ad_keep import in_segments
from .carried_chain import chain
from .cse import cse
from .dce import dce
from .edit import replace
from .fold import fold
from .lower_cost import work
from .symbols import Sizes, Values, clone, fresh

#: The steps of a segment: their tables stay in the nearest cache.
STEPS = 128

#: So many numbers are carried at most.
FEW = 4


#: Cycles that an operation waits for the one before it, and operations that may start in a cycle; lanes of a vector,
#: of 64 bits, as there are in most machines.
LATENCY, TOGETHER, LANES = 4, 2, 4

#: Split if that is estimated to take at most this part of the time.
BETTER = 0.75


class AdSplit(ModulePass):
    name: ClassVar[str] = "ad-split"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for loop in [o for o in op.walk() if isinstance(o, eff.LoopOp) and o.linear is not None]:
            if _may_split(loop):
                split(loop)


def _may_split(loop: eff.LoopOp) -> bool:
    """Is it a long loop over a straight body that carries a few numbers?"""
    types = {c.type for c in loop.carried}
    if len(types) != 1 or not isinstance(types.pop(), Float32Type | Float64Type) or len(loop.carried) > FEW:
        return False
    if len(loop.results_) > len(loop.carried) or loop.keep is not None:
        return False
    if loop.size.constant is not None and loop.size.constant < 2 * STEPS:
        return False
    if any(isinstance(o, ix.ForOp | eff.LoopOp | eff.WhileOp | eff.AccumOp | eff.CheckOp) for o in loop.body.walk()):
        return False
    parent = loop.parent_op()
    while parent is not None and not isinstance(parent, ix.ForOp):
        parent = parent.parent_op()
    return parent is None


def split(loop: eff.LoopOp) -> None:
    """Replace the loop by one over segments and one over the rest, if that pays."""
    length, count, rest = in_segments(loop, str(STEPS))
    steps = _Steps(loop, length, count, rest)
    segments = eff.LoopOp(count, list(loop.initial), (), loop.reverse is not None)
    emit = Emitter.before(loop)
    try:
        last = steps.segment(emit.into(segments.body.block), segments)
    except NotAffine:
        last = None
    if last is None:
        segments.drop_all_references()
    else:
        replace(loop, steps.remaining(emit, emit.finish_loop(segments, last).results_))


@dataclass(frozen=True)
class _Steps:
    """The steps of `loop`: `count` segments of `length`, which run first, and the rest."""

    loop: eff.LoopOp
    length: SizeAttr
    count: SizeAttr
    rest: SizeAttr

    @property
    def body(self) -> Block:
        return self.loop.body.block

    def segment(self, emit: Emitter, segments: eff.LoopOp) -> Sequence[SSAValue] | None:
        """The body of the loop over segments; what it carries on, or None if that does not pay."""
        map = self.coefficients(emit, segments.index)
        if not _pays(self.loop, map):
            return None
        last, starts = self.recurrence(emit, map, segments.carried)
        self.accumulate(emit, segments.index, starts)
        return last

    def coefficients(self, emit: Emitter, segment: SSAValue) -> Map:
        """The loop that makes the coefficients of each step."""
        loop = ix.ForOp(self.length, [], [])
        inner = emit.into(loop.body.block)
        values, sizes = self._enter(inner, [segment, loop.index])
        forms = Affine(inner, values, sizes, True).run(self.body, self.loop.carried)
        terms = [t for form in forms for t in form.terms if t is not None]
        made = emit.finish_for(loop, ["tab"] * len(terms), terms)
        for simplify in (fold, cse, dce):
            simplify(made)
        simple = iter(made.yielded)
        rows = [Form(tuple(None if t is None else next(simple) for t in f.terms), f.chosen) for f in forms]
        varying = [v for v in dict.fromkeys(made.yielded) if v.owner in made.body.block.ops and not _constant(v)]
        fixed = {v: emit.insert(v.owner.clone()).results[0] for v in dict.fromkeys(made.yielded) if _constant(v)}
        rows = [Form(tuple(fixed.get(t, t) for t in f.terms), f.chosen) for f in rows]
        made = emit.replace_for(made, ["tab"] * len(varying), varying)
        return Map(rows, dict(zip(varying, made.results_, strict=True)), made)

    def recurrence(
        self, emit: Emitter, map: Map, carried: Sequence[SSAValue]
    ) -> tuple[Sequence[SSAValue], Sequence[SSAValue]]:
        """λ after the segment, and a table of the λ at which each step starts."""
        loop = eff.LoopOp(self.length, carried, (), self.loop.reverse is not None)
        inner = emit.into(loop.body.block)
        after = [map.row(inner, form, loop.index, loop.carried) for form in map.rows]
        results = emit.finish_loop(loop, [*after, *loop.carried]).results_
        return results[: len(carried)], results[len(carried) :]

    def accumulate(self, emit: Emitter, segment: SSAValue, starts: Sequence[SSAValue]) -> None:
        """The loop that adds to accumulators what the steps add."""
        loop = ix.ForOp(self.length, [], [])
        inner = emit.into(loop.body.block)
        self._run(inner, [segment, loop.index], [inner.at(t, [loop.index]) for t in starts])
        emit.finish_for(loop, [], [])

    def remaining(self, emit: Emitter, carried: Sequence[SSAValue]) -> Sequence[SSAValue]:
        """The loop over the rest."""
        loop = eff.LoopOp(self.rest, carried, (), self.loop.reverse is not None)
        return emit.finish_loop(loop, self._run(emit.into(loop.body.block), [loop.index], loop.carried)).results_

    def _run(self, emit: Emitter, at: Sequence[SSAValue], carried: Sequence[SSAValue]) -> list[SSAValue]:
        """The body, as it is; what it yields."""
        values, sizes = self._enter(emit, at)
        values.update(zip(self.loop.carried, carried, strict=True))
        for op in self.body.ops:
            if op.next_op is not None:
                emit.insert(clone(op, values, sizes))
        return [values.get(v, v) for v in self.loop.yielded]

    def _enter(self, emit: Emitter, at: Sequence[SSAValue]) -> tuple[Values, Sizes]:
        """The body's index at a step of a segment, or of the rest: going back, the rest are the first steps."""
        first = self.rest if self.loop.reverse is not None else SizeAttr.of(0)
        if len(at) == 1:
            first = SizeAttr.of(0) if self.loop.reverse is not None else self.count * self.length
        coefs = [self.length, SizeAttr.of(1)][-len(at) :]
        index = emit.insert(ix.IndexOp(at, coefs, first, self.loop.size)).result
        if self.loop.symbol is None:
            return {self.loop.index: index}, {}
        symbol = fresh(self.loop.symbol.data)
        index = emit.insert(ix.NameOp(index, symbol)).result
        return {self.loop.index: index}, {self.loop.symbol.data: SizeAttr.of(symbol)}


def _pays(loop: eff.LoopOp, map: Map) -> bool:
    """Is the loop faster in three? A loop takes as long as its chain, or as long as its operations."""
    body = work(loop.body.block).constant
    coefficients = work(map.made.body.block).constant
    if body is None or coefficients is None:
        return False
    lanes = LANES * TOGETHER * (2 if isinstance(loop.carried[0].type, Float32Type) else 1)
    whole = max(LATENCY * chain(loop.body.block, loop.carried), body / TOGETHER)
    moves = len(map.tables) + len(loop.carried)
    between = max(LATENCY * map.chain(), (sum(len(r.terms) for r in map.rows) + moves) / TOGETHER)
    return (body + coefficients + moves) / lanes + between <= BETTER * whole


@dataclass(frozen=True)
class Map:
    """What a step makes of λ, row by row; those terms that are not the same in all steps are in tables."""

    rows: Sequence[Form]
    tables: dict[SSAValue, SSAValue]
    made: ix.ForOp

    def chain(self) -> int:
        """How many operations follow each other in a step."""
        return max(sum(t is not None for t in r.terms[1:]) + 2 * bool(r.chosen) for r in self.rows)

    def row(self, emit: Emitter, form: Form, index: SSAValue, carried: Sequence[SSAValue]) -> SSAValue:
        """terms[0] + Σ terms[1 + j] · λ_j, in two halves if it is long."""
        terms = [None if t is None else self._term(emit, t, index) for t in form.terms]
        summands = [] if terms[0] is None else [terms[0]]
        for j, (coef, value) in enumerate(zip(terms[1:], carried, strict=True)):
            if coef is not None:
                product = emit.insert(arith.MulfOp(coef, value)).result
                summands.append(_unless_zero(emit, coef, product) if j in form.chosen else product)
        if not summands:
            return emit.zero(carried[0].type)
        half = len(summands) // 2 if len(summands) > FEW - 1 else 0
        sums = [reduce(emit.add, part) for part in (summands[:half], summands[half:]) if part]
        return reduce(emit.add, sums)

    def _term(self, emit: Emitter, term: SSAValue, index: SSAValue) -> SSAValue:
        if term in self.tables:
            return emit.at(self.tables[term], [index])
        return term


def _constant(value: SSAValue) -> bool:
    return isinstance(value.owner, arith.ConstantOp)


def _unless_zero(emit: Emitter, coef: SSAValue, product: SSAValue) -> SSAValue:
    """A coefficient that is zero because something else was chosen makes a zero, whatever it is multiplied by."""
    zero = emit.zero(coef.type)
    return emit.select(emit.insert(arith.CmpfOp(coef, zero, "oeq")).result, zero, product)
