"""ix-share: what two loops over one row compute alike, and is dear, the first one keeps.

    for i { s = for j { e = exp(x[i, j] - m); yield e } -> add;         ... for j { exp(x[i, j] - m) / s } -> tab }
    ==>
    for i { s, t = for j { e = exp(x[i, j] - m); yield e, e } -> add, tab;  ... for j { t[j] / s } -> tab }

Loops that could be one are one by now; what is between these two needs the first. Only inside of an order-free loop, so
that a table is one row, which the caches hold, and only for functions like exp: to keep and read a number takes the
time of a few operations, or of a root. Loops of a few known iterations are left alone: they will be straight code.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import ix

from .edit import new, replace
from .fuse_inline import is_dear
from .unroll import SIZE
from .widen import yield_from_for


class IxShare(ModulePass):
    name: ClassVar[str] = "ix-share"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for loop in reversed([o for o in op.walk() if isinstance(o, ix.ForOp)]):  # rebuilds those inside
            _share(loop.body.block)


def _share(block: Block) -> None:
    """Share what loops of a block, the body of an order-free loop, compute alike."""
    loops = [op for op in block.ops if isinstance(op, ix.ForOp) and _is_long(op)]
    for k, second in enumerate(loops):
        for j, first in enumerate(loops[:k]):
            if first.size == second.size:
                loops[j] = _keep(first, second)


def _is_long(loop: ix.ForOp) -> bool:
    return loop.size.constant is None or loop.size.constant > SIZE


def _keep(first: ix.ForOp, second: ix.ForOp) -> ix.ForOp:
    """Keep what both compute; the first loop, or what it has become."""
    known = {key: op.results[0] for op in first.body.block.ops if (key := _key(op, first)) is not None}
    for op in list(second.body.block.ops):
        key = _key(op, second)
        if key is not None and key in known:
            table = yield_from_for(first, "tab", known[key])
            assert isinstance(table.owner, ix.ForOp)
            first = table.owner
            replace(op, [new(op, ix.AtOp(table, [second.index]))])
    return first


def _key(op: Operation, loop: ix.ForOp) -> Hashable | None:
    """What a dear op computes, in terms of the loop's index and of what is outside; None: it is not dear."""
    return _value_key(op.results[0], loop) if is_dear(op) else None


def _value_key(value: SSAValue, loop: ix.ForOp) -> Hashable | None:
    if value is loop.index:
        return "index"
    op = value.owner
    if not isinstance(op, Operation) or not loop.is_ancestor(op):
        return value if op is not loop.body.block else None
    if op.parent is not loop.body.block or op.regions or len(op.results) != 1:
        return None
    operands = tuple(_value_key(operand, loop) for operand in op.operands)
    if None in operands:
        return None
    return op.name, str(op.results[0].type), tuple(sorted((k, str(v)) for k, v in op.properties.items())), operands
