"""What a compiled function expects from its caller, in the terms of its frame: sizes, parameters, results.

A size is a polynomial in the function's size symbols: a tuple of terms (coefficient, (symbol, ...)), so that
`n*m - 2` is `((1, ("n", "m")), (-2, ()))`. The first sizes of a call are unknown; `Signature.steps` is the order in
which the extents of the arguments determine them:

    f(x: f64[n + 1], y: f64[n])      step 1: n = len(y)      step 2: check n + 1 == len(x)

`Signature.encode` writes all of this down for the C side (src/program.h), which runs it without Python.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np

Poly = tuple[tuple[int, tuple[str, ...]], ...]

DTYPES = ("f32", "f64", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "bool")  # in the order of program.h
KINDS = ("scalar", "table", "size")


def numpy_dtype(dtype: str) -> np.dtype:
    """'f32' as NumPy spells it."""
    return np.dtype(dtype if dtype == "bool" else f"{dtype[0]}{int(dtype[1:]) // 8}")


def evaluate(poly: Poly, sizes: Mapping[str, int]) -> int:
    """The polynomial's value. Raises KeyError on a symbol without one."""
    total = 0
    for coefficient, symbols in poly:
        for symbol in symbols:
            coefficient *= sizes[symbol]
        total += coefficient
    return total


def show(poly: Poly) -> str:
    """`n*m - 2`, as a user would write it."""
    text = ""
    for coefficient, symbols in poly:
        factors = [str(abs(coefficient))] * (abs(coefficient) != 1 or not symbols) + list(symbols)
        sign = ("-" if not text else " - ") if coefficient < 0 else ("" if not text else " + ")
        text += sign + "*".join(factors)
    return text or "0"


def symbols_of(poly: Poly) -> set[str]:
    return {symbol for _, symbols in poly for symbol in symbols}


class SignatureError(ValueError):
    """A signature that no call could satisfy; the frontend refuses such functions with a better message."""


class Undetermined(SignatureError):
    """Sizes that no parameter determines."""


@dataclass(frozen=True)
class Value:
    """A parameter or a result.

    kind: 'scalar'; 'table', with one extent per axis; or, for parameters, 'size': an int whose only extent is the
    polynomial that it binds, and which has no slot of its own. index: what the numbers are, if these are the ordinals
    of a set's indices; then integers of all types are converted.
    """

    name: str
    kind: str
    dtype: str = "i64"
    extents: tuple[Poly, ...] = ()
    index: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.dtype not in DTYPES:
            raise SignatureError(f"{self.name}: no such kind or element type: {self.kind}, {self.dtype}")
        if {"scalar": self.extents != (), "size": len(self.extents) != 1}.get(self.kind):
            raise SignatureError(f"{self.name}: a {self.kind} has {len(self.extents)} extents")

    @property
    def rank(self) -> int:
        return len(self.extents) if self.kind == "table" else 0

    def type_text(self) -> str:
        """`f64[n, m + 1]`, `m.Index[n]`, as in an annotation."""
        if self.kind == "size":
            return f"Size[{show(self.extents[0])}]"
        return (self.index or self.dtype) + (f"[{', '.join(map(show, self.extents))}]" if self.kind == "table" else "")


@dataclass(frozen=True)
class Precondition:
    """poly >= at_least, or the call is refused with the message."""

    poly: Poly
    at_least: int
    message: str


@dataclass(frozen=True)
class Step:
    """The extent of one axis of one parameter (the value of a size parameter: axis None) determines `symbol`, which is
    (extent - rest) / coefficient; or, symbol None, has to be equal to rest."""

    param: int
    axis: int | None
    symbol: str | None
    coefficient: Poly
    rest: Poly


@dataclass(frozen=True)
class Signature:
    """Everything a call needs to know. Frame: the symbols, the parameters, the results, in this order."""

    symbols: tuple[str, ...]
    params: tuple[Value, ...]
    results: tuple[Value, ...]
    preconditions: tuple[Precondition, ...] = ()

    def __post_init__(self) -> None:
        if any(result.kind == "size" for result in self.results):
            raise SignatureError("a size cannot be a result")
        unknown = set().union(*(symbols_of(poly) for poly in self._polynomials())) - set(self.symbols)
        if unknown:
            raise SignatureError(f"sizes that are not symbols of the function: {', '.join(sorted(unknown))}")
        self.steps  # noqa: B018 - finds unbound sizes now

    def _polynomials(self) -> Iterator[Poly]:
        yield from chain.from_iterable(value.extents for value in (*self.params, *self.results))
        yield from (condition.poly for condition in self.preconditions)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Bare sizes first, then whatever has one unknown left, the rest are checks. Raises SignatureError, naming the
        sizes that no parameter determines."""
        todo = [
            (index, axis if param.kind == "table" else None, poly)
            for index, param in enumerate(self.params)
            for axis, poly in enumerate(param.extents)
        ]
        todo.sort(key=lambda extent: not _is_symbol(extent[2]))
        known: set[str] = set()
        steps: list[Step] = []
        while todo:
            place = next((place for place in todo if _splits(place[2], known)), None)
            if place is None:
                raise Undetermined(f"no parameter determines {', '.join(sorted(set(self.symbols) - known))}")
            todo.remove(place)
            step = Step(place[0], place[1], *_split(place[2], known))
            known |= {step.symbol} if step.symbol else set()
            steps.append(step)
        if known != set(self.symbols):
            raise Undetermined(f"no parameter determines {', '.join(sorted(set(self.symbols) - known))}")
        return tuple(steps)

    @cached_property
    def slots(self) -> tuple[tuple[int, ...], tuple[int, ...], int]:
        """The first slot of each parameter, of each result, and the number of slots."""
        at = len(self.symbols)
        params, results = [], []
        for param in self.params:
            params.append(at)
            at += {"scalar": 1, "table": 1 + param.rank, "size": 0}[param.kind]
        for _ in self.results:
            results.append(at)
            at += 1
        return tuple(params), tuple(results), at

    def encode(self) -> bytes:
        """The program of src/program.h."""
        params, results, nslots = self.slots
        words = [len(self.symbols), nslots, self._has_tables()]
        words += [len(self.params), *chain(*map(_value_words, self.params, params))]
        words += [len(self.steps), *chain(*(self._step_words(step) for step in self.steps))]
        words.append(len(self.results))
        for result, slot in zip(self.results, results, strict=True):
            words += [*_value_words(result, slot), *chain(*map(self._poly_words, result.extents))]
        words.append(len(self.preconditions))
        for condition in self.preconditions:
            words += [condition.at_least, *self._poly_words(condition.poly)]
        return np.array(words, dtype=np.int64).tobytes()

    def _has_tables(self) -> int:
        return int(any(value.kind == "table" for value in (*self.params, *self.results)))

    def _step_words(self, step: Step) -> list[int]:
        axis = -1 if step.axis is None else step.axis
        symbol = -1 if step.symbol is None else self.symbols.index(step.symbol)
        return [step.param, axis, symbol, *self._poly_words(step.coefficient), *self._poly_words(step.rest)]

    def _poly_words(self, poly: Poly) -> list[int]:
        words = [len(poly)]
        for coefficient, symbols in poly:
            words += [coefficient, len(symbols), *map(self.symbols.index, symbols)]
        return words


def _value_words(value: Value, slot: int) -> list[int]:
    return [KINDS.index(value.kind), DTYPES.index(value.dtype), value.rank, slot]


def _is_symbol(poly: Poly) -> bool:
    return len(poly) == 1 and poly[0][0] == 1 and len(poly[0][1]) == 1


def _splits(poly: Poly, known: set[str]) -> bool:
    """At most one unknown, and linear in it."""
    unknown = symbols_of(poly) - known
    return len(unknown) <= 1 and all(symbols.count(name) <= 1 for name in unknown for _, symbols in poly)


def _split(poly: Poly, known: set[str]) -> tuple[str | None, Poly, Poly]:
    """The unknown, its coefficient, and the rest: poly = unknown * coefficient + rest."""
    unknown = next(iter(symbols_of(poly) - known), None)
    if unknown is None:
        return None, (), poly
    coefficient = tuple((c, tuple(s for s in symbols if s != unknown)) for c, symbols in poly if unknown in symbols)
    return unknown, coefficient, tuple((c, symbols) for c, symbols in poly if unknown not in symbols)
