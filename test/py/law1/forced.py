"""What depends on sizes, done at all sizes: parts of a few elements, and every transformation wherever it is possible.

with forced(): …        what compiles, or runs passes, inside of this
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from typing import Any

from pydex.passes import (
    ad_split,
    ad_undo,
    ix_contract,
    lower_lane_choice,
    lower_parallel,
    lower_reductions,
    lower_scatter,
    lower_search,
    lower_sweep,
    lower_tail,
)


def _contract_always(root: Any, always: bool, contract: Any = ix_contract.contract) -> None:
    contract(root, True)


FORCED: list[tuple[Any, str, Any]] = [
    (ad_split, "LENGTHS", (2,)),
    (ad_split, "_pays", lambda loop, step: True),
    (ad_undo, "FEW", 0),
    (ix_contract, "contract", _contract_always),
    (lower_lane_choice, "BETTER", inf),
    (lower_lane_choice, "NO_WORSE", inf),
    (lower_parallel, "CHUNK_WORK", 8),
    (lower_parallel, "LANES_CHUNK_WORK", 64),
    (lower_parallel, "WORK_PER_CELL", 1),
    (lower_parallel, "LANES_WORK_PER_CELL", 1),
    (lower_reductions, "SUM_BLOCK", 4),
    (lower_reductions, "SEARCH_BLOCK", 4),
    (lower_scatter, "BLOCK", 4),
    (lower_scatter, "TRIPS_PER_CELL", 0),
    (lower_search, "BLOCK", 4),
    (lower_sweep, "STEPS", 2),
    (lower_tail, "BLOCK", 4),
]


@contextmanager
def forced() -> Iterator[None]:
    """Constants and estimates are these."""
    before = [(module, name, getattr(module, name)) for module, name, _ in FORCED]
    for module, name, value in FORCED:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
