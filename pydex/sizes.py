"""Sizes: polynomials with integer coefficients over size symbols, kept in canonical form.

`n - k + 1` is `Size(((),1), (k,-1), (n,1))`: a sum of terms, each a coefficient times a product of atoms. An atom is
a `Symbol` or an opaque `FloorDiv`. Two sizes that are equal as polynomials are equal as Python objects.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Symbol:
    """An unknown size. `uid` 0 is the symbol as the user wrote it; other numbers are instances made by a renaming."""

    name: str
    uid: int = 0

    def __repr__(self) -> str:
        return self.name if self.uid == 0 else f"{self.name}#{self.uid}"

    def evaluate(self, sizes: Mapping[Symbol, int]) -> int:
        return sizes[self]


def readable(text: str) -> str:
    """A text for users: the names of symbols without their numbers, where nothing else in it has the name."""
    found = dict.fromkeys(re.findall(r"\b[^\W\d]\w*(?:#\d+)?", text))
    for symbol in found:
        name, is_instance, _ = symbol.partition("#")
        if is_instance and sum(other.partition("#")[0] == name for other in found) == 1:
            text = re.sub(rf"\b{symbol}\b", name, text)
    return text


@dataclass(frozen=True)
class FloorDiv:
    """The opaque atom `dividend // divisor`, which no polynomial says."""

    dividend: Size
    divisor: int

    def __repr__(self) -> str:
        return f"{_factor(repr(self.dividend))} // {self.divisor}"

    def evaluate(self, sizes: Mapping[Symbol, int]) -> int:
        return self.dividend.evaluate(sizes) // self.divisor


Atom = Symbol | FloorDiv
Monomial = tuple[Atom, ...]


@dataclass(frozen=True)
class Size:
    """A polynomial in canonical form: `terms` are sorted pairs (product of atoms, coefficient), no coefficient is 0."""

    terms: tuple[tuple[Monomial, int], ...]

    @staticmethod
    def of(value: Size | Symbol | FloorDiv | int) -> Size:
        """The size that `value` denotes; booleans and non-integers are a TypeError."""
        if isinstance(value, Size):
            return value
        if isinstance(value, (Symbol, FloorDiv)):
            return Size((((value,), 1),))
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise TypeError(f"a size is an integer or an expression of sizes, not {value!r}")
        return _canonical({(): value.__index__()})

    @property
    def constant(self) -> int | None:
        """The number this is, or None if it depends on a symbol."""
        if not self.terms:
            return 0
        (atoms, coefficient), *rest = self.terms
        return coefficient if not atoms and not rest else None

    @property
    def symbol(self) -> Symbol | None:
        """The symbol this is, or None if it is anything but one bare symbol."""
        match self.terms:
            case (((Symbol() as symbol,), 1),):
                return symbol
        return None

    def symbols(self) -> frozenset[Symbol]:
        """Every symbol that occurs, also inside floor divisions."""
        atoms = [atom for monomial, _ in self.terms for atom in monomial]
        inner = [atom.dividend.symbols() for atom in atoms if isinstance(atom, FloorDiv)]
        return frozenset(atom for atom in atoms if isinstance(atom, Symbol)).union(*inner)

    def evaluate(self, sizes: Mapping[Symbol, int]) -> int:
        """The number this is for the given sizes; KeyError(symbol) if one is missing."""
        total = 0
        for monomial, coefficient in self.terms:
            for atom in monomial:
                coefficient *= atom.evaluate(sizes)
            total += coefficient
        return total

    def substitute(self, sizes: Mapping[Symbol, Size]) -> Size:
        """This polynomial with symbols replaced; symbols that `sizes` does not name stay."""
        total = Size.of(0)
        for monomial, coefficient in self.terms:
            term = Size.of(coefficient)
            for atom in monomial:
                term = term * _substitute_atom(atom, sizes)
            total = total + term
        return total

    def is_nonnegative(self) -> bool:
        """Whether no coefficient is negative, which proves `self >= 0` as sizes are; False proves nothing."""
        return all(coefficient > 0 for _, coefficient in self.terms)

    def __add__(self, other: Size | int) -> Size:
        terms = dict(self.terms)
        for monomial, coefficient in Size.of(other).terms:
            terms[monomial] = terms.get(monomial, 0) + coefficient
        return _canonical(terms)

    def __mul__(self, other: Size | int) -> Size:
        terms: dict[Monomial, int] = {}
        for left, a in self.terms:
            for right, b in Size.of(other).terms:
                monomial = tuple(sorted(left + right, key=_order))
                terms[monomial] = terms.get(monomial, 0) + a * b
        return _canonical(terms)

    def __neg__(self) -> Size:
        return self * -1

    def __sub__(self, other: Size | int) -> Size:
        return self + -Size.of(other)

    def __rsub__(self, other: int) -> Size:
        return Size.of(other) - self

    def __floordiv__(self, divisor: int) -> Size:
        if divisor <= 0:
            raise ValueError(f"a size can be divided by a positive integer only, not by {divisor}")
        if all(coefficient % divisor == 0 for _, coefficient in self.terms):
            return _canonical({monomial: coefficient // divisor for monomial, coefficient in self.terms})
        constant = self.constant
        return Size.of(FloorDiv(self, divisor) if constant is None else constant // divisor)

    __radd__ = __add__
    __rmul__ = __mul__

    def __repr__(self) -> str:
        terms = sorted(self.terms, key=lambda term: (not term[0], term[1] < 0))
        signed = [("- " if coefficient < 0 else "+ ") + _print(atoms, abs(coefficient)) for atoms, coefficient in terms]
        text = " ".join(signed) or "+ 0"
        return text[2:] if text[0] == "+" else "-" + text[2:]


def _print(atoms: Monomial, coefficient: int) -> str:
    factors = [str(coefficient)] if coefficient != 1 or not atoms else []
    alone = not factors and len(atoms) == 1
    return "*".join(factors + [repr(atom) if alone else _factor(repr(atom)) for atom in atoms])


def _factor(text: str) -> str:
    return f"({text})" if " " in text else text


def _order(atom: Atom) -> tuple[bool, str, int]:
    return isinstance(atom, FloorDiv), repr(atom), getattr(atom, "uid", 0)


def _canonical(terms: dict[Monomial, int]) -> Size:
    kept = [(monomial, coefficient) for monomial, coefficient in terms.items() if coefficient]
    return Size(tuple(sorted(kept, key=lambda term: (len(term[0]), [_order(atom) for atom in term[0]]))))


def _substitute_atom(atom: Atom, sizes: Mapping[Symbol, Size]) -> Size:
    if isinstance(atom, FloorDiv):
        return atom.dividend.substitute(sizes) // atom.divisor
    return sizes.get(atom, Size.of(atom))
