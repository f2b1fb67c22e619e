"""ix-interchange: a table of sums whose inner loop jumps through memory becomes a sum of rows, which walks through it.

    for j. sum l. a[i, l] * b[l, j]
    ==> accum row = 0 { for l. for j. row[j] += a[i, l] * b[l, j] }

The sums of each element are the same terms; their order was free. It is done for the innermost table of a nest,
whose elements are a chain of sums and nothing else, where * some table is read with a summed index that is not the
last one (neighbours are not neighbours in memory), and * no table is read with the table's own index anywhere but
last, and one is: then all reads walk, or stand still.

f32 sums are then made in f32 throughout, as in BLAS. What it does not do: tiles for the cache, or registers for
several rows at once.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr

from .affine import affine
from .edit import ops_inside, replace
from .monoids import identity
from .needs import needs
from .symbols import Sizes, Values, clone, fresh

#: Loops with at most so many iterations, known when compiling, are written out by the lowering: nothing to gain.
SHORT = 16


class IxInterchange(ModulePass):
    """Makes inner loops walk through memory."""

    name: ClassVar[str] = "ix-interchange"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for loop in [o for o in ops_inside(op) if isinstance(o, ix.ForOp)]:
            sums = chain_of_sums(loop)
            if sums and _walks_better(loop, sums):
                interchange(loop, sums)


def chain_of_sums(loop: ix.ForOp) -> list[ix.ForOp]:
    """The loops l1, l2, … of `for j. sum l1. sum l2. … e`, or none if the loop is not of this form."""
    if loop.kind_names != ["tab"] or isinstance(loop.yielded[0].type, ix.TableType) or _is_short(loop):
        return []
    sums: list[ix.ForOp] = []
    level = loop
    while isinstance(inner := level.yielded[0].owner, ix.ForOp) and inner.parent is level.body.block:
        if inner.kind_names != ["add"] or not _independent(inner, loop):
            return []
        sums.append(inner)
        level = inner
    regions = [op for level in (loop, *sums[:-1]) for op in level.body.block.ops if op.regions]
    plain = all(needs(op).pure for level in (loop, *sums) for op in level.body.block.ops if not op.regions)
    alone = len(regions) == len(sums) and not any(op.regions for op in level.body.block.ops)
    return sums if plain and alone else []


def _is_short(loop: ix.ForOp) -> bool:
    return loop.size.constant is not None and loop.size.constant <= SHORT


def _independent(inner: ix.ForOp, outer: ix.ForOp) -> bool:
    """Does the set of the inner loop not depend on the outer one?"""
    return outer.symbol is None or outer.symbol.data not in inner.size.symbols()


def _walks_better(loop: ix.ForOp, sums: list[ix.ForOp]) -> bool:
    reads = [op for level in (loop, *sums) for op in level.body.block.ops if isinstance(op, ix.AtOp)]
    summed: set[SSAValue] = {level.index for level in sums if not _is_short(level)}
    jumps = any(_mentions(i, summed) for read in reads for i in read.indices[:-1])
    stays = not any(_mentions(i, {loop.index}) for read in reads for i in read.indices[:-1])
    return jumps and stays and any(_mentions(read.indices[-1], {loop.index}) for read in reads)


def _mentions(index: SSAValue, wanted: set[SSAValue]) -> bool:
    return not wanted.isdisjoint(affine(index).terms)


def interchange(loop: ix.ForOp, sums: list[ix.ForOp]) -> None:
    """for j. sum l. e  ==>  accum row = 0 { for l. for j. row[j] += e }"""
    type = loop.results[0].type
    assert isinstance(type, ix.TableType)
    zero = identity("add", type, loop)
    accum = eff.AccumOp([zero], ["add"])
    accum.location = loop.location
    row = accum.accumulators[0]
    values: Values = {}
    sizes: Sizes = {}
    body = accum.body.block
    for level in (*sums, loop):
        copy = ix.ForOp(level.size.substitute(sizes), [], [], symbol=_renamed(level, sizes))
        copy.location = level.location
        values[level.index] = copy.index
        body.add_op(copy)
        body.add_op(eff.YieldOp() if body is accum.body.block else ix.YieldOp([]))
        body = copy.body.block
    for level in (loop, *sums):
        for op in level.body.block.ops:
            if op is not level.body.block.last_op and not op.regions:
                body.add_op(clone(op, values, sizes))
    element = sums[-1].yielded[0]
    added = eff.AddOp(row, [values[loop.index]], values.get(element, element))
    added.location = loop.location
    body.add_ops([added, ix.YieldOp([])])
    assert loop.parent is not None
    loop.parent.insert_op_before(accum, loop)
    replace(loop, [accum.results[0]])


def _renamed(loop: ix.ForOp, sizes: Sizes) -> str | None:
    if loop.symbol is None:
        return None
    symbol = fresh(loop.symbol.data)
    sizes[loop.symbol.data] = SizeAttr.of(symbol)
    return symbol
