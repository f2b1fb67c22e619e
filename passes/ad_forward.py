"""Forward mode: every active value is followed by its tangent.

Loops, branches and accumulations carry tangents beside their values; trip counts and branches taken stay those of the
primal. A value without a tangent (it is not active, or nothing reached it yet) has the tangent zero, which is made
only where a header, a branch or a table needs one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from xdsl.ir import Block, Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.passes.symbols import Values

from .ad_activity import active_values
from .ad_emit import Emitter, has_tangent
from .ad_place import Place, without_accumulators
from .ad_target import Target
from .ad_winners import with_winners


@dataclass
class Point(Place):
    """A place with the tangents that are known there."""

    tangents: Values = field(default_factory=dict)

    def inside(self, emit: Emitter) -> Point:
        """A region: it sees what is outside."""
        return Point(emit, dict(self.values), dict(self.sizes), self.again, dict(self.tangents))

    def rerun(self, emit: Emitter) -> Point:
        """A body that is run again."""
        return Point(emit, without_accumulators(self.values), dict(self.sizes), True, dict(self.tangents))

    def tangent(self, value: SSAValue) -> SSAValue:
        """The tangent, made zero where there is none."""
        known = self.tangents.get(value)
        return self.emit.zero(self.type_of(value)) if known is None else known


Rule: TypeAlias = "Callable[[Forward, Any, Point], None]"


@dataclass(frozen=True)
class Rules:
    """The rules of structural ops; all else is `scalar`."""

    structural: Mapping[type[Operation], Rule]
    scalar: Rule


class Forward:
    """Forward mode of one function."""

    def __init__(self, target: Target, rules: Rules):
        self.target = target = with_winners(target)
        self.rules = rules
        self.active = active_values(target.function, target.wrt)

    def run(
        self, emit: Emitter, arguments: Sequence[SSAValue], tangents: Sequence[SSAValue], again: bool = False
    ) -> tuple[list[SSAValue], list[SSAValue]]:
        """Emit the function; its results, and the tangents of its float results."""
        block = self.target.function.body.block
        point = Point(emit, dict(zip(block.args, arguments, strict=True)), dict(self.target.sizes), again)
        point.tangents.update((block.args[i], t) for i, t in zip(self.target.wrt, tangents, strict=True))
        last = self.block(block, point)
        floats = [v for v in last if has_tangent(v.type)]
        return [point.values[v] for v in last], [point.tangent(v) for v in floats]

    def block(self, block: Block, point: Point) -> Sequence[SSAValue]:
        """Emit the ops of a block but its terminator; the source values that one yields."""
        for op in block.ops:
            point.emit.location = op.location
            if op.next_op is None:
                return op.operands
            if not isinstance(op, ix.SizesOp):
                self.op(op, point)
        raise AssertionError("a block without a terminator")

    def op(self, op: Operation, point: Point) -> None:
        if not any(r in self.active for r in op.results) and not self.writes_active(op):
            point.clone(op)
            return
        rule = self.rules.structural.get(type(op), self.rules.scalar)
        rule(self, op, point)
        point.values.update((r, point.values[self.target.same[r]]) for r in op.results if r in self.target.same)

    def writes_active(self, op: Operation) -> bool:
        """Does the op write to an accumulator that has a tangent?"""
        return any(isinstance(c, eff.AddOp) and c.accumulator in self.active for c in op.walk())
