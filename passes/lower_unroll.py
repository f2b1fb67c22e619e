"""Which loops the lowering writes out, iteration by iteration: tables of such size become registers."""

from __future__ import annotations

from xdsl.ir import Operation

from pydex.dialects import ix

#: A loop is unrolled by the lowering if it has at most so many iterations, and so many ops in all of them.
UNROLLED_TRIPS = 16
UNROLLED_OPS = 96


def unrolls(op: ix.ForOp) -> bool:
    """Is the loop so short that its iterations are better written one after the other?"""
    trips = op.size.constant
    return trips is not None and trips <= UNROLLED_TRIPS and trips * _written(op) <= UNROLLED_OPS


def _written(op: Operation) -> int:
    """How many ops the body of an op becomes, with the loops inside that are unrolled."""
    total = 0
    for inner in (o for region in op.regions for block in region.blocks for o in block.ops):
        unrolled = inner.size.constant if isinstance(inner, ix.ForOp) and unrolls(inner) else None
        total += 1 + _written(inner) * (1 if unrolled is None else unrolled)
    return total
