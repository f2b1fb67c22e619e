"""What both orders of a pair compute, written once: values of a body at (i, j) and at (j, i), equal ones shared.

    d = x[j] - x[i]      at (j, i): -d       d * d       at (j, i): the same
    m[j] * s             at (j, i): m[i] * s

A value is known as a value that has been written, or its negative: exchanged, a difference is the negative one.
Rounding knows no sign, so this is exact but for the sign of zeros: x - y is +0 both ways where x = y. What only adds,
multiplies and divides what has been found so is *loose*: a sum that starts from +0 does not see it. Other ops, and
divisions by such values, get operands that are made again as they are in the source.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from xdsl.dialects import arith, math, scf
from xdsl.ir import BlockArgument, Operation, SSAValue

from pydex.dialects import ix

from .affine import affine
from .edit import insert, new
from .needs import needs
from .symbols import Values, clone

#: What an integer comparison says of the sign of the difference of its operands.
HOLDS = {0: {0}, 1: {-1, 1}, 2: {-1}, 3: {-1, 0}, 4: {1}, 5: {0, 1}}

#: Ops that are the same whatever the sign of a zero in their operands.
SIGNLESS = (math.AbsFOp,)


class Unpaired(Exception):
    """Something that is not known in both orders."""


@dataclass(frozen=True)
class Column:
    """A column of a table: one of the reads of it, and the index that it is read by."""

    key: Hashable
    read: ix.AtOp
    own: SSAValue

    def element(self, index: SSAValue, near: Operation) -> SSAValue:
        """One element, read from the table."""
        known: Values = {self.own: index}
        for place in self.read.indices:
            if is_constant(place) and isinstance(place.owner, Operation):
                insert(clone(place.owner, known), near)
        return insert(clone(self.read, known), near).results[0]


#: For each column its table, or the element of it that is read on the diagonal.
Columns: TypeAlias = Mapping[Hashable, SSAValue]


def column_of(op: ix.AtOp, indices: Collection[SSAValue], loop: ix.ForOp) -> Column | None:
    """The column that a read of an element is of, if it has one of the indices, not last: then neighbours lie apart."""
    assert isinstance(op.table.type, ix.TableType)
    own = [v for v in op.indices if v in indices]
    if len(own) != 1 or op.indices[-1] is own[0] or isinstance(op.result.type, ix.TableType):
        return None
    rest = [v for v in (op.table, *op.indices) if v is not own[0] and not is_constant(v)]
    if any(is_inside(v, loop) for v in rest) or any(map(ix.axis_dependent, op.table.type.sizes)):
        return None
    key = (op.table, *(None if v is own[0] else _number(v) for v in op.indices))
    return Column(key, op, own[0])


def is_constant(index: SSAValue) -> bool:
    """Is it an index that depends on nothing?"""
    return isinstance(index.owner, ix.IndexOp) and not index.owner.operands_


def _number(index: SSAValue) -> Hashable:
    return affine(index).offset if is_constant(index) else index


def is_inside(value: SSAValue, loop: ix.ForOp) -> bool:
    """Is it made in the loop?"""
    owner = value.owner if isinstance(value.owner, Operation) else value.owner.parent_op()
    return owner is not None and loop.is_ancestor(owner)


@dataclass(frozen=True)
class Term:
    """A value, or its negative; loose: the sign of a zero may not be that of the source."""

    value: SSAValue
    minus: bool = False
    loose: bool = False

    def negative(self, loose: bool = False) -> Term:
        return Term(self.value, not self.minus, self.loose or loose)


class PairWriter:
    """Writes values of the body of `inner`, which is in `outer`, in front of `near`, with these as the indices.

    order: the sign of outer index - inner index; 0: both are one.
    """

    def __init__(
        self,
        outer: ix.ForOp,
        inner: ix.ForOp,
        near: Operation,
        indices: tuple[SSAValue, SSAValue],
        order: int,
        columns: Columns,
    ):
        self.outer, self.inner, self.near = outer, inner, near
        self.indices, self.order, self.columns = indices, order, columns
        self.terms: dict[tuple[SSAValue, bool], Term] = {}
        self.made: dict[Hashable, SSAValue] = {}

    def value(self, value: SSAValue, exchanged: bool) -> SSAValue:
        """The value at (i, j), or (j, i), but for the sign of a zero."""
        term = self._term(value, exchanged)
        return self._written(arith.NegfOp(term.value)) if term.minus else term.value

    def _term(self, value: SSAValue, exchanged: bool) -> Term:
        key = (value, exchanged)
        if key not in self.terms:
            self.terms[key] = self._make(value, exchanged)
        return self.terms[key]

    def _exact(self, value: SSAValue, exchanged: bool) -> SSAValue:
        """The value with the sign that the source gives to a zero."""
        term = self._term(value, exchanged)
        if not term.loose:
            return self._written(arith.NegfOp(term.value)) if term.minus else term.value
        assert isinstance(value.owner, Operation)
        return self._plain(value.owner, exchanged)

    def _make(self, value: SSAValue, exchanged: bool) -> Term:
        if isinstance(value, BlockArgument) and value.block in (self.outer.body.block, self.inner.body.block):
            return Term(self._index(value, exchanged))
        op = value.owner
        if not isinstance(op, Operation) or not self.outer.is_ancestor(op):
            return Term(value)
        match op:
            case scf.IfOp():
                return self._term(self._side(op, value, exchanged), exchanged)
            case arith.SelectOp() if (holds := self._holds(op.cond, exchanged)) is not None:
                return self._term(op.lhs if holds else op.rhs, exchanged)
            case ix.AtOp():
                return Term(self._read(op, exchanged))
            case arith.NegfOp():
                return self._term(op.operand, exchanged).negative()
            case arith.AddfOp() | arith.SubfOp():
                return self._sum(op, exchanged)
            case arith.MulfOp() | arith.DivfOp():
                return self._product(op, exchanged)
            case _ if isinstance(op, SIGNLESS):
                return Term(self._written(op, [self._term(op.operands[0], exchanged).value]))
            case _:
                return Term(self._plain(op, exchanged))

    def _index(self, value: SSAValue, exchanged: bool) -> SSAValue:
        if value is self.outer.index:
            return self.indices[exchanged]
        if value is self.inner.index:
            return self.indices[not exchanged]
        raise Unpaired("a table that the loop owns")

    def _side(self, op: scf.IfOp, value: SSAValue, exchanged: bool) -> SSAValue:
        """What the branch gives as this result of its."""
        holds = self._holds(op.cond, exchanged)
        if holds is None:
            raise Unpaired("a branch that the order of the pair does not decide")
        last = (op.true_region if holds else op.false_region).block.last_op
        assert last is not None
        return last.operands[[*map(id, op.results)].index(id(value))]

    def _holds(self, condition: SSAValue, exchanged: bool) -> bool | None:
        """Does a condition on the order of the two hold? None: it is none."""
        compare = condition.owner
        if not isinstance(compare, arith.CmpiOp) or compare.predicate.value.data not in HOLDS:
            return None
        difference = affine(compare.lhs).minus(affine(compare.rhs))
        signs = {v: c.constant for v, c in difference.terms.items()}
        for factor in (1, -1):
            if signs == {self.outer.index: factor, self.inner.index: -factor} and difference.offset.constant == 0:
                order = self.order * factor * (-1 if exchanged else 1)
                return order in HOLDS[compare.predicate.value.data]
        return None

    def _read(self, op: ix.AtOp, exchanged: bool) -> SSAValue:
        """An element, if need be as that of a column."""
        if isinstance(op.result.type, ix.TableType) or is_inside(op.table, self.outer):
            raise Unpaired("a part of a table, or of one made inside")
        if (column := column_of(op, {self.outer.index, self.inner.index}, self.outer)) is not None:
            found = self.columns[column.key]
            return self._written(ix.AtOp(found, [self._index(column.own, exchanged)])) if self.order else found
        return self._written(op, [op.table, *(self._place(v, exchanged) for v in op.indices)])

    def _place(self, index: SSAValue, exchanged: bool) -> SSAValue:
        """An index of a table."""
        if isinstance(index, BlockArgument) and index.block in (self.outer.body.block, self.inner.body.block):
            return self._index(index, exchanged)
        if not is_inside(index, self.outer):
            return index
        if is_constant(index):
            assert isinstance(index.owner, Operation)
            return self._written(index.owner)
        raise Unpaired("an index that is made inside")

    def _sum(self, op: arith.AddfOp | arith.SubfOp, exchanged: bool) -> Term:
        a, b = self._term(op.lhs, exchanged), self._term(op.rhs, exchanged)
        b = b.negative() if isinstance(op, arith.SubfOp) else b
        loose = a.loose or b.loose
        if a.minus == b.minus:
            total = self._written(op, [a.value, b.value], arith.AddfOp)
            return Term(total, a.minus, loose or a.minus)
        plus, minus = (b, a) if a.minus else (a, b)
        if self._key(op, [minus.value, plus.value], arith.SubfOp) in self.made:
            return Term(self._written(op, [minus.value, plus.value], arith.SubfOp), True, True)
        return Term(self._written(op, [plus.value, minus.value], arith.SubfOp), False, loose)

    def _product(self, op: arith.MulfOp | arith.DivfOp, exchanged: bool) -> Term:
        a, b = self._term(op.lhs, exchanged), self._term(op.rhs, exchanged)
        if isinstance(op, arith.DivfOp) and b.loose:
            b = Term(self._exact(op.rhs, exchanged))
        is_square = isinstance(op, arith.MulfOp) and op.lhs is op.rhs
        loose = (a.loose or b.loose) and not is_square
        return Term(self._written(op, [a.value, b.value]), a.minus != b.minus, loose)

    def _plain(self, op: Operation, exchanged: bool) -> SSAValue:
        """The op, on operands that are exactly those of the source."""
        if op.regions or len(op.results) != 1 or isinstance(op.results[0].type, ix.TableType) or not needs(op).pure:
            raise Unpaired(op.name)
        if isinstance(op, ix.IndexOp | ix.NameOp | ix.SizeOp):
            raise Unpaired("a place that is computed")
        return self._written(op, [self._exact(v, exchanged) for v in op.operands])

    def _key(self, op: Operation, operands: list[SSAValue], kind: type[Operation]) -> Hashable:
        ids = [id(v) for v in operands]
        ids = sorted(ids) if kind in (arith.AddfOp, arith.MulfOp) else ids
        return (kind, *ids, *op.properties.items(), op.results[0].type)

    def _written(
        self, op: Operation, operands: list[SSAValue] | None = None, kind: type[Operation] | None = None
    ) -> SSAValue:
        """The op on these operands, written once."""
        operands, kind = list(op.operands) if operands is None else operands, kind or type(op)
        key = self._key(op, operands, kind)
        if key not in self.made:
            copy = kind.create(
                operands=operands,
                result_types=[r.type for r in op.results],
                properties=op.properties,
                attributes=op.attributes,
            )
            self.made[key] = new(self.near, copy)
        return self.made[key]
