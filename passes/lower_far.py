"""Loops with sin, cos, tan: first as if no argument were far, then again where one was.

    for i { … sin(x) … }
    ==>  for each block:  far = for i { … near_sin(x) …; far |= |x| > limit }
                          if far { for i { … sin(x) … } }

Arguments beyond what the reduction holds for are rare, and a call for every vector that asks for them costs a third of
such a loop. What a block gives is stored or summed up again if it runs a second time: nothing of the first run is left.

Only loops that can run twice: no accumulators, checks, updates in place or loops inside, no argmax or argmin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from xdsl.ir import Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.passes.lower import Lowering
from pydex.passes.lower_reductions import SUM_BLOCK, Reductions
from pydex.passes.lower_scalars import float_literal
from pydex.passes.lower_text import Idx, Val, add, minimum
from pydex.passes.vector_math import near
from pydex.passes.vector_math.far import FAR_LIMIT

#: One iteration: the values that are reduced.
Step = Callable[[Val], Sequence[Val]]


@dataclass
class Near:
    """A loop's body while it is written as if no argument were far: the arguments that this is assumed of."""

    op: ix.ForOp
    arguments: dict[SSAValue, None] = field(default_factory=dict)

    def takes(self, op: Operation) -> bool:
        """Is it such a function of the body itself? Then its argument is noted."""
        if op.name not in FUNCTIONS or op.parent is not self.op.body.block:
            return False
        self.arguments[op.operands[0]] = None
        return True


#: The functions that have a form for near arguments.
FUNCTIONS = {f"math.{name}" for name in near.FUNCTIONS}


def runs_twice(low: Lowering, op: ix.ForOp) -> bool:
    """Is it a loop that this is for?"""
    body = list(op.body.walk())
    found = any(o.name in FUNCTIONS and o.parent is op.body.block and str(o.results[0].type) in FAR_LIMIT for o in body)
    barred = (eff.AddOp, eff.CheckOp, eff.AccumOp, eff.LoopOp, eff.WhileOp, ix.ForOp, ix.UpdateOp)
    kinds = {"own", "argmax", "argmin"} & set(op.kind_names)
    return found and low.target.near_forms and not kinds and not any(isinstance(o, barred) for o in body)


def run_near(low: Lowering, op: ix.ForOp, reductions: Reductions, lo: Idx, hi: Idx, step: Step) -> list[Val]:
    """The iterations lo … hi."""
    size = reductions.block(None) or SUM_BLOCK

    def block(start: Val, before: list[Val]) -> list[Val]:
        code = low.code
        end = code.number(minimum(code, add(code, start, size), hi))
        first = reductions.first_of_block(low)
        no = code.constant("false", "i1")
        far, *fast = low.loop(start, end, [no, *first], lambda i, now: _near(low, op, reductions, step, now, i, start))
        types = [v.type for v in fast]
        arrow = f" -> ({', '.join(types)})" if types else ""
        chosen = code.let_many(types, f"scf.if {code.use(far)}{arrow} {{")
        with low.frame():
            slow = low.loop(start, end, first, lambda i, now: _exact(low, op, reductions, step, now, i, start))
            _hand_on(low, types, slow)
        if types:
            code.do("}} else {{")
            with low.frame():
                _hand_on(low, types, fast)
        code.do("}}")
        return reductions.close_block(low, before, chosen, start, end)

    return low.loop(lo, hi, reductions.first(low, wide=True), block, step=size)


def _hand_on(low: Lowering, types: Sequence[str], values: Sequence[Val]) -> None:
    if types:
        low.code.do(f"scf.yield {', '.join(['{}'] * len(types))} : {', '.join(types)}", *values)


def _near(
    low: Lowering, op: ix.ForOp, reductions: Reductions, step: Step, now: Sequence[Val], i: Val, start: Val
) -> list[Val]:
    """One iteration, as if arguments were near; whether one was not."""
    near = Near(op)
    low.near = near.takes
    values = step(i)
    low.near = None
    far = now[0]
    for argument in near.arguments:
        far = low.code.let("i1", "arith.ori {}, {} : i1", far, _is_far(low, low.value(argument)))
    return [far, *reductions.step_of_block(low, now[1:], values, i, start)]


def _is_far(low: Lowering, x: Val) -> Val:
    size = low.code.let(x.type, f"math.absf {{}} : {x.type}", x)
    limit = low.code.constant(float_literal(FAR_LIMIT[x.type], x.type), x.type)
    return low.code.let("i1", f"arith.cmpf ogt, {{}}, {{}} : {x.type}", size, limit)


def _exact(
    low: Lowering, op: ix.ForOp, reductions: Reductions, step: Step, now: Sequence[Val], i: Val, start: Val
) -> list[Val]:
    with low.again(op.body):
        values = step(i)
    return list(reductions.step_of_block(low, now, values, i, start))
