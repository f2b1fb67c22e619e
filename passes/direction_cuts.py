"""Where a chain of linear operations is best cut: the numbers through which all that comes in reaches what goes out.

    x = a·t0 + b·t1 + c·t2;  y0 = f x, y1 = g x, …       the cut is x, not t0, t1, t2, if there are enough y

Several of the numbers that come in may reach the end only through one operation, the gate: the last that all ways of
theirs have in common (a post-dominator). Beyond the cut, every number of it costs a product for each end it reaches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from xdsl.ir import Operation, SSAValue

from .lower_cost import weight
from .needs import needs

#: A product and its sum.
PRODUCT = 2

Node = Operation | SSAValue


@dataclass
class Chain:
    """Operations in order, the values that come in, those that go out."""

    ops: Sequence[Operation]
    given: Sequence[SSAValue]
    made: Sequence[SSAValue]
    _next: dict[Node, Node | None] = field(default_factory=dict)  # the first node that all ways have in common
    _left: dict[Node | None, int] = field(default_factory=lambda: {None: 0})  # how many follow, one behind another

    def __post_init__(self) -> None:
        nodes: list[Node] = [*self.given, *self.ops]
        for node in reversed(nodes):
            ways = self._users[node]
            common = ways[0] if ways else None
            for way in ways[1:]:
                common = self._meeting(common, way)
            self._next[node], self._left[node] = common, self._left[common] + 1

    @cached_property
    def _users(self) -> dict[Node, list[Node | None]]:
        """Who uses a node: operations, and the end (None)."""
        users: dict[Node, list[Node | None]] = {node: [] for node in (*self.given, *self.ops)}
        for op in self.ops:
            for value in needs(op).values:
                if (node := self._node(value)) is not None and op not in users[node]:
                    users[node].append(op)
        for value in self.made:
            if (node := self._node(value)) is not None:
                users[node].append(None)
        return users

    def _node(self, value: SSAValue) -> Node | None:
        if value in self._inside:
            return value
        return value.owner if isinstance(value.owner, Operation) and value.owner in self._inside else None

    @cached_property
    def _inside(self) -> set[object]:
        return {*self.given, *self.ops}

    def _meeting(self, a: Node | None, b: Node | None) -> Node | None:
        while a is not b:
            if self._left[a] < self._left[b]:
                a, b = b, a
            assert a is not None
            a = self._next[a]
        return a

    def _gate(self, value: SSAValue) -> Operation | None:
        """The last operation, of one result, that all ways lead through."""
        gate, node = None, self._next[value]
        while node is not None:
            gate = node if isinstance(node, Operation) and len(node.results) == 1 else gate
            node = self._next[node]
        return gate

    def _before(self, gate: Operation) -> set[Operation]:
        """The gate, and the operations that matter only through it."""
        found = {gate}
        for op in reversed(self.ops):
            if self._next[op] in found:
                found.add(op)
        return found

    def _ends(self, node: Node) -> int:
        """How many values that go out the node reaches."""
        reached, waiting = {node}, [node]
        while waiting:
            for user in self._users[waiting.pop()]:
                if user is not None and user not in reached:
                    reached.add(user)
                    waiting.append(user)
        return sum(self._node(v) in reached for v in self.made)

    def cut(self) -> Cut:
        """The cut of the fewest operations."""
        behind: dict[Operation | None, list[SSAValue]] = {}
        for value in self.given:
            behind.setdefault(self._gate(value), []).append(value)
        cut = Cut([], set())
        for gate, values in behind.items():
            if gate is None or not self._pays(gate, values):
                cut.values += values
            else:
                cut.values.append(gate.results[0])
                cut.before |= self._before(gate)
        return cut

    def _pays(self, gate: Operation, values: Sequence[SSAValue]) -> bool:
        work = sum(map(weight_of, self._before(gate)))
        return work < PRODUCT * self._ends(gate) * (len(values) - 1)


@dataclass
class Cut:
    """The values of a cut, and the operations before it."""

    values: list[SSAValue]
    before: set[Operation]

    @property
    def work(self) -> int:
        return sum(map(weight_of, self.before))


def weight_of(op: Operation) -> int:
    """The operations that an op stands for: of a branch, those of its longer side."""
    sides = [sum(map(weight_of, block.ops)) for region in op.regions for block in region.blocks]
    return max(sides, default=weight(op))
