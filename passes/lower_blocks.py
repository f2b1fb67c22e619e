"""`ix.blocks`: a loop over blocks of points, whose memory is free again after each.

Rows are made where they belong in the whole table. The sum of what contractions make is added up by them, in its place:
the first one writes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.ir import SSAValue

from pydex.dialects import ix
from pydex.dialects.blocks import BlocksOp, differing
from pydex.dialects.contract import ContractOp
from pydex.passes.lower import Lowering
from pydex.passes.lower_monoids import combine
from pydex.passes.lower_reductions import Reductions, reduction
from pydex.passes.lower_text import Idx, Val


def blocks(low: Lowering, op: BlocksOp) -> None:
    """One block after the other: what is shared out is the loops inside."""
    results = list(zip(op.kind_names, op.yielded, op.results_, strict=True))
    reduced = [(kind, value, result) for kind, value, result in results if kind in ix.REDUCTIONS]
    tables = [(kind, value, result) for kind, value, result in results if kind not in ix.REDUCTIONS]
    low.places.update({result: low.result(result) for _, _, result in tables})
    reductions = Reductions([reduction(kind, low.type_of(v), v.type) for kind, v, _ in reduced])

    def block(b: Val, carried: list[Val]) -> Sequence[Val]:
        low.bind(op, b)
        for kind, value, result in tables:
            _begin(low, op, kind, value, result, b)
        low.run(op.body.block)
        for kind, value, result in tables:
            _end(low, op, kind, value, result)
        return reductions.join(low, carried, [low.value(v) for _, v, _ in reduced])

    carried = low.loop(0, low.size(op.size), reductions.first(low, wide=True), block)
    for each, part, (_, _, result) in zip(reductions.all, reductions.split(carried), reduced, strict=True):
        low.values[result] = each.finish(low, part)


def _begin(low: Lowering, op: BlocksOp, kind: str, value: SSAValue, result: SSAValue, b: Val) -> None:
    """Before a block: where its rows, or its terms of a sum, are wanted."""
    if kind == "rows":
        low.want(value, _rows(low, op, value, result))
        return
    low.added[value] = low.code.let("i1", f"arith.cmpi ne, {{}}, {{}} : {b.type}", b, 0)
    if isinstance(value.owner, ContractOp):
        low.want(value, low.places[result])


def _rows(low: Lowering, op: BlocksOp, value: SSAValue, result: SSAValue) -> Any:
    (axis,) = differing(value.type, result.type)  # pyright: ignore[reportArgumentType]
    return low.target.rows_from(low, low.places[result], axis, low.size(op.start))


def _end(low: Lowering, op: BlocksOp, kind: str, value: SSAValue, result: SSAValue) -> None:
    """After a block: what does not lie there yet is put there, or added."""
    found, place = low.places[value], low.places[result]
    if kind == "rows":
        low.deliver(value, low.wanted.get(value) or _rows(low, op, value, result))
    elif found is not place:
        low.code.do("scf.if {} {{", low.added[value])
        with low.frame():
            low.each(value.type, lambda at: _add(low, place, found, at))
        low.code.do("}} else {{")
        with low.frame():
            low.each(value.type, lambda at: low.target.store(low, place, at, low.target.load(low, found, at)))
        low.code.do("}}")


def _add(low: Lowering, place: Any, term: Any, at: list[Idx]) -> None:
    total = combine(low.code, "add", low.target.load(low, place, at), low.target.load(low, term, at))
    low.target.store(low, place, at, total)
