"""Accumulation by max or min, made differentiable: only the contribution that won a cell has a derivative.

    r = accum max (a = r0) { for i { add a[φ], x } }
    ==>
    r = accum max (a = r0) { for i { add a[φ], x } }
    w = accum min (a = -1 where r0 is r, else ∞) { for i { add a[φ], i if x is r[φ] else ∞ } }
    d = accum add (a = r0 where w is -1, else 0) { for i { add a[φ], x if i is w[φ] else 0 } }

d equals r, which is read where its value is needed, and sums have derivatives of every order, in both modes. Ties:
the initial value, then the least indices of the loops around, then the first in the text. A contribution in a `while`
has no index, and is refused.

That x is r must not depend on how x is rounded the second time: the terms of a sum have no order, and whether a product
and a sum are rounded as one depends on what is around them. So the contributions are put into a table, by the loops
around, and r is accumulated from it (`_keep`). The table is as long as there are contributions; loops whose sizes are
only known inside have none, and are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import UnitAttr, i64
from xdsl.ir import Block, BlockArgument, OpResult, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr
from pydex.passes.edit import terminator
from pydex.passes.symbols import clone_region, defined_symbols
from pydex.passes.widen import yield_from_accum, yield_from_for, yield_from_if, yield_from_loop

from .ad_activity import active_values
from .ad_emit import Emitter
from .ad_errors import no_rule
from .ad_numbers import Number, equal
from .ad_target import Target

#: The id of a contribution: the initial value's and nobody's are constants.
Id: TypeAlias = SSAValue | int
INITIAL, NONE = -1, 2**62

#: (contribution, its indices, its id) -> what is accumulated instead
Value: TypeAlias = Callable[[Number, Sequence[SSAValue], Id], SSAValue]


def with_winners(target: Target) -> Target:
    """The target with its accumulations by max and min rewritten, in a copy of the function if there are any."""
    if not _extreme(target):
        return target
    copy = target.copied()
    accumulators = _extreme(copy)
    numbers = [[_keep(write) for write in _writes(a)] for a in accumulators]  # which rebuilds the accumulations
    return replace(copy, same=dict(map(_rewrite, accumulators, numbers)))


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


def _rewrite(accumulator: BlockArgument, numbers: Sequence[int]) -> tuple[SSAValue, SSAValue]:
    """Put r, w and d after the accumulation; d and r, which are the same. numbers: of the tables of contributions among
    the results."""
    k, op = accumulator.index, accumulator.block.parent_op()
    assert isinstance(op, eff.AccumOp)
    kept = [op.results[number] for number in numbers]
    result, initial = op.results_[k], op.initial[k]
    uses = list(result.uses)
    last = op.next_op
    assert last is not None
    emit = Emitter.before(last)
    emit.location = op.location
    best = _again(emit, op, k, initial, op.monoids[k], lambda x, at, here: x.value, kept)
    first = emit.elementwise([initial, best], lambda e, xr: _id_if(Number(xr[0], e), Number(xr[1], e), INITIAL))
    winner = _again(emit, op, k, first, "min", lambda x, at, here: _id_if(x, _read(best, at, x), here), kept)
    start = emit.elementwise([initial, winner], lambda e, xw: _if_id(Number(xw[0], e), Number(xw[1], e), INITIAL))
    chosen = _again(emit, op, k, start, "add", lambda x, at, here: _if_id(x, _read(winner, at, x), here), None)
    for use in uses:
        use.operation.operands[use.index] = chosen
    return chosen, best


def _read(table: SSAValue, indices: Sequence[SSAValue], beside: Number) -> Number:
    return Number(beside.emit.at(table, indices), beside.emit)


def _id_if(x: Number, r: Number, here: Id) -> SSAValue:
    """`here` where x is r (a NaN is), else NONE."""
    emit = x.emit
    nan = emit.insert(arith.CmpfOp(x.value, x.value, "uno")).result
    wins = emit.insert(arith.OrIOp(equal(x, r).value, nan)).result
    return emit.select(wins, _id(emit, here).value, emit.constant(NONE, i64))


def _if_id(x: Number, winner: Number, here: Id) -> SSAValue:
    """x where the winner is `here`, else zero."""
    won = equal(winner, _id(x.emit, here))
    return x.emit.select(won.value, x.value, x.emit.zero(x.type))


def _id(emit: Emitter, here: Id) -> Number:
    return Number(emit.constant(here, i64) if isinstance(here, int) else here, emit)


def _writes(accumulator: SSAValue) -> list[eff.AddOp]:
    """What is added to an accumulator, in the order of the text."""
    assert isinstance(accumulator, BlockArgument)
    owner = accumulator.block.parent_op()
    assert owner is not None
    return [op for op in owner.walk() if isinstance(op, eff.AddOp) and op.accumulator is accumulator]


def _keep(write: eff.AddOp) -> int:
    """Make a table of what is added, by the loops around, a result of the accumulation: its number."""
    accumulator = write.accumulator
    assert isinstance(accumulator, BlockArgument)
    if isinstance(write.value.type, ix.TableType):
        raise no_rule(write, "accumulate the elements of a table one by one where the monoid is not +")
    accumulation = accumulator.block.parent_op()
    assert accumulation is not None
    value, block, around = write.value, write.parent, _loops(write, accumulator.block)
    unknown = defined_symbols(accumulation) - {loop.symbol.data for loop in around if loop.symbol is not None}
    if any(unknown & set(loop.size.symbols()) for loop in around):
        raise no_rule(write, "the size of a loop around it is only known inside the accumulation: carry it instead")
    while True:
        assert block is not None
        op, outer = block.parent_op(), block.parent_block()
        match op:
            case ix.ForOp():
                value = yield_from_for(op, "tab", value)
            case eff.LoopOp():
                value = yield_from_loop(op, value)
            case scf.IfOp():
                value = _yield_from_branch(op, block, value)
            case _:
                assert isinstance(op, eff.AccumOp)
                value = yield_from_accum(op, value)
        if block is accumulator.block:
            assert isinstance(value, OpResult)
            return value.index
        block = outer


def _yield_from_branch(op: scf.IfOp, block: Block, value: SSAValue) -> SSAValue:
    """The value where the branch runs this block; zero elsewhere, where nobody reads it."""
    for region in op.regions:
        if not region.blocks:
            region.add_block(Block([scf.YieldOp()]))
    blocks = [region.block for region in op.regions]
    then, otherwise = (value if each is block else Emitter.before(terminator(each)).zero(value.type) for each in blocks)
    return yield_from_if(op, then, otherwise)


def _again(
    emit: Emitter,
    op: eff.AccumOp,
    k: int,
    initial: SSAValue,
    monoid: str,
    value: Value,
    kept: Sequence[SSAValue] | None,
) -> SSAValue:
    """Accumulate `value(contribution, indices, its id)` wherever the region of `op` writes its k-th accumulator.
    kept: for each of them the table of contributions; None: they are computed again, to be differentiated."""
    accum = eff.AccumOp([initial], [monoid])
    body = clone_region(op.body, {}, {})
    inner = {a for c in body.walk() if isinstance(c, eff.AccumOp) for a in c.accumulators}
    writes = [c for c in body.walk() if isinstance(c, eff.AddOp) and c.accumulator not in inner]
    mine = [c for c in writes if c.accumulator is body.block.args[k]]
    for number, write in enumerate(mine):
        here = Emitter.before(write)
        loops = _loops(write, body.block)
        place = _place(here, loops, number, len(mine))
        indices = list(write.indices)
        x = write.value if kept is None else _contribution(here, kept[number], loops)
        here.insert(eff.AddOp(accum.accumulators[0], indices, value(Number(x, here), indices, place)))
    checks = [c for c in body.walk() if isinstance(c, eff.CheckOp)]
    for unwanted in [*writes, *checks, body.block.last_op]:
        assert unwanted is not None
        unwanted.detach()
        unwanted.erase()
    for each in list(body.block.ops):
        each.detach()
        accum.body.block.add_op(each)
    return emit.finish_accum(accum, []).results_[0]


def _contribution(emit: Emitter, table: SSAValue, loops: Sequence[ix.ForOp | eff.LoopOp]) -> SSAValue:
    """The contribution of an iteration, as it was made: no pass may compute it again."""
    value = emit.at(table, [loop.index for loop in loops])
    if isinstance(value.owner, ix.AtOp):
        value.owner.attributes[ix.AS_MADE] = UnitAttr()
    return value


def _place(emit: Emitter, loops: Sequence[ix.ForOp | eff.LoopOp], number: int, writes: int) -> SSAValue:
    """The id of a contribution: the ordinals of the loops around it, in their box, and its number in the text."""
    total = emit.constant(0, i64)
    for loop, extent in zip(loops, _box(loops), strict=True):
        ordinal = _integer(emit, emit.insert(ix.OrdOp(loop.index)).result)
        total = (Number(total, emit) * Number(_size(emit, extent), emit) + Number(ordinal, emit)).value
    return (Number(total, emit) * writes + number).value


def _loops(write: eff.AddOp, root: Block) -> list[ix.ForOp | eff.LoopOp]:
    """The loops between a contribution and the body of the accumulation, from the outside."""
    loops: list[ix.ForOp | eff.LoopOp] = []
    block = write.parent
    while block is not None and block is not root:
        parent = block.parent_op()
        if isinstance(parent, eff.WhileOp):
            raise no_rule(write, "in a while loop, a maximum has no index: carry it instead")
        if isinstance(parent, ix.ForOp | eff.LoopOp):
            loops.insert(0, parent)
        block = block.parent_block()
    return loops


def _box(loops: Sequence[ix.ForOp | eff.LoopOp]) -> list[SizeAttr]:
    """Extents of a box that holds all iterations of a nest, whose inner sizes may depend on outer indices."""
    axes = {loop.symbol.data: SizeAttr.of(f"#{k}") for k, loop in enumerate(loops) if loop.symbol}
    if not loops:
        return []
    type = ix.TableType.of([loop.size.substitute(axes) for loop in loops], i64)
    assert isinstance(type, ix.TableType)
    return ix.bounding_sizes(type)


def _size(emit: Emitter, size: SizeAttr) -> SSAValue:
    return _integer(emit, emit.insert(ix.SizeOp(size)).result)


def _integer(emit: Emitter, value: SSAValue) -> SSAValue:
    return emit.insert(arith.IndexCastOp(value, i64)).result
