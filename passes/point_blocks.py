"""A group of loops over the same points becomes a loop over blocks of points (see point_groups).

    h = ix.contract [n, w, d] x[#0, #2], v[#2, #1] -> [#0, #1]
    z = for i in n { … h[i, j] … } -> tab
    …
    ==>
    k = …;  m = ⌈n/k⌉
    ix.blocks b in m {
        l = min(k, n - k*b)
        h = ix.contract [l, w, d] x[#0 + k*b, #2], v[#2, #1] -> [#0, #1]
        z = for i in l { … h[i, j] … } -> tab
        …
    }

So the tables of rows that die with a block take 16 P + 2 B bytes at most, P of which belong to a point; B are the bytes
of all tables that go in and come out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import ArrayAttr, IndexType, IntegerAttr, i64
from xdsl.ir import Attribute, Operation, SSAValue, Use
from xdsl.rewriter import InsertPoint

from pydex.dialects import eff, ix
from pydex.dialects.blocks import BlocksOp
from pydex.dialects.contract import ContractOp
from pydex.dialects.sizes import SizeAttr, SizeListAttr

from .ad_emit import Emitter
from .cost_units import bytes_of
from .edit import erase
from .needs import needs
from .point_groups import Group, Member
from .symbols import fresh

#: A block has so many points at least: a product of matrices of fewer rows takes longer to read what it multiplies.
LEAST = 16
#: The vectors of a block may take so many times the bytes of what goes in and comes out. As much again is left for
#: tables that the program keeps, and their cotangents.
SHARE = 2


def in_blocks(group: Group, length: int = 0) -> BlocksOp:
    """Replace the members by a loop over blocks; of so many points, if that is given."""
    return _Blocks(group, length).build()


@dataclass
class HandedOn:
    """What a member makes and others read, who come after it."""

    value: SSAValue
    kind: str
    type: Attribute
    users: list[Operation]


class _Blocks:
    """The loop while it is made."""

    def __init__(self, group: Group, length: int):
        self.members = group.members
        self.size = group.size
        self.least = 1 if group.again else LEAST
        self.rows = group.rows()
        self.local = group.local()
        made = [(v, "rows") for v in self.rows] + [pair for m in self.members for pair in m.sums()]
        self.handed_on = [HandedOn(v, kind, v.type, users) for v, kind in made if (users := group.read_after(v))]
        self.accumulations = [m.op for m in self.members if isinstance(m.op, eff.AccumOp)]
        last = self.members[-1].op
        assert last.next_op is not None
        self.moved = [op for op in group.after if op.is_before_in_block(last)]
        self.emit = Emitter(InsertPoint.before(last.next_op), self.members[0].op.location)
        self.length, self.count = self._lengths(length)

    # --------------------------------------------------------------------------------------------------- sizes

    def _lengths(self, given: int) -> tuple[SizeAttr, SizeAttr]:
        """Points in a block, and blocks, of which there is one at least."""
        own, bytes_ = self._own(), self._around() * SHARE
        points = self._at_least(self._number(self.size), 0)
        length = self._i64(arith.DivSIOp, self._number(bytes_), self._at_least(self._number(own), 1))
        length = self._i64(arith.AddiOp, length, self._constant(self.least))
        length = self._constant(given) if given else length
        length = self._at_least(self._i64(arith.MinSIOp, points, length), 1)
        count = self._at_least(self._i64(arith.CeilDivSIOp, points, length), 1)
        k = self._opened(length, "block", [self.size, own, bytes_, SizeAttr.of(self.least)])
        return k, self._opened(count, "blocks", [self.size, k])

    def _own(self) -> SizeAttr:
        """The bytes of a point in tables that die with its block."""
        total = SizeAttr.of(0)
        for value in self.local:
            sizes = list(value.type.sizes)  # pyright: ignore
            del sizes[self.rows[value]]
            total = total + _bytes(sizes, value.type)
        return total

    def _around(self) -> SizeAttr:
        """The bytes of the tables that go in and come out."""
        read = [v for m in self.members for v in needs(m.op).values if v not in self.rows]
        made = [h.value for h in self.handed_on] + [r for a in self.accumulations for r in a.results_]
        given = [v for v in made if _comes_out(v)]
        total = SizeAttr.of(0)
        for value in dict.fromkeys([*read, *given]):
            if isinstance(value.type, ix.TableType):
                total = total + _bytes(ix.bounding_sizes(value.type), value.type)
        return total

    def _number(self, size: SizeAttr) -> SSAValue:
        return self.emit.insert(arith.IndexCastOp(self.emit.insert(ix.SizeOp(size)).result, i64)).result

    def _constant(self, value: int) -> SSAValue:
        return self.emit.insert(arith.ConstantOp(IntegerAttr(value, i64))).result

    def _i64(self, op: type, a: SSAValue, b: SSAValue) -> SSAValue:
        return self.emit.insert(op(a, b)).results[0]

    def _at_least(self, number: SSAValue, least: int) -> SSAValue:
        return self._i64(arith.MaxSIOp, number, self._constant(least))

    def _opened(self, number: SSAValue, rule: str, of: Sequence[SizeAttr]) -> SizeAttr:
        symbol = fresh(rule)
        index = self.emit.insert(arith.IndexCastOp(number, IndexType())).result
        self.emit.insert(ix.OpenOp(index, symbol, rule, of))
        return SizeAttr.of(symbol)

    # ----------------------------------------------------------------------------------------------- the loop

    def build(self) -> BlocksOp:
        outer = self.emit
        kinds, types = [h.kind for h in self.handed_on], [h.type for h in self.handed_on]
        op = BlocksOp(self.count, fresh("b"), self.length, kinds, types)
        results = self._insert(op)
        self.emit = outer.into(op.body.block)
        here = self._i64(arith.MinSIOp, self._number(self.size - op.start), self._number(self.length))
        points = self._opened(self._at_least(here, 0), "points", [self.size, self.length])
        for member in self.members:
            if isinstance(member.op, ContractOp):
                self._contraction(member.op, member.axis, points, op.start)
            else:
                self._loop(member, points, op)
            self.emit.insert(_detached(member.op))
        self.emit.insert(ix.YieldOp([h.value for h in self.handed_on]))
        for handed, result in zip(self.handed_on, results, strict=True):
            handed.value.replace_uses_with_if(result, lambda use, users=handed.users: use.operation in users)
        self._open_accumulations()
        for late in self.moved:
            outer.insert(_detached(late))
        return op

    def _insert(self, op: BlocksOp) -> Sequence[SSAValue]:
        """Put the loop into the block, in all accumulations of members; its results there."""
        if not self.accumulations:
            return self.emit.insert(op).results_
        initial = [v for a in self.accumulations for v in a.initial]
        monoids = [monoid for a in self.accumulations for monoid in a.monoids]
        around = self.emit.insert(eff.AccumOp(initial, monoids, op.result_types))
        inside = self.emit.into(around.body.block)
        inside.insert(op)
        inside.insert(eff.YieldOp(op.results_))
        old = [(x, r) for a in self.accumulations for x, r in zip(a.accumulators, a.results_, strict=False)]
        for (accumulator, result), new, total in zip(old, around.accumulators, around.results_, strict=False):
            accumulator.replace_all_uses_with(new)
            result.replace_all_uses_with(total)
        return around.results_[len(initial) :]

    def _open_accumulations(self) -> None:
        """Members that are accumulations have handed on the accumulators: what is in them takes their place."""
        for op in self.accumulations:
            loop, last = op.body.block.first_op, op.body.block.last_op
            assert loop is not None and last is not None and op.parent is not None
            erase(last)
            op.parent.insert_op_before(_detached(loop), op)
            for result, value in zip(op.results_[len(op.initial) :], loop.results, strict=True):
                result.replace_all_uses_with(value)
            erase(op)

    def _contraction(self, op: ContractOp, axis: int, points: SizeAttr, start: SizeAttr) -> None:
        """Let a contraction go over the points of a block: in tables of all, its places move with that."""
        sizes = list(op.sizes.data)
        sizes[axis] = points
        here = {f"#{axis}": start + f"#{axis}"}
        for name, (table, place) in zip(("lhs_place", "rhs_place"), op.places, strict=False):
            if table not in self.rows:
                op.properties[name] = SizeListAttr(tuple(p.substitute(here) for p in place))
        op.properties["sizes"] = SizeListAttr(tuple(sizes))
        self._cut(op.result, points)

    def _loop(self, member: Member, points: SizeAttr, blocks: BlocksOp) -> None:
        """Let a loop go over the points of a block: only tables of these are read by the loop's own index."""
        loop = member.loop
        assert loop is not None
        users = [use for use in loop.index.uses if not self._is_own_row(use)]
        if users or loop.symbol is not None:
            first = loop.body.block.first_op
            assert first is not None
            emit = Emitter.before(first)
            point = emit.insert(ix.IndexOp([blocks.index, loop.index], [self.length, 1], 0, self.size)).result
            if loop.symbol is not None:
                point = emit.insert(ix.NameOp(point, loop.symbol.data)).result
                del loop.properties["symbol"]
            for use in users:
                use.operation.operands[use.index] = point
        loop.index._type = ix.IdxType(points)  # pyright: ignore[reportPrivateUsage]
        for row in member.rows():
            self._cut(row, points)
        for above, inner in enumerate(member.inside()):
            for result, kind in zip(inner.results, loop.kind_names, strict=True):
                if kind == "tab":
                    _set_extent(result, above, points)

    def _is_own_row(self, use: Use) -> bool:
        op = use.operation
        return isinstance(op, ix.AtOp) and op.table in self.rows and use.index == 1 + self.rows[op.table]

    def _cut(self, table: SSAValue, points: SizeAttr) -> None:
        if table in self.rows:
            _set_extent(table, self.rows[table], points)


def _comes_out(value: SSAValue) -> bool:
    """Is it handed on as what a function, or an iteration of a loop, gives?"""
    for use in value.uses:
        around = use.operation.parent_op() if use.operation.next_op is None else None
        if isinstance(around, scf.IfOp) and _comes_out(around.results[use.index]):
            return True
        if around is not None and not isinstance(around, scf.IfOp):
            return True
    return False


def _bytes(sizes: Sequence[SizeAttr], type: Attribute) -> SizeAttr:
    total = SizeAttr.of(bytes_of(type))
    for size in sizes:
        total = total * size
    return total


def _set_extent(table: SSAValue, axis: int, points: SizeAttr) -> None:
    assert isinstance(table.type, ix.TableType)
    sizes = list(table.type.sizes)
    sizes[axis] = points
    table._type = ix.TableType(ArrayAttr(sizes), table.type.element)  # pyright: ignore[reportPrivateUsage]


def _detached(op: Operation) -> Operation:
    op.detach()
    return op
