"""Branches that make small tables of which only elements are read: they yield the elements.

t = if c (pack a b) else (pack d e);  … t[0] … t[1] …   ==>   p, q = if c (a, b) else (d, e);  … p … q …
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import scf
from xdsl.ir import OpResult, Region, SSAValue

from pydex.dialects import ix

from .affine import affine
from .edit import erase, insert, terminator

#: The reads of one element of one result.
Reads = list[ix.AtOp]


def unpack(op: scf.IfOp) -> scf.IfOp:
    """The branch with elements instead of tables, where that can be; it takes the place of the old one."""
    elements = [_elements(op, result) for result in op.results]
    wanted = [reads for found in elements for reads in found]
    if not wanted:
        return op
    kept = [result for result, found in zip(op.results, elements, strict=True) if not found]
    for region in op.regions:
        _yield_instead(region, [result.index for result in kept], wanted)
    types = [result.type for result in kept] + [reads[0].result.type for reads in wanted]
    made = scf.IfOp(op.cond, types, op.detach_region(0), op.detach_region(0))
    insert(made, op)
    for old, result in zip(kept, made.results, strict=False):
        old.replace_all_uses_with(result)
    for reads, result in zip(wanted, made.results[len(kept) :], strict=True):
        for read in reads:
            read.result.replace_all_uses_with(result)
            erase(read)
    erase(op)
    return made


def _elements(op: scf.IfOp, result: OpResult) -> list[Reads]:
    """The reads of each element; none, if anything else becomes of the table, or a side does not pack numbers."""
    type = result.type
    if not isinstance(type, ix.TableType) or type.rank > 1 or not all(region.blocks for region in op.regions):
        return []
    if not all(isinstance(_yielded(region, result).owner, ix.PackOp) for region in op.regions):
        return []
    found: dict[int, Reads] = {}
    for read in [use.operation for use in result.uses]:
        number = affine(read.indices[0]).number if isinstance(read, ix.AtOp) else None
        if number is None:
            return []
        assert isinstance(read, ix.AtOp)
        found.setdefault(number, []).append(read)
    return list(found.values())


def _yielded(region: Region, result: OpResult) -> SSAValue:
    return terminator(region.block).operands[result.index]


def _yield_instead(region: Region, kept: Sequence[int], wanted: Sequence[Reads]) -> None:
    """Yields what is kept, and elements of the tables that are not."""
    elements: list[SSAValue] = []
    for read, *_ in wanted:
        assert isinstance(read.table, OpResult)
        pack, number = _yielded(region, read.table).owner, affine(read.indices[0]).number
        assert isinstance(pack, ix.PackOp) and number is not None
        elements.append(pack.values[number])
    last = terminator(region.block)
    last.operands = [*(last.operands[k] for k in kept), *elements]
