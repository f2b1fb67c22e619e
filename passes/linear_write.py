"""Sums of products as ops at the end of a block."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from xdsl.dialects import arith, math
from xdsl.dialects.builtin import AnyFloat, FloatAttr, UnitAttr, UnknownLoc
from xdsl.ir import Block, SSAValue

from .edit import new, terminator
from .fold_scalar import LINEAR
from .linear_terms import Factor, Sum, Term, key_of


class Writer:
    """Writes sums at the end of a block; of products, what most sums have in common comes first and is shared."""

    def __init__(self, block: Block, type: AnyFloat, sums: Sequence[Sequence[Term]]):
        self.end, self.type = terminator(block), type
        if isinstance(self.end.location, UnknownLoc) and (loop := block.parent_op()) is not None:
            self.end.location = loop.location
        self.uses: Counter[tuple[int, Hashable]] = Counter()  # of factors, by how deep inside of sums they are
        self.values: dict[Hashable, SSAValue] = {}
        counted: set[Hashable] = set()
        for terms in sums:
            self._count(terms, 0, counted)

    def _count(self, terms: Sequence[Term], depth: int, counted: set[Hashable]) -> None:
        for factor in (f for term in terms for f in term.factors):
            self.uses[depth, key_of(factor)] += 1
            if isinstance(factor, Sum) and factor.key not in counted:
                counted.add(factor.key)
                self._count(factor.terms, depth + 1, counted)

    def sum(self, terms: Sequence[Term], depth: int = 0) -> SSAValue:
        """The value of the sum."""
        first, *others = sorted(terms, key=lambda t: t.coefficient < 0)
        total = self._product(first, depth)
        for term in others:
            if term.coefficient < 0:
                total = new(self.end, arith.SubfOp(total, self._product(term.times(-1.0), depth)))
            else:
                total = new(self.end, arith.AddfOp(total, self._product(term, depth)))
        return total

    def _product(self, term: Term, depth: int) -> SSAValue:
        factors = sorted(term.factors, key=lambda f: -self.uses[depth, key_of(f)])
        value, key = None, (term.coefficient,)
        if term.coefficient != 1.0 or not factors:
            value = self._constant(term.coefficient)
        for factor in factors:
            key = (*key, key_of(factor))
            if key not in self.values:
                other = self._factor(factor, depth)
                self.values[key] = other if value is None else new(self.end, arith.MulfOp(value, other))
            value = self.values[key]
        assert value is not None
        return value

    def _factor(self, factor: Factor, depth: int) -> SSAValue:
        if isinstance(factor, SSAValue):
            return factor
        if factor.key not in self.values:
            if isinstance(factor, Sum):
                self.values[factor.key] = self.sum(factor.terms, depth + 1)
            else:
                op = math.PowFOp(factor.value, self._constant(-1.0))
                op.attributes[LINEAR] = UnitAttr()
                self.values[factor.key] = new(self.end, op)
        return self.values[factor.key]

    def _constant(self, value: float) -> SSAValue:
        return new(self.end, arith.ConstantOp(FloatAttr(value, self.type)))
