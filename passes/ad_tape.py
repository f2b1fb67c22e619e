"""What the reverse of a sequential loop must keep of every iteration.

The body is run again in reverse order, so the carried values at its start are needed:

* scalars as they are;
* of a carried table that the body only reads at its own level and updates (`t[i] = f(t[i - 1])`), what it reads,
  never the table: its versions do not exist in the reverse at all;
* any other carried table, whole.

Values computed from these are computed again. What turns out not to be needed is left to dce.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.ir import Block, Operation, SSAValue

from pydex.dialects import ix


@dataclass(frozen=True)
class Tape:
    """`values`: kept of each iteration. `absent`: ops that the reverse does not run again, as their results are on
    the tape or are versions of tables that do not exist there."""

    values: list[SSAValue]
    absent: set[Operation]


def tape_of(block: Block, carried: Sequence[SSAValue], yielded: Sequence[SSAValue]) -> Tape:
    """The tape of a loop body with these carried arguments, which continue as the first of `yielded`."""
    by_element = _read_by_element(block, carried, yielded)
    values = [c for c in carried if c not in by_element]
    absent: set[Operation] = set()
    for versions in by_element.values():
        for op in block.ops:
            if isinstance(op, ix.AtOp) and op.table in versions:
                values.append(op.result)
                absent.add(op)
            elif isinstance(op, ix.UpdateOp) and op.table in versions:
                absent.add(op)
    return Tape(values, absent)


def _read_by_element(
    block: Block, carried: Sequence[SSAValue], yielded: Sequence[SSAValue]
) -> dict[SSAValue, set[SSAValue]]:
    """The carried tables that are only read and updated at the level of the block, with their versions."""
    candidates = {c: _versions(block, c) for c in carried if isinstance(c.type, ix.TableType)}
    while True:
        bad = [c for c, versions in candidates.items() if not _stays(block, versions, carried, candidates)]
        if not bad:
            return candidates
        for c in bad:
            del candidates[c]


def _versions(block: Block, table: SSAValue) -> set[SSAValue]:
    versions = {table}
    for op in block.ops:
        if isinstance(op, ix.UpdateOp) and op.table in versions:
            versions.add(op.result)
    return versions


def _stays(
    block: Block, versions: set[SSAValue], carried: Sequence[SSAValue], candidates: dict[SSAValue, set[SSAValue]]
) -> bool:
    """Is every use a read or an update here, or the next value of such a table?"""
    for use in (u for v in versions for u in v.uses):
        op = use.operation
        if op.parent is not block:
            return False
        if isinstance(op, ix.AtOp | ix.UpdateOp):
            if use.index != 0:
                return False
        elif op.next_op is not None or use.index >= len(carried) or carried[use.index] not in candidates:
            return False
    return True
