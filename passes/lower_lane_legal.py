"""May the iterations of a loop run in the lanes of vectors? If not, why not.

They may, if sizes inside do not depend on the index. Branches may differ from lane to lane: then both sides run, and
each lane keeps its own. So may the conditions of `while` loops that carry numbers: they run until the last lane ends.
Of ops that run late (lower_lane_late.py), one by one, nothing is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xdsl.dialects import scf
from xdsl.dialects.builtin import BFloat16Type, Float16Type, Float32Type
from xdsl.ir import Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.blocks import BlocksOp
from pydex.dialects.contract import ContractOp
from pydex.passes import ix_own
from pydex.passes.edit import ops_inside
from pydex.passes.lower import is_table
from pydex.passes.lower_varying import Varying, mentions_symbol

#: Ops that are written for scalars only.
SCALAR_OPS = {"math.fpowi"}


def place_of(table: SSAValue, indices: tuple[SSAValue, ...] = ()) -> tuple[SSAValue, tuple[SSAValue, ...]]:
    """The table that a part belongs to, and the indices of the part in it, before the given ones."""
    while isinstance(table.owner, ix.AtOp):
        indices = (*table.owner.indices, *indices)
        table = table.owner.table
    return table, indices


def obstacle(op: ix.ForOp, varying: Varying, late: Sequence[Operation] = ()) -> str | None:
    """Why the iterations may not run in lanes, but for these ops; None if they may."""
    if {"argmax", "argmin"} & set(op.kind_names):
        return "it looks for the index of the best iteration"
    if mentions_symbol(op, varying):
        return "sizes inside of it depend on its index"
    if not ix_own.in_own_memory(op):
        return "its iterations copy a table that all of them own parts of"
    apart = {child for o in late for child in (o, *ops_inside(o))}
    for child in ops_inside(op):
        if child not in apart and (reason := _obstacle(op, child, varying)) is not None:
            return reason
    return _unordered_checks(op, varying)


def _obstacle(op: ix.ForOp, child: Operation, varying: Varying) -> str | None:
    match child:
        case eff.WhileOp() if varying.has_varying_trips(child) and any(map(is_table, child.initial)):
            return "a while loop inside of it carries tables and ends at different times"
        case eff.LoopOp() | eff.WhileOp() if _swaps_outer_buffers(child, varying):
            return "a sequential loop inside of it makes its tables in two buffers"
        case eff.AddOp() if meets(op, child, varying):
            return "iterations may add to the same cells"
        case ix.UpdateOp() if child.table not in varying and not any(i in varying for i in _indices(child)):
            return "it updates a cell whose place does not depend on its index"
        case ContractOp() | BlocksOp():
            return f"{child.name} works on whole tables"
        case _ if child.name.split(".")[0] not in ("arith", "math", "scf", "ix", "eff"):
            return f"{child.name} works on whole tables"
        case ix.ForOp() if {"argmax", "argmin"} & set(child.kind_names) and _sums_f32(child):
            return "a loop inside of it makes a long f32 sum beside a winner's index"
        case _ if child.name in SCALAR_OPS:
            return f"{child.name} has no form for vectors"
        case _ if any(isinstance(r.type, Float16Type | BFloat16Type) for r in child.results):
            return "it computes in half precision"
        case _ if any(ix.is_long(r.type) for r in child.results):
            return "it computes with integers that are longer than those of vectors"
        case _:
            return None


def _sums_f32(op: ix.ForOp) -> bool:
    pairs = zip(op.kind_names, op.yielded, strict=True)
    return any(kind == "add" and isinstance(v.type, Float32Type) for kind, v in pairs)


def _indices(op: ix.UpdateOp) -> tuple[SSAValue, ...]:
    return place_of(op.table, tuple(op.indices))[1]


def _swaps_outer_buffers(op: eff.LoopOp | eff.WhileOp, varying: Varying) -> bool:
    """Does one of its tables live in memory of outside and in a second buffer by turns?"""
    versions = zip(ix_own.versioned(op), ix_own.new_versions(op), ix_own.in_place(op), strict=True)
    return any(flag and old not in varying and ix_own.source(new) is None for old, new, flag in versions)


def meets(op: ix.ForOp, child: Operation, varying: Varying) -> bool:
    """Is it an add, to an accumulator of outside, that may be to the cells of other lanes?"""
    return isinstance(child, eff.AddOp) and _is_outer(op, child.accumulator) and not _apart(child, varying)


def _is_outer(op: ix.ForOp, accumulator: SSAValue) -> bool:
    owner = accumulator.owner
    block = owner if not isinstance(owner, Operation) else owner.parent
    parent = block.parent_op() if block is not None else None
    return parent is not None and not op.is_ancestor(parent)


def _apart(op: eff.AddOp, varying: Varying) -> bool:
    """Do lanes add to different cells, or all to one?"""
    slopes = [varying.slope(i) for i in op.indices]
    return all(s == 0 for s in slopes) or any(s for s in slopes if s is not None)


def checks(op: ix.ForOp) -> Iterator[tuple[eff.CheckOp, bool]]:
    """The checks in a loop's body, and whether each stands straight in it."""
    for child in ops_inside(op):
        if isinstance(child, eff.CheckOp):
            yield child, child.parent_op() is op


def _unordered_checks(op: ix.ForOp, varying: Varying) -> str | None:
    """Lanes check in step, so the first failure of an iteration would not be the first of all if there are several."""
    found = list(checks(op))
    differ = [c for c, _ in found if c.condition in varying or _in_varying_branch(c, op, varying)]
    if not differ or (len(found) == 1 and found[0][1]):
        return None
    return "several checks depend on its index, and the first iteration that fails is the one that raises"


def _in_varying_branch(child: Operation, op: ix.ForOp, varying: Varying) -> bool:
    parent = child.parent_op()
    while parent is not None and parent is not op:
        if isinstance(parent, scf.IfOp) and parent.cond in varying:
            return True
        if isinstance(parent, eff.WhileOp) and varying.has_varying_trips(parent):
            return True
        parent = parent.parent_op()
    return False
