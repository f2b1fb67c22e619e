"""Numbers that write MLIR: `x * y + 1.0` on a `Value` appends arith ops to the function being traced.

No fast-math flag is ever set: where a fused multiply-add is wanted it is written `fma`, so results do not depend on
what LLVM chooses to contract.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pydex.passes.vector_math.format import Format

Number = float | int


@dataclass
class Trace:
    """The body of one function, as lines of MLIR."""

    lines: list[str] = field(default_factory=list)
    constants: dict[tuple[str, str], Value] = field(default_factory=dict)
    calls: set[tuple[str, Format]] = field(default_factory=set)
    count: int = 0

    def emit(self, text: str, kind: str, fmt: Format) -> Value:
        """Appends one op and returns its result."""
        self.count += 1
        self.lines.append(f"%{self.count} = {text}")
        return Value(self, f"%{self.count}", kind, fmt)

    def constant(self, number: Number, kind: str, fmt: Format) -> Value:
        """A constant, written once."""
        literal = str(int(number)) if kind == "i" else fmt.literal(float(number))
        text = f"dense<{literal}>" if fmt.lanes else literal
        key = (text, fmt.type(kind))
        if key not in self.constants:
            self.constants[key] = self.emit(f"arith.constant {text} : {fmt.type(kind)}", kind, fmt)
        return self.constants[key]


class Value:
    """A float ('f'), an integer of the same width ('i') or a truth value ('b') in a traced function."""

    def __init__(self, trace: Trace, name: str, kind: str, fmt: Format) -> None:
        self.trace = trace
        self.name = name
        self.kind = kind
        self.format = fmt

    @property
    def type(self) -> str:
        return self.format.type(self.kind)

    def lift(self, other: Value | Number) -> Value:
        return other if isinstance(other, Value) else self.trace.constant(other, self.kind, self.format)

    def binary(self, op: str, other: Value | Number, swap: bool = False) -> Value:
        a, b = (self.lift(other), self) if swap else (self, self.lift(other))
        return self.trace.emit(f"{op} {a.name}, {b.name} : {self.type}", self.kind, self.format)

    def unary(self, op: str) -> Value:
        return self.trace.emit(f"{op} {self.name} : {self.type}", self.kind, self.format)

    def convert(self, op: str, kind: str, fmt: Format | None = None) -> Value:
        fmt = fmt or self.format
        return self.trace.emit(f"{op} {self.name} : {self.type} to {fmt.type(kind)}", kind, fmt)

    def compare(self, predicate: str, other: Value | Number) -> Value:
        op = "arith.cmpf" if self.kind == "f" else "arith.cmpi"
        other = self.lift(other)
        return self.trace.emit(f"{op} {predicate}, {self.name}, {other.name} : {self.type}", "b", self.format)

    def __add__(self, other: Value | Number) -> Value:
        return self.binary("arith.addf" if self.kind == "f" else "arith.addi", other)

    def __radd__(self, other: Number) -> Value:
        return self + other

    def __sub__(self, other: Value | Number) -> Value:
        return self.binary("arith.subf" if self.kind == "f" else "arith.subi", other)

    def __rsub__(self, other: Number) -> Value:
        return self.binary("arith.subf" if self.kind == "f" else "arith.subi", other, swap=True)

    def __mul__(self, other: Value | Number) -> Value:
        return self.binary("arith.mulf" if self.kind == "f" else "arith.muli", other)

    def __rmul__(self, other: Number) -> Value:
        return self * other

    def __truediv__(self, other: Value | Number) -> Value:
        return self.binary("arith.divf", other)

    def __rtruediv__(self, other: Number) -> Value:
        return self.binary("arith.divf", other, swap=True)

    def __neg__(self) -> Value:
        return self.unary("arith.negf") if self.kind == "f" else 0 - self

    def __and__(self, other: Value | Number) -> Value:
        return self.binary("arith.andi", other)

    def __or__(self, other: Value | Number) -> Value:
        return self.binary("arith.ori", other)

    def __xor__(self, other: Value | Number) -> Value:
        return self.binary("arith.xori", other)

    def __lshift__(self, places: int) -> Value:
        return self.binary("arith.shli", places)

    def __rshift__(self, places: int) -> Value:
        """Arithmetic shift: the sign stays."""
        return self.binary("arith.shrsi", places)

    def shift_in_zeros(self, places: int) -> Value:
        """Shift right, zeros coming in."""
        return self.binary("arith.shrui", places)

    def __lt__(self, other: Value | Number) -> Value:
        return self.compare("olt" if self.kind == "f" else "slt", other)

    def __le__(self, other: Value | Number) -> Value:
        return self.compare("ole" if self.kind == "f" else "sle", other)

    def __gt__(self, other: Value | Number) -> Value:
        return self.compare("ogt" if self.kind == "f" else "sgt", other)

    def __ge__(self, other: Value | Number) -> Value:
        return self.compare("oge" if self.kind == "f" else "sge", other)

    def equals(self, other: Value | Number) -> Value:
        """Ordered equality: false if either is NaN. (`==` is Python's, so that values can be in sets.)"""
        return self.compare("oeq" if self.kind == "f" else "eq", other)

    def is_nan(self) -> Value:
        return self.compare("uno", self)


Body = Callable[..., Value]


def define(name: str, body: Body, fmt: Format, arity: int, attributes: str) -> tuple[str, set[tuple[str, Format]]]:
    """The text of `func.func private @name` with the given body, and what it calls."""
    tracing = Trace()
    parameters = [Value(tracing, f"%x{k}", "f", fmt) for k in range(arity)]
    result = body(*parameters)
    signature = ", ".join(f"{p.name}: {p.type}" for p in parameters)
    lines = [f"func.func private @{name}({signature}) -> {result.type} attributes {{{attributes}}} {{"]
    lines += [f"  {line}" for line in tracing.lines]
    lines += [f"  return {result.name} : {result.type}", "}", ""]
    return "\n".join(lines), tracing.calls
