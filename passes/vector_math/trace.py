"""Numbers that write MLIR: `x * y + 1.0` on a `Value` appends arith ops to the function being traced.

A format is f32 or f64, alone or as the lanes of a vector; one function body serves all. No fast-math flag is
ever set: where a fused multiply-add is wanted it is written `fma`, so results do not depend on what LLVM chooses to
contract.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace

Number = float | int
INF = float("inf")
NAN = float("nan")


@dataclass(frozen=True)
class Format:
    """A binary floating-point format: significand bits after the point, exponent bias, lanes (0: a scalar)."""

    element: str
    mantissa: int
    bias: int
    lanes: int = 0

    @property
    def double(self) -> bool:
        return self.element == "f64"

    @property
    def width(self) -> int:
        return 64 if self.double else 32

    @property
    def suffix(self) -> str:
        return f"v{self.lanes}{self.element}" if self.lanes else self.element

    @property
    def smallest_normal(self) -> float:
        return 2.0 ** (1 - self.bias)

    def type(self, kind: str) -> str:
        """The MLIR type of a float ('f'), of an integer of the same width ('i'), or of a truth value ('b')."""
        element = {"f": self.element, "i": f"i{self.width}", "b": "i1"}[kind]
        return f"vector<{self.lanes}x{element}>" if self.lanes else element

    def pick(self, single: float, double: float) -> float:
        """The constant that belongs to the element type."""
        return double if self.double else single

    def bits_of(self, number: float) -> int:
        """The bit pattern of a number rounded to this format."""
        return int.from_bytes(struct.pack("<d" if self.double else "<f", number), "little")

    def rounded(self, number: float) -> float:
        """The nearest number of this format."""
        return number if self.double else struct.unpack("<f", struct.pack("<f", number))[0]

    def literal(self, number: float) -> str:
        """The nearest number of this format as MLIR writes it."""
        value = self.rounded(number)
        if value != value or value in (INF, -INF):
            return f"0x{self.bits_of(value):0{self.width // 4}X}"
        return f"{value:.17e}"


F32 = Format("f32", 23, 127)
F64 = Format("f64", 52, 1023)


def format_of(element_or_vector: str) -> Format:
    """The format named by an MLIR type: f32, f64, vector<8xf64>."""
    match = re.fullmatch(r"(?:vector<(\d+)x)?(f32|f64)>?", element_or_vector)
    if not match:
        raise ValueError(f"vector math is defined on f32, f64 and vectors of them, not on {element_or_vector}")
    base = F64 if match[2] == "f64" else F32
    return replace(base, lanes=int(match[1] or 0))


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


def fma(a: Value, b: Value | Number, c: Value | Number) -> Value:
    """a * b + c, rounded once."""
    b, c = a.lift(b), a.lift(c)
    return a.trace.emit(f"math.fma {a.name}, {b.name}, {c.name} : {a.type}", "f", a.format)


def select(condition: Value, yes: Value | Number, no: Value | Number) -> Value:
    """yes where the condition holds, else no. At least one of them is a Value."""
    some = yes if isinstance(yes, Value) else no
    assert isinstance(some, Value)
    yes, no = some.lift(yes), some.lift(no)
    types = f"{condition.type}, {some.type}" if some.format.lanes else some.type
    return some.trace.emit(f"arith.select {condition.name}, {yes.name}, {no.name} : {types}", some.kind, some.format)


def absolute(x: Value) -> Value:
    return x.unary("math.absf")


def square_root(x: Value) -> Value:
    """IEEE square root, exactly rounded."""
    return x.unary("math.sqrt")


def copy_sign(magnitude: Value, sign: Value) -> Value:
    return magnitude.binary("math.copysign", sign)


def bits(x: Value) -> Value:
    """The bit pattern, as an integer."""
    return x.convert("arith.bitcast", "i")


def from_bits(pattern: Value) -> Value:
    return pattern.convert("arith.bitcast", "f")


def at_most(x: Value, limit: float) -> Value:
    """min(x, limit), NaN staying NaN: one instruction on x86."""
    return select(x > limit, limit, x)


def at_least(x: Value, limit: float) -> Value:
    """max(x, limit), NaN staying NaN."""
    return select(x < limit, limit, x)


def polynomial(x: Value, coefficients: tuple[float, ...]) -> Value:
    """c0 + c1 x + c2 x^2 + ..., Horner's rule."""
    result = x.lift(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        result = fma(result, x, c)
    return result


def nearest(x: Value, factor: float = 1.0, offset: int = 0) -> tuple[Value, Value]:
    """(n, field): the integer nearest to x * factor, and an integer whose low bits are n + offset.

    Adding 1.5 * 2^mantissa leaves the integer in the low bits, also where no vector instruction converts f64 to i64.
    For |n| < 2^(mantissa - 2).
    """
    shift = magic(x.format) + offset
    shifted = x + shift if factor == 1.0 else fma(x, factor, shift)
    return shifted - shift, bits(shifted)


def magic(fmt: Format) -> float:
    return 1.5 * 2.0**fmt.mantissa


def integer_to_float(i: Value) -> Value:
    """An integer of magnitude < 2^(mantissa - 2) as a float."""
    fmt = i.format
    return from_bits(i + fmt.bits_of(magic(fmt))) - magic(fmt)


def power_of_two(field: Value) -> Value:
    """2^(e - bias) where e, an exponent of a normal number, is in the low bits; what is above them falls off."""
    return from_bits(field << field.format.mantissa)


def widen(x: Value) -> Value:
    """f32 to f64, exactly."""
    return x.convert("arith.extf", "f", replace(F64, lanes=x.format.lanes))


def narrow(x: Value) -> Value:
    """f64 to the nearest f32; inf and denormals as IEEE rounding gives them."""
    return x.convert("arith.truncf", "f", replace(F32, lanes=x.format.lanes))


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
