"""Loops whose iterations run a `while` of their own, for different numbers of turns: many are run in step.

    for i { a; while (c) { b }; d }
    ==>  for each block:  for j { a; state[j] = … }
                          while many are active:  for j { state[j] = c ? b : state[j] }        which LLVM vectorises
                          for j { while (c) { b } from state[j]; d }

So a turn costs a vector operation for every sixteen f32 iterations that are still active; and when few are, they are
finished one by one, so that a single long iteration costs no more than it would by itself.

Only where a turn is arithmetic on scalars that cannot fail: it is computed for iterations that have ended, too, and
dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from xdsl.dialects import arith
from xdsl.ir import Block, Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.passes.lower import Lowering, is_table
from pydex.passes.lower_cells import Memory
from pydex.passes.lower_reductions import Reductions
from pydex.passes.lower_state import while_
from pydex.passes.lower_text import Idx, Val, add, minimum, sub

#: Iterations that are run in step, and how many of them have to be active.
BLOCK = 128
MANY = 16

#: Ops that may be computed in vain; of `arith`, all but divisions of integers.
SAFE_MATH = {"math.absf", "math.sqrt", "math.exp", "math.log", "math.sin", "math.cos", "math.fma"}


#: The iteration of an index, whose ops are run by the function.
Finish: TypeAlias = Callable[[Val, Callable[[], None]], Sequence[Val]]


@dataclass
class Divergent:
    """Such a loop: its `while`, the ops around it, and the values of the ops before that are used later."""

    loop: eff.WhileOp
    before: list[Operation]
    after: list[Operation]
    kept: list[SSAValue]


def divergent(low: Lowering, op: ix.ForOp) -> Divergent | None:
    """The parts of such a loop; None of any other."""
    body = list(op.body.block.ops)
    loops = [o for o in body if isinstance(o, eff.WhileOp)]
    if len(loops) != 1 or not isinstance(low.target, Memory) or not _pure(loops[0]):
        return None
    if any(isinstance(o, eff.CheckOp | ix.NameOp | ix.OpenOp) for o in op.body.walk()):
        return None
    at = body.index(loops[0])
    before, after = body[:at], body[at + 1 : -1]
    made: list[SSAValue] = [r for o in before for r in o.results]
    later = {v for o in body[at:] for deeper in o.walk() for v in deeper.operands}
    kept = [v for v in made if v in later and not isinstance(v.owner, arith.ConstantOp)]
    return None if any(map(is_table, kept)) else Divergent(loops[0], before, after, kept)


def _pure(op: eff.WhileOp) -> bool:
    """Is a turn arithmetic on scalars?"""
    turn = [o for block in (op.condition.block, op.body.block) for o in block.ops]
    safe = all(_safe(o) or isinstance(o, eff.ConditionOp | eff.YieldOp) for o in turn)
    return safe and not any(is_table(v) for v in op.initial)


def _safe(op: Operation) -> bool:
    integral = ("arith.div", "arith.rem", "arith.floordiv", "arith.ceildiv")
    if isinstance(op, arith.DivfOp) or op.name in SAFE_MATH or isinstance(op, ix.OrdOp | ix.SizeOp):
        return True
    return op.name.startswith("arith.") and not op.name.startswith(integral)


def run_divergent(
    low: Lowering, op: ix.ForOp, parts: Divergent, reductions: Reductions, range: tuple[Idx, Idx], finish: Finish
) -> list[Val]:
    """The iterations of `range`."""
    lo, hi = range
    state = State(low, op, parts)

    def block(first: Val, now: list[Val]) -> list[Val]:
        code = low.code
        count = sub(code, minimum(code, add(code, first, BLOCK), hi), first)

        def begin(j: Val, _: list[Val]) -> list[Val]:
            state.begin(j, code.number(add(code, first, j)))
            return []

        def end(j: Val, now: list[Val]) -> list[Val]:
            i = code.number(add(code, first, j))
            return reductions.step(low, now, finish(i, lambda: state.end(j)), i)

        low.loop(0, count, [], begin)
        state.turns(count, first)
        return low.loop(0, count, now, end, hint="scalar")

    return low.loop(lo, hi, reductions.first(low, wide=True), block, step=BLOCK)


class State:
    """What the iterations of a block carry, and what they need of the ops before, side by side in memory."""

    def __init__(self, low: Lowering, op: ix.ForOp, parts: Divergent):
        self.low, self.op, self.parts = low, op, parts
        self.carried = [self._room(v) for v in parts.loop.initial]
        self.kept = [self._room(v) for v in parts.kept]
        self.trips = self._room(parts.loop.trips) if parts.loop.trips.first_use is not None else None

    def _room(self, value: SSAValue) -> Any:
        return self.low.target.allocate(self.low, [BLOCK], value.type, True)

    def begin(self, j: Val, i: Val) -> None:
        """The ops before the `while`, of iteration i, the j-th of its block; what the `while` starts from."""
        low = self.low
        low.bind(self.op, i)
        for op in self.parts.before:
            low.rules[type(op)](low, op)
        for place, value in zip((*self.carried, *self.kept), (*self.parts.loop.initial, *self.parts.kept), strict=True):
            low.target.store(low, place, [j], low.value(value))
        if self.trips is not None:
            low.target.store(low, self.trips, [j], low.code.number(0))

    def turns(self, count: Idx, first: Val) -> None:
        """Turns of all iterations from `first` on, until few are active."""
        low, code = self.low, self.low.code
        go = code.fresh("i1")
        code.do(f"scf.while ({go.name} = {{}}) : (i1) -> () {{{{", code.constant("true", "i1"))
        with low.frame():
            code.do(f"scf.condition({go.name})")
        code.do("}} do {{")
        with low.frame():
            (active,) = low.loop(0, count, [code.constant("0", "i32")], lambda j, now: self._turn(j, first, now))
            many = code.let("i1", "arith.cmpi sge, {}, {} : i32", active, code.constant(str(MANY), "i32"))
            code.do("scf.yield {} : i1", many)
        code.do("}}")

    def _turn(self, j: Val, first: Val, now: list[Val]) -> list[Val]:
        """A turn of iteration j of a block, if it is active; how many are."""
        low, code, loop = self.low, self.low.code, self.parts.loop
        low.bind(self.op, code.number(add(code, first, j)))
        self._load_kept(j)
        old = [low.target.load(low, place, [j]) for place in self.carried]
        go = self._evaluate(loop.condition.block, old)[0]
        new = self._evaluate(loop.body.block, old)
        for place, a, b in zip(self.carried, new, old, strict=True):
            chosen = code.let(a.type, f"arith.select {{}}, {{}}, {{}} : {a.type}", go, a, b)
            low.target.store(low, place, [j], chosen)
        one = code.let("i32", "arith.extui {} : i1 to i32", go)
        if self.trips is not None:
            more = code.let("i64", "arith.extui {} : i1 to i64", go)
            before = low.target.load(low, self.trips, [j])
            low.target.store(low, self.trips, [j], code.number(add(code, before, more)))
        return [code.let("i32", "arith.addi {}, {} : i32", now[0], one)]

    def _load_kept(self, j: Val) -> None:
        for place, value in zip(self.kept, self.parts.kept, strict=True):
            self.low.values[value] = self.low.target.load(self.low, place, [j])

    def _evaluate(self, block: Block, arguments: Sequence[Val]) -> list[Val]:
        """What a block of the `while` hands on: the condition, or the next values."""
        low, last = self.low, block.last_op
        assert isinstance(last, eff.ConditionOp | eff.YieldOp)
        for argument, value in zip(block.args, arguments, strict=True):
            low.values[argument] = value
        low.run(block)
        return [low.value(v) for v in last.operands]

    def end(self, j: Val) -> None:
        """The `while` of iteration j from where it has come to, and the ops after it."""
        low, loop = self.low, self.parts.loop
        self._load_kept(j)
        while_(low, loop, [low.target.load(low, place, [j]) for place in self.carried])
        if self.trips is not None:
            total = add(low.code, low.value(loop.trips), low.target.load(low, self.trips, [j]))
            low.values[loop.trips] = low.code.number(total)
        for op in self.parts.after:
            low.rules[type(op)](low, op)
