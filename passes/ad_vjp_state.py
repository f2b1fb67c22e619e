"""Reverse mode of the sequential loops: the loop in the other direction, over what the tape kept.

    s = loop i (c = c0) B            forward:  s, tape = loop i (c = c0) { B; keep what B read of c }
                                     reverse:  c̄0 = loop i in the other direction (c̄ = s̄) { B on tape[i]; B̄ }

A while loop is counted when it runs; its reverse runs it once more, as a loop over that many trips, for the tape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

from xdsl.ir import Block, Operation, Region, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr
from pydex.passes.symbols import fresh, substitute

from .ad_reverse import Level, Reverse
from .ad_store import Kept, forward_body, on_tape, recall, storable, to_store
from .ad_tape import Tape, tape_of
from .ad_tape_dear import with_dear
from .ad_undo import with_undo


@dataclass(frozen=True)
class Steps:
    """A sequential loop, whichever op it comes from: its iterations and in which order they run."""

    op: eff.LoopOp | eff.WhileOp
    size: SizeAttr
    backwards: bool

    @property
    def body(self) -> Region:
        return self.op.body

    @property
    def block(self) -> Block:
        return self.op.body.block

    @property
    def carried(self) -> Sequence[SSAValue]:
        return self.op.carried if isinstance(self.op, eff.LoopOp) else self.block.args

    @property
    def yielded(self) -> Sequence[SSAValue]:
        assert self.block.last_op is not None
        return self.block.last_op.operands

    @property
    def tables(self) -> Sequence[SSAValue]:
        """Results that are tables of what each iteration yields."""
        return self.op.results_[len(self.carried) :] if isinstance(self.op, eff.LoopOp) else ()

    @property
    def spares(self) -> bool:
        """Does a policy ask for little memory, of this loop or one around it?"""
        op: Operation | None = self.op
        while op is not None and not (isinstance(op, eff.LoopOp) and op.keep is not None):
            op = op.parent_op()
        return op is not None

    @cached_property
    def tape(self) -> Tape:
        if self.spares:
            return tape_of(self.block, self.carried, order_free=False)
        around = self.op.parent_op()
        if isinstance(self.op, eff.LoopOp) and isinstance(around, eff.LoopOp | eff.WhileOp):
            taped = Steps(around, self.size, False).tape.loops
            if self.op in taped:
                return taped[self.op]
        return with_undo(tape_of(self.block, self.carried), self.block, self.carried)

    def start(self, initial: Sequence[SSAValue], backwards: bool) -> eff.LoopOp:
        """An unfinished loop over the same iterations."""
        name = self.op.symbol if isinstance(self.op, eff.LoopOp) else None
        symbol = fresh(name.data) if name else None
        return eff.LoopOp(self.size, initial, (), backwards, symbol)

    def enter(self, level: Level, loop: eff.LoopOp) -> None:
        """At `level`, the body's index is that of `loop`."""
        if isinstance(self.op, eff.LoopOp):
            level.enter(self.op, loop.index, loop.symbol.data if loop.symbol else None)


def forward_loop(reverse: Reverse, op: eff.LoopOp, level: Level) -> None:
    """The loop, with the tape as further tables."""
    results = with_tape(reverse, steps_of(op, level), level)
    level.values.update(zip(op.results_, results, strict=False))


def backward_loop(reverse: Reverse, op: eff.LoopOp, level: Level) -> None:
    _reverse_steps(reverse, steps_of(op, level), level)


def backward_while(reverse: Reverse, op: eff.WhileOp, level: Level) -> None:
    """Run it again as a loop over the trips it took, with a tape; reverse that."""
    symbol = fresh("trips")
    level.emit.insert(ix.OpenOp(level.values[op.trips], symbol))
    steps = Steps(op, SizeAttr.of(symbol), False)
    again = level.rerun()
    results = with_tape(reverse, steps, again)
    level.values.update(zip(op.results_, results, strict=False))  # tables are taken back from where the tape ends
    level.kept[op] = again.kept[op]
    _reverse_steps(reverse, steps, level)


def steps_of(op: eff.LoopOp, level: Level) -> Steps:
    size = substitute(op.size, level.sizes)
    assert isinstance(size, SizeAttr)
    return Steps(op, size, op.reverse is not None)


def with_tape(reverse: Reverse, steps: Steps, level: Level, without: Set[SSAValue] = frozenset()) -> Sequence[SSAValue]:
    """Emit the loop; its results. The level keeps the tape, but for these values."""
    loop = steps.start([level.values[i] for i in steps.op.initial], steps.backwards)
    inner = level.within(level.emit.into(loop.body.block), {})
    steps.enter(inner, loop)
    inner.values.update(zip(steps.carried, loop.carried, strict=True))
    tape = steps.tape if level.again or steps.spares else with_dear(steps.tape, steps.block, reverse.active)
    stored = storable(reverse, steps.block) - tape.absent if level.again and not without else set()
    undo = [op for history in tape.histories for op in (*history.changes, *history.readers)]
    forward_body(reverse, steps.block, inner, {*stored, *undo}, taped=tape.loops)
    kept: Kept = {v: inner.values[v] for v in tape.values if v not in without}
    for op in dict.fromkeys((*tape.loops, *undo)):
        kept.update(((op, key), on_tape(inner, v)) for key, v in inner.kept.get(op, {}).items())
    kept.update(to_store(inner, steps.block, stored, loop.symbol.data if loop.symbol else None))
    tables = list(dict.fromkeys(kept.values()))
    results = level.emit.finish_loop(loop, [*(inner.values[v] for v in steps.yielded), *tables]).results_
    table_of = dict(zip(tables, results[len(steps.yielded) :], strict=True))
    level.kept[steps.op] = {key: table_of[value] for key, value in kept.items()}
    return results[: len(steps.yielded)]


def _reverse_steps(reverse: Reverse, steps: Steps, level: Level) -> None:
    """c̄ starts as the cotangent of the last c, and ends as that of the first."""

    def build(outer: Level, back: Backwards) -> Sequence[SSAValue]:
        loop = steps.start([*back.last, *back.tables], not steps.backwards)
        inner = outer.inside(outer.emit.into(loop.body.block))
        steps.enter(inner, loop)
        recalled = recall(inner, level.kept[steps.op], loop.index)
        return outer.emit.finish_linear(loop, back.body(inner, loop.index, recalled, loop.carried)).results_

    reverse_steps(reverse, steps, level, build)


@dataclass(frozen=True)
class Backwards:
    """The way back through a loop: the carried values that have cotangents, those of the last ones, the tables'."""

    reverse: Reverse
    steps: Steps
    active: Sequence[int]
    last: Sequence[SSAValue]
    seeds: Sequence[SSAValue | None]
    tables: Sequence[SSAValue]  # as the loop leaves them, of those that are taken back

    def body(
        self, inner: Level, index: SSAValue, recalled: Set[Operation], carried: Sequence[SSAValue]
    ) -> list[SSAValue]:
        """One iteration, of which `recalled` is known: cotangents and tables after it give those before it."""
        steps, reverse, tape = self.steps, self.reverse, self.steps.tape
        cotangents, tables = carried[: len(self.active)], carried[len(self.active) :]
        reverse.forward(steps.block, inner, {*recalled, *tape.absent})
        inner.undo.update(op for history in tape.histories for op in history.changes)
        for history, table in zip(tape.histories, tables, strict=True):
            inner.set_version(history.last, table)
        for k, cotangent in zip(self.active, cotangents, strict=True):
            reverse.add(inner, steps.yielded[k], cotangent)
        for value, seed in zip(steps.yielded[len(steps.carried) :], self.seeds, strict=True):
            if seed is not None:
                reverse.add(inner, value, inner.emit.at(seed, [index]))
        reverse.backward(steps.block, inner)
        before = [inner.values[history.next_of] for history in tape.histories]
        return [*(inner.take_or_zero(steps.carried[k]) for k in self.active), *before]


def reverse_steps(
    reverse: Reverse, steps: Steps, level: Level, build: Callable[[Level, Backwards], Sequence[SSAValue]]
) -> None:
    """`build` makes the loops that go back; what they return are the cotangents of the initial values."""
    op = steps.op
    active = [
        k
        for k, (c, y, r) in enumerate(zip(steps.carried, steps.yielded, op.results_, strict=False))
        if c in reverse.active or y in reverse.active or r in reverse.active
    ]
    last = [level.take_or_zero(op.results_[k]) for k in active]
    slots = [steps.carried.index(history.next_of) for history in steps.tape.histories]
    tables = [level.values[op.results_[k]] for k in slots]
    back = Backwards(reverse, steps, active, last, [level.take(t) for t in steps.tables], tables)
    final = reverse.accumulate(steps.body, level, lambda outer: build(outer, back))
    for k, cotangent in zip(active, final, strict=False):
        reverse.add(level, op.initial[k], cotangent)
    for k, table in zip(slots, final[len(active) :], strict=True):
        if op.initial[k] not in level.values:
            level.set_version(op.initial[k], table)
