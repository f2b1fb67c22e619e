"""Sizes: the polynomials in size symbols that index sets and table types are made of.

A size is a sum of monomials with integer coefficients over *symbols*: `n`, `n - k + 1`, `n*m`, `i + 1`.
A symbol stands for a run-time number and has exactly one defining op (`ix.sizes`, a named loop, `ix.open`,
`ix.name`). Inside a table type `#k` is the ordinal of axis k: `[n, #0 + 1]` is a lower triangle.
The form is canonical, so equality of sizes is equality of attributes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from xdsl.ir import Data
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.mlir_lexer import MLIRTokenKind

Monomial: TypeAlias = tuple[str, ...]
Terms: TypeAlias = tuple[tuple[Monomial, int], ...]


@irdl_attr_definition
class SizeAttr(Data[Terms]):
    """A polynomial: monomials (sorted tuples of symbols) with non-zero coefficients, in canonical order."""

    name = "ix.size"

    @staticmethod
    def of(value: int | str | SizeAttr) -> SizeAttr:
        """The constant, the symbol, or the size itself."""
        if isinstance(value, SizeAttr):
            return value
        if isinstance(value, str):
            return SizeAttr((((value,), 1),))
        return SizeAttr((((), value),) if value else ())

    @staticmethod
    def from_terms(terms: Mapping[Monomial, int]) -> SizeAttr:
        """The canonical size with these coefficients."""
        order = sorted((m for m, c in terms.items() if c), key=lambda m: (-len(m), m))
        return SizeAttr(tuple((m, terms[m]) for m in order))

    def __add__(self, other: int | str | SizeAttr) -> SizeAttr:
        terms = dict(self.data)
        for monomial, coef in SizeAttr.of(other).data:
            terms[monomial] = terms.get(monomial, 0) + coef
        return SizeAttr.from_terms(terms)

    def __mul__(self, other: int | str | SizeAttr) -> SizeAttr:
        terms: dict[Monomial, int] = {}
        for m1, c1 in self.data:
            for m2, c2 in SizeAttr.of(other).data:
                monomial = tuple(sorted(m1 + m2))
                terms[monomial] = terms.get(monomial, 0) + c1 * c2
        return SizeAttr.from_terms(terms)

    def __neg__(self) -> SizeAttr:
        return self * -1

    def __sub__(self, other: int | str | SizeAttr) -> SizeAttr:
        return self + -SizeAttr.of(other)

    @property
    def constant(self) -> int | None:
        """The number, if the size mentions no symbol."""
        if not self.data:
            return 0
        return self.data[0][1] if self.data[0][0] == () else None

    def symbols(self) -> Iterator[str]:
        """The symbols mentioned, with repetitions."""
        for monomial, _ in self.data:
            yield from monomial

    def substitute(self, values: Mapping[str, SizeAttr]) -> SizeAttr:
        """Replace symbols, all at once."""
        if not any(s in values for s in self.symbols()):
            return self
        total = SizeAttr(())
        for monomial, coef in self.data:
            product = SizeAttr.of(coef)
            for symbol in monomial:
                product = product * values.get(symbol, SizeAttr.of(symbol))
            total = total + product
        return total

    def evaluate(self, values: Mapping[str, int]) -> int:
        """The number, given every symbol's value. Raises KeyError for a missing symbol."""
        total = 0
        for monomial, coef in self.data:
            for symbol in monomial:
                coef *= values[symbol]
            total += coef
        return total

    def __str__(self) -> str:
        text = ""
        for monomial, coef in self.data:
            body = "*".join(monomial)
            factor = str(abs(coef)) if not body else body if abs(coef) == 1 else f"{abs(coef)}*{body}"
            sign = "-" if coef < 0 else "+"
            text += f" {sign} {factor}" if text else ("-" if coef < 0 else "") + factor
        return text or "0"

    def print_parameter(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(str(self))

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> Terms:
        with parser.in_angle_brackets():
            return parse_size(parser).data


@irdl_attr_definition
class SizeListAttr(Data[tuple[SizeAttr, ...]]):
    """The sizes a function is called with: `<n, 2*k>`."""

    name = "ix.size_list"

    def print_parameter(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(", ".join(map(str, self.data)))

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> tuple[SizeAttr, ...]:
        return tuple(parser.parse_comma_separated_list(parser.Delimiter.ANGLE, lambda: parse_size(parser)))


_last = 0  # the largest number that a fresh symbol has


def fresh(symbol: str) -> str:
    """A symbol that no op defines yet: `i` or `i.3` becomes `i.7`."""
    global _last
    _last += 1
    return f"{symbol.split('.')[0]}.{_last}"


def reserve(symbol: str) -> None:
    """Never make this symbol, which a text defines, nor an earlier one."""
    global _last
    number = symbol.partition(".")[2]
    if number.isdecimal():
        _last = max(_last, int(number))


def parse_size(parser: AttrParser) -> SizeAttr:
    """size ::= ['-'] term (('+' | '-') term)*    term ::= factor ('*' factor)*    factor ::= int | name | '#' int"""
    sign = -1 if parser.parse_optional_punctuation("-") else 1
    total = _parse_term(parser) * sign
    while True:
        if parser.parse_optional_punctuation("+"):
            total = total + _parse_term(parser)
        elif parser.parse_optional_punctuation("-"):
            total = total - _parse_term(parser)
        else:
            return total


def _parse_term(parser: AttrParser) -> SizeAttr:
    product = _parse_factor(parser)
    while parser.parse_optional_punctuation("*"):
        product = product * _parse_factor(parser)
    return product


def _parse_factor(parser: AttrParser) -> SizeAttr:
    number = parser.parse_optional_integer(allow_boolean=False, allow_negative=False)
    if number is not None:
        return SizeAttr.of(number)
    axis = parser._parse_optional_token(MLIRTokenKind.HASH_IDENT)  # pyright: ignore[reportPrivateUsage]
    return SizeAttr.of(axis.text if axis else parser.parse_identifier("a size symbol or number"))
