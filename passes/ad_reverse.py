"""Reverse mode, scope by scope.

The reverse of a block is its forward clone, followed by the block walked backwards. The reverse of a loop is a loop
whose body runs the primal body again and then walks it backwards, so nothing of an iteration of an order-free loop
outlives it. A `Level` is one such scope:

* values that belong to the level hold their cotangent as an SSA value, made when it is first needed;
* values from outside are accumulators (`eff.accum` around the loop, `eff.add` in it), so a parallel loop stays one.

Only active values have cotangents (`ad_activity.py`). What is emitted and not needed is left to dce.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from xdsl.dialects import arith
from xdsl.dialects.builtin import FloatAttr
from xdsl.ir import Block, Operation, Region, SSAValue

from pydex.dialects import eff, ix
from pydex.passes.symbols import Values

from .ad_activity import active_values, free_values
from .ad_emit import Emitter, has_tangent
from .ad_masks import Masks
from .ad_place import Place, without_accumulators
from .ad_target import Target
from .ad_winners import with_winners


@dataclass
class Level(Place):
    """One scope of the reverse pass. All maps have values of the source function as keys."""

    cotangents: Values = field(default_factory=dict)  # of values that belong here -> the sum so far
    accumulators: Values = field(default_factory=dict)  # of values from outside -> the accumulator
    kept: dict[Operation, dict[Any, SSAValue]] = field(default_factory=dict)  # by forward emission, for the reverse
    undo: set[Operation] = field(default_factory=set)  # what makes versions of tables that are taken back (`ad_undo`)

    def inside(self, emit: Emitter) -> Level:
        """A level of its own for the body of a loop, run again."""
        values = without_accumulators(self.values)
        return Level(emit, values, dict(self.sizes), True, {}, dict(self.accumulators), {})

    def rerun(self) -> Level:
        """The same level, in which some body is run again: its values replace those of the first time."""
        values = without_accumulators(self.values)
        return Level(self.emit, values, dict(self.sizes), True, self.cotangents, self.accumulators, {})

    def within(self, emit: Emitter, accumulators: Mapping[SSAValue, SSAValue]) -> Level:
        """The same level, writing into a region of it, where `accumulators` are in scope too."""
        values, sizes = dict(self.values), dict(self.sizes)
        return Level(emit, values, sizes, self.again, self.cotangents, {**self.accumulators, **accumulators}, {})

    def set_version(self, version: SSAValue, table: SSAValue) -> None:
        """From here on this version of a table that is taken back is known, and with it the parts read of it."""
        self.values[version] = table
        block = version.owner if isinstance(version.owner, Block) else version.owner.parent
        for part in (use.operation for use in version.uses if use.operation.parent is block):
            if isinstance(part, ix.AtOp) and isinstance(part.result.type, ix.TableType):
                self.set_version(part.result, self.emit.at(table, [self.values[i] for i in part.indices]))

    def take(self, value: SSAValue) -> SSAValue | None:
        """The complete cotangent of a value, which is being reversed: it is forgotten."""
        return self.cotangents.pop(value, None)

    def take_or_zero(self, value: SSAValue) -> SSAValue:
        cotangent = self.take(value)
        return self.emit.zero(self.type_of(value)) if cotangent is None else cotangent


Rule: TypeAlias = "Callable[[Reverse, Any, Level], None]"


@dataclass(frozen=True)
class Rules:
    """How structural ops are emitted (if their reverse needs more than a clone) and reversed; all else is `scalar`."""

    forward: Mapping[type[Operation], Rule]
    backward: Mapping[type[Operation], Rule]
    scalar: Rule


class Reverse:
    """The reverse of one function."""

    def __init__(self, target: Target, rules: Rules):
        self.target = target = with_winners(target)
        self.rules = rules
        self.active = active_values(target.function, target.wrt)
        self.masks = Masks(target.function)
        self.reversed: Operation | None = None
        self.contents: Values = {}  # source accumulator -> its cotangent, readable while its region is reversed

    def run(
        self, emit: Emitter, arguments: Sequence[SSAValue], seeds: Sequence[SSAValue | None], again: bool = False
    ) -> tuple[list[SSAValue], list[SSAValue]]:
        """Emit the function and its reverse; the primal results, and the cotangents of `wrt`."""
        block = self.target.function.body.block
        level = Level(emit, dict(zip(block.args, arguments, strict=True)), dict(self.target.sizes), again)
        self.forward(block, level)
        last = block.last_op
        assert last is not None
        emit.location = last.location
        results = [level.values[v] for v in last.operands]
        floats = [v for v in last.operands if has_tangent(v.type)]
        for value, seed in zip(floats, seeds, strict=True):
            self.add(level, value, seed)
        self.backward(block, level)
        return results, [level.take_or_zero(block.args[i]) for i in self.target.wrt]

    # ------------------------------------------------------------------------------------------ forward

    def forward(self, block: Block, level: Level, skip: set[Operation] | None = None) -> None:
        """Emit the ops of a block; those whose reverse needs more than their operands keep it in the level."""
        for op in block.ops:
            if op.next_op is None or isinstance(op, ix.SizesOp) or (skip and op in skip):
                continue
            level.emit.location = op.location
            rule = self.rules.forward.get(type(op), plain) if self.is_reversed(op) else plain
            rule(self, op, level)
            level.values.update((r, level.values[self.target.same[r]]) for r in op.results if r in self.target.same)

    def is_reversed(self, op: Operation) -> bool:
        """Does the op have a reverse: active results, or writes to accumulators with a cotangent?"""
        return any(r in self.active for r in op.results) or self.writes_active(op)

    def writes_active(self, op: Operation) -> bool:
        return any(isinstance(c, eff.AddOp) and c.accumulator in self.active for c in op.walk())

    # ----------------------------------------------------------------------------------------- backward

    def backward(self, block: Block, level: Level) -> None:
        """Walk a block backwards: every op gives the cotangents of its results to its operands."""
        outer = self.reversed
        for op in reversed(list(block.ops)):
            if op.next_op is None:
                continue
            if any(r in level.cotangents for r in op.results) or self.writes_active(op) or op in level.undo:
                level.emit.location = op.location
                self.reversed = op
                self.rules.backward.get(type(op), self.rules.scalar)(self, op, level)
        self.reversed = outer

    def add(self, level: Level, value: SSAValue, contribution: SSAValue | None) -> None:
        """x̄ += contribution, for a whole value."""
        if contribution is None or value not in self.active:
            return
        contribution = self._masked(level, value, contribution)
        if value in level.accumulators:
            level.emit.insert(eff.AddOp(level.accumulators[value], [], contribution, linear=True))
            return
        before = level.cotangents.get(value)
        level.cotangents[value] = contribution if before is None else level.emit.add(before, contribution)

    def add_at(self, level: Level, table: SSAValue, indices: Sequence[SSAValue], contribution: SSAValue) -> None:
        """t̄[indices] += contribution."""
        if table not in self.active:
            return
        emit = level.emit
        contribution = self._masked(level, table, contribution)
        if table in level.accumulators:
            emit.insert(eff.AddOp(level.accumulators[table], indices, contribution, linear=True))
            return
        before = level.cotangents.get(table)
        if before is None:
            level.cotangents[table] = emit.update(emit.zero(level.type_of(table)), indices, contribution)
        elif (cleared := _cleared_at(before, indices)) is not None:
            level.cotangents[table] = emit.update(cleared, indices, contribution)
        else:
            sum_here = emit.add(emit.at(before, indices), contribution)
            level.cotangents[table] = emit.update(before, indices, sum_here)

    def _masked(self, level: Level, value: SSAValue, contribution: SSAValue) -> SSAValue:
        """The contribution of the op being reversed, zero where the op did not matter though the value did."""
        if self.masks.any:
            known = self.masks.of_value(value)
            for condition, when in (m for m in self.masks.of(self.reversed) if m not in known):
                contribution = level.emit.masked(level.values[condition], contribution, when)
        return contribution

    def outer_values(self, level: Level, *regions: Region) -> list[SSAValue]:
        """The values of this level to which the reverse of the regions contributes."""
        free = (v for v in free_values(*regions) if v in self.active and v not in level.accumulators)
        return [v for v in free if not isinstance(v.type, eff.AccType)]

    def accumulate(
        self, body: Region, level: Level, build: Callable[[Level], Sequence[SSAValue]]
    ) -> Sequence[SSAValue]:
        """What `build` returns, run where every active value that `body` uses from outside is an accumulator."""
        outer = self.outer_values(level, body)
        if not outer:
            return build(level)
        initial = [level.take_or_zero(v) for v in outer]
        accum = eff.AccumOp(initial, ["add"] * len(outer))
        accumulators = dict(zip(outer, accum.accumulators, strict=True))
        inner = level.within(level.emit.into(accum.body.block), accumulators)
        final = level.emit.finish_accum(accum, build(inner))
        level.cotangents.update(zip(outer, final.results_, strict=False))
        return final.results_[len(outer) :]


def _cleared_at(table: SSAValue, indices: Sequence[SSAValue]) -> SSAValue | None:
    """t, if the table is t with a zero at the indices."""
    op = table.owner
    if not isinstance(op, ix.UpdateOp) or list(op.indices) != list(indices):
        return None
    zero = op.value.owner
    constant = isinstance(zero, arith.ConstantOp) and isinstance(zero.value, FloatAttr) and zero.value.value.data == 0.0
    return op.table if constant else None


def plain(reverse: Reverse, op: Operation, level: Level) -> None:
    """A clone: the reverse needs nothing but values that are known."""
    level.clone(op)
