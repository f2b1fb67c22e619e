"""A `while` whose condition differs from lane to lane: it goes on as long as some lane does.

    while (c) { v = b }
    ==>  while any(on = on ? c : false) { v = on ? b : v }

A lane that has ended is off: it touches no memory, and what it carries stays as it is, where that is read later; what
nobody reads later may run on. What is the same in all lanes that are on, such as a count of turns, stays a scalar, of
which every lane keeps its last value; so does a part of the condition (`c1 and c2`) that all of them share.

Several groups of lanes run abreast in one such loop (`lower_lane_abreast.py`), as a turn of one is too short to keep
the processor busy. Where no lane of one half of them is on any more, the other half goes on by itself: so a single long
iteration among short ones costs about what it does alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from xdsl.dialects import arith
from xdsl.ir import Block, SSAValue

from pydex.dialects import eff
from pydex.passes import lower_state
from pydex.passes.fold_scalar import truth
from pydex.passes.lower import Lowering, terminator
from pydex.passes.lower_copies import Copy
from pydex.passes.lower_text import Val
from pydex.passes.lower_varying import Varying
from pydex.passes.lower_vectors import in_any_lane, select, splat, true, vector


def while_(low: Lowering, op: eff.WhileOp) -> None:
    """`eff.while`, in lanes that end at different times or not."""
    if low.group is not None and low.group.varying.has_varying_trips(op):
        run_while(low, op, [Copy.only(low)])
    else:
        lower_state.while_(low, op)


def run_while(low: Lowering, op: eff.WhileOp, copies: Sequence[Copy]) -> None:
    """The `while` of these groups of lanes."""
    turns = Turns(low, op, copies)
    turns.finish(_run(low, turns, copies, turns.first()))


def _run(low: Lowering, turns: Turns, copies: Sequence[Copy], first: State) -> list[Sequence[Val]]:
    """Turns of these groups until no lane is on; the vectors of each group then."""
    if len(copies) == 1:
        return _loop(low, turns, copies, first).groups
    half = len(copies) // 2
    shared, groups = _loop(low, turns, copies, first)
    parts = []
    for part, states in ((copies[:half], groups[:half]), (copies[half:], groups[half:])):
        with low.again(turns.op.condition), low.again(turns.op.body):
            parts += _run(low, turns, part, State(shared, states))
    return parts


def _loop(low: Lowering, turns: Turns, copies: Sequence[Copy], first: State) -> State:
    """Turns of all groups, until no lane of one half of them is on."""
    code, types = low.code, [v.type for v in first.values()]
    listed, holes, before = ", ".join(types), ", ".join(["{}"] * len(types)), code.slot()
    arguments = [code.fresh(t) for t in types]
    header = ", ".join(f"{a.name} = {code.use(v)}" for a, v in zip(arguments, first.values(), strict=True))
    results = code.let_many(types, f"scf.while ({header}) : ({listed}) -> ({listed}) {{")
    with low.frame(before) as frame:
        start = code.slot()
        go, state = turns.tested(copies, first.like(arguments))
        low.target.leave(low, frame, start)
        code.do(f"scf.condition({{}}) {holes} : {listed}", go, *state.values())
    code.do("}} do {{")
    with low.frame(before) as frame:
        arguments = [code.fresh(t) for t in types]
        code.do(f"^bb0({', '.join(f'{a.name}: {a.type}' for a in arguments)}):")
        start = code.slot()
        state = turns.turn(copies, first.like(arguments))
        low.target.leave(low, frame, start)
        code.do(f"scf.yield {holes} : {listed}", *state.values())
    code.do("}}")
    return first.like(results)


class State(NamedTuple):
    """What such a loop carries: scalars, the same for all groups; and for each group its vectors, at last who is on."""

    shared: Sequence[Val]
    groups: list[Sequence[Val]]

    def values(self) -> list[Val]:
        return [*self.shared, *(v for state in self.groups for v in state)]

    def like(self, values: Sequence[Val]) -> State:
        """A state made of other values."""
        at, width = len(self.shared), len(self.groups[0])
        return State(values[:at], [values[k : k + width] for k in range(at, len(values), width)])


class Turns:
    """The turns of such a loop.

    alike, apart: the carried values that are scalars, and those that are vectors; kept: the scalars that are read after
    the loop, of which the lanes keep their last.
    """

    def __init__(self, low: Lowering, op: eff.WhileOp, copies: Sequence[Copy]):
        group = copies[0].group
        assert group is not None
        self.low, self.op, self.copies, self.lanes = low, op, copies, group.width
        arguments = op.body.block.args
        self.alike = [k for k, a in enumerate(arguments) if a not in group.varying]
        self.apart = [k for k, a in enumerate(arguments) if a in group.varying]
        self.kept = [k for k in self.alike if op.results_[k].first_use is not None]
        self.counts = op.trips.first_use is not None
        last = op.condition.block.last_op
        assert isinstance(last, eff.ConditionOp)
        self.shared, self.vote = conjuncts(last.condition, group.varying)

    def first(self) -> State:
        """Before the first turn."""
        low, op, code, groups = self.low, self.op, self.low.code, list[Sequence[Val]]()
        with self.copies[0].current(low):
            shared = [low.value(op.initial[k]) for k in self.alike]
        for copy in self.copies:
            with copy.current(low):
                assert copy.group is not None
                values = [low.handed_on(op.initial[k], op.body.block.args[k]) for k in self.apart]
                values += [splat(code, low.value(op.initial[k]), self.lanes) for k in self.kept]
                values += [splat(code, 0, self.lanes)] if self.counts else []
                on = true(code, vector(self.lanes, "i1")) if copy.group.on is None else copy.group.on
                groups.append([*values, on])
        return State(shared, groups)

    def tested(self, copies: Sequence[Copy], state: State) -> tuple[Val, State]:
        """Do lanes go on, in both halves of the groups? On are then those where the condition holds, too."""
        low, code, groups, conditions = self.low, self.low.code, list[Sequence[Val]](), list[Val]()
        for copy, values in zip(copies, state.groups, strict=True):
            with self._current(copy, values):
                self._bind(self.op.condition.block, state.shared, values)
                low.run(self.op.condition.block)
                on = values[-1]
                for part in self.vote:  # no `and`, which in a lane that is off might hand on poison
                    on = select(code, on, low.value(part), code.constant("false", on.type))
                conditions = [low.value(v) for v in self.shared]
            groups.append([*values[:-1], on])
        half = max(1, len(copies) // 2)
        for part in (groups[:half], groups[half:]):
            conditions += [self._any([values[-1] for values in part])] if part else []
        go, *others = conditions
        for condition in others:
            go = code.let("i1", "arith.andi {}, {} : i1", go, condition)
        return go, State(state.shared, groups)

    def _any(self, masks: Sequence[Val]) -> Val:
        """Is a lane on in one of them?"""
        code, (whole, *others) = self.low.code, masks
        for mask in others:
            whole = code.let(whole.type, f"arith.ori {{}}, {{}} : {whole.type}", whole, mask)
        return in_any_lane(code, whole)

    def turn(self, copies: Sequence[Copy], state: State) -> State:
        """What is carried after a turn of the lanes that are on."""
        low, op, new, shared, groups = self.low, self.op, terminator(self.op.body.block), list[Val](), []
        for copy, values in zip(copies, state.groups, strict=True):
            with self._current(copy, values):
                self._bind(op.body.block, state.shared, values)
                low.run(op.body.block)
                shared = [low.value(new[k]) for k in self.alike]
                made = [low.handed_on(new[k], op.body.block.args[k]) for k in self.apart]
                made += [splat(low.code, low.value(new[k]), self.lanes) for k in self.kept]
            groups.append(self._advanced(made, values))
        return State(shared, groups)

    @contextmanager
    def _current(self, copy: Copy, values: Sequence[Val]) -> Iterator[None]:
        assert copy.group is not None
        with copy.current(self.low), copy.group.exactly(values[-1]):
            yield

    def _advanced(self, made: Sequence[Val], state: Sequence[Val]) -> list[Val]:
        """The vectors of a group after a turn: those that have been made, where lanes are on."""
        code, on, positions = self.low.code, state[-1], [*self.apart, *self.kept]
        vectors = [
            new if self._may_run_on(self.op.results_[k]) else select(code, on, new, old)
            for k, new, old in zip(positions, made, state, strict=False)
        ]
        if self.counts:
            type = state[-2].type
            one = code.let(type, f"arith.extui {{}} : {on.type} to {type}", on)
            vectors.append(code.let(type, f"arith.addi {{}}, {{}} : {type}", state[-2], one))
        return [*vectors, on]

    def finish(self, groups: Sequence[Sequence[Val]]) -> None:
        """After the loop: its results."""
        for copy, state in zip(self.copies, groups, strict=True):
            for k, value in zip([*self.apart, *self.kept], state, strict=False):
                copy.values[self.op.results_[k]] = value
            if self.counts:
                copy.values[self.op.trips] = state[-2]

    def _bind(self, block: Block, shared: Sequence[Val], state: Sequence[Val]) -> None:
        for positions, values in ((self.alike, shared), (self.apart, state)):
            for k, value in zip(positions, values, strict=False):
                self.low.values[block.args[k]] = value

    def _may_run_on(self, result: SSAValue) -> bool:
        """Does nobody read the value later? Not beside functions that take long for some arguments."""
        return result.first_use is None and all(o.name.startswith(("arith.", "eff.")) for o in self.op.walk())


def conjuncts(condition: SSAValue, varying: Varying) -> tuple[list[SSAValue], list[SSAValue]]:
    """The parts of a condition, all of which have to hold: those that all lanes share, and the others."""
    if condition not in varying:
        return [condition], []
    match condition.owner:
        case arith.SelectOp(cond=a, lhs=b, rhs=no) if truth(no) is False:
            sides = a, b
        case arith.AndIOp(lhs=a, rhs=b):
            sides = a, b
        case _:
            return [], [condition]
    parts = [conjuncts(side, varying) for side in sides]
    return [v for shared, _ in parts for v in shared], [v for _, own in parts for v in own]
