"""Where a compilation takes its time: CPU time of this thread, by step.

`PYDEX_DEBUG=1` prints it after each compilation, `PYDEX_DEBUG=2` each step as it ends.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pydex import knobs

_seconds: dict[str, float] = {}


@contextmanager
def step(name: str) -> Iterator[None]:
    """Counts what happens inside as the step `name`; steps of one name are added up."""
    started = time.thread_time()
    try:
        yield
    finally:
        add(name, time.thread_time() - started)


def add(name: str, seconds: float) -> None:
    """Counts so many seconds as the step `name`."""
    _seconds[name] = _seconds.get(name, 0.0) + seconds
    if knobs.DEBUG.get() >= 2:
        print(f"pydex: {seconds * 1e3:8.2f} ms  {name}", file=sys.stderr)


def report(function: str) -> None:
    """Prints the steps since the last report, if people want to see them, and forgets them."""
    if knobs.DEBUG.get() >= 1:
        print(table(function, _seconds), file=sys.stderr)
    _seconds.clear()


def table(function: str, seconds: dict[str, float]) -> str:
    """One line for each step, the slowest first."""
    total = sum(seconds.values())
    lines = [f"pydex: {function} was compiled in {total * 1e3:.0f} ms of CPU time"]
    for name, part in sorted(seconds.items(), key=lambda item: -item[1]):
        lines.append(f"{part * 1e3:10.1f} ms {part / total if total else 0.0:6.1%}  {name}")
    return "\n".join(lines)
