"""A number as an affine map of some numbers: c + Σ_j a_j · λ_j, where choices may leave out a λ_j.

A λ_j that is left out gives zero, whatever it is; an a_j that happens to be zero makes NaN of ∞ or NaN. Only the choice
itself tells these apart, so it is kept beside the coefficient.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from xdsl.dialects.builtin import i1
from xdsl.ir import Attribute, SSAValue

from .ad_emit import Emitter

#: Of a term that may be a zero known in advance.
Term: TypeAlias = "SSAValue | None"

#: Always, never, or where a value is true.
Condition: TypeAlias = "SSAValue | bool"


@dataclass(frozen=True)
class Form:
    """terms[0] + Σ_j terms[1 + j] · λ_j. when[j]: the condition on which it depends on λ_j; None: always. Elsewhere the
    coefficient is what comes of a zero in the place of λ_j: zero, or NaN."""

    terms: tuple[Term, ...]
    when: tuple[Term, ...]

    @property
    def parts(self) -> list[SSAValue]:
        """All values that it is made of."""
        return [v for v in (*self.terms, *self.when) if v is not None]

    def of(self, parts: Iterator[SSAValue]) -> Form:
        """The same of other values, in the order of `parts`."""
        terms, when = (tuple(None if v is None else next(parts) for v in vs) for vs in (self.terms, self.when))
        return Form(terms, when)


@dataclass(frozen=True)
class Branches:
    """One result of an if, as two forms."""

    a: Form
    b: Form
    type: Attribute

    @property
    def terms(self) -> list[tuple[Term, Term]]:
        return list(zip(self.a.terms, self.b.terms, strict=True))

    @property
    def when(self) -> list[tuple[Condition, Condition] | None]:
        return [depends(self.a, self.b, j) for j in range(len(self.a.when))]

    @property
    def types(self) -> list[Attribute]:
        wanted = [pair for pair in self.terms if pair != (None, None)]
        return [*(self.type for _ in wanted), *(i1 for d in self.when if d is not None)]

    def values(self, emit: Emitter, side: int) -> list[SSAValue]:
        """What one branch yields: the terms, then the conditions."""
        given = [pair[side] for pair in self.terms if pair != (None, None)]
        terms = [emit.zero(self.type) if v is None else v for v in given]
        return [*terms, *(bit(emit, d[side]) for d in self.when if d is not None)]

    def form(self, made: Iterator[SSAValue]) -> Form:
        terms = tuple(None if pair == (None, None) else next(made) for pair in self.terms)
        return Form(terms, tuple(None if d is None else next(made) for d in self.when))


def depends(a: Form, b: Form, j: int) -> tuple[Condition, Condition] | None:
    """On which condition each of two forms depends on λ_j; None: both always, or neither."""
    conditions = [True if (c := f.when[j]) is None else c for f in (a, b)]
    one, two = (c if f.terms[1 + j] is not None else False for f, c in zip((a, b), conditions, strict=True))
    return None if (one, two) in ((True, True), (False, False)) else (one, two)


def bit(emit: Emitter, condition: Condition) -> SSAValue:
    return emit.constant(condition, i1) if isinstance(condition, bool) else condition
