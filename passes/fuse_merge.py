"""Merging loops over the same set: for i. A; ...; for i. B  ==>  for i. A; B   (when: see `ix_fuse`)."""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.dialects import arith
from xdsl.dialects.builtin import ArrayAttr
from xdsl.ir import Block, Operation, Region, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr

from .affine import affine
from .edit import erase, insert, new, replace, terminator
from .needs import Needs, defined_symbol, needs
from .symbols import rename_in_place

#: Ops that do not care whether a check before them has passed.
_UNGUARDED = (arith.ConstantOp, ix.SizeOp, eff.CheckOp)


@dataclass(eq=False)
class _Node:
    """An op of the block: what it needs, and the set of nodes (as bits) that it depends on, directly or not."""

    op: Operation
    bit: int
    needs: Needs
    depends: int = 0
    loop: ix.ForOp | None = None


@dataclass
class _Graph:
    """Dependences within one block, built from the first op to the last, so that merges can happen on the way."""

    nodes: list[_Node] = field(default_factory=list)  # in the order of the block
    count: int = 0
    definer: dict[SSAValue, _Node] = field(default_factory=dict)
    symbols: dict[str, _Node] = field(default_factory=dict)
    last_check: _Node | None = None  # later ops may rely on it
    last_raise: _Node | None = None  # later failures must not come first

    def add(self, op: Operation) -> _Node:
        node = _Node(op, 1 << self.count, needs(op), loop=loop_of(op))
        self.count += 1
        sources = [self.definer[v] for v in node.needs.values if v in self.definer]
        sources += [self.symbols[s] for s in node.needs.symbols if s in self.symbols]
        raises = "except" in node.needs.row
        if self.last_check is not None and not isinstance(op, _UNGUARDED):
            sources.append(self.last_check)
        if self.last_raise is not None and raises:
            sources.append(self.last_raise)
        for source in sources:
            node.depends |= source.depends | source.bit
        if raises:
            self.last_raise = node
        if isinstance(op, eff.CheckOp):
            self.last_check = node
        self._define(node)
        self.nodes.append(node)
        return node

    def _define(self, node: _Node) -> None:
        for result in node.op.results:
            self.definer[result] = node
        if (symbol := defined_symbol(node.op)) is not None and not node.op.regions:
            self.symbols[symbol] = node

    def merged(self, first: _Node, second: _Node, op: Operation) -> None:
        """`second` now stands for both; what depended on `first` depends on it, and moves behind it."""
        later = [n for n in self.nodes if n.depends & first.bit and n is not second]
        self.nodes = [n for n in self.nodes if n is not first and n is not second and n not in later]
        self.nodes += [second, *later]
        after = op
        for user in later:
            user.op.detach()
            assert op.parent is not None
            op.parent.insert_op_after(user.op, after)
            after = user.op
        both = first.bit | second.bit
        depends = (first.depends | second.depends) & ~both
        for node in later:
            node.depends |= both | depends
        second.op, second.bit, second.depends = op, both, depends
        second.needs, second.loop = needs(op), loop_of(op)
        if self.last_raise is first:
            self.last_raise = second
        self._define(second)


def merge_block(block: Block) -> bool:
    """Merge loops of a block wherever they may be. True if something changed."""
    graph = _Graph()
    changed = False
    for op in list(block.ops):
        node = graph.add(op)
        while node.loop is not None and (first := _partner(graph, node)) is not None:
            graph.merged(first, node, _merge(first.op, node.op))
            changed = True
    return changed


def _partner(graph: _Graph, node: _Node) -> _Node | None:
    """The nearest earlier loop that `node` may be merged with."""
    for first in reversed(graph.nodes[: graph.nodes.index(node)]):
        if first.loop is not None and _may_merge(graph, first, node):
            return first
    return None


def _may_merge(graph: _Graph, first: _Node, second: _Node) -> bool:
    a, b = first.loop, second.loop
    assert a is not None and b is not None
    if a.size != b.size or not _in_common(first, second) or is_contraction(a) or is_contraction(b):
        return False
    if "except" in first.needs.row and "except" in second.needs.row:
        return False
    if any(second.depends & n.bit and n.depends & first.bit for n in graph.nodes if n is not first):
        return False  # a path through another op
    if second.depends & first.bit and not _only_own_elements(first.op, a, second.op, b):
        return False
    owned = {*a.owned, *b.owned}
    return owned.isdisjoint(_tables(first) & _tables(second))


def _tables(node: _Node) -> set[SSAValue]:
    return {v for v in node.needs.values if isinstance(v.type, ix.TableType)}


def _in_common(first: _Node, second: _Node) -> bool:
    """Merging saves a pass over something."""
    return bool(
        second.depends & first.bit or _tables(first) & _tables(second) or first.needs.writes & second.needs.writes
    )


def _only_own_elements(first: Operation, a: ix.ForOp, second: Operation, b: ix.ForOp) -> bool:
    """Does `second` use results of `first` only as `result[i, ...]`, inside `b`, at its own index?"""
    for result in first.results:
        users = [u.operation for u in result.uses if second.is_ancestor(u.operation)]
        if users and _origin(first, a, result) is None:
            return False
        for user in users:
            if not isinstance(user, ix.AtOp) or user.table is not result or not b.is_ancestor(user):
                return False
            if affine(user.indices[0]).term is not b.index:
                return False
    return True


def _origin(op: Operation, loop: ix.ForOp, result: SSAValue) -> SSAValue | None:
    """The table result of `loop` that a result of `op` (the loop, or the accumulation around it) is."""
    if op is loop:
        value = result
    else:
        assert isinstance(op, eff.AccumOp)
        k = op.results.index(result) - len(op.initial)  # pyright: ignore[reportArgumentType]
        if k < 0:
            return None
        value = op.yielded[k]
    return value if value in _results_of(loop, "tab", "own") else None


def _results_of(loop: ix.ForOp, *kinds: str) -> list[SSAValue]:
    return [r for r, k in zip(loop.results_, loop.kind_names, strict=True) if k in kinds]


def loop_of(op: Operation) -> ix.ForOp | None:
    """The loop that an op is, or that an accumulation consists of (with only ops without regions beside it)."""
    if isinstance(op, ix.ForOp):
        return op
    if isinstance(op, eff.AccumOp):
        inner = [o for o in op.body.block.ops if o.regions]
        if len(inner) == 1 and not any("except" in eff.effects(o) for o in op.body.block.ops if not o.regions):
            return inner[0] if isinstance(inner[0], ix.ForOp) else None
    return None


def is_contraction(loop: ix.ForOp) -> bool:
    """for i. for j. [...] sum over k. x * y: a matrix product, which is better left whole."""
    tables, op = 0, loop
    while op.kind_names == ["tab"]:
        tables += 1
        inner = [o for o in op.body.block.ops if o.regions]
        if len(inner) != 1 or not isinstance(inner[0], ix.ForOp) or op.yielded[0].owner is not inner[0]:
            return False
        op = inner[0]
    while op.kind_names == ["add"] and isinstance(inner := op.yielded[0].owner, ix.ForOp):
        op = inner
    product = op.yielded[0].owner if op.kind_names == ["add"] else None
    return tables >= 2 and isinstance(product, arith.MulfOp) and op.size.constant is None


# ---------------------------------------------------------------------------------------------------- the rewrite


def _merge(first: Operation, second: Operation) -> Operation:
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
