"""What a number is: f32 or f64, alone or as the lanes of a vector."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, replace

INF = float("inf")
NAN = float("nan")


@dataclass(frozen=True)
class Format:
    """A binary floating-point format: significand bits after the point, exponent bias, lanes (0: a scalar).

    scales: does the processor multiply vectors by powers of two? hurried: does a loop wait for its few values?
    """

    element: str
    mantissa: int
    bias: int
    lanes: int = 0
    scales: bool = False
    hurried: bool = False

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
