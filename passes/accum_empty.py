"""Emptying accumulations: what does not write their accumulators moves out of them.

    accum a = t { x = f(); for i { ...; add a[i], x }; y = g(x) }
        ==>  x = f(); accum a = t { for i { ...; add a[i], x } }; y = g(x)

The region of an `eff.accum` runs exactly once, so moving an op out changes nothing as long as the order of what may
raise, and of what relies on it, is kept. Then loops inside and outside can see each other.
"""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue

from pydex.dialects import eff

from .edit import insert, replace
from .licm import harmless
from .needs import defined_symbol, needs


def hoist(op: eff.AccumOp) -> None:
    """Move ops that need nothing of the region before it."""
    inside: set[SSAValue] = set(op.accumulators)
    symbols: set[str] = set()
    raised = False  # may something that stays raise?
    for child in list(op.body.block.ops)[:-1]:
        found = needs(child)
        free = inside.isdisjoint(found.values) and symbols.isdisjoint(found.symbols)
        if free and not (raised and ("except" in found.row or not harmless(child))):
            child.detach()
            assert op.parent is not None
            op.parent.insert_op_before(child, op)
            continue
        inside.update(child.results)
        if (symbol := defined_symbol(child)) is not None and not child.regions:
            symbols.add(symbol)
        raised |= "except" in found.row


def sink(op: eff.AccumOp) -> eff.AccumOp:
    """Move ops after the last one that writes an accumulator behind the region; what they need of it is yielded."""
    *body, last = op.body.block.ops
    own = set(op.accumulators)
    writers = [k for k, child in enumerate(body) if own & needs(child).values]
    tail = body[max(writers, default=-1) + 1 :]
    if not tail or any(defined_symbol(c) is not None and not c.regions for c in body[: len(body) - len(tail)]):
        return op
    made = {r for child in body[: len(body) - len(tail)] for r in child.results}
    wanted = [v for child in tail for v in needs(child).values] + list(last.operands)
    needed = list(dict.fromkeys(v for v in wanted if v in made))
    count = len(op.initial)
    narrow = eff.AccumOp.create(
        operands=op.operands, result_types=[v.type for v in (*op.initial, *needed)], attributes=op.attributes
    )
    narrow.add_region(op.detach_region(0))
    insert(narrow, op)
    after: Operation = narrow
    for child in tail:
        child.detach()
        assert narrow.parent is not None
        narrow.parent.insert_op_after(child, after)
        after = child
    outside = dict(zip(needed, narrow.results[count:], strict=True))
    yielded = [outside.get(v, v) for v in last.operands]
    last.operands = needed
    for value, result in outside.items():
        for use in list(value.uses):
            if not narrow.is_ancestor(use.operation):
                use.operation.operands[use.index] = result
    replace(op, [*narrow.results[:count], *(outside.get(v, v) for v in yielded)])
    return narrow
