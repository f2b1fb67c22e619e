"""licm of loops and branches that vary only in part: results that do not vary come from an op of their own, before.

    for d. (p, t = for v. (e v, e v * x[d]);  … p …)   ==>   p = for v. e v;  for d. (t = for v. e v * x[d];  … p …)

The op that stays keeps what its other results need: a sequential loop goes on carrying it. Tables that the part starts
from, `ix.fill` and `ix.pack`, are made once more, because a loop updates its own in place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.dialects import scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, OpResult, Region, SSAValue

from pydex.dialects import eff, ix

from .dce import dce
from .edit import blocks, erase, new, terminator
from .needs import defined_symbol, is_independent, mentioned, needs
from .symbols import Values, clone

Harmless = Callable[[Operation], bool]

MADE_AGAIN = (ix.FillOp, ix.PackOp)
BY_RESULT = (ix.ForOp, eff.LoopOp, scf.IfOp)


class Varying:
    """The values inside of an op that differ between the iterations of a loop around it."""

    def __init__(self, op: Operation, values: set[SSAValue], symbols: set[str | None]) -> None:
        self.values, self.symbols = set(values), set(symbols)
        count = -1
        while count != len(self.values):  # what loops carry comes round
            count = len(self.values)
            self._visit(op)

    def _visit(self, op: Operation) -> None:
        if op.__class__ in BY_RESULT:
            self._visit_by_result(op)  # pyright: ignore[reportArgumentType]
            return
        if not is_independent(op, self.values, self.symbols):
            self.values.update(op.results)
            self.symbols.add(defined_symbol(op))

    def _visit_by_result(self, op: ix.ForOp | eff.LoopOp | scf.IfOp) -> None:
        if isinstance(op, scf.IfOp):
            shared, passed = op.cond in self.values, []
        else:
            shared = not self.symbols.isdisjoint(mentioned(op.body.block.args[0].type))
            passed = zip(op.operands, op.body.block.args[1:], _passed_on(op), strict=True)
        for initial, argument, result in passed:
            if initial in self.values or result in self.values:
                self.values.add(argument)
        if shared:
            self.values.update(op.results)
            self.symbols.add(defined_symbol(op))
        for block in blocks(op):
            for inner in block.ops:
                if inner.next_op is not None:
                    self._visit(inner)
            for result, value in zip(op.results, terminator(block).operands, strict=True):
                if value in self.values:
                    self.values.add(result)


def _passed_on(op: ix.ForOp | eff.LoopOp) -> Sequence[OpResult]:
    """The results that are the last versions of what the loop passes from iteration to iteration, or owns."""
    if isinstance(op, ix.ForOp):
        return [r for r, kind in zip(op.results, op.kind_names, strict=True) if kind == "own"]
    return op.results[: len(op.operands)]


def hoist_results(
    op: Operation, inside: set[SSAValue], symbols: set[str | None], loop: Operation, harmless: Harmless
) -> None:
    """Results of an op of a loop's body that do not vary come from a copy before the loop, which makes only them."""
    made_again = {value for value in inside if _can_be_made(value, inside, symbols)}
    varies = Varying(op, inside - made_again, symbols).values
    wanted = [r for r in op.results if r not in varies and r.first_use is not None]
    if not wanted:
        return
    outer = list(needs(op).values)
    block = Block(arg_types=[value.type for value in outer])
    values: Values = dict(zip(outer, block.args, strict=True))
    block.add_op(clone(op, values))
    block.add_op(ix.YieldOp([values[result] for result in wanted]))
    dce(ModuleOp(Region(block)))
    part, last = list(block.ops)
    found = needs(part)
    used = [(value, arg) for value, arg in zip(outer, block.args, strict=True) if arg.first_use is not None]
    known = all(value not in inside or value in made_again for value, _ in used)
    if not (known and found.pure and harmless(part) and symbols.isdisjoint(found.symbols)):
        return
    for value, argument in used:
        argument.replace_all_uses_with(_before(loop, value, inside))
    made = list(last.operands)
    erase(last)
    part.detach()
    assert loop.parent is not None
    loop.parent.insert_op_before(part, loop)
    for result, value in zip(wanted, made, strict=True):
        result.replace_all_uses_with(value)


def _can_be_made(value: SSAValue, inside: set[SSAValue], symbols: set[str | None]) -> bool:
    """Whether a value can be made before the loop, by the ops that make it in the loop."""
    if value not in inside:
        return True
    op = value.owner
    if not isinstance(op, MADE_AGAIN) or not symbols.isdisjoint(mentioned(value.type)):
        return False
    return all(_can_be_made(operand, inside, symbols) for operand in op.operands)


def _before(loop: Operation, value: SSAValue, inside: set[SSAValue]) -> SSAValue:
    """The value, made before the loop if it is made in it."""
    if value not in inside:
        return value
    assert isinstance(value.owner, MADE_AGAIN)
    return new(loop, clone(value.owner, {o: _before(loop, o, inside) for o in value.owner.operands}))
