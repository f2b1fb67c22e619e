"""tape-narrow: a loop that gives a table of tables, of which only a part is read, gives that part.

    T = loop i { ...; yield t } -> table of t;     ... T[j, j + 1, k] ...   (in every use of T)
    ==>
    T = loop i { ...; yield t[i + 1] } -> table of rows;     ... T[j, k] ...

The indices that all uses share are affine in the first one, constants, or values that the loop knows too. The part is
copied as soon as t is known, as t may be updated in place later. Reverse mode makes such loops: it keeps a carried
table whole where a loop inside reads it, until it is seen which part is read. Reads that are dead must be gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeAlias

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr

from .ad_emit import Emitter
from .edit import insert, ops_inside, replace

#: coef * (the index of the step) + offset, or a value from outside of the loop
Place: TypeAlias = tuple[SizeAttr, SizeAttr] | SSAValue


class TapeNarrow(ModulePass):
    name: ClassVar[str] = "tape-narrow"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        narrow(op)


def narrow(root: Operation) -> None:
    """Narrow the output tables of the sequential loops inside `root`."""
    for op in [o for o in ops_inside(root) if isinstance(o, eff.LoopOp)]:
        narrowed = op
        for k in range(len(op.initial), len(op.results_)):
            narrowed = _narrow_one(narrowed, k)


def _narrow_one(op: eff.LoopOp, k: int) -> eff.LoopOp:
    result, value = op.results_[k], op.yielded[k]
    reads = [u.operation for u in result.uses]
    if not isinstance(value.type, ix.TableType) or any(ix.axis_dependent(s) for s in value.type.sizes):
        return op
    places = _shared_places([r for r in reads if isinstance(r, ix.AtOp)], op) if reads else []
    if not places or not all(isinstance(r, ix.AtOp) and r.table is result for r in reads):
        return op
    near = _first_after(value, op.body.block)
    emit = Emitter.before(near)
    sizes = value.type.sizes.data[: len(places)]
    indices = [_index(place, size, op, near) for place, size in zip(places, sizes, strict=True)]
    new = _with_yielded(op, k, emit.elementwise([emit.at(value, indices)], lambda _, x: x[0]))
    for read in reads:
        first, *rest = read.operands[1:]
        replace(read, insert(ix.AtOp(new.results_[k], [first, *rest[len(places) :]]), read).results)
    return new


def _first_after(value: SSAValue, block: Block) -> Operation:
    """The first op of the block at which a value is known."""
    owner = value.owner
    op = owner.next_op if isinstance(owner, Operation) and owner.parent is block else block.first_op
    assert op is not None
    return op


def _shared_places(reads: Sequence[ix.AtOp], loop: eff.LoopOp) -> list[Place]:
    """The places, after the first index, that all reads have in common."""
    shared: list[Place | None] | None = None
    for read in reads:
        step, *rest = read.indices
        places = [_place(index, step, loop) for index in rest]
        shared = places if shared is None else shared[: _agreement(shared, places)]
    known: list[Place] = []
    for place in shared or ():
        if place is None:
            break
        known.append(place)
    return known


def _agreement(a: Sequence[Place | None], b: Sequence[Place | None]) -> int:
    count = 0
    for x, y in zip(a, b, strict=False):
        if x is None or not (x is y or (isinstance(x, tuple) and x == y)):
            break
        count += 1
    return count


def _place(index: SSAValue, step: SSAValue, loop: eff.LoopOp) -> Place | None:
    """How the loop can say `index`, which is used where its own index is called `step`."""
    if index is step:
        return (SizeAttr.of(1), SizeAttr.of(0))
    if isinstance(op := index.owner, ix.IndexOp) and len(op.operands_) <= 1 and all(o is step for o in op.operands_):
        affine = (op.coefs.data[0] if op.coefs.data else SizeAttr.of(0), op.offset)
        if not {s for size in affine for s in size.symbols()} - _header(loop):
            return affine
    return index if _before(index, loop) else None


def _header(op: Operation) -> set[str]:
    """The size symbols of the function, which are known everywhere in it."""
    function = op
    while not isinstance(function, FuncOp):
        parent = function.parent_op()
        if parent is None:
            return set()
        function = parent
    first = function.body.block.first_op
    return {s.data for s in first.symbols} if isinstance(first, ix.SizesOp) else set()


def _before(value: SSAValue, loop: Operation) -> bool:
    """Is a value defined before the loop, in its block or one around it?"""
    owner = value.owner
    block = owner if isinstance(owner, Block) else owner.parent
    here: Operation | None = loop
    while here is not None and here.parent is not block:
        here = here.parent_op()
    if here is None:
        return False
    return isinstance(owner, Block) or owner.is_before_in_block(here)


def _index(place: Place, size: SizeAttr, loop: eff.LoopOp, near: Operation) -> SSAValue:
    """The index where `near` is, in the loop's body."""
    if isinstance(place, SSAValue):
        return place
    coef, offset = place
    if (coef, offset, loop.size) == (SizeAttr.of(1), SizeAttr.of(0), size):
        return loop.index
    operands = [] if coef == SizeAttr.of(0) else [loop.index]
    return insert(ix.IndexOp(operands, [coef] * len(operands), offset, size), near).results[0]


def _with_yielded(op: eff.LoopOp, k: int, value: SSAValue) -> eff.LoopOp:
    """The loop with another k-th output."""
    last = op.body.block.last_op
    assert last is not None
    last.operands[k] = value
    tables = [op.table_type(v.type) for v in op.yielded[len(op.initial) :]]
    symbol = op.symbol.data if op.symbol else None
    new = eff.LoopOp(op.size, list(op.initial), tables, op.reverse is not None, symbol, op.detach_region(op.body))
    new.attributes.update(op.attributes)
    new.linear, new.keep, new.halving = op.linear, op.keep, op.halving
    insert(new, op)
    for old, result in zip(op.results_, new.results_, strict=True):
        result.name_hint = old.name_hint
        old.replace_all_uses_with(result)
    op.detach()
    op.erase()
    return new
