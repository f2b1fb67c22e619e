"""Law 1 on random programs, always the same ones here; `make fuzz` draws others, and keeps those that fail in found/.

A program that fails is written to build/law1: `python tools/fuzz.py FILE` runs it again, alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from law1 import trial
from law1.child import Child
from law1.forced import forced
from law1.programs import arguments, drawn, load
from law1.reached import PLACES, watched
from law1.subject import subject
from law1.trial import FALLBACK, FOUND, Trial

from pydex import pipeline
from pydex.passes.pipelines import CPU

FAILED = Path(__file__).resolve().parents[2] / "build" / "law1"
CHUNKS, INTERPRETED, COMPILED = 10, 50, 5
"""How many tests there are of each kind, and how many programs each of them draws."""


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    with Child() as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_reference_and_interpreter(chunk: int) -> None:
    """Values, of the program as the frontend makes it and after all passes."""
    check([trial.quick(*program) for program in drawn(chunk, INTERPRETED)], Trial.error)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_compiled_with_derivatives(chunk: int, child: Child) -> None:
    """In a child process, so that a crash is a failure of this test."""
    check([trial.whole(*program) for program in drawn(CHUNKS + chunk, COMPILED)], child.error)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS // 2))
def test_forced(chunk: int, child: Child) -> None:
    """What depends on sizes, at sizes that are small."""
    check([trial.first(*program) for program in drawn(2 * CHUNKS + chunk, COMPILED)], child.error)


@pytest.mark.slow
def test_what_is_reached() -> None:
    """Each transformation that asks a lot of a program has some among so many."""
    total: Counter[str] = Counter()
    for source, _, seed in drawn(2, 60):
        made = subject(load(source), arguments(source, FALLBACK, seed))
        if made.is_differentiable:
            made.add_derivatives(("vjp",))
            made.hide_all_but([made.entry, "vjp"])
            with watched() as reached, forced():
                pipeline.run_passes(made.module, CPU)
                pipeline.lower(made.module, "vjp")
            total.update(what for what, times in reached.items() if times)
    assert total.keys() == PLACES.keys(), total


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(FOUND.glob("*.py")), ids=lambda path: path.stem)
def test_found_before(path: Path, child: Child) -> None:
    """Programs that failed once."""
    assert child.error(trial.read(path, every_pass=False)) is None


@pytest.mark.slow
def test_a_crash_is_a_failure(child: Child) -> None:
    source = "import os\n\nos.kill(os.getpid(), 11)\n"
    assert child.error(Trial(source)) == "Crash: the process ended with SIGSEGV"
    assert (child.error(Trial("f = None\n")) or "").startswith("AttributeError")
    assert child._process is not None
    child._process.kill()
    child._process.wait()
    assert child.error(Trial("f = None\n")) == "Crash: the process ended with SIGKILL"


def check(trials: list[Trial], error: Callable[[Trial], str | None]) -> None:
    """Fails with all that is wrong, and how to run it again."""
    wrong = [(made, found) for made in trials if (found := error(made)) is not None]
    told = [f"{found}\n    python tools/fuzz.py {made.save(FAILED)}" for made, found in wrong]
    assert not wrong, "\n".join(told)
