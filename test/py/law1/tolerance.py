"""How far apart two executions may be.

Integers, bools and indices: not at all. Floats: C·eps·M, where eps is the precision of the program's narrowest float
type and M the greatest magnitude that occurs while the interpreter runs the function, unoptimised: rounding errors are
made in proportion to the terms of a sum, not to what is left of it. NaN and the infinities must agree exactly.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from pydex.interpreter.machine import Frame

C = {"float32": 64.0, "float64": 512.0}
"""Four times the greatest deviation that was seen in 5,000 random programs, rounded up to a power of 2."""


class Disagreement(AssertionError):
    """Two executions differ."""


@dataclass
class Scale:
    """The greatest finite magnitude that has occurred."""

    value: float = 1.0

    def see(self, value: Any) -> None:
        if isinstance(value, np.ndarray):
            if value.dtype.kind == "f":
                self.value = max(self.value, float(np.abs(value).max(initial=0.0, where=np.isfinite(value))))
        elif isinstance(value, (float, np.floating)) and self.value < abs(value) < math.inf:
            self.value = float(abs(value))


@contextmanager
def watched() -> Iterator[Scale]:
    """The scale of what the interpreter computes inside of this."""
    scale, bind = Scale(), Frame.bind

    def see(frame: Frame, name: Any, value: Any) -> None:
        bind(frame, name, value)
        scale.see(value)

    Frame.bind = see  # type: ignore[method-assign]
    try:
        yield scale
    finally:
        Frame.bind = bind  # type: ignore[method-assign]


def compare(found: Any, expected: Any, mask: Any, scale: float, dtype: str, where: str) -> None:
    """Raises Disagreement, naming the first place, unless the leaf agrees where the mask is set."""
    found, expected = np.asarray(found), np.asarray(expected)
    if expected.dtype.kind == "u" and found.dtype.kind == "i":
        found = found.astype(expected.dtype)  # the IR's integers have no sign
    if found.shape != expected.shape:
        raise Disagreement(f"{where}: shape {found.shape}, expected {expected.shape}")
    if expected.dtype.kind != "f":
        wrong = found != expected
    else:
        finite = np.isfinite(expected) & np.isfinite(found)
        same = (found == expected) | (np.isnan(found) & np.isnan(expected))
        with np.errstate(invalid="ignore"):
            wrong = np.where(finite, ~(np.abs(found - expected) <= bound(scale, dtype)), ~same)
    if mask is not None:
        wrong = wrong & mask
    if np.any(wrong):
        at = tuple(int(k) for k in np.argwhere(wrong)[0])
        allowed = f", allowed {bound(scale, dtype):.1e}" if expected.dtype.kind == "f" else ""
        place = f"[{', '.join(map(str, at))}]" if at else ""
        raise Disagreement(f"{where}{place}: found {found[at]!r}, expected {expected[at]!r}{allowed}")


def bound(scale: float, dtype: str) -> float:
    return C[dtype] * float(np.finfo(dtype).eps) * scale
