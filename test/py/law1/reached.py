"""Which transformations a program reaches: those that ask a lot of a program, and that few programs have anything for.

with watched() as reached: …        a Counter: how often each of them has changed the program, or written code
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pydex.passes import (
    ad_split,
    ad_tape_dear,
    ad_undo,
    ad_winners,
    ix_contract,
    lower_for,
    lower_lane_while,
    lower_state,
    merge_sums,
)


def _given(result: Any, *_: Any) -> bool:
    """Is there a result, and not an empty one?"""
    return bool(result)


def _called(*_: Any) -> bool:
    return True


def _gone(_: Any, op: Any) -> bool:
    """Has the op been replaced?"""
    return op.parent is None


PLACES: dict[str, tuple[Any, str, Callable[..., bool]]] = {
    "ad-split": (ad_split, "split", _gone),
    "carried chain": (lower_state, "early_products", _given),
    "undo": (ad_undo, "_histories", _given),
    "dear on the tape": (ad_tape_dear, "is_at_most", _given),
    "contraction": (ix_contract, "_contract_all", _given),
    "merged sums": (merge_sums, "_merged", _given),
    "while in lanes": (lower_lane_while, "_run", _called),
    "lanes": (lower_for, "run_lanes", _called),
    "winners": (ad_winners, "_offer_all", _called),
}
"""The function of each, which is looked up where it is called, and whether a call counts: by result and arguments."""


@contextmanager
def watched() -> Iterator[Counter[str]]:
    """What is reached inside of this."""
    found: Counter[str] = Counter()
    before = [(module, name, getattr(module, name)) for module, name, _ in PLACES.values()]
    for what, (module, name, counts) in PLACES.items():
        setattr(module, name, _counting(getattr(module, name), what, counts, found))
    try:
        yield found
    finally:
        for module, name, function in before:
            setattr(module, name, function)


def _counting(function: Any, what: str, counts: Callable[..., bool], found: Counter[str]) -> Any:
    def counting(*args: Any) -> Any:
        result = function(*args)
        found[what] += counts(result, *args)
        return result

    return counting
