"""Merging loops over the same set, and branches on the same condition.

    for i. A; ...; for i. B        ==>   for i. A; B          (when: see `ix_fuse`)
    if c A; ...; if c B            ==>   if c A; B            if there is no path between them through a third op
"""

from __future__ import annotations

from xdsl.dialects import arith, scf
from xdsl.ir import Block, Operation, SSAValue

from pydex.dialects import eff, ix

from .affine import affine
from .block_graph import Graph, Node
from .fuse_branches import merge_branches
from .fuse_loops import loop_of, merge
from .own_rows import owns_rows


def merge_block(block: Block) -> bool:
    """Merge loops of a block wherever they may be. True if something changed."""
    ops = list(block.ops)
    if sum(bool(op.regions) for op in ops) < 2:
        return False
    graph = Graph()
    changed = False
    for op in ops:
        node = graph.add(op)
        if op.regions:
            while (merged := _merge_with_earlier(graph, node)) is not None:
                graph.merged(*merged)
                changed = True
    return changed


def _merge_with_earlier(graph: Graph, node: Node) -> tuple[Node, Node, Operation] | None:
    """Merge an op with the nearest earlier one that allows it; with what, and the result."""
    if isinstance(node.op, scf.IfOp):
        for first in graph.before(node):
            if isinstance(first.op, scf.IfOp) and first.op.cond is node.op.cond and not graph.path_between(first, node):
                return first, node, merge_branches(first.op, node.op)
    elif (b := loop_of(node.op)) is not None:
        for first in graph.before(node):
            if (a := loop_of(first.op)) is not None and _may_merge(graph, first, a, node, b):
                return first, node, merge(first.op, node.op)
    return None


def _may_merge(graph: Graph, first: Node, a: ix.ForOp, second: Node, b: ix.ForOp) -> bool:
    if a.size != b.size or not _in_common(first, second) or is_contraction(a) or is_contraction(b):
        return False
    if "except" in first.needs.row and "except" in second.needs.row or graph.path_between(first, second):
        return False
    if second.depends & first.bit and not _only_own_elements(first.op, a, second.op, b):
        return False
    owned = {*a.owned, *b.owned}
    return owned.isdisjoint(_tables(first) & _tables(second))


def _tables(node: Node) -> set[SSAValue]:
    return {v for v in node.needs.values if isinstance(v.type, ix.TableType)}


def _in_common(first: Node, second: Node) -> bool:
    """Merging saves a pass over something."""
    return bool(
        second.depends & first.bit or _tables(first) & _tables(second) or first.needs.writes & second.needs.writes
    )


def _only_own_elements(first: Operation, a: ix.ForOp, second: Operation, b: ix.ForOp) -> bool:
    """Does `second` use results of `first` only as `result[i, ...]`, inside `b`, at its own index?"""
    for result in first.results:
        users = [u.operation for u in result.uses if second.is_ancestor(u.operation)]
        made = _origin(first, a, result) if users else None
        if users and (made is None or (made in _results_of(a, "own") and not owns_rows(a, made))):
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
