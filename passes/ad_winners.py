"""Accumulation by max or min, made differentiable: only the contribution that won a cell has a derivative.

    r = accum max (a = r0) { for i { add a[φ], x } }
    ==>
    r, o = accum max, max (a = r0, b = offer(r0, -1)) { for i { add a[φ], x; add b[φ], offer(x, i) } }
    w = who made o
    d = accum add (a = r0 where w is -1, else 0) { for i { add a[φ], x if w[φ] is i else 0 } }

d equals r, which is read where its value is needed, and sums have derivatives of every order, in both modes. An offer
is a value and who makes it, in one integer (`_offer`), so one evaluation of x decides: computed again, x may be rounded
otherwise (the terms of a sum have no order, and whether a product and a sum are rounded as one depends on what is
around them), but that it is the i-th stays true. w has an integer for each cell; nothing is kept of a contribution.

Ties: the initial value, then the least indices of the loops around, then the first in the text; a NaN beats numbers. A
contribution in a `while` has no index, and is refused.
"""

from __future__ import annotations

from dataclasses import replace

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType, f64, i64
from xdsl.ir import BlockArgument, SSAValue

from pydex.dialects import ad, eff
from pydex.passes.edit import erase
from pydex.passes.symbols import clone_region
from pydex.passes.widen import accumulate_also

from .ad_activity import active_values
from .ad_emit import Emitter
from .ad_numbers import Number, equal, where
from .ad_places import DIGIT, Places, writes
from .ad_target import Target

#: The place of the initial value, before all others.
INITIAL = -1


def with_winners(target: Target) -> Target:
    """The target with its accumulations by max and min rewritten, in a copy of the function if there are any."""
    if not _extreme(target):
        return target
    copy = target.copied()
    accumulators = _extreme(copy)
    offers = [_offer_all(a, Places.of(a)) for a in accumulators]  # which rebuilds the accumulations
    return replace(copy, same=dict(map(_with_sum, accumulators, offers)))


def _extreme(target: Target) -> list[BlockArgument]:
    """The active accumulators that are combined by max or min."""
    found = [
        (op, k)
        for op in target.function.walk()
        if isinstance(op, eff.AccumOp)
        for k, monoid in enumerate(op.monoids)
        if monoid in ("max", "min")
    ]
    if not found:
        return []
    active = active_values(target.function, target.wrt)
    return [op.accumulators[k] for op, k in found if op.accumulators[k] in active or op.results_[k] in active]


def _offer_all(accumulator: BlockArgument, places: Places) -> tuple[BlockArgument, Places]:
    """Offer to another accumulator whatever is added to this one."""
    op = accumulator.block.parent_op()
    assert isinstance(op, eff.AccumOp)
    k, before = accumulator.index, Emitter.before(op)
    least = op.monoids[k] == "min"
    initial = before.elementwise([op.initial[k]], lambda e, x: _offer(e, x[0], e.constant(INITIAL, places.type), least))
    offers = accumulate_also(op, initial, "max")
    for number, write in enumerate(writes(accumulator)):
        emit = Emitter.before(write)
        offer = _offer(emit, write.value, places.here(emit, write, number, accumulator.block), least)
        emit.insert(eff.AddOp(offers, list(write.indices), offer))
    return offers, places


def _with_sum(accumulator: BlockArgument, offers: tuple[BlockArgument, Places]) -> tuple[SSAValue, SSAValue]:
    """Put d after the accumulation; d and r, which are the same."""
    op, places = accumulator.block.parent_op(), offers[1]
    assert isinstance(op, eff.AccumOp) and op.next_op is not None
    best, offered, initial = op.results_[accumulator.index], op.results_[offers[0].index], op.initial[accumulator.index]
    uses = list(best.uses)
    emit = Emitter.before(op.next_op)
    emit.location = op.location

    winner = emit.elementwise([offered], lambda e, cell: e.insert(arith.TruncIOp(cell[0], places.type)).result)

    def if_won(inner: Emitter, cells: list[SSAValue]) -> SSAValue:
        return _if_won(inner, cells[0], cells[1], inner.constant(INITIAL, places.type))

    first = emit.elementwise([initial, winner], if_won)
    chosen = _sum_of_winners(emit, op, accumulator.index, first, winner, places)
    for use in uses:
        use.operation.operands[use.index] = chosen
    return chosen, best


def _offer(emit: Emitter, x: SSAValue, place: SSAValue, least: bool) -> SSAValue:
    """The value and who offers it, in one integer: the greatest is that of the best value, and of the first of equals.

    High: the bits of x, or of -x, as an integer that is ordered as numbers are; one zero, and NaN above all. Low: -2 -
    place, without a sign, so that the place -1 is the best.
    """
    bits = place.type.width.data  # pyright: ignore[reportAttributeAccessIssue]
    wide = IntegerType(DIGIT + bits)  # has room for both
    number = Number(emit.convert(emit.insert(ad.StopOp(x)).result, f64), emit)
    number = -number if least else number
    pattern = emit.insert(arith.BitcastOp(number.value, i64)).result
    sign = emit.insert(arith.ShRSIOp(pattern, emit.constant(63, i64))).result
    flip = emit.insert(arith.AndIOp(sign, emit.constant(2**63 - 1, i64))).result
    key = Number(emit.insert(arith.XOrIOp(pattern, flip)).result, emit)
    key = where(equal(number, 0.0), Number(emit.constant(0, i64), emit), key)
    nan = emit.insert(arith.CmpfOp(number.value, number.value, "uno")).result
    key = emit.select(nan, emit.constant(2**63 - 1, i64), key.value)
    high = emit.insert(arith.ShLIOp(emit.insert(arith.ExtSIOp(key, wide)).result, emit.constant(bits, wide))).result
    return emit.insert(arith.OrIOp(high, emit.insert(arith.ExtUIOp(_low(emit, place), wide)).result)).result


def _low(emit: Emitter, place: SSAValue) -> SSAValue:
    """What stands for a place in offers, and in w."""
    return (-2 - Number(place, emit)).value


def _if_won(emit: Emitter, x: SSAValue, winner: SSAValue, place: SSAValue) -> SSAValue:
    """x where the winner is of this place, else zero."""
    won = equal(Number(winner, emit), Number(_low(emit, place), emit))
    return emit.select(won.value, x, emit.zero(x.type))


def _sum_of_winners(
    emit: Emitter, op: eff.AccumOp, k: int, first: SSAValue, winner: SSAValue, places: Places
) -> SSAValue:
    """Run the region of `op` again, and add up what won a cell of its k-th accumulator."""
    accum = eff.AccumOp([first], ["add"])
    body = clone_region(op.body, {}, {})
    inner = {a for c in body.walk() if isinstance(c, eff.AccumOp) for a in c.accumulators}
    adds = [c for c in body.walk() if isinstance(c, eff.AddOp) and c.accumulator not in inner]
    for number, write in enumerate(a for a in adds if a.accumulator is body.block.args[k]):
        here = Emitter.before(write)
        indices = list(write.indices)
        place = places.here(here, write, number, body.block)
        won = _if_won(here, write.value, here.at(winner, indices), place)
        here.insert(eff.AddOp(accum.accumulators[0], indices, won))
    checks = [c for c in body.walk() if isinstance(c, eff.CheckOp)]
    for unwanted in [*adds, *checks, body.block.last_op]:
        assert unwanted is not None
        unwanted.detach()
        unwanted.erase()
    for each in list(body.block.ops):
        each.detach()
        accum.body.block.add_op(each)
    made = emit.finish_accum(accum, [])
    _erase_unused(made)
    return made.results_[0]


def _erase_unused(accum: eff.AccumOp) -> None:
    """Erase what only offers were made of: what was not chosen has no other use then, and is masked (`ad_masks`)."""
    for op in reversed(list(accum.body.walk())):
        if op.results and not op.regions and not eff.effects(op) and not any(r.uses for r in op.results):
            erase(op)
