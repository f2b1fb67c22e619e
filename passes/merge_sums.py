"""merge-sums: two sums of one loop that AD adds to each other are one sum, in which common factors are taken out.

    a, b = for i. (x * u, x * v) -> add, add        c = for i. x * (u + v) -> add
    c = a + b {linear}                         ==>

Reverse mode gathers what a pair gives to one of its sides, and what the other pair of the same two gives to it as the
other side: the same linear function of two cotangents, and so one of their sum (`linear_read`). `linear` is what
`accum-to-table` says of sums of contributions that AD wrote; nothing else is rearranged. Only if the loop has fewer
operations then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects import arith
from xdsl.dialects.builtin import Float32Type, Float64Type, ModuleOp
from xdsl.ir import Block, Operation, OpResult, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import ix

from .edit import blocks, erase, terminator
from .fold_scalar import LINEAR
from .linear_read import Reader
from .linear_write import Writer
from .simplify import simplify
from .widen import yield_from_for


class MergeSums(ModulePass):
    name: ClassVar[str] = "merge-sums"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if merge_sums(op):
            simplify(op)


def merge_sums(root: Operation) -> bool:
    """Merge sums of the loops inside `root`; whether there were any."""
    found = False
    for block in blocks(root):
        for op in list(block.ops):
            if op.regions:
                found |= merge_sums(op)
        while any(_merged(loop) for loop in block.ops if isinstance(loop, ix.ForOp)):
            found = True
    return found


def _merged(loop: ix.ForOp) -> bool:
    """Merge the sums of a loop two by two; False if there are none, or it would not pay."""
    pairs = _pairs(loop)
    body, type = loop.body.block, pairs[0].result.type if pairs else None
    if not isinstance(type, Float32Type | Float64Type) or any(p.result.type != type for p in pairs):
        return False
    reader, yielded = Reader(body), loop.yielded
    positions = [(_position(p.lhs), _position(p.rhs)) for p in pairs]
    sums = [reader.joined(reader.terms(yielded[a]), reader.terms(yielded[b])) for a, b in positions]
    last = body.last_op.prev_op if body.last_op is not None else None
    writer = Writer(body, type, sums)
    values = [writer.sum(terms) for terms in sums]
    gone = {k for pair in positions for k in pair}
    kept = [v for k, v in enumerate(yielded) if k not in gone]
    if _operations(body, [*kept, *values]) >= _operations(body, yielded):
        _erase_after(body, last)
        return False
    for pair, value in zip(pairs, values, strict=True):
        total = yield_from_for(_loop_of(pair), "add", value)
        pair.result.replace_all_uses_with(total)
        erase(pair)
    return True


def _pairs(loop: ix.ForOp) -> list[arith.AddfOp]:
    """The additions of two results of the loop that are sums, and used for nothing else."""
    found: dict[Operation, None] = {}
    for kind, result in zip(loop.kind_names, loop.results, strict=True):
        op = _only_user(result) if kind == "add" else None
        if isinstance(op, arith.AddfOp) and LINEAR in op.attributes and op.parent is loop.parent:
            sides = [s for s in (op.lhs, op.rhs) if s.owner is loop and _only_user(s) is op]
            if len(sides) == 2 and all(loop.kind_names[_position(s)] == "add" for s in sides):
                found[op] = None
    return [op for op in found if isinstance(op, arith.AddfOp)]


def _only_user(value: SSAValue) -> Operation | None:
    uses = list(value.uses)
    return uses[0].operation if len(uses) == 1 else None


def _position(result: SSAValue) -> int:
    assert isinstance(result, OpResult)
    return result.index


def _loop_of(pair: arith.AddfOp) -> ix.ForOp:
    """The loop, which is made anew for each sum."""
    assert isinstance(pair.lhs.owner, ix.ForOp)
    return pair.lhs.owner


def _operations(body: Block, values: Sequence[SSAValue]) -> int:
    """How many ops of the body the values need, constants not counted."""
    seen: set[Operation] = set()
    todo = list(values)
    while todo:
        op = todo.pop().owner
        if isinstance(op, Operation) and op.parent is body and op not in seen:
            seen.add(op)
            todo += op.operands
    return sum(not isinstance(op, arith.ConstantOp) for op in seen)


def _erase_after(body: Block, last: Operation | None) -> None:
    """Erase what has been written after an op (None: all), but for the terminator."""
    while (op := terminator(body).prev_op) is not last:
        assert op is not None
        erase(op)
