"""Formulas of cost compared: which is greater for all sizes, how many times as great one is, a bound on two."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction

from pydex.passes.cost_formula import Formula, Monomial, Unknown


def is_nonnegative(formula: Formula) -> bool:
    """Whether signs of coefficients prove it, for sizes of at least 1."""
    one = {a: Formula.of(a) + 1 for a in formula.atoms() if isinstance(a, str)}
    return all(coef > 0 for coef in formula.substitute(one).terms.values())


def ratio(a: Formula, b: Formula) -> Fraction | None:
    """What a / b does not exceed as sizes and unknowns grow; None where it has no bound.

    Every term of a is at most some term that divides no greater one, and of these b has a share: the least share
    bounds the quotient (mediant inequality). Unknowns labelled alike are taken to be alike.
    """
    above, below = _alike(a), _alike(b)
    bound = Fraction(0)
    for monomial, coef in above.items():
        if not any(other != monomial and Counter(monomial) <= Counter(other) for other in (*above, *below)):
            if not below.get(monomial):
                return None
            bound = max(bound, coef / below[monomial])
    return bound


def _alike(formula: Formula) -> dict[tuple[str, ...], Fraction]:
    terms: dict[tuple[str, ...], Fraction] = {}
    for monomial, coef in formula.terms.items():
        key = tuple(sorted(str(replace(a, number=1)) if isinstance(a, Unknown) else a for a in monomial))
        terms[key] = terms.get(key, Fraction(0)) + coef
    return {key: coef for key, coef in terms.items() if coef}


def without_unknowns(formula: Formula, labels: tuple[str, ...]) -> Formula:
    """The terms without unknowns whose labels begin so."""

    def kept(monomial: Monomial, _: Fraction) -> bool:
        return not any(isinstance(atom, Unknown) and atom.label.startswith(labels) for atom in monomial)

    return formula.part(kept)


def larger(a: Formula, b: Formula) -> Formula:
    """A bound on both: for each monomial the larger coefficient."""
    zero = Fraction(0)
    terms = {m: max(a.terms.get(m, zero), b.terms.get(m, zero)) for m in {**a.terms, **b.terms}}
    return Formula({m: c for m, c in terms.items() if c})
