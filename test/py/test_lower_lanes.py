"""Loops in vector lanes compute what one iteration after the other does."""

from collections.abc import Iterator

import lane_programs
import numpy as np
import pytest
from lowering import native
from marks import slow_but

import pydex as dx
from pydex import f64
from pydex.calling import Jit
from pydex.passes import lower_for, lower_lane_choice, lower_lanes

SIZES = [(1, 3), (7, 4), (8, 1), (9, 5), (17, 2), (35, 3)]
"""n and m: fewer iterations than lanes, as many, more; 35 is more than four vectors."""


def inputs(name: str, n: int, m: int) -> tuple:
    rng = np.random.default_rng(100 * n + m)
    x = rng.normal(size=(n, m))
    k = rng.integers(-9, 10, size=(n, m))
    return {
        "rereads": (x, rng.normal(size=(m, m))),
        "columns": (x.T.copy(), rng.normal(size=m)),
        "shared_cells": (x, rng.normal(size=m)),
        "gathers": (x, rng.integers(m, size=(n, m)), rng.normal(size=m)),
        "integers": (k,),
        "truths": (x, rng.random(n) > 0.3),
        "single": (x.astype("f4"),),
        "converted": (x, k),
    }.get(name, (x,))


def flat(result: object) -> list[np.ndarray]:
    return [np.asarray(r) for r in (result if isinstance(result, tuple) else (result,))]


COMPILED: set[str] = set()
"""Programs that an earlier test has compiled: tests come in any order."""


def check(name: str, args: tuple) -> None:
    """The compiled function against the Python reference."""
    COMPILED.add(name)
    function = getattr(lane_programs, name)
    tolerance = 1e-4 if name == "single" else 1e-12
    for got, expected in zip(flat(function(*args)), flat(function.reference(*args)), strict=True):
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


@pytest.fixture(scope="module")
def widths() -> Iterator[list[int]]:
    """Wherever a loop can run in lanes, it does: the widths of those that are compiled."""
    taken: list[int] = []

    def run(low, op, made, *rest):
        taken.append(made.width)
        return lower_lanes.run_lanes(low, op, made, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lower_lane_choice, "BETTER", np.inf)
        patch.setattr(lower_lane_choice, "NO_WORSE", np.inf)
        patch.setattr(lower_for, "run_lanes", run)
        yield taken


NAMES = [name for name, value in vars(lane_programs).items() if isinstance(value, Jit)]


@pytest.mark.parametrize("name", slow_but(["branches"], NAMES))
def test_sizes_and_strides(name: str, widths: list[int]) -> None:
    before, known = len(widths), name in COMPILED
    for n, m in SIZES:
        check(name, inputs(name, n, m))
    assert known or len(widths) > before, "nothing ran in lanes"
    first, *rest = inputs(name, 20, 6)
    strided = np.asfortranarray(first)[::-1] if name != "columns" else np.ascontiguousarray(first.T).T
    check(name, (strided, *rest))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sums", "rereads", "shared_cells", "columns", "own_tables"])
def test_no_iterations(name: str, widths: list[int]) -> None:
    check(name, inputs(name, 0, 3))


@pytest.mark.parametrize("name", slow_but(["winners"], ["extremes", "winners", "branches", "truths", "converted"]))
def test_numbers_that_are_not_finite(name: str, widths: list[int]) -> None:
    x, *rest = inputs(name, 19, 4)
    x[3, 2], x[8, 0], x[8, 3], x[18, 1] = np.nan, np.inf, -np.inf, np.nan
    if name == "converted":
        x = np.where(np.isnan(x), -0.0, x)
    check(name, (x, *rest))


n, m = dx.index_sets("n m")


@dx.jit
def looked_up(x: f64[n, m], at: m.Index[n]) -> f64[n]:
    return [sum(x[i, j] for j in m) / x[i, at[i]] for i in n]


@pytest.mark.parametrize("wrong", [(5,), (9, 3), (16, 12, 2), ()])
def test_the_first_iteration_that_fails_raises(wrong: tuple[int, ...], widths: list[int]) -> None:
    x, at = np.ones((17, 3)), np.zeros(17, int)
    for place in wrong:
        at[place] = 100 + place
    if not wrong:
        COMPILED.add("looked_up")
        np.testing.assert_array_equal(looked_up(x, at), np.full(17, 3.0))
        return
    before, known = len(widths), "looked_up" in COMPILED
    COMPILED.add("looked_up")
    with pytest.raises(IndexError, match=f"at: {100 + min(wrong)} is not an index"):
        looked_up(x, at)
    assert known or len(widths) > before, "nothing ran in lanes"


def test_divisors_of_lanes_that_are_off(widths: list[int]) -> None:
    """The divisor is read from memory, which lanes beyond the end do not: they would divide by zero."""
    f = native("""
    func.func @f(%x: !ix.tab<[n, m], i64>, %y: !ix.tab<[n], i64>) -> !ix.tab<[n], i64> {
      ix.sizes ["n", "m"]
      %t = ix.for %i : !ix.idx<n> {
        %d = ix.at %y[%i : !ix.idx<n>] : !ix.tab<[n], i64> -> i64
        %s = ix.for %j : !ix.idx<m> {
          %a = ix.at %x[%i, %j : !ix.idx<n>, !ix.idx<m>] : !ix.tab<[n, m], i64> -> i64
          %q = arith.divsi %a, %d : i64
          %u = arith.remui %a, %d : i64
          %v = arith.addi %q, %u : i64
          ix.yield %v : i64
        } -> (add i64)
        ix.yield %s : i64
      } -> (tab !ix.tab<[n], i64>)
      func.return %t : !ix.tab<[n], i64>
    }""")
    x, y = np.arange(33).reshape(11, 3), np.arange(1, 12)
    np.testing.assert_array_equal(f(x, y), (x // y[:, None] + x % y[:, None]).sum(1))


@pytest.mark.parametrize("name", ["divsi", "remui"])
def test_a_divisor_that_all_lanes_share(widths: list[int], name: str) -> None:
    """Zero, where no lane takes the branch that divides."""
    f = native(f"""
    func.func @f(%x: !ix.tab<[n], i64>, %d: i64) -> !ix.tab<[n], i64> {{
      ix.sizes ["n"]
      %zero = arith.constant 0 : i64
      %hundred = arith.constant 100 : i64
      %t = ix.for %i : !ix.idx<n> {{
        %a = ix.at %x[%i : !ix.idx<n>] : !ix.tab<[n], i64> -> i64
        %c = arith.cmpi ne, %a, %zero : i64
        %r = scf.if %c -> (i64) {{
          %q = arith.{name} %hundred, %d : i64
          %s = arith.addi %q, %a : i64
          scf.yield %s : i64
        }} else {{
          scf.yield %zero : i64
        }}
        ix.yield %r : i64
      }} -> (tab !ix.tab<[n], i64>)
      func.return %t : !ix.tab<[n], i64>
    }}""")
    x = np.arange(11)
    np.testing.assert_array_equal(f(x, 7), np.where(x, (100 // 7 if name == "divsi" else 100 % 7) + x, 0))
    np.testing.assert_array_equal(f(np.zeros(11, int), 0), np.zeros(11, int))
    assert widths, "nothing ran in lanes"


@pytest.mark.slow
def test_many_points_on_many_chunks(widths: list[int]) -> None:
    """Chunks begin with whole groups of lanes; a long sum of f32 is made in blocks."""
    x = np.random.default_rng(5).random((30_011, 5))
    assert lane_programs.sums(x) == pytest.approx(np.exp((x * x).sum(1)).sum(), rel=1e-12)
    moments, total = lane_programs.single(x.astype("f4"))
    np.testing.assert_allclose(moments, np.stack([x.sum(1), (x * x).sum(1)], 1), rtol=1e-5)
    assert total == pytest.approx((x * x).sum(), rel=1e-5)
