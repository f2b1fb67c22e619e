"""Accumulators of outside that all lanes add to: few cells are kept apart, lane by lane, until the loop ends.

    for i in n. { …; s += x[i] }     ==>     cells[k] += x[i + k] for each lane k;  s += cells[0] + cells[1] + …
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from xdsl.ir import BlockArgument

from pydex.dialects import eff, ix
from pydex.passes.edit import ops_inside
from pydex.passes.lower import Lowering
from pydex.passes.lower_group import Group
from pydex.passes.lower_monoids import across, identity
from pydex.passes.lower_text import Idx, Val, mul

#: The cells of an accumulator that are kept for every lane are at most so many.
SPREAD = 16


@contextmanager
def shared_cells(low: Lowering, op: ix.ForOp) -> Iterator[None]:
    """Around the loop: accumulators of which all lanes add to the same cells get cells for each lane."""
    assert low.group is not None
    group, accumulators = low.group, list(_shared(op, low.group))
    for accumulator in accumulators:
        group.spread[accumulator] = _spread(low, accumulator)
    yield
    for accumulator in accumulators:
        _gather(low, accumulator, group.spread[accumulator])


def _shared(op: ix.ForOp, group: Group) -> Iterator[BlockArgument]:
    found: dict[BlockArgument, None] = {}
    for child in ops_inside(op):
        if isinstance(child, eff.AddOp) and not any(i in group.varying for i in child.indices):
            accumulator = child.accumulator
            assert isinstance(accumulator, BlockArgument)
            owner = accumulator.block.parent_op()
            if owner is not None and not op.is_ancestor(owner) and _is_small(accumulator):
                found[accumulator] = None
    yield from found


def _is_small(accumulator: BlockArgument) -> bool:
    """Few enough cells to keep them for each lane? Of others, what the lanes add is combined each time."""
    assert isinstance(accumulator.type, eff.AccType)
    content, cells = accumulator.type.content, ix.SizeAttr.of(1)
    for size in ix.bounding_sizes(content) if isinstance(content, ix.TableType) else ():
        cells = cells * size
    return cells.constant is not None and cells.constant <= SPREAD


def _spread(low: Lowering, accumulator: BlockArgument) -> Any:
    """Cells for each lane, with nothing in them."""
    assert isinstance(accumulator.type, eff.AccType)
    content, shared = accumulator.type.content, low.places[accumulator]
    if isinstance(content, ix.TableType):
        place = low.allocate(content)
    else:
        place = low.target.allocate(low, [], shared.element, True)
    zero = identity(low.code, accumulator.type.monoid.data, low.target.spell(shared.element))
    _flat(low, content, lambda at: low.target.store(low, replace(place, strides=(low.lanes,)), at, zero))
    return place


def _gather(low: Lowering, accumulator: BlockArgument, place: Any) -> None:
    """Adds what the lanes have to the cells that they share."""
    assert isinstance(accumulator.type, eff.AccType)
    shared, monoid = replace(low.places[accumulator], strides=(1,)), accumulator.type.monoid.data
    lanes = replace(place, strides=(low.lanes,))

    def one(at: list[Idx]) -> None:
        total = across(low.code, monoid, low.target.load(low, lanes, at), low.target.load(low, shared, at))
        low.target.store(low, shared, at, total)

    _flat(low, accumulator.type.content, one)


def _flat(low: Lowering, content: Any, body: Any) -> None:
    """Over all cells of a table's box, or the one of a scalar."""
    if not isinstance(content, ix.TableType):
        return body([0])
    cells: Idx = 1
    for size in ix.bounding_sizes(content):
        cells = mul(low.code, cells, low.size(size))

    def one(i: Val, _: list[Val]) -> list[Val]:
        body([i])
        return []

    low.loop(0, cells, [], one)
    return None
