"""Random programs through every execution: what `tools/fuzz.py` runs.

    python tools/fuzz.py 5000 [--seed 1] [--jobs 2]     draw programs; failures are made small and kept in found/
    python tools/fuzz.py FILE…                          run these programs again

Every program is run by the reference and, after every pass, by the interpreter; every tenth (`--compiled 10`) with
first and second derivatives, and as machine code with and without optimisation, and every twentieth with all
transformations forced (`law1.forced`). At the end it says how many programs have reached each of those that few reach.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from law1 import trial
from law1.child import Child
from law1.programs import Drawn, drawn
from law1.reduce import reduced
from law1.trial import FOUND, Trial

BATCH = 100
SMALL = 200
"""How many smaller programs are tried at most to make a failing one small."""


def main(arguments: list[str]) -> int:
    """1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="+", help="how many programs to draw, or files of programs")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="other seeds draw other programs")
    parser.add_argument("--jobs", type=int, default=2, help="programs at a time")
    parser.add_argument("--compiled", type=int, default=10, help="every how many programs; 0 for none")
    parser.add_argument("--keep", type=Path, default=FOUND, help="where failing programs are written")
    options = parser.parse_args(arguments)
    if options.what[0].isdecimal():
        return fuzz(int(options.what[0]), options)
    return again([Path(name) for name in options.what])


def again(paths: list[Path]) -> int:
    """Run programs of files, with all derivatives, after every pass."""
    failed = 0
    with Child() as child:
        for path in paths:
            wrong = child.error(trial.read(path))
            failed += wrong is not None
            print(f"{path}: {wrong or 'all executions agree'}", flush=True)
    return int(failed > 0)


def fuzz(amount: int, options: argparse.Namespace) -> int:
    """Draw and run programs."""
    print(f"{amount} programs of seed {options.seed}", flush=True)
    session = Session(options.keep, options.compiled)
    batches = [(options.seed * 1_000_003 + k, min(BATCH, amount - k)) for k in range(0, amount, BATCH)]
    with ThreadPoolExecutor(options.jobs) as pool:
        for number, programs in enumerate(drawn(*batch) for batch in batches):  # ast.parse is not for two threads
            for k, failure in enumerate(pool.map(session.run, enumerate(programs))):
                if failure:
                    print(f"program {number * BATCH + k}: {failure}", flush=True)
            print(f"{session.count} programs, {session.failed} failed", flush=True)
    print(", ".join(f"{what}: {count}" for what, count in session.reached.most_common()), flush=True)
    session.close()
    return int(session.failed > 0)


class Session:
    """The children of the threads, and the count."""

    def __init__(self, keep: Path, compiled: int):
        self.keep, self.compiled = keep, compiled
        self.count = self.failed = 0
        self._local, self._children, self._lock = threading.local(), [], threading.Lock()

    def run(self, numbered: tuple[int, Drawn]) -> str | None:
        """What is wrong with a program, and where it was written to; None if nothing is."""
        number, program = numbered
        compiled = self.compiled and (number + 1) % self.compiled == 0  # the first of a batch are trivial
        forced = compiled and (number + 1) % (2 * self.compiled) == 0
        made, child = trial.whole(*program, forced) if compiled else trial.values(*program), self._child()
        wrong = child.error(made)
        with self._lock:
            self.count += 1
            self.failed += wrong is not None
        if wrong is None:
            return None
        path = reduced(made, _limited(child.error, wrong)).save(self.keep)
        return f"{wrong}\n    python tools/fuzz.py {path}"

    @property
    def reached(self) -> Counter[str]:
        """In how many trials each transformation was reached, those that make a failure small among them."""
        return sum((child.reached for child in self._children), Counter())

    def _child(self) -> Child:
        if not hasattr(self._local, "child"):
            self._local.child = Child()
            self._children.append(self._local.child)
        return self._local.child

    def close(self) -> None:
        for child in self._children:
            child.close()


def _limited(error: Callable[[Trial], str | None], first: str) -> Callable[[Trial], str | None]:
    """Gives up after SMALL programs: all others do not fail."""
    tried = 0

    def limited(made: Trial) -> str | None:
        nonlocal tried
        tried += 1
        return first if tried == 1 else error(made) if tried <= SMALL else None

    return limited


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
