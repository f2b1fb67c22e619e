"""unroll: loops over a few constants become straight code, so that small vectors and matrices live in registers.

    for a in 3. x[a] * y[a] -> add          ==>   x[0]*y[0] + x[1]*y[1] + x[2]*y[2]
    for a in 3. f a -> tab                  ==>   pack (f 0, f 1, f 2)
    loop a in 2 (c = c0). f a c             ==>   f 1 (f 0 c0)

Inner loops first. A loop is unrolled if it has at most `SIZE` iterations and gives at most `OPS` ops; so the text grows
by a constant factor at most. Loops with argmax or argmin, `while`, and loops of other sizes stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr

from .edit import blocks, new, replace
from .monoids import combine
from .symbols import Sizes, Values, clone_all, substitute

SIZE = 4
OPS = 96


class Unroll(ModulePass):
    name: ClassVar[str] = "unroll"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        unroll(op)


def unroll(root: Operation) -> None:
    """Unroll loops inside `root`, the inner ones first."""
    for block in blocks(root):
        for op in list(block.ops):
            if op.regions:
                unroll(op)
                if isinstance(op, ix.ForOp) and _small(op) and not {"argmax", "argmin"} & set(op.kind_names):
                    _unroll_for(op)
                elif isinstance(op, eff.LoopOp) and _small(op):
                    _unroll_loop(op)


def _small(op: ix.ForOp | eff.LoopOp) -> bool:
    size = op.size.constant
    if size is None or not 0 < size <= SIZE or size * sum(1 for _ in op.body.walk()) > OPS:
        return False
    # a row whose type depends on the index cannot be packed
    names: Sizes = {op.symbol.data: SizeAttr.of(0)} if op.symbol else {}
    return all(substitute(v.type, names) == v.type for v in op.yielded)


def _unroll_for(op: ix.ForOp) -> None:
    owned: Sequence[SSAValue] = list(op.owned)
    rows: list[list[SSAValue]] = []
    for k in range(op.size.constant or 0):
        values = _iteration(op, k, owned)
        owned = [v for v, kind in zip(values, op.kind_names, strict=True) if kind == "own"]
        rows.append(values)
    columns = list(zip(*rows, strict=True))
    replace(op, [_result(op, kind, column) for kind, column in zip(op.kind_names, columns, strict=True)])


def _result(op: ix.ForOp, kind: str, values: Sequence[SSAValue]) -> SSAValue:
    if kind == "tab":
        return new(op, ix.PackOp(values))
    if kind == "own":
        return values[-1]
    total = values[0]
    for value in values[1:]:
        total = combine(kind, total, value, op)
    return total


def _unroll_loop(op: eff.LoopOp) -> None:
    count = len(op.initial)
    carried: Sequence[SSAValue] = list(op.initial)
    order = range(op.size.constant or 0)
    rows: dict[int, list[SSAValue]] = {}
    for k in reversed(order) if op.reverse else order:
        values = _iteration(op, k, carried)
        carried, rows[k] = values[:count], values[count:]
    tables = [new(op, ix.PackOp(column)) for column in zip(*(rows[k] for k in order), strict=True)]
    replace(op, [*carried, *tables])


def _iteration(op: ix.ForOp | eff.LoopOp, k: int, arguments: Sequence[SSAValue]) -> list[SSAValue]:
    """The body for index k, before the loop; what it yields."""
    index = new(op, ix.IndexOp([], [], k, op.size))
    sizes: Sizes = {op.symbol.data: SizeAttr.of(k)} if op.symbol else {}
    values: Values = dict(zip(op.body.block.args, [index, *arguments], strict=True))
    *body, last = op.body.block.ops
    copies = clone_all(body, values, sizes)
    assert op.parent is not None
    op.parent.insert_ops_before(copies, op)
    return [values.get(v, v) for v in last.operands]
