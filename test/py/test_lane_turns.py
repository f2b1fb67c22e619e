"""Rows that come into the lanes or leave them are turned round in blocks, whatever their length and number."""

from collections.abc import Iterator

import numpy as np
import pytest

import pydex as dx
from pydex import f32, f64, i32, i64
from pydex.calling import Jit
from pydex.passes import lower_lane_choice, lower_lane_turns
from pydex.passes.lower_lane_turns import stages_of

pytestmark = pytest.mark.slow

n, m = dx.index_sets("n m")
columns, boxes = dx.Fin(19), dx.Fin(3)


@dx.jit
def doubles(x: f64[n, m]) -> f64[n, m]:
    return [[sum(abs(x[i, b] - x[i, a]) for b in m) for a in m] for i in n]


@dx.jit
def singles(x: f32[n, m]) -> f32[n, m]:
    return [[max(abs(x[i, b] - x[i, a]) for b in m) for a in m] for i in n]


@dx.jit
def words(x: i32[n, m]) -> i32[n, m]:
    return [[max(abs(x[i, b] - x[i, a]) for b in m) for a in m] for i in n]


@dx.jit
def longs(x: i64[n, m]) -> i64[n, m]:
    return [[max(abs(x[i, b] - x[i, a]) for b in m) for a in m] for i in n]


@dx.jit
def once(x: f64[n, columns]) -> f64[n]:
    """Rows of known length that are read once."""
    return [sum(x[i, j] * x[i, j] for j in columns) for i in n]


@dx.jit
def boxed(x: f32[n, boxes, columns]) -> f32[n, boxes, columns]:
    """Rows of two axes."""
    return [[[max(abs(x[i, c, b] - x[i, a, b]) for c in boxes) for b in columns] for a in boxes] for i in n]


@dx.jit
def side_by_side(x: f64[n, m]):
    """A scalar of its own beside each row, and rows that are not written whole."""
    total = [sum(x[i, j] for j in m) for i in n]
    shares = [[x[i, a] / total[i] + f64(i) for a in m] for i in n]
    return total, shares, [[x[i, a] * x[i, 0], total[i]] for i in n for a in m]


@pytest.fixture(scope="module")
def turned() -> Iterator[list[bool]]:
    """Wherever a loop can run in lanes, it does: of each copy, whether it leaves the lanes."""
    found: list[bool] = []
    blocks = lower_lane_turns.Turn._blocks

    def run(self, *rest):
        found.append(self.out)
        return blocks(self, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lower_lane_choice, "BETTER", np.inf)
        patch.setattr(lower_lane_choice, "NO_WORSE", np.inf)
        patch.setattr(lower_lane_turns.Turn, "_blocks", run)
        yield found


KINDS = {"doubles": "f8", "singles": "f4", "words": "i4", "longs": "i8"}
COMPILED: set[str] = set()


def check(function: Jit, *args: np.ndarray) -> None:
    got, expected = function(*args), function.reference(*args)
    pairs = zip(got, expected, strict=True) if isinstance(got, tuple) else [(got, expected)]
    for one, other in pairs:
        np.testing.assert_allclose(one, other, rtol=1e-6 if args[0].dtype == "f4" else 1e-13)


@pytest.mark.parametrize("name", KINDS)
def test_lengths_and_numbers_of_rows(name: str, turned: list[bool]) -> None:
    """Fewer and more columns than a block has, and as many; in the last group, lanes are off."""
    rng, function = np.random.default_rng(7), globals()[name]
    for rows, length in ((1, 8), (7, 9), (8, 16), (9, 17), (16, 7), (33, 15), (40, 31), (17, 1), (5, 64)):
        check(function, (rng.normal(size=(rows, length)) * 100).astype(KINDS[name]))
    assert {True, False} <= set(turned)


def test_rows_of_known_length(turned: list[bool]) -> None:
    rng, before = np.random.default_rng(8), len(turned)
    for rows in (1, 8, 13, 32):
        check(once, rng.normal(size=(rows, 19)))
        check(boxed, rng.normal(size=(rows, 3, 19)).astype("f4"))
    assert len(turned) >= before + 3


def test_rows_that_do_not_lie_in_order(turned: list[bool]) -> None:
    """Strides of any kind, negative ones too."""
    x = np.random.default_rng(9).normal(size=(24, 40))
    for table in (np.asfortranarray(x), x[::2, ::-1], x[::-1, 3:31], x[:9, ::3]):
        check(doubles, table)
    check(once, x[::-2, 1:20])


def test_bits_stay_as_they_are(turned: list[bool]) -> None:
    x = np.random.default_rng(10).normal(size=(11, 19)).astype("f4")
    x[2, 18], x[10, 0], x[10, 18] = -0.0, np.nan, np.inf
    got, expected = singles(x), singles.reference(x)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
    np.testing.assert_array_equal(np.signbit(got[:10]), np.signbit(expected[:10]))


def test_nothing_beside_the_rows_is_written(turned: list[bool]) -> None:
    """Each result is a part of what its neighbours are parts of."""
    check(side_by_side, 1.0 + np.random.default_rng(11).random((21, 10)))


@pytest.mark.parametrize(("side", "part"), [(8, 2), (16, 4), (8, 4), (16, 2), (4, 2)])
def test_stages_turn_vectors_round(side: int, part: int) -> None:
    vectors = [[(row, column) for column in range(side)] for row in range(side)]
    for stage in stages_of(side, part):
        vectors = [[(vectors[a] + vectors[b])[k] for k in order] for a, b, order in stage]
    found = {vector[0][1]: vector for vector in vectors}
    assert found == {column: [(row, column) for row in range(side)] for column in range(side)}
