"""own-to-table: a loop that overwrites most of a new version of a table, of which the old one is still read, makes a
table.

    for i in n - 2 own (v = u) { v[i + 1] = e(u, i) }
        ==>  for p in n { if 1 <= p and p <= n - 2 { e(u, p - 1) } else { u[p] } } -> tab

The loop would copy all of the old table and then write most of it again. With the rim in the loop
it is written once; the lowering runs the interior by itself (`lower_interior`), and steps of such loops in sweeps
(`lower_sweep`).

Only nests that own nothing else, update one element in each iteration, at a constant distance from their indices, and
leave out a few elements at either end of an axis. Not where an iteration of an outer loop computes more than elements
and indices for all of the inner one, or anything has an effect; nor where a cell takes loops, branches or functions
like exp, beside which a copy is nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IndexType, IntegerAttr, ModuleOp
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import ix
from pydex.dialects.sizes import SizeAttr

from .affine import ONE, affine
from .edit import insert, new, ops_inside, ops_of, replace, terminator
from .fuse_inline import is_dear, op_cost
from .needs import needs
from .symbols import Values, clone_all, fresh

#: At either end of an axis, so many elements may be left out.
RIM = 8


class OwnToTable(ModulePass):
    name: ClassVar[str] = "own-to-table"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for loop in [o for o in ops_inside(op) if isinstance(o, ix.ForOp) and o.kind_names == ["own"]]:
            if loop.parent is not None and (nest := Nest.of(loop)) is not None:
                replace(loop, [_Writer(nest).table()])


@dataclass
class Nest:
    """Loops, each the one thing in the body of the one before that writes; the update inside of them; for each axis,
    the loop that goes along it and how far its indices are from its iterations."""

    loops: list[ix.ForOp]
    update: ix.UpdateOp
    axes: list[tuple[ix.ForOp, int]]

    @property
    def old(self) -> SSAValue:
        return self.loops[0].owned[0]

    @staticmethod
    def of(loop: ix.ForOp) -> Nest | None:
        """The nest of a loop that this pass rewrites."""
        if not needs(loop).pure:
            return None
        loops = [loop]
        while isinstance(inner := terminator(loops[-1].body.block).operands[0].owner, ix.ForOp):
            around = loops[-1].body.block
            if inner.kind_names != ["own"] or inner.owned[0] is not around.args[1] or inner.parent is not around:
                return None
            if any(o is not inner and (o.regions or op_cost(o) > 1) for o in ops_of(around)[:-1]):
                return None
            loops.append(inner)
        last, type = loops[-1].body.block, loop.owned[0].type
        if any(o.regions or is_dear(o) for o in last.ops):
            return None
        if not isinstance(inner, ix.UpdateOp) or inner.table is not last.args[1] or inner.parent is not last:
            return None
        assert isinstance(type, ix.TableType)
        if type.rank != len(loops) or len(inner.indices) != type.rank or _is_dependent(loops, type):
            return None
        if sum(1 for _ in inner.result.uses) != 1 or not _is_read_still(loop, inner.value):
            return None
        axes = [_axis(index, size, loops) for index, size in zip(inner.indices, type.sizes.data, strict=True)]
        found = [axis for axis in axes if axis is not None]
        return Nest(loops, inner, found) if len({loop for loop, _ in found}) == len(loops) else None


def _is_read_still(loop: ix.ForOp, value: SSAValue) -> bool:
    """Is the old table used when the loop has begun? Or at all, if one value is written everywhere, which will be part
    of a loop that reads the new table."""
    assert loop.parent is not None
    users = [use.operation for use in loop.owned[0].uses if use.operation is not loop]
    homes = [home for user in users if (home := loop.parent.find_ancestor_op_in_block(user)) is not None]
    is_known = not loop.body.block.is_ancestor(value.owner)
    return any(is_known or home is loop or loop.is_before_in_block(home) for home in homes)


def _is_dependent(loops: Sequence[ix.ForOp], type: ix.TableType) -> bool:
    """Does anything have a size that depends on an index?"""
    names = {loop.symbol.data for loop in loops if loop.symbol is not None}
    inside = {s for op in ops_of(loops[0].body.block) for s in needs(op).symbols}
    return any(map(ix.axis_dependent, type.sizes)) or not names.isdisjoint(inside)


def _axis(index: SSAValue, size: SizeAttr, loops: Sequence[ix.ForOp]) -> tuple[ix.ForOp, int] | None:
    """The loop whose index, and some more, it is, if that runs along most of the axis."""
    form = affine(index)
    loop = next((o for o in loops if form.terms == {o.index: ONE}), None)
    before = form.offset.constant
    after = None if loop is None or before is None else (size - loop.size - before).constant
    if loop is None or before is None or after is None or not (0 <= before <= RIM and 0 <= after <= RIM):
        return None
    return loop, before


class _Writer:
    """Writes the loops over the cells of the table."""

    def __init__(self, nest: Nest):
        self.nest = nest
        self.cells: list[tuple[SSAValue, str]] = []

    def table(self) -> SSAValue:
        assert isinstance(self.nest.old.type, ix.TableType)
        return self._loop(self.nest.old.type, self.nest.loops[0])

    def _loop(self, type: ix.TableType, near: Operation) -> SSAValue:
        symbol = fresh("p")
        loop = ix.ForOp(type.sizes.data[0], ["tab"], [type], symbol=symbol)
        last = ix.YieldOp([])
        loop.body.block.add_op(last)
        insert(loop, near)
        last.location = near.location
        self.cells.append((loop.index, symbol))
        inner = type.under(SizeAttr.of(symbol))
        last.operands = [self._loop(inner, last) if isinstance(inner, ix.TableType) else self._cell(last)]
        return loop.results[0]

    def _cell(self, near: Operation) -> SSAValue:
        tests = [test for axis in range(len(self.cells)) for test in self._tests(axis, near)]
        if not tests:
            return self._inside(near)
        test = tests[0]
        for other in tests[1:]:
            test = new(near, arith.AndIOp(test, other))
        then, otherwise = Block([scf.YieldOp()]), Block([scf.YieldOp()])
        branch = scf.IfOp(test, [self.nest.update.value.type], Region(then), Region(otherwise))
        insert(branch, near)
        for block in (then, otherwise):
            terminator(block).location = near.location
        terminator(then).operands = [self._inside(terminator(then))]
        rim = ix.AtOp(self.nest.old, [cell for cell, _ in self.cells])
        terminator(otherwise).operands = [new(terminator(otherwise), rim)]
        return branch.results[0]

    def _tests(self, axis: int, near: Operation) -> list[SSAValue]:
        """Is the cell one that the nest writes? What is always true is left out."""
        loop, before = self.nest.axes[axis]
        assert isinstance(self.nest.old.type, ix.TableType)
        cell = SizeAttr.of(self.cells[axis][1])
        after = (self.nest.old.type.sizes.data[axis] - loop.size - before).constant
        tests = [cell - before] if before else []
        tests += [loop.size + before - 1 - cell] if after else []
        zero = new(near, arith.ConstantOp(IntegerAttr(0, IndexType()))) if tests else None
        return [new(near, arith.CmpiOp(new(near, ix.SizeOp(t)), zero, "sge")) for t in tests if zero is not None]

    def _inside(self, near: Operation) -> SSAValue:
        """What the nest writes into the cell."""
        nest = self.nest
        values: Values = {}
        for axis, (loop, before) in enumerate(nest.axes):
            cell, _ = self.cells[axis]
            same = before == 0 and cell.type == loop.index.type
            here = cell if same else new(near, ix.IndexOp([cell], [ONE], SizeAttr.of(-before), loop.size))
            values[loop.index] = here
        for loop in nest.loops:
            values[loop.body.block.args[1]] = nest.old
            written = {nest.update, *nest.loops}
            body = [op for op in ops_of(loop.body.block)[:-1] if op not in written]
            for copy in clone_all(body, values, {}):
                insert(copy, near)
        return values.get(nest.update.value, nest.update.value)
