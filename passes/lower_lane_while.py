"""A `while` whose condition differs from lane to lane: it goes on as long as some lane does.

    while (c) { v = b }
    ==>  while any(on = on ? c : false) { v = on ? b : v }

A lane that has ended is off: it touches no memory, and what it carries stays as it is, where that is read later; what
nobody reads later may run on. What is the same in all lanes that are on, such as a count of turns, stays a scalar, of
which every lane keeps its last value; so does a part of the condition (`c1 and c2`) that all of them share.

Several groups of lanes run abreast in one such loop (`lower_lane_abreast.py`): a turn of one is too short to keep the
processor busy.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith
from xdsl.ir import Block, SSAValue

from pydex.dialects import eff
from pydex.passes import lower_state
from pydex.passes.fold_scalar import truth
from pydex.passes.lower import Lowering, terminator
from pydex.passes.lower_copies import Copy
from pydex.passes.lower_text import Val
from pydex.passes.lower_varying import Varying
from pydex.passes.lower_vectors import both, in_any_lane, select, splat, true, vector


def while_(low: Lowering, op: eff.WhileOp) -> None:
    """`eff.while`, in lanes that end at different times or not."""
    if low.group is not None and low.group.varying.has_varying_trips(op):
        run_while(low, op, [Copy.only(low)])
    else:
        lower_state.while_(low, op)


def run_while(low: Lowering, op: eff.WhileOp, copies: Sequence[Copy]) -> None:
    """The `while` of these groups of lanes."""
    turns, code = Turns(low, op, copies), low.code
    first = turns.first()
    types = [v.type for v in first]
    listed, before = ", ".join(types), code.slot()
    arguments = [code.fresh(t) for t in types]
    header = ", ".join(f"{a.name} = {code.use(v)}" for a, v in zip(arguments, first, strict=True))
    results = code.let_many(types, f"scf.while ({header}) : ({listed}) -> ({listed}) {{")
    with low.frame(before) as frame:
        start = code.slot()
        go, values = turns.tested(arguments)
        low.target.leave(low, frame, start)
        code.do(f"scf.condition({{}}) {', '.join(['{}'] * len(types))} : {listed}", go, *values)
    code.do("}} do {{")
    with low.frame(before) as frame:
        arguments = [code.fresh(t) for t in types]
        code.do(f"^bb0({', '.join(f'{a.name}: {a.type}' for a in arguments)}):")
        start = code.slot()
        values = turns.turn(arguments)
        low.target.leave(low, frame, start)
        code.do(f"scf.yield {', '.join(['{}'] * len(types))} : {listed}", *values)
    code.do("}}")
    turns.finish(results)


class Turns:
    """What such a loop carries: scalars, the same for all groups; then for each group its vectors, and who is on.

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

    def first(self) -> list[Val]:
        """Before the first turn."""
        low, op, code = self.low, self.op, self.low.code
        with self.copies[0].current(low):
            values = [low.value(op.initial[k]) for k in self.alike]
        for copy in self.copies:
            with copy.current(low):
                assert copy.group is not None
                values += [low.handed_on(op.initial[k], op.body.block.args[k]) for k in self.apart]
                values += [splat(code, low.value(op.initial[k]), self.lanes) for k in self.kept]
                values += [splat(code, 0, self.lanes)] if self.counts else []
                values += [true(code, vector(self.lanes, "i1")) if copy.group.on is None else copy.group.on]
        return values

    def tested(self, values: Sequence[Val]) -> tuple[Val, list[Val]]:
        """Does some lane go on, and what is carried then: on are the lanes where the condition holds, too."""
        low, code, shared, groups = self.low, self.low.code, *self._parts(values)
        carried, some, all_of_them = list(shared), None, None
        for copy, state in zip(self.copies, groups, strict=True):
            assert copy.group is not None
            with copy.current(low), copy.group.exactly(state[-1]):
                self._bind(self.op.condition.block, shared, state)
                low.run(self.op.condition.block)
                on = state[-1]
                for value in self.vote:  # no `and`, which in a lane that is off might hand on poison
                    on = select(code, on, low.value(value), code.constant("false", on.type))
                all_of_them = [low.value(v) for v in self.shared]
            carried += [*state[:-1], on]
            some = on if some is None else code.let(on.type, f"arith.ori {{}}, {{}} : {on.type}", some, on)
        assert some is not None and all_of_them is not None
        go = in_any_lane(code, some)
        for condition in all_of_them:
            go = both(code, go, condition)
        assert go is not None
        return go, carried

    def turn(self, values: Sequence[Val]) -> list[Val]:
        """What is carried after a turn of the lanes that are on."""
        low, op, shared, groups = self.low, self.op, *self._parts(values)
        new, following, advanced = terminator(op.body.block), list[Val](), list[Val]()
        for copy, state in zip(self.copies, groups, strict=True):
            assert copy.group is not None
            with copy.current(low), copy.group.exactly(state[-1]):
                self._bind(op.body.block, shared, state)
                low.run(op.body.block)
                advanced = [low.value(new[k]) for k in self.alike]
                made = [low.handed_on(new[k], op.body.block.args[k]) for k in self.apart]
                made += [splat(low.code, low.value(new[k]), self.lanes) for k in self.kept]
            following += self._advanced(made, state)
        return [*advanced, *following]

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

    def finish(self, values: Sequence[Val]) -> None:
        """After the loop: its results."""
        _, groups = self._parts(values)
        for copy, state in zip(self.copies, groups, strict=True):
            for k, value in zip([*self.apart, *self.kept], state, strict=False):
                copy.values[self.op.results_[k]] = value
            if self.counts:
                copy.values[self.op.trips] = state[-2]

    def _parts(self, values: Sequence[Val]) -> tuple[Sequence[Val], list[Sequence[Val]]]:
        """The scalars, and the vectors of each group."""
        at = len(self.alike)
        width = (len(values) - at) // len(self.copies)
        return values[:at], [values[k : k + width] for k in range(at, len(values), width)]

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
