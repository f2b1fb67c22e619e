"""Where a piece of a function is emitted, and what its values and sizes are there."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.ir import Attribute, Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr
from pydex.passes.symbols import Sizes, Values, clone, substitute

from .ad_emit import Emitter


@dataclass
class Place:
    """`values`, `sizes`: of source values and source symbols. `again`: is this run a second time? Then its checks
    have passed and its accumulators are written: it does neither."""

    emit: Emitter
    values: Values
    sizes: Sizes
    again: bool

    def enter(self, loop: ix.ForOp | eff.LoopOp, index: SSAValue, symbol: str | None) -> None:
        """The loop's index, and the symbol it names, are these here."""
        self.values[loop.index] = index
        if symbol is not None and loop.symbol is not None:
            self.sizes[loop.symbol.data] = SizeAttr.of(symbol)

    def type_of(self, value: SSAValue) -> Attribute:
        """The type of a source value here."""
        return substitute(value.type, self.sizes)

    def clone(self, op: Operation) -> None:
        """Emit a copy of an op."""
        if self._left_out(op):
            return
        if not op.regions:
            self.emit.insert(clone(op, self.values, self.sizes))
            return
        left_out = [c for c in op.walk() if isinstance(c, eff.AddOp) and c.accumulator not in self.values]
        accumulators = {c.accumulator for c in left_out}
        copy = self.emit.insert(clone(op, dict(self.values), dict(self.sizes)))  # what is inside is not known outside
        self.values.update(zip(op.results, copy.results, strict=True))
        for child in list(copy.walk()):
            dead = isinstance(child, eff.AddOp) and child.accumulator in accumulators
            if dead or (self.again and isinstance(child, eff.CheckOp)):
                child.detach()
                child.erase()

    def _left_out(self, op: Operation) -> bool:
        if isinstance(op, eff.AddOp):
            return op.accumulator not in self.values
        return self.again and isinstance(op, eff.CheckOp)


def without_accumulators(values: Values) -> Values:
    """Values as a body sees them that is run again: it writes no accumulator outside of it."""
    return {k: v for k, v in values.items() if not isinstance(k.type, eff.AccType)}
