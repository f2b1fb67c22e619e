"""Formulas of cost: polynomials with rational coefficients in the sizes, and in numbers known only at run time.

    sum over i < n of (i + 1)  =  1/2*n^2 + 1/2*n

An atom is a size symbol, or an `Unknown`: the trips of a `while`, how often a branch is taken, a size that the
program computes. An unknown stands for its sum over a whole call of the function, so a loop around it does not
multiply it; what it is multiplied by in each run (`weights`) is part of it. So every formula is linear in unknowns,
and exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from math import comb
from typing import TypeAlias

from pydex.dialects.sizes import SizeAttr


@dataclass(frozen=True)
class Unknown:
    """The sum, over all runs of an op in a call, of a number times the weights.

    `key`: which number of which op. `label`: what it is, for people; `number` tells apart what is labelled alike.
    """

    key: object
    label: str = field(compare=False)
    number: int = field(default=1, compare=False)
    weights: tuple[str, ...] = ()

    def __str__(self) -> str:
        name = self.label if self.number == 1 else f"{self.label}#{self.number}"
        shown = [weight.split(".")[0] for weight in self.weights]
        return f"sum({'*'.join([*shown, name])})" if shown else name


Atom: TypeAlias = "str | Unknown"
Monomial: TypeAlias = tuple[Atom, ...]


@dataclass(frozen=True)
class Formula:
    """A polynomial: non-zero coefficients by monomial; a monomial is a sorted tuple of atoms."""

    terms: Mapping[Monomial, Fraction]

    @staticmethod
    def of(value: int | Fraction | Atom | SizeAttr | Formula) -> Formula:
        """The constant, the atom, the size."""
        if isinstance(value, Formula):
            return value
        if isinstance(value, SizeAttr):
            return Formula({monomial: Fraction(coef) for monomial, coef in value.data})
        if isinstance(value, str | Unknown):
            return Formula({(value,): Fraction(1)})
        return Formula({(): Fraction(value)} if value else {})

    def __add__(self, other: int | Formula) -> Formula:
        added = Formula.of(other)
        if not (self.terms and added.terms):
            return self if self.terms else added
        terms = dict(self.terms)
        for monomial, coef in added.terms.items():
            terms[monomial] = terms.get(monomial, Fraction(0)) + coef
        return Formula({m: c for m, c in terms.items() if c})

    def __mul__(self, other: int | Fraction | Formula) -> Formula:
        total = Formula({})
        for m1, c1 in self.terms.items():
            total = total + Formula({_sorted((*m1, *m2)): c1 * c2 for m2, c2 in Formula.of(other).terms.items()})
        return total

    def __sub__(self, other: int | Formula) -> Formula:
        return self + Formula.of(other) * -1

    def __bool__(self) -> bool:
        return bool(self.terms)

    @property
    def constant(self) -> Fraction | None:
        """The number, if no atom is mentioned."""
        return None if any(self.terms) else self.terms.get((), Fraction(0))

    def atoms(self) -> set[Atom]:
        """The atoms mentioned."""
        return {atom for monomial in self.terms for atom in monomial}

    def substitute(self, values: Mapping[str, Formula] | Mapping[Unknown, Formula]) -> Formula:
        """Replaces atoms, all at once."""
        known: dict[object, Formula] = dict(values.items())
        if not any(atom in known for atom in self.atoms()):
            return self
        total = Formula({})
        for monomial, coef in self.terms.items():
            product = Formula({(): coef})
            for atom in monomial:
                product = product * known.get(atom, Formula.of(atom))
            total = total + product
        return total

    def evaluate(self, value: Callable[[Atom], int]) -> Fraction:
        """The number, if `value` knows every atom."""
        total = Fraction(0)
        for monomial, coef in self.terms.items():
            for atom in monomial:
                coef *= value(atom)
            total += coef
        return total

    def part(self, keep: Callable[[Monomial, Fraction], bool]) -> Formula:
        """The terms that are kept."""
        return Formula({m: c for m, c in self.terms.items() if keep(m, c)})

    def __str__(self) -> str:
        return show(self)


def total(formulas: Iterable[Formula]) -> Formula:
    """Their sum."""
    result = Formula({})
    for formula in formulas:
        result = result + formula
    return result


def sum_over(symbol: str | None, extent: Formula, body: Formula) -> Formula:
    """The sum of `body` over `symbol` = 0 … extent − 1. No term of it may have an unknown."""
    result = Formula({})
    for monomial, coef in body.terms.items():
        power = sum(atom == symbol for atom in monomial)
        rest = tuple(atom for atom in monomial if atom != symbol)
        result = result + Formula({rest: coef}) * sum_of_powers(power, extent)
    return result


def sum_of_powers(power: int, extent: Formula) -> Formula:
    """0^p + 1^p + … + (extent − 1)^p, by Faulhaber: the binomial sum of Bernoulli numbers (B1 = −1/2)."""
    result, factor = Formula({}), extent
    for k in range(power, -1, -1):
        result = result + factor * (Fraction(comb(power + 1, k), power + 1) * _bernoulli(k))
        factor = factor * extent
    return result


@cache
def _bernoulli(k: int) -> Fraction:
    if k == 0:
        return Fraction(1)
    return -sum((comb(k + 1, j) * _bernoulli(j) for j in range(k)), Fraction(0)) / (k + 1)


# ------------------------------------------------------------------------------------------------------- text


def show(formula: Formula) -> str:
    """`12*n*m + 3*trips(while at line 7)`: the largest terms first; atoms that read alike are added."""
    texts: dict[tuple[str, ...], Fraction] = {}
    for monomial, coef in formula.terms.items():
        key = tuple(sorted(str(atom) for atom in monomial))
        texts[key] = texts.get(key, Fraction(0)) + coef
    text = ""
    for key, coef in sorted(texts.items(), key=lambda item: (-len(item[0]), item[0])):
        if coef:
            sign = "-" if coef < 0 else "+"
            text += f" {sign} {_term(key, abs(coef))}" if text else ("-" if coef < 0 else "") + _term(key, abs(coef))
    return text or "0"


def _term(atoms: tuple[str, ...], coef: Fraction) -> str:
    powers = {atom: atoms.count(atom) for atom in atoms}
    factors = [_grouped(atom) + (f"^{p}" if p > 1 else "") for atom, p in powers.items()]
    return "*".join(factors if coef == 1 and factors else [str(coef), *factors])


def _grouped(atom: str) -> str:
    return atom if "(" in atom or " " not in atom else f"({atom})"


def _sorted(atoms: Iterable[Atom]) -> Monomial:
    return tuple(sorted(atoms, key=lambda atom: (isinstance(atom, Unknown), str(atom), repr(atom))))
