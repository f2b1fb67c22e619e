"""ix-share: what two loops over one row compute alike, and is dear, the first one keeps.

    for i { s = for j { e = exp(x[i, j] - m); yield e } -> add;         ... for j { exp(x[i, j] - m) / s } -> tab }
    ==>
    for i { s, t = for j { e = exp(x[i, j] - m); yield e, e } -> add, tab;  ... for j { t[j] / s } -> tab }

Loops that could be one are one by now; what is between these two needs the first. Only inside of an order-free loop, so
that a table is one row, which the caches hold, and only for functions like exp: to keep and read a number takes the
time of a few operations, or of a root. Loops of a few known iterations are left alone: they will be straight code.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import ClassVar, TypeAlias

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import ix
from pydex.dialects.sizes import SizeAttr

from .edit import new, ops_inside, replace
from .fuse_inline import is_dear
from .unroll import SIZE
from .widen import yield_from_for

#: What is computed, in terms of a loop's index, of numbers, and of what is outside of the loop; its number.
Numbers: TypeAlias = dict[Hashable, int]


class IxShare(ModulePass):
    name: ClassVar[str] = "ix-share"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for loop in reversed([o for o in ops_inside(op) if isinstance(o, ix.ForOp)]):  # rebuilds those inside
            _share(loop.body.block)


def _share(block: Block) -> None:
    """Share what loops of a block, the body of an order-free loop, compute alike: the first of them keeps it."""
    loops = [op for op in block.ops if isinstance(op, ix.ForOp) and _is_long(op)]
    if len(loops) < 2:
        return
    numbers: Numbers = {}
    makers: dict[tuple[SizeAttr, int], tuple[int, SSAValue]] = {}
    for k, dear in enumerate([_dear(loop, numbers) for loop in loops]):
        for op, number in dear.items():
            j, value = makers.setdefault((loops[k].size, number), (k, op.results[0]))
            if j != k:
                table = yield_from_for(loops[j], "tab", value)
                assert isinstance(table.owner, ix.ForOp)
                loops[j] = table.owner
                replace(op, [new(op, ix.AtOp(table, [loops[k].index]))])


def _is_long(loop: ix.ForOp) -> bool:
    return loop.size.constant is None or loop.size.constant > SIZE


def _dear(loop: ix.ForOp, numbers: Numbers) -> dict[Operation, int]:
    """The dear ops of the loop's body, with the numbers of what they compute."""
    values: dict[SSAValue, Hashable] = {loop.index: "index"}
    found: dict[Operation, int] = {}
    for op in loop.body.block.ops:
        operands = [_of_operand(operand, loop, values) for operand in op.operands]
        if op.regions or len(op.results) != 1 or None in operands:
            continue
        properties = sorted((name, str(value)) for name, value in op.properties.items())
        key = op.name, op.results[0].type, tuple(properties), *operands
        number = values[op.results[0]] = numbers.setdefault(key, len(numbers))
        if is_dear(op):
            found[op] = number
    return found


def _of_operand(value: SSAValue, loop: ix.ForOp, values: Mapping[SSAValue, Hashable]) -> Hashable | None:
    """What stands for an operand: its number, or itself if it comes from outside. None: it is not known."""
    if value in values:
        return values[value]
    home = value.owner
    return None if home is loop.body.block or isinstance(home, Operation) and loop.is_ancestor(home) else value
