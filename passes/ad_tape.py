"""What the reverse of a sequential loop must keep of every iteration.

The body is run again in reverse order, so the carried values at its start are needed:

* scalars as they are;
* of a carried table that is read by element (`t[i] = f(t[i - 1])`), the elements that are read, never the table: its
  versions do not exist in the reverse at all;
* any other carried table, whole.

A table is read by element if the body only reads and updates it at its own level, or gives it to an inner sequential
loop that does the same, as in dynamic programming. The tape of that inner loop is then a table of the outer one's
tape, and it is not run again; this is done where the inner nest has fewer loops than the table has axes, so that its
tape is smaller than the table. Other values are computed again. What turns out not to be needed is left to dce.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from xdsl.ir import Block, Operation, SSAValue

from pydex.dialects import eff, ix


@dataclass
class Tape:
    """`values`: kept of each iteration. `loops`: inner loops whose tapes are kept. `absent`: ops that the reverse does
    not run again, as their results are kept, or are versions of tables that do not exist there."""

    values: list[SSAValue]
    loops: dict[eff.LoopOp, Tape] = field(default_factory=dict)
    absent: set[Operation] = field(default_factory=set)


def tape_of(block: Block, carried: Sequence[SSAValue]) -> Tape:
    """The tape of a loop body with these carried arguments."""
    by_element = _read_by_element(block, carried)
    tape = Tape([c for c in carried if c not in by_element])
    versions = set().union(*by_element.values())
    for op in block.ops:
        if isinstance(op, ix.AtOp) and op.table in versions:
            tape.values.append(op.result)
            tape.absent.add(op)
        elif isinstance(op, ix.UpdateOp) and op.table in versions:
            tape.absent.add(op)
        elif isinstance(op, eff.LoopOp) and any(i in versions for i in op.initial):
            tape.values += [r for r in op.results_ if r not in versions]
            tape.loops[op] = tape_of(op.body.block, op.carried)
            tape.absent.add(op)
    return tape


def _read_by_element(block: Block, carried: Sequence[SSAValue]) -> dict[SSAValue, set[SSAValue]]:
    """The carried tables that are read by element, with their versions in the block."""
    found = {c: _versions(block, c) for c in carried if isinstance(c.type, ix.TableType)}
    while bad := [c for c, versions in found.items() if not _stays(block, versions, carried, found)]:
        for c in bad:
            del found[c]
    return found


def _versions(block: Block, table: SSAValue) -> set[SSAValue]:
    versions = {table}
    for op in block.ops:
        if isinstance(op, ix.UpdateOp) and op.table in versions:
            versions.add(op.result)
        elif isinstance(op, eff.LoopOp) and _keeps_less(op):
            versions.update(r for i, r in zip(op.initial, op.results_, strict=False) if i in versions)
    return versions


def _stays(
    block: Block, versions: set[SSAValue], carried: Sequence[SSAValue], found: dict[SSAValue, set[SSAValue]]
) -> bool:
    """Is every use a read or an update here, one by such a loop, or the next value of such a table?"""
    for use in (u for v in versions for u in v.uses):
        op = use.operation
        if op.parent is not block:
            return False
        if isinstance(op, ix.AtOp | ix.UpdateOp):
            allowed = use.index == 0
        elif isinstance(op, eff.LoopOp):
            allowed = _keeps_less(op)
        else:
            allowed = op.next_op is None and use.index < len(carried) and carried[use.index] in found
        if not allowed:
            return False
    return True


def _keeps_less(loop: eff.LoopOp) -> bool:
    """Does an inner loop read all tables that it carries by element, and are its tapes smaller than these?"""
    tables = [c for c in loop.carried if isinstance(c.type, ix.TableType)]
    by_element = _read_by_element(loop.body.block, loop.carried)
    depth = _depth(loop)
    return all(t in by_element and isinstance(t.type, ix.TableType) and t.type.rank > depth for t in tables)


def _depth(loop: eff.LoopOp) -> int:
    """How many sequential loops are nested, this one included."""
    return 1 + max((_depth(op) for op in loop.body.block.ops if isinstance(op, eff.LoopOp)), default=0)
