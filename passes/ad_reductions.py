"""What the derivative of a reduction needs beside its value, found by the same loop.

max, min: the index of the winner (least index, NaN first): only that iteration has a derivative.
mul: for each i the product of the others. With the product of the factors that are not zero, and the number of those
that are, it is y/x_i, or that product at a single zero, or 0; but the derivative of *that* is wrong at zeros. So
where it will be differentiated again, it is the product of all before times the product of all after, exact to every
order, at the price of a table of factors and two sequential loops.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xdsl.dialects.builtin import i64
from xdsl.ir import SSAValue

from pydex.dialects import eff, ix

from .ad_emit import Emitter
from .ad_numbers import Number, equal, like, where

#: (result, part) -> value
Parts = Mapping[Any, SSAValue]


def with_parts(
    emit: Emitter, loop: ix.ForOp, active: Sequence[bool], higher: bool
) -> tuple[ix.ForOp, dict[Any, SSAValue]]:
    """The inserted `loop`, with further results for its first reductions, where they are `active`; these results."""
    parts: list[tuple[Any, str, SSAValue]] = []
    for k, (needed, kind, value) in enumerate(zip(active, loop.kind_names, loop.yielded, strict=False)):
        if needed and kind in ("max", "min"):
            parts.append(((k, "winner"), f"arg{kind}", value))
        elif needed and kind == "mul":
            parts += [((k, name), *part) for name, part in _product_parts(emit, loop, value, higher).items()]
    if not parts:
        return loop, {}
    count = len(loop.results_)
    kinds = [*loop.kind_names, *(kind for _, kind, _ in parts)]
    final = emit.replace_for(loop, kinds, [*loop.yielded, *(value for _, _, value in parts)])
    return final, {key: r for (key, _, _), r in zip(parts, final.results_[count:], strict=True)}


def _product_parts(emit: Emitter, loop: ix.ForOp, factor: SSAValue, higher: bool) -> dict[str, tuple[str, SSAValue]]:
    if higher:
        return {"factors": ("tab", factor)}
    last = loop.body.block.last_op
    assert last is not None
    inner = Emitter.before(last)
    x = Number(factor, inner)
    zero = equal(x, 0.0)
    count = inner.select(zero.value, inner.constant(1, i64), inner.constant(0, i64))
    return {"nonzero": ("mul", where(zero, like(x, 1.0), x).value), "zeros": ("add", count)}


class Others:
    """For each i, the product of all factors but x_i of result k."""

    def __init__(self, emit: Emitter, parts: Parts, k: int):
        self.nonzero, self.zeros = parts.get((k, "nonzero")), parts.get((k, "zeros"))
        factors = parts.get((k, "factors"))
        if factors is not None:
            self.before = self._running(emit, factors, backwards=False)
            self.after = self._running(emit, factors, backwards=True)

    @staticmethod
    def _running(emit: Emitter, factors: SSAValue, backwards: bool) -> SSAValue:
        """The products of the factors before each (after each)."""
        assert isinstance(factors.type, ix.TableType)
        one = emit.constant(1.0, factors.type.element)
        loop = eff.LoopOp(factors.type.sizes.data[0], [one], (), backwards)
        inner = emit.into(loop.body.block)
        (so_far,) = loop.carried
        product = Number(so_far, inner) * Number(inner.at(factors, [loop.index]), inner)
        return emit.finish_loop(loop, [product.value, so_far]).results_[1]

    def product(self, emit: Emitter, index: SSAValue, factor: SSAValue) -> Number:
        """The product of the others at this index, whose factor is given."""
        if self.nonzero is None or self.zeros is None:
            return Number(emit.at(self.before, [index]), emit) * Number(emit.at(self.after, [index]), emit)
        x, nonzero, zeros = (Number(v, emit) for v in (factor, self.nonzero, self.zeros))
        single = where(equal(zeros, 1), nonzero, 0.0)
        none = where(equal(zeros, 0), nonzero / x, 0.0)
        return where(equal(x, 0.0), single, none)
