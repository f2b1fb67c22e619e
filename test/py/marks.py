"""Parameters of tests of which a few are enough for `make check`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import pytest


def slow_but(fast: Collection[str], parameters: Iterable[Any], name: Callable[[Any], str] = str) -> list[Any]:
    """The parameters, all but those with these names marked slow. ValueError for a name that none has."""
    given = list(parameters)
    if unknown := set(fast) - set(map(name, given)):
        raise ValueError(f"no parameter is named {', '.join(sorted(unknown))}")
    slow = pytest.mark.slow
    return [p if name(p) in fast else pytest.param(p, marks=slow) for p in given]
