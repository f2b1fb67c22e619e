"""MLIR text, written once: the lowered form is not built as ops but printed as it is made.

An op of xDSL costs 30 us to make and 20 us to print, a line of text 2 us; a lowered program has thousands. `Code`
is the text of one function: values by name, constants and small buffers at its head, blocks that nest. Code that
is outlined into a function of its own refers to values of the outer one; `use` turns those into captures.
What a block, or one around it, has computed already is not written again: a third of all lines are addresses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias


class Lines(list["str | Lines"]):
    """Lines of text in order, and among them groups of lines, one level deeper or not."""

    def __init__(self, deeper: bool = False):
        super().__init__()
        self.deeper = deeper


class Val(NamedTuple):
    """An SSA value of the text: name, type, and the function that it is in. A constant knows its literal."""

    name: str
    type: str
    code: Code
    literal: str | None = None


#: Lines that have one value wherever they stand.
PURE = (
    *("arith.", "llvm.getelementptr", "llvm.bitcast", "llvm.extractelement"),
    *("vector.broadcast", "vector.shuffle", "vector.extract", "vector.reduction"),
)

#: A number of index type: known now, or at run time.
Idx: TypeAlias = "int | Val"


class Code:
    """The text of one function while it is written."""

    def __init__(self, index: str, outer: Code | None = None):
        self.index = index
        self.outer = outer
        self.captured: dict[Val, Val] = {}
        self.head = Lines()
        self.body = Lines()
        self.lines = self.body
        self._constants: dict[tuple[str, str], Val] = {}
        self._count = 0
        self._written: dict[str, Val] = {}  # by line: the values of pure lines in this block and those around it
        self._order: list[str] = []  # the keys of `_written`

    # ------------------------------------------------------------------------------------------- values

    def fresh(self, type: str) -> Val:
        """A value with a new name, not yet defined."""
        self._count += 1
        return Val(f"%{self._count}", type, self)

    def constant(self, literal: str, type: str) -> Val:
        """The constant, defined once, at the head of the function; of a vector type, the literal in every lane."""
        key = literal, type
        if key not in self._constants:
            self._count += 1
            value = self._constants[key] = Val(f"%c{self._count}", type, self, literal)
            written = f"dense<{literal}>" if type.startswith("vector") else literal
            self.head.append(f"{value.name} = arith.constant {written}" + ("" if type == "i1" else f" : {type}"))
        return self._constants[key]

    def number(self, value: Idx) -> Val:
        """An index number as a value."""
        return self.constant(str(value), self.index) if isinstance(value, int) else value

    def use(self, value: Idx) -> str:
        """The name of a value in this function; a value of an outer function becomes a capture."""
        if isinstance(value, int):
            return self.number(value).name
        if value.code is self:
            return value.name
        if value.literal is not None:
            return self.constant(value.literal, value.type).name
        if value not in self.captured:
            assert self.outer is not None, f"{value.name} is of another function"
            self.captured[value] = self.fresh(value.type)
        return self.captured[value].name

    # -------------------------------------------------------------------------------------------- lines

    def do(self, template: str, *operands: Idx) -> None:
        """A line without result; `{}` in the template are the operands."""
        self.lines.append(template.format(*map(self.use, operands)))

    def let(self, type: str, template: str, *operands: Idx) -> Val:
        """A line that defines one value, or the value of such a line that has been written already."""
        line = template.format(*map(self.use, operands))
        if (written := self._written.get(line)) is not None:
            return written
        value = self.fresh(type)
        self.lines.append(f"{value.name} = {line}")
        if line.startswith(PURE):
            self._written[line] = value
            self._order.append(line)
        return value

    def let_many(self, types: Sequence[str], line: str) -> list[Val]:
        """Opens an op with several results (possibly none); the names of its results."""
        if not types:
            self.lines.append(line)
            return []
        self._count += 1
        name = f"%{self._count}"
        self.lines.append(f"{name}:{len(types)} = {line}")
        return [Val(f"{name}#{k}", type, self) for k, type in enumerate(types)]

    @contextmanager
    def block(self) -> Iterator[None]:
        """Lines written inside are indented; they end where the block ends."""
        outer, self.lines = self.lines, Lines(deeper=True)
        outer.append(self.lines)
        before = len(self._order)
        try:
            yield
        finally:
            self.lines = outer
            for line in self._order[before:]:
                del self._written[line]
            del self._order[before:]

    def slot(self) -> Lines:
        """A place in the text, here, that lines can be put into later."""
        place = Lines()
        self.lines.append(place)
        return place

    @contextmanager
    def at(self, place: Lines) -> Iterator[None]:
        """Lines written inside go to `place`, where nothing is known of what is written here."""
        outer, self.lines = self.lines, place
        written, order, self._written, self._order = self._written, self._order, {}, []
        try:
            yield
        finally:
            self.lines, self._written, self._order = outer, written, order

    def text(self, indent: int = 1) -> str:
        """Head and body."""
        return "\n".join([*_flatten(self.head, indent), *_flatten(self.body, indent)])


def _flatten(lines: Lines, indent: int) -> Iterator[str]:
    for line in lines:
        if isinstance(line, str):
            yield "  " * indent + line
        else:
            yield from _flatten(line, indent + line.deeper)


# ------------------------------------------------------------------ arithmetic of index numbers, folded where known


def known(number: Idx) -> Idx:
    """The number itself, if it is a constant."""
    if isinstance(number, Val) and number.literal is not None:
        return int(number.literal)
    return number


def add(code: Code, a: Idx, b: Idx) -> Idx:
    a, b = known(a), known(b)
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    if a == 0:
        return b
    if b == 0:
        return a
    return code.let(code.index, f"arith.addi {{}}, {{}} overflow<nsw> : {code.index}", a, b)


def sub(code: Code, a: Idx, b: Idx) -> Idx:
    a, b = known(a), known(b)
    if isinstance(a, int) and isinstance(b, int):
        return a - b
    if b == 0:
        return a
    return code.let(code.index, f"arith.subi {{}}, {{}} overflow<nsw> : {code.index}", a, b)


def mul(code: Code, a: Idx, b: Idx) -> Idx:
    a, b = known(a), known(b)
    if isinstance(a, int) and isinstance(b, int):
        return a * b
    if a == 0 or b == 0:
        return 0
    if a == 1:
        return b
    if b == 1:
        return a
    return code.let(code.index, f"arith.muli {{}}, {{}} overflow<nsw> : {code.index}", a, b)


def minimum(code: Code, a: Idx, b: Idx) -> Idx:
    a, b = known(a), known(b)
    if isinstance(a, int) and isinstance(b, int):
        return min(a, b)
    return code.let(code.index, f"arith.minsi {{}}, {{}} : {code.index}", a, b)


def maximum(code: Code, a: Idx, b: Idx) -> Idx:
    a, b = known(a), known(b)
    if isinstance(a, int) and isinstance(b, int):
        return max(a, b)
    return code.let(code.index, f"arith.maxsi {{}}, {{}} : {code.index}", a, b)


def quotient(code: Code, a: Idx, b: Idx) -> Idx:
    """a // b of numbers that are not negative, b not 0."""
    a, b = known(a), known(b)
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    return a if b == 1 else code.let(code.index, f"arith.divui {{}}, {{}} : {code.index}", a, b)
