"""`@dx.jit(require=dx.Guarantee(...))`: what a function promises to cost, checked when it is compiled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any

from pydex.diagnostics import DexTypeError


@dataclass(frozen=True)
class Guarantee:
    """Bounds on the costs of a function, for all sizes of at least 1; those that are None are not asked for.

    alloc: bytes of the tables that it allocates besides its results. parallel: True, if every loop that is not inside
    of another is to be parallel. work: float operations. grad_work: how many times its work the gradient by all
    parameters that hold floats may do. `alloc` and `work` are numbers, or sizes: `8 * n`, `20 * n * m + 100`.
    """

    alloc: Any = None
    parallel: bool | None = None
    work: Any = None
    grad_work: float | None = None

    def __post_init__(self) -> None:
        if self.parallel is False:
            raise DexTypeError("parallel=False promises nothing: leave it out")
        for name in ("alloc", "work"):
            limit_terms(name, getattr(self, name))
        if self.grad_work is not None:
            factor(self.grad_work)

    def __repr__(self) -> str:
        given = ((f.name, getattr(self, f.name)) for f in fields(self))
        return f"Guarantee({', '.join(f'{name}={value!r}' for name, value in given if value is not None)})"


def factor(value: Any) -> Fraction:
    """A number of times. DexTypeError if it is no number greater than 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise DexTypeError(f"grad_work is a number of times, such as 4, found {value!r}")
    return Fraction(value)


def limit_terms(name: str, value: Any) -> dict[tuple[str, ...], int] | None:
    """The polynomial of a limit, by products of size symbols; None for no limit."""
    from pydex.sets import IndexSet
    from pydex.sizes import Size, Symbol

    if value is None:
        return None
    if isinstance(value, IndexSet):
        value = value.size
    if isinstance(value, int) and not isinstance(value, bool):
        value = Size.of(value)
    if not isinstance(value, Size) or not all(isinstance(a, Symbol) for atoms, _ in value.terms for a in atoms):
        raise DexTypeError(f"{name} is a number or a polynomial in sizes, such as 8 * n, found {value!r}")
    return {tuple(sorted(_names(atoms))): coefficient for atoms, coefficient in value.terms}


def _names(atoms: tuple[Any, ...]) -> Iterator[str]:
    return (atom.name for atom in atoms)
