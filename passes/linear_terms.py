"""Sums of products, to be added: `joined([a x], [b x]) == [x (a + b)]`, and how to write them as ops.

    m (a u + b v) + n (a w + b z)   ==>   a (m u + n w) + b (m v + n z)

Two applications of one linear function become one application to a sum: what multiplies both is taken out, term by
term, through sums of as many terms. Products and sums are taken apart as far as ops of one block make them; differences
are never opened, and y - x counts as -(x - y). That is more than IEEE arithmetic allows: for derivatives only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from xdsl.dialects import arith, math
from xdsl.dialects.builtin import AnyFloat, FloatAttr, UnitAttr
from xdsl.ir import Block, Operation, SSAValue

from .edit import new, terminator
from .fold_scalar import LINEAR, constant

#: Products of more factors, and sums of more terms, are left whole.
MOST = 12


@dataclass(frozen=True)
class Term:
    """A number times values and sums."""

    coefficient: float
    factors: tuple[Factor, ...]

    @cached_property
    def key(self) -> Hashable:
        return self.coefficient, frozenset(Counter(map(key_of, self.factors)).items())

    def times(self, number: float) -> Term:
        return Term(self.coefficient * number, self.factors)


@dataclass(frozen=True)
class Sum:
    """The sum of some terms."""

    terms: tuple[Term, ...]

    @cached_property
    def key(self) -> Hashable:
        return frozenset(Counter(t.key for t in self.terms).items())


@dataclass(frozen=True)
class Inverse:
    """value ** -1"""

    value: SSAValue

    @property
    def key(self) -> Hashable:
        return self


Factor: TypeAlias = "SSAValue | Sum | Inverse"


def key_of(factor: Factor) -> Hashable:
    return factor if isinstance(factor, SSAValue) else factor.key


class Reader:
    """Takes values of a block apart."""

    def __init__(self, block: Block):
        self.block = block
        self.differences: dict[tuple[SSAValue, SSAValue], SSAValue] = {}
        self.numbers: dict[Hashable, int] = {}  # of factors, in the order in which they are met
        for op in block.ops:
            if isinstance(op, arith.SubfOp) and (op.rhs, op.lhs) not in self.differences:
                self.differences.setdefault((op.lhs, op.rhs), op.result)
        self.powers = _powers(block)

    def terms(self, value: SSAValue) -> list[Term]:
        """The terms that the value is the sum of."""
        term = self.product(value)
        opened = self.opened(term) if len(term.factors) == 1 else None
        return [term] if opened is None else opened

    def product(self, value: SSAValue) -> Term:
        """The factors that the value is the product of."""
        number = constant(value)
        if number is not None:
            return Term(float(number), ())
        op = value.owner
        whole = Term(1.0, (value,))
        if op.parent is not self.block:
            return whole
        match op:
            case arith.MulfOp():
                a, b = self.product(op.lhs), self.product(op.rhs)
                factors = a.factors + b.factors
                return Term(a.coefficient * b.coefficient, factors) if len(factors) <= MOST else whole
            case arith.NegfOp():
                return self.product(op.operand).times(-1.0)
            case arith.AddfOp() if op.lhs is op.rhs:
                return self.product(op.lhs).times(2.0)
            case arith.SubfOp():
                if (kept := self.differences.get((op.lhs, op.rhs))) is not None:
                    return Term(1.0, (kept,))
                return Term(-1.0, (self.differences[op.rhs, op.lhs],))
            case math.PowFOp() if op in self.powers:
                kept, times = self.powers[op]
                return Term(1.0, (kept, *[Inverse(op.lhs)] * times))
            case _:
                return whole

    def opened(self, term: Term) -> list[Term] | None:
        """The term as a sum, if one of its factors is one."""
        sums = [k for k, f in enumerate(term.factors) if isinstance(f, SSAValue) and self._is_sum(f)]
        if len(sums) != 1:
            return None
        k = sums[0]
        total, others = term.factors[k], term.factors[:k] + term.factors[k + 1 :]
        assert isinstance(total, SSAValue) and isinstance(total.owner, arith.AddfOp)
        inner = [*self.terms(total.owner.lhs), *self.terms(total.owner.rhs)]
        if len(inner) > MOST or any(len(t.factors) + len(others) > MOST for t in inner):
            return None
        return [Term(t.coefficient * term.coefficient, others + t.factors) for t in inner]

    def _is_sum(self, value: SSAValue) -> bool:
        op = value.owner
        return isinstance(op, arith.AddfOp) and op.parent is self.block and op.lhs is not op.rhs

    # ------------------------------------------------------------------------------------------------- joining

    def joined(self, a: Sequence[Term], b: Sequence[Term]) -> list[Term]:
        """The sum of both; terms that have factors in common are one term."""
        return _collected(self._matched(a, b))

    def _matched(self, a: Sequence[Term], b: Sequence[Term]) -> list[Term]:
        result, rest = list[Term](), list(b)
        for term in a:
            best = max(rest, key=lambda other: len(_common(term, other)), default=None)
            if best is None or not _common(term, best):
                result.append(term)
            else:
                rest.remove(best)
                result.append(self._join(term, best))
        return result + rest

    def _join(self, a: Term, b: Term) -> Term:
        """One of them leads: so what is alike in several sums gets the same sign there."""
        common = _common(a, b)
        if not (len(a.factors) > len(common) or len(b.factors) > len(common)):
            return Term(a.coefficient + b.coefficient, common)
        (lead, ours), (other, theirs) = sorted(((t, _without(t, common)) for t in (a, b)), key=self._rank)
        terms = Term(1.0, ours), Term(other.coefficient / lead.coefficient, theirs)
        return Term(lead.coefficient, (*common, Sum(tuple(self._through_sums(*terms) or terms))))

    def _rank(self, term: tuple[Term, tuple[Factor, ...]]) -> list[int]:
        return sorted(self.numbers.setdefault(key_of(f), len(self.numbers)) for f in term[1])

    def _through_sums(self, a: Term, b: Term) -> list[Term] | None:
        """m (x + y) + n (z + w), if terms of one sum have factors in common with those of the other, one by one."""
        opened = self.opened(a), self.opened(b)
        if opened[0] is None or opened[1] is None or len(opened[0]) != len(opened[1]):
            return None
        terms = self._matched(*opened)
        return terms if len(terms) == len(opened[0]) else None


def _powers(block: Block) -> dict[Operation, tuple[SSAValue, int]]:
    """x ** -2.5 as x ** -1.5 · (x ** -1) ** 1, for powers of one x by halves that are beside each other."""
    by_base: dict[SSAValue, list[tuple[float, Operation]]] = {}
    for op in block.ops:
        if isinstance(op, math.PowFOp) and (exponent := constant(op.rhs)) is not None and exponent % 1 == 0.5:
            if exponent < -1:
                by_base.setdefault(op.lhs, []).append((exponent, op))
    found: dict[Operation, tuple[SSAValue, int]] = {}
    for same in by_base.values():
        largest, first = max(same, key=lambda power: power[0])
        found |= {op: (first.results[0], int(largest - exponent)) for exponent, op in same if exponent < largest}
    return found


def _collected(terms: list[Term]) -> list[Term]:
    """Factors that all terms have are taken out."""
    common = terms[0].factors
    for term in terms[1:]:
        common = _common(Term(1.0, common), term)
    if len(terms) < 2 or not common:
        return terms
    return [Term(1.0, (*common, Sum(tuple(Term(t.coefficient, _without(t, common)) for t in terms))))]


def _common(a: Term, b: Term) -> tuple[Factor, ...]:
    """The factors that both terms have; none, if a number is 0."""
    if a.coefficient == 0.0 or b.coefficient == 0.0:
        return ()
    there = Counter(map(key_of, b.factors))
    found: list[Factor] = []
    for factor in a.factors:
        if there[key_of(factor)] > 0:
            there[key_of(factor)] -= 1
            found.append(factor)
    return tuple(found)


def _without(term: Term, factors: Sequence[Factor]) -> tuple[Factor, ...]:
    gone = Counter(map(key_of, factors))
    left: list[Factor] = []
    for factor in term.factors:
        if gone[key_of(factor)] > 0:
            gone[key_of(factor)] -= 1
        else:
            left.append(factor)
    return tuple(left)


class Writer:
    """Writes sums at the end of a block; of products, what most sums have in common comes first and is shared."""

    def __init__(self, block: Block, type: AnyFloat, sums: Sequence[Sequence[Term]]):
        self.end, self.type = terminator(block), type
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
