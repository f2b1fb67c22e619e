"""simplify: fold, cse and dce, in this order, over the whole module.

Folding makes values equal, merging leaves operands unused, and removing these is the cheapest last step. Once is
enough in practice: what a second round finds is left to the next `simplify` of the pipeline.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from .cse import cse
from .dce import dce
from .fold import fold


class Simplify(ModulePass):
    name: ClassVar[str] = "simplify"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        simplify(op)


def simplify(root: Operation) -> None:
    """Simplify everything inside `root`."""
    fold(root)
    cse(root)
    dce(root)
