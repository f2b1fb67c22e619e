"""Values taken apart into sums of products, and two such sums added: `joined([a x], [b x]) == [x (a + b)]`.

    m (a u + b v) + n (a w + b z)   ==>   a (m u + n w) + b (m v + n z)

Two applications of one linear function become one application to a sum: what multiplies both is taken out, term by
term, through sums of as many terms. Products and sums are taken apart as far as ops of one block make them; differences
are never opened, and y - x counts as -(x - y). That is more than IEEE arithmetic allows: for derivatives only.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from xdsl.dialects import arith, math
from xdsl.ir import Block, Operation, SSAValue

from .fold_scalar import constant
from .linear_terms import Factor, Inverse, Sum, Term, collected, common_factors, key_of, without

#: Products of more factors, and sums of more terms, are left whole.
MOST = 12

#: Larger numbers than this, and smaller ones than its inverse, are values like others.
PLAIN = 4096.0


class Reader:
    """Takes values of a block apart."""

    def __init__(self, block: Block):
        self.block = block
        self.differences: dict[tuple[SSAValue, SSAValue], SSAValue] = {}
        self.numbers: dict[Hashable, int] = {}  # of factors, in the order in which they are met
        self.known_terms: dict[SSAValue, list[Term]] = {}  # what is used often is read once, or squares of squares
        self.known_products: dict[SSAValue, Term] = {}  # would take exponential time
        for op in block.ops:
            if isinstance(op, arith.SubfOp) and (op.rhs, op.lhs) not in self.differences:
                self.differences.setdefault((op.lhs, op.rhs), op.result)
        self.powers = _powers(block)

    def terms(self, value: SSAValue) -> list[Term]:
        """The terms that the value is the sum of."""
        if value not in self.known_terms:
            term = self.product(value)
            opened = self.opened(term) if len(term.factors) == 1 else None
            self.known_terms[value] = [term] if opened is None else opened
        return self.known_terms[value]

    def product(self, value: SSAValue) -> Term:
        """The factors that the value is the product of."""
        if value not in self.known_products:
            self.known_products[value] = self._product(value)
        return self.known_products[value]

    def _product(self, value: SSAValue) -> Term:
        whole = Term(1.0, (value,))
        if (number := constant(value)) is not None:
            return Term(float(number), ()) if _is_plain(number) else whole
        op = value.owner
        if op.parent is not self.block:
            return whole
        match op:
            case arith.MulfOp():
                a, b = self.product(op.lhs), self.product(op.rhs)
                product = Term(a.coefficient * b.coefficient, a.factors + b.factors)
                return product if len(product.factors) <= MOST and _is_plain(product.coefficient) else whole
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
        return collected(self._matched(a, b))

    def _matched(self, a: Sequence[Term], b: Sequence[Term]) -> list[Term]:
        result, rest = list[Term](), list(b)
        for term in a:
            best = max(rest, key=lambda other: len(common_factors(term, other)), default=None)
            if best is None or not common_factors(term, best):
                result.append(term)
            else:
                rest.remove(best)
                result.append(self._join(term, best))
        return result + rest

    def _join(self, a: Term, b: Term) -> Term:
        """One of them leads: so what is alike in several sums gets the same sign there."""
        common = common_factors(a, b)
        if not (len(a.factors) > len(common) or len(b.factors) > len(common)):
            return Term(a.coefficient + b.coefficient, common)
        (lead, ours), (other, theirs) = sorted(((t, without(t, common)) for t in (a, b)), key=self._rank)
        terms = Term(1.0, ours), Term(other.coefficient / lead.coefficient, theirs)
        return Term(lead.coefficient, (*common, Sum(tuple(self._through_sums(*terms) or terms))))

    def _rank(self, term: tuple[Term, tuple[Factor, ...]]) -> list[int]:
        return sorted(self.numbers.setdefault(key_of(f), len(self.numbers)) for f in term[1])

    def _through_sums(self, a: Term, b: Term) -> list[Term] | None:
        """m (x + y) + n (z + w), if terms of one sum have factors in common with those of the other, one by one."""
        ours, theirs = self.opened(a), self.opened(b)
        if ours is None or theirs is None or len(ours) != len(theirs):
            return None
        terms = self._matched(ours, theirs)
        return terms if len(terms) == len(ours) else None


def _is_plain(number: float) -> bool:
    """Is it far from overflow, and from 0, even if some such numbers are multiplied or divided?"""
    return 1.0 / PLAIN <= abs(number) <= PLAIN


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
