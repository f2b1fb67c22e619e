"""`dx.accum(T, monoid)`: a value that a program combines into with `+=` and reads when the loop is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydex.reference.tables import Table, elementwise


@dataclass(eq=False)
class Accumulator:
    """The running combination of what was added; a callee that is passed it adds to the same one."""

    value: Any
    operation: Callable[[Any, Any], Any]
    sign: str  # of the operation; "" if it has none

    def check_operation(self, op: str) -> None:
        """`+=` is the accumulator's own operation; another sign has to be that of the operation."""
        if op not in ("+", self.sign) and (op, self.sign) != ("-", "+"):
            raise TypeError(f"an accumulator of another operation than {op}")

    def combine(self, value: Any) -> Accumulator:
        """`acc += value`."""
        self.value = elementwise(self.operation, (self.value, value))
        return self

    def combine_item(self, key: Any, value: Any) -> None:
        """`acc[key] += value`."""
        table: Table = self.value
        table[key] = elementwise(self.operation, (table[key], value))

    def __setitem__(self, key: Any, value: Any) -> None:
        """`acc[key] = max(acc[key], value)`."""
        self.value[key] = value

    def __getitem__(self, key: Any) -> Any:
        return self.value[key]


def unwrap(value: Any) -> Any:
    """What an accumulator holds; anything else as it is."""
    return value.value if isinstance(value, Accumulator) else value
