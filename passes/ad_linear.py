"""Is a function linear? The degree of every value in what it is to be linear in.

    degree 0      does not depend on it            degree 1      is linear in it
    ZERO          the constant zero, which is both

    add, sub, select(c0; ·, ·), pack, update, if, what is carried or accumulated:  all of one degree, which it is
    neg, casts, reads, fill, sums, tables:                                          as their operand
    mul: one of degree 1, the others 0           div: the denominator is of degree 0           anything else: degree 0

Otherwise the op is told: 1 + 0 is affine, 1 · 1 a square, and a branch must not depend on it. Any number of uses, and
none, are linear.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from xdsl.dialects import arith, math, scf
from xdsl.dialects.builtin import FloatAttr
from xdsl.ir import Block, Operation, SSAValue

from pydex.dialects import ad, eff, ix

from .ad_emit import has_tangent
from .ad_errors import not_linear
from .ad_target import Target


class Degree(Enum):
    ZERO = "zero"
    CONSTANT = "0"
    LINEAR = "1"


ZERO, CONSTANT, LINEAR = Degree.ZERO, Degree.CONSTANT, Degree.LINEAR


def check_linear(target: Target) -> None:
    """Raises DexTypeError at the op that makes the function not linear in `wrt`."""
    block = target.function.body.block
    wrt = set(target.wrt)
    given = [LINEAR if i in wrt else CONSTANT for i in range(len(block.args))]
    degrees = Degrees(target).function(given)
    last = block.last_op
    assert last is not None
    for value, degree in zip(last.operands, degrees, strict=True):
        if degree is CONSTANT and has_tangent(value.type):
            op = value.owner if isinstance(value.owner, Operation) else last
            raise not_linear(op, "this result does not depend on the argument, so it is a constant")


class Degrees:
    """The degrees of the values of one function."""

    def __init__(self, target: Target):
        self.target = target
        self.of: dict[SSAValue, Degree] = {}

    def function(self, given: Sequence[Degree]) -> list[Degree]:
        """The degrees of the results, given those of the arguments."""
        block = self.target.function.body.block
        self.of.update(zip(block.args, given, strict=True))
        return self.block(block)

    def block(self, block: Block) -> list[Degree]:
        """The degrees of what the block yields."""
        for op in block.ops:
            if op.next_op is None:
                return [self.of[o] for o in op.operands]
            degrees = _RULES.get(type(op), nonlinear)(self, op)
            self.of.update(zip(op.results, degrees, strict=True))
        raise AssertionError("a block without a terminator")

    def join(self, op: Operation, degrees: Sequence[Degree], what: str) -> Degree:
        """The one degree of values that are added, chosen from, or follow each other."""
        found = {d for d in degrees if d is not ZERO}
        if len(found) > 1:
            raise not_linear(op, f"{what} a part that is linear in the argument with one that does not depend on it")
        return found.pop() if found else ZERO

    def independent(self, op: Operation, value: SSAValue, what: str) -> None:
        if self.of[value] is LINEAR:
            raise not_linear(op, f"{what} depends on the argument")

    def stable(self, op: Operation, arguments: Sequence[SSAValue], run: Callable[[], Sequence[Degree]]) -> None:
        """Run a body until the degrees of its carried arguments no longer change."""
        while True:
            before = [self.of[a] for a in arguments]
            after = run()[: len(arguments)]
            for a, b, c in zip(arguments, before, after, strict=True):
                self.of[a] = self.join(op, [b, c], "what is carried from one iteration to the next mixes")
            if [self.of[a] for a in arguments] == before:
                return


def nonlinear(degrees: Degrees, op: Operation) -> list[Degree]:
    """An op that is linear in nothing: its operands do not depend on the argument."""
    for operand in op.operands:
        if degrees.of[operand] is LINEAR:
            raise not_linear(op, f"'{op.name}' is applied to a value that depends on the argument")
    return [CONSTANT] * len(op.results)


def _constant(degrees: Degrees, op: arith.ConstantOp) -> list[Degree]:
    zero = isinstance(op.value, FloatAttr) and op.value.value.data == 0.0
    return [ZERO if zero else CONSTANT]


def _sum(degrees: Degrees, op: Operation) -> list[Degree]:
    return [degrees.join(op, [degrees.of[o] for o in op.operands], "this combines")]


def _first(degrees: Degrees, op: Operation) -> list[Degree]:
    return [degrees.of[op.operands[0]]]


def _product(degrees: Degrees, op: Operation) -> list[Degree]:
    a, b = (degrees.of[o] for o in op.operands[:2])
    if ZERO in (a, b):
        return [ZERO]
    if a is LINEAR and b is LINEAR:
        raise not_linear(op, "both factors depend on the argument")
    return [LINEAR if LINEAR in (a, b) else CONSTANT]


def _fma(degrees: Degrees, op: math.FmaOp) -> list[Degree]:
    return [degrees.join(op, [*_product(degrees, op), degrees.of[op.operands[2]]], "this adds")]


def _quotient(degrees: Degrees, op: arith.DivfOp) -> list[Degree]:
    degrees.independent(op, op.rhs, "the denominator")
    return [degrees.of[op.lhs]]


def _select(degrees: Degrees, op: arith.SelectOp) -> list[Degree]:
    degrees.independent(op, op.cond, "the condition")
    return [degrees.join(op, [degrees.of[op.lhs], degrees.of[op.rhs]], "this chooses between")]


def _update(degrees: Degrees, op: ix.UpdateOp) -> list[Degree]:
    return [degrees.join(op, [degrees.of[op.table], degrees.of[op.value]], "the table would mix")]


def _for(degrees: Degrees, op: ix.ForOp) -> list[Degree]:
    degrees.of[op.index] = CONSTANT
    owned = op.body.block.args[1:]
    degrees.of.update(zip(owned, (degrees.of[t] for t in op.owned), strict=True))
    found: list[Degree] = []

    def run() -> list[Degree]:
        found[:] = degrees.block(op.body.block)
        return [d for d, kind in zip(found, op.kind_names, strict=True) if kind == "own"]

    degrees.stable(op, owned, run)
    for degree, kind in zip(found, op.kind_names, strict=True):
        if degree is LINEAR and kind not in ("tab", "own", "add"):
            raise not_linear(op, f"the reduction '{kind}' is of values that depend on the argument")
    return found


def _loop(degrees: Degrees, op: eff.LoopOp) -> list[Degree]:
    degrees.of[op.index] = CONSTANT
    degrees.of.update(zip(op.carried, (degrees.of[i] for i in op.initial), strict=True))
    found: list[Degree] = []

    def run() -> list[Degree]:
        found[:] = degrees.block(op.body.block)
        return found

    degrees.stable(op, op.carried, run)
    return [*(degrees.of[c] for c in op.carried), *found[len(op.carried) :]]


def _while(degrees: Degrees, op: eff.WhileOp) -> list[Degree]:
    carried = op.body.block.args
    degrees.of.update(zip(carried, (degrees.of[i] for i in op.initial), strict=True))
    degrees.stable(op, carried, lambda: degrees.block(op.body.block))
    degrees.of.update(zip(op.condition.block.args, (degrees.of[c] for c in carried), strict=True))
    last = op.condition.block.last_op
    assert last is not None
    degrees.block(op.condition.block)
    degrees.independent(last, last.operands[0], "the condition of the loop")
    return [*(degrees.of[c] for c in carried), CONSTANT]


def _if(degrees: Degrees, op: scf.IfOp) -> list[Degree]:
    degrees.independent(op, op.cond, "the condition")
    branches = [degrees.block(r.block) for r in op.regions if r.blocks]
    return [degrees.join(op, pair, "this chooses between") for pair in zip(*branches, strict=True)]


def _accum(degrees: Degrees, op: eff.AccumOp) -> list[Degree]:
    degrees.of.update(zip(op.accumulators, (degrees.of[i] for i in op.initial), strict=True))
    yielded = degrees.block(op.body.block)
    for accumulator, monoid in zip(op.accumulators, op.monoids, strict=True):
        if monoid != "add":
            degrees.independent(op, accumulator, f"what is accumulated by '{monoid}'")
    return [*(degrees.of[a] for a in op.accumulators), *yielded]


def _add(degrees: Degrees, op: eff.AddOp) -> list[Degree]:
    cells = degrees.of[op.accumulator]
    degrees.of[op.accumulator] = degrees.join(op, [cells, degrees.of[op.value]], "the accumulation would mix")
    return []


def _checkpoint(degrees: Degrees, op: ad.CheckpointOp) -> list[Degree]:
    callee = Degrees(degrees.target.called_by(op, [], {}))
    return callee.function([degrees.of[a] for a in op.arguments])


_RULES: dict[type[Operation], Callable[[Degrees, Any], list[Degree]]] = {
    arith.ConstantOp: _constant,
    arith.AddfOp: _sum,
    arith.SubfOp: _sum,
    arith.NegfOp: _first,
    arith.MulfOp: _product,
    arith.DivfOp: _quotient,
    arith.SelectOp: _select,
    arith.ExtFOp: _first,
    arith.TruncFOp: _first,
    math.FmaOp: _fma,
    ix.AtOp: _first,
    ix.UpdateOp: _update,
    ix.FillOp: _first,
    ix.PackOp: _sum,
    ix.ForOp: _for,
    eff.LoopOp: _loop,
    eff.WhileOp: _while,
    eff.AccumOp: _accum,
    eff.AddOp: _add,
    scf.IfOp: _if,
    ad.CheckpointOp: _checkpoint,
}
