"""disown: a loop need not own a table whose new version nobody reads.

    for i own t = x { ...; v = t[i]; u = t{i := w}; yield u } -> own      (the result has no use)
    ==>
    for i { ...; v = x[i] }

Only where the body reads the table as it was: a version made by an update, or by a loop inside, may have no reader
(and is then dead too), or the loop stays as it is. Reverse mode makes such loops, which run a body again for its other
values.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import ix

from .dce import shrink
from .edit import ops_inside


class Disown(ModulePass):
    name: ClassVar[str] = "disown"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        disown(op)


def disown(root: Operation) -> None:
    """Rewrite the loops inside `root`."""
    for op in [o for o in ops_inside(root) if isinstance(o, ix.ForOp)]:
        own = [k for k, kind in enumerate(op.kind_names) if kind == "own"]
        needless = {k: j for j, k in enumerate(own) if op.results_[k].first_use is None and _reads_old(op, j)}
        for j in needless.values():
            op.body.block.args[1 + j].replace_all_uses_with(op.owned[j])
        if needless:
            shrink(op, [k not in needless for k in range(len(op.results_))])


def _own_results(op: ix.ForOp) -> list[SSAValue]:
    return [r for r, kind in zip(op.results_, op.kind_names, strict=True) if kind == "own"]


def _reads_old(op: ix.ForOp, j: int) -> bool:
    """Is the j-th owned table only read as it was, and are its new versions only updated further and yielded?"""
    argument = op.body.block.args[1 + j]
    work: list[SSAValue] = [argument]
    while work:
        version = work.pop()
        for use in version.uses:
            user = use.operation
            if isinstance(user, ix.UpdateOp) and use.index == 0:
                work.append(user.result)
            elif isinstance(user, ix.ForOp) and version is argument and _reads_old(user, use.index):
                if any(u.operation is not op.body.block.last_op for u in _own_results(user)[use.index].uses):
                    return False
            elif not (isinstance(user, ix.AtOp) and version is argument) and user is not op.body.block.last_op:
                return False
    return True
