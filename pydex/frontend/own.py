"""Own: whether the iterations of a loop read and write parts of a table that belong to them alone.

For every write and every other access, isl is asked whether two different iterations can meet.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from pydex.frontend.frame import Frame
from pydex.frontend.prove import Counterexample, Problem
from pydex.sizes import FloorDiv, Size, Symbol


@dataclass
class Access:
    """One access: the ordinals of the place (fewer than the axes: a whole sub-table)."""

    is_write: bool
    forms: list[Size]
    node: ast.AST


@dataclass
class Watch:
    """The accesses to a table inside of a loop, by the symbol of the loop's index and the symbols known before it."""

    name: str
    symbol: Symbol | None = None
    before: frozenset[Symbol] = frozenset()
    accesses: list[Access] = field(default_factory=list)


def conflict(frame: Frame, watch: Watch) -> tuple[Access, Access, Counterexample | None] | None:
    """Two accesses that different iterations may make to one place; None if there are none."""
    distinct: dict[tuple[bool, tuple[Size, ...]], Access] = {}
    for access in watch.accesses:
        distinct.setdefault((access.is_write, tuple(access.forms)), access)
    accesses = list(distinct.values())
    for k, first in enumerate(accesses):
        for second in accesses[k:]:
            if (first.is_write or second.is_write) and not _obvious(watch, first, second):
                found = _meet(frame, watch, first, second)
                if found is not None:
                    return first, second, found
    return None


def _obvious(watch: Watch, first: Access, second: Access) -> bool:
    """One axis has the same ordinal in both, c·i + (what the loop does not change), c ≠ 0."""
    assert watch.symbol is not None
    for a, b in zip(first.forms, second.forms, strict=False):
        if a == b and _is_injective(a, watch.symbol, watch.before):
            return True
    return False


def _is_injective(form: Size, symbol: Symbol, before: frozenset[Symbol]) -> bool:
    linear = [c for monomial, c in form.terms if monomial == (symbol,)]
    others = [m for m, _ in form.terms if m != (symbol,)]
    fixed = all(isinstance(atom, Symbol) and atom in before for monomial in others for atom in monomial)
    return bool(linear) and fixed


def _meet(frame: Frame, watch: Watch, first: Access, second: Access) -> Counterexample | None:
    assert watch.symbol is not None
    if not first.forms or not second.forms:
        return Counterexample(())
    symbols = {s for access in (first, second) for form in access.forms for s in form.symbols()}
    inner = frozenset(s for s in _closure(frame, symbols) if s not in watch.before and frame.info(s).index is not None)
    primed = inner | {watch.symbol}
    problem = Problem(frame)
    loop = Size.of(watch.symbol)
    here, there = problem.text(loop), problem.text(loop, "'", primed)
    equal = [
        f"{problem.text(a)} = {problem.text(b, chr(39), primed)}"
        for a, b in zip(first.forms, second.forms, strict=False)
        if not _nonlinear(a) and not _nonlinear(b)
    ]
    return problem.find(" and ".join([f"({here} < {there} or {here} > {there})", *equal]))


def _nonlinear(form: Size) -> bool:
    return any(len(monomial) > 1 or any(isinstance(a, FloorDiv) for a in monomial) for monomial, _ in form.terms)


def _closure(frame: Frame, symbols: set[Symbol]) -> set[Symbol]:
    """The symbols, and those that their ranges mention."""
    todo, found = list(symbols), set()
    while todo:
        symbol = todo.pop()
        if symbol not in found:
            found.add(symbol)
            bound = frame.info(symbol).bound
            todo += [] if bound is None else list(bound.symbols())
    return found
