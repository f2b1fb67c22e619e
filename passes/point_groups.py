"""Which loops and contractions of a block go over the same points, and leave tables of rows to each other.

    h = ix.contract x[#0, #2], v[#2, #1] -> [#0, #1]    box index 0 is the point: h has a row for each
    z = for i { … h[i, j] … } -> tab                    reads a point's own row, and makes one
    w = ix.contract x[#0, #2], z[#0, #1] -> [#2, #1]    a sum over points
    b = for j { for i { z[i, j] } -> add } -> tab       sums over points

What needs other rows than the point's own, or a sum over points, belongs to no group that makes it: it comes after.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from xdsl.dialects import arith
from xdsl.ir import Block, Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.contract import ContractOp
from pydex.dialects.sizes import SizeAttr

from .needs import Needs, defined_symbol, needs

#: What combines in any order, block by block.
COMBINED = {"tab", *ix.REDUCTIONS} - {"argmax", "argmin"}


@dataclass(frozen=True)
class Member:
    """An op of the block that goes over points: `axis` is the index of a contraction's box that is the point, or the
    number of loops around the one over points (`loop`), which hand on what it makes."""

    op: Operation
    axis: int
    loop: ix.ForOp | None = None

    @property
    def size(self) -> SizeAttr:
        if self.loop is not None:
            return self.loop.size
        assert isinstance(self.op, ContractOp)
        return self.op.sizes.data[self.axis]

    def rows(self) -> list[SSAValue]:
        """The tables it makes that have a row for each point."""
        if isinstance(self.op, ContractOp):
            return [self.op.result] if _position(self.op.out_place.data, self.axis) is not None else []
        return [r for r, kind in self._handed_on() if kind == "tab"]

    def position(self) -> int:
        """Which axis of these tables is the point."""
        return (_position(self.op.out_place.data, self.axis) or 0) if isinstance(self.op, ContractOp) else self.axis

    def sums(self) -> list[tuple[SSAValue, str]]:
        """What else it makes of all points, and how it is combined."""
        if isinstance(self.op, ContractOp):
            return [] if self.rows() else [(self.op.result, "sum")]
        kinds = [(r, kind) for r, kind in self._handed_on() if kind != "tab"]
        return [(r, "sum" if isinstance(r.type, ix.TableType) else kind) for r, kind in kinds]

    def _handed_on(self) -> list[tuple[SSAValue, str]]:
        """The results of the loop over points, as results of the op."""
        assert self.loop is not None
        kinds = self.loop.kind_names
        return list(zip(self.op.results[len(self.op.results) - len(kinds) :], kinds, strict=True))

    def role(self) -> tuple[Operation, list[bool]]:
        """The op, and which tables of a contraction depend on the point."""
        places = [place for _, place in self.op.places] if isinstance(self.op, ContractOp) else []
        return self.op, [any(f"#{self.axis}" in p.symbols() for p in place) for place in places]

    def inside(self) -> Iterator[Operation]:
        """The loop over points and those around it, inside of the op."""
        loop: Operation | None = self.loop
        while loop is not None and loop is not self.op:
            yield loop
            loop = loop.parent_op()

    def reads_own(self, table: SSAValue, position: int) -> bool:
        """Of a table with rows, does it read what belongs to its own point only?"""
        if self.loop is None:
            assert isinstance(self.op, ContractOp)
            own = all(_position(p, self.axis) == position for t, p in self.op.places[:2] if t is table)
            return own and _extent(table, position) == self.size
        return all(
            self._is_own(use.operation, use.index, position) for use in table.uses if _in(use.operation, self.op)
        )

    def _is_own(self, op: Operation, operand: int, position: int) -> bool:
        indexed = isinstance(op, ix.AtOp) and operand == 0 and len(op.indices) > position
        return indexed and op.indices[position] is self.loop.index  # pyright: ignore


@dataclass
class Group:
    """Members in order, and what of the block has to come after them; again: they are a group by another index of
    their tables, too, so that there may be blocks inside of a block."""

    members: list[Member] = field(default_factory=list)
    after: list[Operation] = field(default_factory=list)
    again: bool = False

    @property
    def size(self) -> SizeAttr:
        return self.members[0].size

    def rows(self) -> dict[SSAValue, int]:
        """The tables of rows, and which axis is the point."""
        return {value: m.position() for m in self.members for value in m.rows()}

    def local(self) -> list[SSAValue]:
        """Those that only members read."""
        return [v for v in self.rows() if not self.read_after(v)]

    def is_useful(self) -> bool:
        """Are there tables that die with a block, or would if sums were taken out of loops?"""
        return bool(self.local()) or any(self.summed_after(*row) for row in self.rows().items())

    def read_after(self, value: SSAValue) -> list[Operation]:
        """The other ops that use a value."""
        return [u.operation for u in value.uses if not any(_in(u.operation, m.op) for m in self.members)]


    def summed_after(self, table: SSAValue, position: int) -> list[ix.ForOp]:
        """The sums over points that all others use rows for, which could be taken out of the loops around; or none."""
        sums = [_sum_around(op, table, position) for op in self.read_after(table)]
        return [] if None in sums else [loop for loop in sums if loop is not None]


def _in(op: Operation, outer: Operation) -> bool:
    return op is outer or outer.is_ancestor(op)


def _position(place: Sequence[SizeAttr], axis: int) -> int | None:
    """Which index of the place is the box index, if one is and no other depends on it."""
    point = f"#{axis}"
    found = [k for k, p in enumerate(place) if point in p.symbols()]
    return found[0] if len(found) == 1 and str(place[found[0]]) == point else None


def _sum_around(op: Operation, table: SSAValue, position: int) -> ix.ForOp | None:
    """The loop over points, inside of another loop, that adds up what it reads of its own row by this op."""
    if not isinstance(op, ix.AtOp) or op.table is not table or len(op.indices) <= position:
        return None
    block = op.indices[position].owner
    loop = block.parent_op() if not isinstance(block, Operation) else None
    if not isinstance(loop, ix.ForOp) or loop.index is not op.indices[position] or set(loop.kind_names) != {"add"}:
        return None
    return loop if isinstance(loop.parent_op(), ix.ForOp) and loop.parent is not table.owner.parent else None


# -------------------------------------------------------------------------------------------------- finding a group


def group_in(block: Block, but: Collection[SizeAttr] = ()) -> Group | None:
    """The group with most members of those that leave tables to each other, but for groups of such sizes. Only where
    something is contracted: other loops make what they need once more."""
    if not any(isinstance(op, ContractOp) for op in block.ops):
        return None
    facts = {op: needs(op) for op in block.ops if op is not block.last_op}
    groups = [_ordered(component, facts) for component in _components(facts)]
    useful = [g for g in groups if g.size not in but and g.is_useful()]
    group = max(useful, key=lambda g: (bool(g.local()), len(g.members)), default=None)
    if group is not None:
        roles = [m.role() for m in group.members]
        group.again = any([m.role() for m in g.members] == roles for g in useful if g is not group)
    return group


def _candidates(op: Operation, found: Needs) -> list[Member]:
    """What the op may be a member as."""
    if isinstance(op, ContractOp):
        return [Member(op, a) for a in range(len(op.sizes.data)) if _has_own_row(op, a) or not _mentions(op, a)]
    if "except" in found.row:
        return []
    if isinstance(op, eff.AccumOp):
        first = op.body.block.first_op
        if not isinstance(first, ix.ForOp) or first.next_op is not op.body.block.last_op:
            return []
        return [Member(op, 0, first)] if list(op.yielded) == list(first.results_) and _combines(first) else []
    return list(nested(op)) if isinstance(op, ix.ForOp) else []


def _has_own_row(op: ContractOp, axis: int) -> bool:
    position = _position(op.out_place.data, axis)
    return position is not None and _extent(op.result, position) == op.sizes.data[axis]


def _extent(table: SSAValue, axis: int) -> SizeAttr:
    assert isinstance(table.type, ix.TableType)
    return table.type.sizes.data[axis]


def _mentions(op: ContractOp, axis: int) -> bool:
    return any(f"#{axis}" in p.symbols() for p in op.out_place.data)


def nested(op: ix.ForOp) -> Iterator[Member]:
    """The loop, and the loops inside whose results are handed on as they are."""
    loop, depth, around = op, 0, set[str]()
    while _combines(loop) and around.isdisjoint(loop.size.symbols()):
        yield Member(op, depth, loop)
        inner = [o for o in loop.body.block.ops if o.regions or isinstance(o, eff.AddOp)]
        found = inner[0] if len(inner) == 1 else None
        if not isinstance(found, ix.ForOp) or set(loop.kind_names) != {"tab"} and loop.kinds != found.kinds:
            return
        if [_unwidened(v) for v in loop.yielded] != list(found.results_):
            return
        around.add(defined_symbol(loop) or "")
        loop, depth = found, depth + 1


def _unwidened(value: SSAValue) -> SSAValue:
    """A sum that is handed on as f64."""
    return value.owner.operands[0] if isinstance(value.owner, arith.ExtFOp) else value


def _combines(loop: ix.ForOp) -> bool:
    """May the iterations be made block by block? No row is longer than another."""
    sizes = [s for r in loop.results_ if isinstance(r.type, ix.TableType) for s in r.type.sizes]
    return COMBINED.issuperset(loop.kind_names) and not any(map(ix.axis_dependent, sizes))


def _components(facts: dict[Operation, Needs]) -> list[set[Member]]:
    """Members that are connected by tables of rows."""
    candidates = {op: _candidates(op, found) for op, found in facts.items()}
    of: dict[Member, set[Member]] = {m: {m} for found in candidates.values() for m in found}
    for member in of:
        for table in member.rows():
            for op in dict.fromkeys(_item(use.operation, facts) for use in table.uses):
                for reader in candidates.get(op, ()):  # pyright: ignore[reportArgumentType, reportCallIssue]
                    if reader.reads_own(table, member.position()) and of[reader] is not of[member]:
                        of[member] |= of[reader]
                        of.update(dict.fromkeys(of[reader], of[member]))
    return [c for c in {id(c): c for c in of.values()}.values() if len(c) > 1]


def _item(op: Operation | None, facts: dict[Operation, Needs]) -> Operation | None:
    """The op of the block that an op is, or is in."""
    while op is not None and op not in facts:
        op = op.parent_op()
    return op


def _ordered(component: set[Member], facts: dict[Operation, Needs]) -> Group:
    """The members that can run block by block, in one loop; later ones may have to come after."""
    as_member = {member.op: member for member in component}
    group, rows = Group(), dict[SSAValue, int]()
    late, late_symbols = set[SSAValue](), set[str]()
    for op, found in facts.items():
        member = as_member.get(op)
        waits = bool(found.values & late or found.symbols & late_symbols)
        own = member is not None and all(member.reads_own(v, rows[v]) for v in found.values if v in rows)
        if member is not None and own and not waits:
            group.members.append(member)
            rows.update(dict.fromkeys(member.rows(), member.position()))
            late.update(r for r in op.results if r not in rows)
        elif waits or any(v in rows for v in found.values):
            if "except" in found.row:  # nothing may fail before it
                break
            group.after.append(op)
            late.update(op.results)
            late_symbols.add(defined_symbol(op) or "")
    return group
