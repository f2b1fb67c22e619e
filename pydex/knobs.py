"""Every environment variable that pydex reads, in one table. `pydex-opt --knobs` prints it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Knob(Generic[T]):
    """An environment variable: its name, what an unset one means, how its text is read, and what it does."""

    name: str
    default: T
    read: Callable[[str], T]
    expects: str
    doc: str

    def get(self) -> T:
        """The value now. Raises ValueError, naming the variable, on text that it does not understand."""
        text = os.environ.get(self.name, "")
        if not text:
            return self.default
        try:
            return self.read(text)
        except ValueError:
            raise ValueError(f"{self.name}={text}: expected {self.expects}") from None


def _switch(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError(text)
    return text == "1"


def _in_range(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not low <= int(text) <= high:
            raise ValueError(text)
        return int(text)

    return read


IR = Knob("PYDEX_IR", "", str, "a directory", "write the IR after each pass to NN-pass.mlir in this directory")
DEBUG = Knob("PYDEX_DEBUG", 0, _in_range(0, 4), "0 to 4", "1: compilations by pass, 2: passes, as they run")
CHECK = Knob("PYDEX_CHECK", False, _switch, "0 or 1", "verify the IR, scopes included, after each pass")
THREADS = Knob("PYDEX_THREADS", 0, _in_range(0, 1024), "0 to 1024", "threads of parallel loops; 0: all processors")
OPT_LEVEL = Knob("PYDEX_OPT", 3, _in_range(0, 3), "0 to 3", "optimisation level of the machine code")

CACHE = Knob("PYDEX_CACHE", "", str, "off, or a directory", "where compiled code is kept; else in the user's caches")
CACHE_SIZE = Knob("PYDEX_CACHE_SIZE", 256, _in_range(0, 1 << 20), "MiB", "what the cache holds at most")

KNOBS: tuple[Knob, ...] = (IR, DEBUG, CHECK, THREADS, OPT_LEVEL, CACHE, CACHE_SIZE)


def table() -> str:
    """One line per knob, for people."""
    return "\n".join(f"{knob.name:14} {knob.expects:12} default {knob.default!r:6} {knob.doc}" for knob in KNOBS)
