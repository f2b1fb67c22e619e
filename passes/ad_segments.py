"""A sequential loop in segments: m of k steps each, after the r = n - k·m steps that are left over.

    |-r-|---k---|---k---| … |---k---|

Written into either direction of the loop: a step is known by its number, whichever index that is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from xdsl.ir import Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr, SizeListAttr
from pydex.passes.symbols import fresh, substitute

from .ad_emit import Emitter
from .ad_reverse import Level, Reverse
from .ad_store import Kept, forward_body, recall
from .ad_vjp_state import Backwards, Steps, steps_of

#: The index that a counter of steps means.
Numbering: TypeAlias = Callable[[Emitter, SSAValue], SSAValue]


@dataclass(frozen=True)
class Segments:
    """`op` in segments of `length` steps. `kept`: what its forward run kept of every iteration."""

    reverse: Reverse
    op: eff.LoopOp
    steps: Steps
    length: SizeAttr
    count: SizeAttr
    rest: SizeAttr
    kept: Kept

    @staticmethod
    def of(reverse: Reverse, op: eff.LoopOp, level: Level, kept: Kept) -> Segments:
        sizes = substitute(op.keep, level.sizes) if op.keep is not None else None
        assert isinstance(sizes, SizeListAttr)
        length, count, rest = sizes.data
        return Segments(reverse, op, steps_of(op, level), length, count, rest, kept)

    @property
    def states(self) -> list[SSAValue]:
        """The carried values that must be known to run on from some step: not tables read element by element."""
        on_tape = set(self.steps.tape.values)
        return [c for c in self.steps.carried if c in on_tape]

    @property
    def is_whole(self) -> bool:
        """Does a step give its next states and nothing else?"""
        return len(self.states) == len(self.steps.carried) and not self.steps.tables

    def initial(self, level: Level) -> list[SSAValue]:
        """The states before the first step."""
        first = dict(zip(self.steps.carried, self.op.initial, strict=True))
        return [level.values[first[c]] for c in self.states]

    # ------------------------------------------------------------------------------------------- numbers of steps

    def index(self, emit: Emitter, terms: Sequence[tuple[SSAValue, SizeAttr]], first: SizeAttr) -> SSAValue:
        """The index of step Σ operand·coef + first: a loop in reverse counts from the end."""
        size, sign = self.steps.size, -1 if self.steps.backwards else 1
        offset = size - 1 - first if self.steps.backwards else first
        return emit.insert(ix.IndexOp([v for v, _ in terms], [c * sign for _, c in terms], offset, size)).result

    def in_rest(self, emit: Emitter, step: SSAValue) -> SSAValue:
        return self.index(emit, [(step, SizeAttr.of(1))], SizeAttr.of(0))

    def from_segment(self, segment: SSAValue) -> Numbering:
        """The steps from the start of a segment on, given its number."""
        return lambda emit, step: self.index(emit, [(segment, self.length), (step, SizeAttr.of(1))], self.rest)

    # --------------------------------------------------------------------------------------------- what is written

    def enter(self, level: Level, index: SSAValue, states: Sequence[SSAValue]) -> set[Operation]:
        """At `level`, the body is at this index with these states; the ops of it that need not be run."""
        symbol = fresh(self.op.symbol.data) if self.op.symbol is not None else None
        if symbol is not None:
            index = level.emit.insert(ix.NameOp(index, symbol)).result
        level.enter(self.op, index, symbol)
        level.values.update(zip(self.states, states, strict=True))
        return recall(level, self.kept, index) | self.steps.tape.absent

    def advance(
        self, level: Level, states: Sequence[SSAValue], size: SizeAttr, at: Numbering, tape: bool = False
    ) -> list[SSAValue]:
        """Run so many steps: the states after them; with a tape, then the tables of those before each."""
        loop = eff.LoopOp(size, states)
        inner = level.within(level.emit.into(loop.body.block), {})
        skip = self.enter(inner, at(inner.emit, loop.index), loop.carried)
        forward_body(self.reverse, self.steps.block, inner, set(), skip)
        after = dict(zip(self.steps.carried, self.steps.yielded, strict=False))
        outputs = [*(inner.values[after[c]] for c in self.states), *(loop.carried if tape else ())]
        return list(level.emit.finish_loop(loop, outputs).results_)

    def run(self, level: Level) -> tuple[Sequence[SSAValue], Sequence[SSAValue]]:
        """Run the loop: its last states, and tables of those at the starts of segments."""
        states = self.advance(level, self.initial(level), self.rest, self.in_rest)
        loop = eff.LoopOp(self.count, states)
        inner = level.within(level.emit.into(loop.body.block), {})
        after = self.advance(inner, loop.carried, self.length, self.from_segment(loop.index))
        results = level.emit.finish_loop(loop, [*after, *loop.carried]).results_
        return results[: len(states)], results[len(states) :]

    def back(
        self,
        level: Level,
        back: Backwards,
        states: Sequence[SSAValue],
        size: SizeAttr,
        at: Numbering,
        cotangents: Sequence[SSAValue],
    ) -> Sequence[SSAValue]:
        """Back through so many steps that start with these states: the cotangents of what is carried there."""
        tape = self.advance(level.rerun(), states, size, at, tape=True)[len(states) :]
        loop = eff.LoopOp(size, cotangents, (), True)
        inner = level.inside(level.emit.into(loop.body.block))
        index = at(inner.emit, loop.index)
        skip = self.enter(inner, index, [inner.emit.at(t, [loop.index]) for t in tape])
        return level.emit.finish_loop(loop, back.body(inner, index, skip, loop.carried)).results_
