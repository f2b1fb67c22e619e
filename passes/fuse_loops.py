"""How two loops become one: for i. A; for j. B  ==>  for i. A; B[j := i].  An accumulation around either holds both."""

from __future__ import annotations

from xdsl.dialects.builtin import ArrayAttr
from xdsl.ir import Block, Operation, Region, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr

from .edit import erase, insert, new, replace, terminator
from .symbols import rename_in_place


def loop_of(op: Operation) -> ix.ForOp | None:
    """The loop that an op is, or that an accumulation consists of (with only ops without regions beside it)."""
    if isinstance(op, ix.ForOp):
        return op
    if isinstance(op, eff.AccumOp):
        inner = [o for o in op.body.block.ops if o.regions]
        if len(inner) == 1 and not any("except" in eff.effects(o) for o in op.body.block.ops if not o.regions):
            return inner[0] if isinstance(inner[0], ix.ForOp) else None
    return None


def merge(first: Operation, second: Operation) -> Operation:
    """Merge two loops, or accumulations of a loop, at the place of the second."""
    if isinstance(first, ix.ForOp) and isinstance(second, ix.ForOp):
        return merge_loops(first, second)
    op, a, b = _widen(first, second)
    merge_loops(a, b)
    return op


def _widen(first: Operation, second: Operation) -> tuple[eff.AccumOp, ix.ForOp, ix.ForOp]:
    """accum a {A}; accum b {B}  ==>  accum a, b {A; B}, where either may be a bare loop; with the two loops."""
    parts = [_Part(first), _Part(second)]
    initial = [v for p in parts for v in p.initial]
    inner = [v for p in parts for v in p.yielded]
    region = Region(Block(arg_types=[a.type for p in parts for a in p.accumulators]))
    types = [v.type for v in (*initial, *inner)]
    wide = eff.AccumOp.create(operands=initial, result_types=types, regions=[region])
    insert(wide, second)
    for op in (*parts[0].before, *parts[1].before, *(p.loop for p in parts), *parts[0].after, *parts[1].after):
        op.detach()
        region.block.add_op(op)
    for old, accumulator in zip((a for p in parts for a in p.accumulators), region.block.args, strict=True):
        old.replace_all_uses_with(accumulator)
    for old, result in zip((c for p in parts for c in p.contents), wide.results, strict=False):
        old.replace_all_uses_with(result)
    for old, value, result in zip(
        (r for p in parts for r in p.outer), inner, wide.results[len(initial) :], strict=True
    ):
        for use in list(old.uses):
            use.operation.operands[use.index] = value if wide.is_ancestor(use.operation) else result
    region.block.add_op(eff.YieldOp(inner))
    for part in parts:
        if part.accumulation is not None:
            erase(part.accumulation)
    return wide, parts[0].loop, parts[1].loop


class _Part:
    """A loop, with the accumulation around it if there is one, taken apart."""

    def __init__(self, op: Operation):
        loop = loop_of(op)
        assert loop is not None
        self.loop = loop
        self.accumulation = op if isinstance(op, eff.AccumOp) else None
        self.initial: list[SSAValue] = []
        self.accumulators: list[SSAValue] = []
        self.contents: list[SSAValue] = []  # results that are contents of accumulators
        self.outer: list[SSAValue] = list(op.results)  # other results, as seen from outside ...
        self.yielded: list[SSAValue] = list(op.results)  # ... and from inside
        self.before: list[Operation] = []
        self.after: list[Operation] = []
        if isinstance(op, eff.AccumOp):
            count = len(op.initial)
            self.initial, self.accumulators = list(op.initial), list(op.accumulators)
            self.contents, self.outer = list(op.results[:count]), list(op.results[count:])
            self.yielded = list(op.yielded)
            *body, last = op.body.block.ops
            at = body.index(loop)
            self.before, self.after = body[:at], body[at + 1 :]
            erase(last)


def merge_loops(a: ix.ForOp, b: ix.ForOp) -> ix.ForOp:
    """for i. A; for j. B  ==>  for i. A; B[j := i], at the place of `b`; elements of A's tables are at hand in B."""
    _share_symbol(a, b)
    block = a.body.block
    arguments = [block.insert_arg(t.type, len(block.args)) for t in b.owned]
    for old, argument in zip(b.body.block.args, [a.index, *arguments], strict=True):
        old.replace_all_uses_with(argument)
    _forward(a, b)
    last_a, last_b = terminator(block), terminator(b.body.block)
    values = [*last_a.operands, *last_b.operands]
    erase(last_a)
    erase(last_b)
    for op in list(b.body.block.ops):
        op.detach()
        block.add_op(op)
    block.add_op(ix.YieldOp(values))
    merged = ix.ForOp.create(
        operands=[*a.owned, *b.owned],
        result_types=[*a.result_types, *b.result_types],
        properties={**a.properties, "kinds": ArrayAttr([*a.kinds, *b.kinds])},
        regions=[a.detach_region(0)],
        location=a.location,
    )
    assert b.parent is not None
    b.parent.insert_op_before(merged, b)
    for old, result in zip((*a.results, *b.results), merged.results, strict=True):
        old.replace_all_uses_with(result)
        result.name_hint = old.name_hint
    erase(a)
    erase(b)
    return merged


def _share_symbol(a: ix.ForOp, b: ix.ForOp) -> None:
    """Give both loops one name for their index, if either has one."""
    if a.symbol is not None and b.symbol is not None:
        rename_in_place(b, {b.symbol.data: SizeAttr.of(a.symbol.data)})
    elif b.symbol is not None:
        a.properties["symbol"] = b.symbol


def _forward(a: ix.ForOp, b: ix.ForOp) -> None:
    """Inside `b`, A's table at the common index is what A has just computed."""
    for result, value in zip(a.results, a.yielded, strict=True):
        for use in list(result.uses):
            read = use.operation
            if isinstance(read, ix.AtOp) and b.is_ancestor(read):
                rest = list(read.indices)[0 if a.kind_names[result.index] == "own" else 1 :]
                replace(read, [new(read, ix.AtOp(value, rest)) if rest else value])
