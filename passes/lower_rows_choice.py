"""Which loops run their iterations side by side, as rows (lower_rows.py): `rows(op)`.

    for i in n. { for j in i. { a[j] += f(i, j);  g(i, j) -> add } }

Rows share the cells that they add to, or are of a triangle, whose outer loop has no lanes; what is read lies side by
side along the row; and a turn computes so much that LLVM's own loop would not do as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import Float32Type, Float64Type

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr
from pydex.passes.affine import ZERO, affine
from pydex.passes.lower_cost import weight
from pydex.passes.lower_jam_choice import grows, is_scalar
from pydex.passes.lower_lane_choice import cell, distance, width_of
from pydex.passes.lower_lane_legal import obstacle
from pydex.passes.lower_varying import Varying

#: Rows that run side by side; and the operations of a turn, at least: of shorter ones LLVM makes as good a loop.
MANY, LEAST = 2, 12


@dataclass(frozen=True)
class Rows:
    """A loop whose iterations are rows, and the loop inside that runs through a row in lanes.

    lean: by how much a row begins after the one before it, 0 or 1."""

    op: ix.ForOp
    inner: ix.ForOp
    varying: Varying
    width: int
    lean: int


def rows(op: ix.ForOp) -> Rows | None:
    """Are the iterations of the loop rows that had better run side by side?"""
    inner = [o for o in op.body.block.ops if isinstance(o, ix.ForOp)]
    if len(inner) != 1 or not _is_simple(op, inner[0]):
        return None
    varying, width = Varying(inner[0]), width_of(inner[0])
    if op.size.constant is not None and op.size.constant < MANY * width:
        return None
    if sum(weight(o) for o in inner[0].body.block.ops if cell(o) is None) < LEAST:
        return None
    if obstacle(inner[0], varying) is not None or not _all_near(inner[0], varying):
        return None
    lean = _lean(op, inner[0])
    return Rows(op, inner[0], varying, width, lean) if lean is not None else None


def _lean(op: ix.ForOp, inner: ix.ForOp) -> int | None:
    """By how much the cells of a row lie after those of the one before it; None: rows do not end alike, or too far."""
    leans: set[int | None] = set()
    for index in {i for o in inner.body.block.ops if (found := cell(o)) is not None for i in found[1]}:
        form = affine(index)
        if inner.index in form.terms:
            known = op.symbol is None or op.symbol.data not in form.offset.symbols()
            leans.add(form.terms.get(op.index, ZERO).constant if known else None)
    if leans == {1} and op.symbol is not None:
        return 1 if op.symbol.data not in (inner.size + SizeAttr.of(op.symbol.data)).symbols() else None
    return 0 if leans == {0} and grows(inner, op) is not None else None


def _is_simple(op: ix.ForOp, inner: ix.ForOp) -> bool:
    """Is it made of scalar ops but for the loop inside, and that of such ops, some of which add to neighbours?"""
    body = list(inner.body.block.ops)
    if set(op.kind_names) - {"add", "tab"} or any(o.regions for o in body):
        return False
    handed = zip(inner.kind_names, inner.yielded, strict=True)
    sums = all(k == "add" and isinstance(v.type, Float32Type | Float64Type) for k, v in handed)
    is_triangle = op.symbol is not None and op.symbol.data in inner.size.symbols()
    shares = is_triangle or any(isinstance(o, eff.AddOp) for o in body)
    return sums and shares and all(map(is_scalar, (*op.body.block.ops, *body)))


def _all_near(inner: ix.ForOp, varying: Varying) -> bool:
    """Does every access find its cells side by side, or one for all lanes, and every add the former?"""
    for op in inner.body.block.ops:
        accessed = cell(op)
        if accessed is not None:
            where = distance(accessed[1], varying)
            if where == "far" or (where == "same" and isinstance(op, eff.AddOp)):
                return False
    return True
