"""An owned table of which every iteration writes exactly its element is no update: it is the table of the elements.

for i own (t = t0) { yield update t[i], v }   ==>   for i { yield v } -> tab
for j own (t = t0) { yield update t[p, j], v }   ==>   update t0[p], (for j { yield v } -> tab)
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import BlockArgument, SSAValue

from pydex.dialects import ix
from pydex.frontend.elaborator import Elaborator
from pydex.frontend.nests import OpenLoop, close_loop


def own_to_tab(
    el: Elaborator, loop: OpenLoop, kinds: Sequence[str], values: Sequence[SSAValue], owned: Sequence[SSAValue]
) -> list[SSAValue]:
    """Closes a loop whose first results are its owned tables."""
    arguments = list(loop.block.args[1:])
    updates = [_covering_update(loop, a, v) for a, v in zip(arguments, values, strict=False)]
    prefixes = [None if update is None else list(update.indices[:-1]) for update in updates]
    new_kinds, new_values = list(kinds), list(values)
    for k, update in enumerate(updates):
        if update is not None:
            new_kinds[k], new_values[k] = "tab", update.value
            update.detach()
            update.erase(safe_erase=False)
            loop.block.erase_arg(arguments[k])
    kept = [table for table, update in zip(owned, updates, strict=True) if update is None]
    results = close_loop(el, loop, new_kinds, new_values, kept)
    for k, prefix in enumerate(prefixes):
        if prefix:
            results[k] = el.emit(ix.UpdateOp(owned[k], prefix, results[k]))
    return results


def _covering_update(loop: OpenLoop, argument: BlockArgument, value: SSAValue) -> ix.UpdateOp | None:
    """The update that writes t[.., i], with t unread and i the loop's index over the whole axis."""
    update = value.owner
    if not isinstance(update, ix.UpdateOp) or update.parent is not loop.block or update.table is not argument:
        return None
    if len(list(argument.uses)) != 1 or len(list(value.uses)) != 0 or not update.indices:
        return None
    *prefix, last = update.indices
    if last is not loop.block.args[0] or any(_is_inside(loop, index) for index in prefix):
        return None
    at: object = argument.type
    symbols = [ix.ordinal(index) for index in prefix]
    for symbol in symbols:
        if not isinstance(at, ix.TableType):
            return None
        if symbol is None and any(ix.axis_dependent(s) for s in at.sizes.data[1:]):
            return None
        at = at.under(symbol if symbol is not None else ix.SizeAttr.of("#0"))
    if not isinstance(at, ix.TableType) or at.sizes.data[0] != loop.placeholder.size:
        return None
    name = loop.placeholder.properties.get("symbol")
    row = ix.TableType.over(loop.placeholder.size, name.data if name is not None else None, update.value.type)  # type: ignore
    return update if row == at else None


def _is_inside(loop: OpenLoop, value: SSAValue) -> bool:
    block = value.block if isinstance(value, BlockArgument) else value.owner.parent  # type: ignore[union-attr]
    while block is not None:
        if block is loop.block:
            return True
        parent = block.parent_op()
        block = parent.parent if parent is not None else None
    return False
