"""Proofs about integers: is an index in range, is a set non-empty? isl decides; a failure comes with a counterexample.

What is known: sizes are not negative, indices are in the range of their set, preconditions of the function hold.
A product of symbols is an unknown of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import islpy as isl

from pydex.frontend.frame import Frame, Precondition
from pydex.frontend.kinds import is_axis_symbol, is_flexible
from pydex.sizes import FloorDiv, Size, Symbol

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator


@dataclass(frozen=True)
class Counterexample:
    """Values of the symbols for which a statement is false."""

    values: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        return ", ".join(f"{name} = {value}" for name, value in self.values)

    def of(self, name: str) -> int | None:
        return dict(self.values).get(name)


class Problem:
    """Unknowns, and what holds for them."""

    def __init__(self, frame: Frame):
        self.frame = frame
        self.names: dict[str, str] = {}
        self.shown: dict[str, str] = {}
        self.facts: list[str] = []

    def text(self, size: Size, prime: str = "", primed: frozenset[Symbol] = frozenset()) -> str:
        """The polynomial in isl's syntax; symbols in `primed` stand for a second copy of theirs."""
        terms = [f"{c}*{self._monomial(m, prime, primed)}" if m else str(c) for m, c in size.terms]
        return " + ".join(terms).replace("+ -", "- ") or "0"

    def _monomial(self, monomial: tuple[Symbol | FloorDiv, ...], prime: str, primed: frozenset[Symbol]) -> str:
        if len(monomial) == 1:
            atom = monomial[0]
            if isinstance(atom, FloorDiv):
                return f"floor(({self.text(atom.dividend, prime, primed)})/{atom.divisor})"
            return self._symbol(atom, prime, primed)
        key = "*".join(map(repr, monomial)) + prime
        if key not in self.names:
            self.names[key] = name = f"p{len(self.names)}"
            self.shown[name] = "*".join(a.name if isinstance(a, Symbol) else repr(a) for a in monomial)
            self.facts.append(f"{name} >= 0")
        return self.names[key]

    def _symbol(self, symbol: Symbol, prime: str, primed: frozenset[Symbol]) -> str:
        key = repr(symbol) + (prime if symbol in primed else "")
        if key in self.names:
            return self.names[key]
        self.names[key] = name = f"v{len(self.names)}"
        self.shown[name] = symbol.name
        self.facts.append(f"{name} >= 0")
        bound = None if is_axis_symbol(symbol) else self.frame.info(symbol).bound
        if bound is not None:
            self.facts.append(f"{name} < {self.text(bound, prime, primed)}")
        return name

    def find(self, statement: str) -> Counterexample | None:
        """Values for which the facts and the statement hold; None if there are none."""
        for condition in _preconditions(self.frame):
            if {repr(s) for s in condition.size.symbols()} <= self.names.keys():
                self.facts.append(f"{self.text(condition.size)} >= {condition.at_least}")
        dims = ", ".join(self.shown)
        found = isl.Set(f"{{ [{dims}] : {' and '.join([*self.facts, f'({statement})'])} }}")
        if found.is_empty():
            return None
        point = found.lexmin().sample_point()
        values = [point.get_coordinate_val(isl.dim_type.set, k).to_python() for k in range(len(self.shown))]
        return Counterexample(tuple(sorted(zip(self.shown.values(), values, strict=True))))


def _preconditions(frame: Frame) -> list[Precondition]:
    found: list[Precondition] = []
    at: Frame | None = frame
    while at is not None:
        found += at.preconditions
        at = at.outer
    return found


def refute_in_range(frame: Frame, form: Size, size: Size) -> Counterexample | None:
    """Values for which not 0 <= form < size; None if it always holds."""
    symbol = form.symbol
    if symbol is not None and not is_axis_symbol(symbol) and frame.info(symbol).bound == size:
        return None
    constant, bound = form.constant, size.constant
    if constant is not None and bound is not None and 0 <= constant < bound:
        return None
    problem = Problem(frame)
    index, end = problem.text(form), problem.text(size)
    return problem.find(f"{index} < 0 or {index} >= {end}")


def refute_at_least(frame: Frame, size: Size, at_least: int) -> Counterexample | None:
    """Values for which size < at_least; None if there are none."""
    difference = size - at_least
    if difference.is_nonnegative() and not any(isinstance(a, FloorDiv) for m, _ in difference.terms for a in m):
        return None
    problem = Problem(frame)
    return problem.find(f"{problem.text(size)} < {at_least}")


def only_sizes(frame: Frame, size: Size) -> bool:
    """Whether a polynomial mentions sizes given by the caller only."""
    return all(frame.info(s).index is None and _is_given(frame, s) for s in size.symbols())


def _is_given(frame: Frame, symbol: Symbol) -> bool:
    at: Frame | None = frame
    while at is not None:
        if symbol in at.sizes:
            return True
        at = at.outer
    return False


def require(el: Elaborator, size: Size, at_least: int, message: str) -> None:
    """size >= at_least is proved, or becomes a precondition. Fails, with a counterexample, if it can be neither."""
    refuted = refute_at_least(el.frame, size, at_least)
    if refuted is None:
        return
    if only_sizes(el.frame, size) and size.constant is None:
        el.frame.preconditions.append(Precondition(size, at_least, message, el.span()))
        return
    where = f" if {refuted}" if refuted.values else ""
    el.fail(f"{message}, but is{where}", kind=ValueError)


class Equate(Exception):
    """A flexible size has to be equal to another one: the program is elaborated again, knowing this."""

    def __init__(self, symbol: Symbol, size: Size):
        self.symbol, self.size = symbol, size


def equate(el: Elaborator, left: Size, right: Size) -> None:
    """Makes two sizes equal if one is a flexible size of the entry: raises Equate."""
    for one, other in ((left, right), (right, left)):
        symbol = one.symbol
        if symbol is None or not is_flexible(symbol) or symbol in other.symbols():
            continue
        given = only_sizes(el.frame, other) and el.unit.roots == 1
        if given or other.constant is not None:
            raise Equate(symbol, other)
