"""Do the iterations of a loop own rows of a table: of t[i, …], as opposed to columns t[c, i] or neighbours t[i + 1]?

    for i in n { t[i, c] = … }       rows: what iteration i leaves at t[i, …] is what the loop leaves there
    for i in n { t[c, i] = … }       not: a row is complete only when all iterations have run

What the effects say of an owned table is only that no two iterations have an element of it in common.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import scf
from xdsl.ir import Operation, SSAValue, Use

from pydex.dialects import eff, ix

from .affine import affine


def owns_rows(loop: ix.ForOp, result: SSAValue) -> bool:
    """Does each iteration access an owned table, of which `result` is the last version, in its own row only?"""
    todo: list[SSAValue] = [loop.body.block.args[1 + _last_versions(loop).index(result)]]
    seen = set(todo)
    while todo:
        for use in todo.pop().uses:
            following = _following(use, loop)
            if following is None:
                return False
            todo += [v for v in following if v not in seen]
            seen.update(following)
    return True


def _last_versions(loop: ix.ForOp) -> list[SSAValue]:
    """The results that are tables which iterations own, in the order of `owned`."""
    return [r for r, kind in zip(loop.results_, loop.kind_names, strict=True) if kind == "own"]


def _following(use: Use, loop: ix.ForOp) -> Sequence[SSAValue] | None:
    """The versions of the table that a use makes, or hands it on as; None: it may reach beyond the row."""
    op, k = use.operation, use.index
    match op:
        case ix.AtOp() | eff.AddOp() if k == 0:
            return [] if _is_in_row(op.indices, loop) else None
        case ix.UpdateOp() if k == 0:
            return [op.result] if _is_in_row(op.indices, loop) else None
        case ix.ForOp() | eff.LoopOp() | eff.WhileOp() | eff.AccumOp():
            return _entered(op, k)
        case ix.YieldOp() | eff.YieldOp() | scf.YieldOp():
            return [] if op.parent_op() is loop else _handed_on(op.parent_op(), k)
        case _:
            return None


def _is_in_row(indices: Sequence[SSAValue], loop: ix.ForOp) -> bool:
    return bool(indices) and affine(indices[0]).term is loop.index


def _entered(op: ix.ForOp | eff.LoopOp | eff.WhileOp | eff.AccumOp, k: int) -> Sequence[SSAValue]:
    """What the k-th table that an op is given is called inside of it, and after it."""
    if isinstance(op, ix.ForOp):
        return [op.body.block.args[1 + k], _last_versions(op)[k]]
    if isinstance(op, eff.LoopOp):
        return [op.carried[k], op.results_[k]]
    return [*(region.block.args[k] for region in op.regions), op.results[k]]


def _handed_on(op: Operation | None, k: int) -> Sequence[SSAValue] | None:
    """What the k-th value that a body yields is called in the next iteration, and after the op."""
    match op:
        case scf.IfOp():
            return [op.results[k]]
        case ix.ForOp():
            return [op.results_[k]] if op.kind_names[k] == "own" else None
        case eff.LoopOp() | eff.WhileOp():
            return _entered(op, k) if k < len(op.initial) else None
        case eff.AccumOp():
            return [op.results_[len(op.initial) + k]]
        case _:
            return None
