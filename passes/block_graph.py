"""Dependences between the ops of one block: what may move past what.

An op depends on those whose results or size symbols it (or anything inside it) uses; on the check before it, as it may
rely on it; and, if it may raise, on the op before it that may: failures keep their order. Writes to an accumulator do
not depend on each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.dialects import arith
from xdsl.ir import Operation, SSAValue

from pydex.dialects import eff, ix

from .needs import Needs, defined_symbol, needs

#: Ops that do not care whether a check before them has passed.
_UNGUARDED = (arith.ConstantOp, ix.SizeOp, eff.CheckOp)


@dataclass(eq=False)
class Node:
    """An op of the block: what it needs, and the set of nodes (as bits) that it depends on, directly or not."""

    op: Operation
    bit: int
    needs: Needs
    depends: int = 0


@dataclass
class Graph:
    """Dependences within one block, built from the first op to the last, so that merges can happen on the way."""

    nodes: list[Node] = field(default_factory=list)  # in the order of the block
    count: int = 0
    definer: dict[SSAValue, Node] = field(default_factory=dict)
    symbols: dict[str, Node] = field(default_factory=dict)
    last_check: Node | None = None  # later ops may rely on it
    last_raise: Node | None = None  # later failures must not come first

    def add(self, op: Operation) -> Node:
        node = Node(op, 1 << self.count, needs(op))
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

    def _define(self, node: Node) -> None:
        for result in node.op.results:
            self.definer[result] = node
        if (symbol := defined_symbol(node.op)) is not None and not node.op.regions:
            self.symbols[symbol] = node

    def path_between(self, first: Node, second: Node) -> bool:
        """Does the second depend on the first through a third?"""
        return any(second.depends & n.bit and n.depends & first.bit for n in self.nodes if n is not first)

    def before(self, node: Node) -> list[Node]:
        """The earlier nodes, the nearest first."""
        return self.nodes[: self.nodes.index(node)][::-1]

    def merged(self, first: Node, second: Node, op: Operation) -> None:
        """`second` now stands for both; what depended on either depends on it, and moves behind it."""
        later = [n for n in self.nodes if n.depends & (first.bit | second.bit) and n is not second]
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
        second.needs = needs(op)
        if self.last_raise is first:
            self.last_raise = second
        self._define(second)
