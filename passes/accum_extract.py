"""Accumulations in place: what the ops of a region add to an accumulator, as a value that comes out of them.

    for i { ...; add a[i], v }          ==>   for i { ...; yield v } -> tab          the loop owns the axis
    for i { ...; add a[], v }           ==>   for i { ...; yield v } -> add          the loop is summed over
    loop i { ...; add a[i], v }         ==>   loop i { ...; yield v } -> table
    loop i { ...; add a[], v }          ==>   loop i carry s { ...; yield s + v }
    if c { ...; add a[], v }            ==>   if c { ...; v } else { 0 }
    accum b { ...; add a[], v }         ==>   accum b { ...; yield v }

and so on inwards: the body of a loop that owns the first axis adds to a[i], an accumulator with one axis less. A body
where this fails gets an accumulator of its own, which no other iteration sees.
"""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.dialects import scf
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr

from .affine import affine, never_empty
from .edit import blocks, erase, terminator
from .monoids import combine, identity
from .symbols import fresh
from .widen import carry, yield_from_accum, yield_from_for, yield_from_if, yield_from_loop


class Extraction:
    """Some of the adds to one accumulator (made by the op around `root`), by the blocks they are in."""

    def __init__(self, accumulator: SSAValue, adds: Iterable[eff.AddOp], root: Block):
        assert isinstance(accumulator.type, eff.AccType)
        self.monoid = accumulator.type.monoid.data
        self.root = root
        self.children: dict[Block, set[Operation]] = {}
        self.under: dict[Operation, list[eff.AddOp]] = {}
        self.local: list[eff.AccumOp] = []  # accumulations made for bodies where extraction failed
        for add in adds:
            self._climb(add)

    def _climb(self, add: eff.AddOp) -> None:
        op: Operation = add
        while True:
            block = op.parent
            assert block is not None
            self.children.setdefault(block, set()).add(op)
            self.under.setdefault(op, []).append(add)
            if block is self.root:
                return
            parent = block.parent_op()
            assert parent is not None
            op = parent

    # ------------------------------------------------------------------------------------------ is it possible

    def possible(self, type: Attribute, k: int = 0) -> bool:
        """Can all these adds become one value of this type, which is that of a cell `a[i1, ..., ik]`?"""
        return self._block(self.root, k, type)

    def _block(self, block: Block, k: int, type: Attribute) -> bool:
        """Can the adds in a block, whose first k indices are accounted for, become a value of this type?"""
        return all(self._op(op, k, type) for op in self.children[block])

    def _op(self, op: Operation, k: int, type: Attribute) -> bool:
        scalar = not isinstance(type, ix.TableType)
        match op:
            case eff.AddOp():
                return len(op.indices) == k
            case ix.ForOp() | eff.LoopOp() if self.owns(op, k, type):
                return True  # its body may get an accumulator of its own
            case ix.ForOp():
                filled = self.monoid not in ("max", "min", "umax", "umin") or ix.is_long(type) or never_empty(op.size)
                return scalar and filled and self._block(op.body.block, k, type)
            case eff.LoopOp():
                return scalar and self._block(op.body.block, k, type)
            case eff.WhileOp():
                return scalar and op.condition.block not in self.children and self._block(op.body.block, k, type)
            case scf.IfOp():
                return scalar and all(self._block(b, k, type) for b in blocks(op) if b in self.children)
            case eff.AccumOp():
                return self._block(op.body.block, k, type)
            case _:
                return False

    def owns(self, op: ix.ForOp | eff.LoopOp, k: int, type: Attribute) -> bool:
        """Does index k of all adds inside run through the loop's set, and is that the whole axis?"""
        if not isinstance(type, ix.TableType) or type.sizes.data[0] != op.size:
            return False
        return all(len(a.indices) > k and affine(a.indices[k]).term is op.index for a in self.under[op])

    # ----------------------------------------------------------------------------------------------- the rewrite

    def extract(self, type: Attribute, k: int = 0) -> SSAValue:
        """The value, at the end of the root block; the adds are gone."""
        return self._value(self.root, k, type)

    def _value(self, block: Block, k: int, type: Attribute) -> SSAValue:
        if not self._block(block, k, type):
            return self._in_own_accumulator(block, k, type)
        values = [self._value_of(op, k, type) for op in list(block.ops) if op in self.children[block]]
        total = values[0]
        for value in values[1:]:
            total = combine(self.monoid, total, value, terminator(block))
        return total

    def _value_of(self, op: Operation, k: int, type: Attribute) -> SSAValue:
        match op:
            case eff.AddOp():
                value = op.value
                erase(op)
                return value
            case ix.ForOp() | eff.LoopOp() if self.owns(op, k, type):
                assert isinstance(type, ix.TableType)
                value = self._value(op.body.block, k + 1, type.under(_position(op)))
                return yield_from_for(op, "tab", value) if isinstance(op, ix.ForOp) else yield_from_loop(op, value)
            case ix.ForOp():
                return yield_from_for(op, self.monoid, self._value(op.body.block, k, type))
            case eff.LoopOp() | eff.WhileOp():
                value, last = self._value(op.body.block, k, type), terminator(op.body.block)
                start = identity(self.monoid, type, op)
                return carry(op, start, lambda sum: combine(self.monoid, sum, value, last))
            case scf.IfOp():
                return yield_from_if(op, *(self._branch(r, k, type) for r in op.regions))
            case _:
                assert isinstance(op, eff.AccumOp)
                return yield_from_accum(op, self._value(op.body.block, k, type))

    def _branch(self, region: Region, k: int, type: Attribute) -> SSAValue:
        """What a branch adds: the identity where it adds nothing."""
        if not region.blocks:
            region.add_block(Block([scf.YieldOp()]))
        if region.block in self.children:
            return self._value(region.block, k, type)
        return identity(self.monoid, type, terminator(region.block))

    def _in_own_accumulator(self, block: Block, k: int, type: Attribute) -> SSAValue:
        """block  ==>  accum a' = 0 { block, adding to a' where it added to a[i...] }"""
        *body, last = block.ops
        start = identity(self.monoid, type, body[0])
        accum = eff.AccumOp([start], [self.monoid], [v.type for v in last.operands])
        accum.location = last.location
        block.insert_op_before(accum, last)
        inner = accum.body.block
        for op in body:
            op.detach()
            inner.add_op(op)
        inner.add_op(eff.YieldOp(list(last.operands)))
        last.operands = accum.results[1:]
        for add in [a for op in self.children[block] for a in self.under[op]]:
            add.operands = [accum.accumulators[0], *add.indices[k:], add.value]
        self.local.append(accum)
        return accum.results[0]


def _position(op: ix.ForOp | eff.LoopOp) -> SizeAttr:
    """The name of a loop's index, which it gets if it has none."""
    if op.symbol is None:
        op.properties["symbol"] = StringAttr(fresh("i"))
    assert op.symbol is not None
    return SizeAttr.of(op.symbol.data)
