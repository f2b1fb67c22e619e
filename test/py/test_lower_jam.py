"""Iterations that run side by side inside of lanes compute what one after the other does."""

from collections.abc import Iterator

import jam_programs
import numpy as np
import pytest
from marks import slow_but

from pydex.dialects import eff
from pydex.passes import lower_jam, lower_lane_choice

JAMMED = ["products", "triangular", "deeper", "steps", "outer_products", "scaled", "several", "single"]
TILED = ["tiles", "one_row", "tops", "counts", "shifted", "two_monoids", "steady_below"]
SIZES = [(9, 1, 0), (3, 5, 1), (8, 2, 3), (17, 4, 4), (33, 3, 6), (5, 7, 9)]
"""n, m and d: fewer iterations than lanes and more; d that are no multiple of four."""


def inputs(name: str, n: int, m: int, d: int) -> tuple:
    rng = np.random.default_rng(100 * n + m)
    x, y = rng.normal(size=(n, m)), rng.normal(size=(d, m))
    square, table = rng.normal(size=(n, d)), rng.normal(size=(d, d))
    return {
        "triangular": (square, table),
        "deeper": (square, rng.normal(size=(m, d))),
        "steps": (square,),
        "scaled": (square, table),
        "shrinking": (square, table),
        "outer_products": (square, rng.normal(size=n)),
        "single": (x.astype("f4"), y.astype("f4")),
        "counts": (rng.integers(-9, 9, (n, m)).astype("i4"), square),
        "tops": (with_nan(x.astype("f4")), square.astype("f4")),
        "quadratic_slopes": (square, table, rng.normal(size=d)),
        **dict.fromkeys(("tiles", "one_row", "shifted", "two_monoids", "steady_below"), (x, square)),
    }.get(name, (x, y))


def with_nan(x: np.ndarray) -> np.ndarray:
    x[len(x) // 2, :1] = np.nan
    return x


@pytest.fixture(scope="module")
def jammed() -> Iterator[list[int]]:
    """Wherever a loop can run in lanes, it does: how many iterations ran side by side."""
    taken: list[int] = []
    choose = lower_jam.side_by_side

    def chosen(low, op):
        taken.append(choose(low, op))
        return taken[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lower_lane_choice, "BETTER", np.inf)
        patch.setattr(lower_lane_choice, "NO_WORSE", np.inf)
        patch.setattr(lower_jam, "side_by_side", chosen)
        yield taken


@pytest.mark.parametrize("name", slow_but(["triangular"], [*JAMMED, *TILED, "quadratic_slopes", "shrinking"]))
def test_same_as_the_reference(name: str, jammed: list[int]) -> None:
    function = getattr(jam_programs, name)
    jammed.clear()
    tolerance = 1e-5 if name in ("single", "tops", "two_monoids") else 1e-12
    for sizes in SIZES if name != "quadratic_slopes" else SIZES[1:]:  # the oracle needs something to differentiate by
        args = inputs(name, *sizes)
        got, expected = function(*args), function.reference(*args)
        pairs = zip(got, expected, strict=True) if isinstance(got, tuple) else [(got, expected)]
        for a, b in pairs:
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
    assert (max(jammed, default=1) > 1) == (name != "shrinking")


@pytest.mark.parametrize("name", ["outer_products", "tiles", "one_row", "tops", "counts", "quadratic_slopes"])
def test_turns_that_only_add_are_tiles(name: str, jammed: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    found = list[eff.AddOp]()
    choose = lower_jam.row_adds

    def chosen(low, op, adds):
        rows = choose(low, op, adds)
        found.extend(rows)
        return rows

    monkeypatch.setattr(lower_jam, "row_adds", chosen)
    getattr(jam_programs, name).ir(stage="mlir")
    assert found
