"""Law 1 on random programs, always the same ones here; `make fuzz` draws others, and failures become files of found/.

A failing program is written to build/law1 and can be run again alone: `python tools/fuzz.py FILE`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import integers, sampled_from
from law1 import trial
from law1.child import Child
from law1.programs import SIZES, programs
from law1.trial import FOUND, Trial

FAILED = Path(__file__).resolve().parents[2] / "build" / "law1"
CHUNKS, INTERPRETED, COMPILED = 10, 50, 5
"""How many tests there are of each kind, and how many programs each of them draws."""


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    with Child() as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_by_reference_and_interpreter(chunk: int) -> None:
    """As the frontend makes the program, and after all passes."""
    draw(chunk, INTERPRETED, trial.quick, Trial.error)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_compiled_with_derivatives(chunk: int, child: Child) -> None:
    """In a child process, so that a crash is a failure of this test."""
    draw(CHUNKS + chunk, COMPILED, trial.whole, child.error)


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(FOUND.glob("*.py")), ids=lambda path: path.stem)
def test_found_before(path: Path, child: Child) -> None:
    """Programs that failed once."""
    assert child.error(trial.read(path, every_pass=False)) is None


def draw(number: int, count: int, make: Callable[..., Trial], error: Callable[[Trial], str | None]) -> None:
    """Draw programs with this seed, and fail on the first, made small, whose executions disagree."""
    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(programs(), sampled_from(SIZES), integers(0, 99))
    def agrees(source: str, sizes: tuple[int, int], numbers: int) -> None:
        made = make(source, sizes, numbers)
        wrong = error(made)
        if wrong is not None:
            path = made.save(FAILED)
            raise AssertionError(f"{wrong}\npython tools/fuzz.py {path}")

    agrees()
