"""Sums of products, as data: a `Term` is a number times factors, which are values, sums of terms, or x ** -1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from xdsl.ir import SSAValue


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


def collected(terms: list[Term]) -> list[Term]:
    """Factors that all terms have are taken out."""
    common = terms[0].factors
    for term in terms[1:]:
        common = common_factors(Term(1.0, common), term)
    if len(terms) < 2 or not common:
        return terms
    return [Term(1.0, (*common, Sum(tuple(Term(t.coefficient, without(t, common)) for t in terms))))]


def common_factors(a: Term, b: Term) -> tuple[Factor, ...]:
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


def without(term: Term, factors: Sequence[Factor]) -> tuple[Factor, ...]:
    gone = Counter(map(key_of, factors))
    left: list[Factor] = []
    for factor in term.factors:
        if gone[key_of(factor)] > 0:
            gone[key_of(factor)] -= 1
        else:
            left.append(factor)
    return tuple(left)
