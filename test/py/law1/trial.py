"""One random program as a trial: what is run and compared. In a file its last line says with which arguments, and
whether transformations are forced: `# law1: sizes (4, 3), seed 17, forced`.
"""

from __future__ import annotations

import hashlib
import re
import traceback
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from law1.agree import FIRST, Law1
from law1.forced import forced
from law1.programs import arguments, load
from law1.subject import DERIVATIVES
from pydex.runtime.convert import Refused
from pydex.runtime.problems import PreconditionFailed

FOUND = Path(__file__).parent / "found"
FALLBACK = (4, 3)
"""Sizes for programs whose own are refused: some, such as those with `n[1:-1]`, have preconditions."""


@dataclass(frozen=True)
class Trial:
    """A program, the sizes and the seed of its arguments, and what to compare.

    derivatives: names of `law1.subject.DERIVATIVES`. every_pass: interpret after every pass, in random order too.
    compiled: names of `law1.executions`. forced: as in `law1.forced`.
    """

    source: str
    sizes: tuple[int, int] = FALLBACK
    seed: int = 0
    derivatives: Sequence[str] = tuple(DERIVATIVES)
    every_pass: bool = True
    compiled: Sequence[str] = ("optimised", "plain")
    forced: bool = False

    def run(self) -> int:
        """How many results were compared. Raises what is wrong."""
        function = load(self.source)
        args = arguments(self.source, self.sizes, self.seed)
        try:
            law = Law1(function, args, derivatives=self.derivatives)
        except Refused as refused:
            if not isinstance(refused.problem, PreconditionFailed) or self.sizes == FALLBACK:
                raise
            return Trial(**{**asdict(self), "sizes": FALLBACK}).run()
        orders = ("forward", "random") if self.every_pass else ("random",)
        with forced() if self.forced else nullcontext():
            return law.check(self.every_pass, orders, self.compiled)

    def error(self) -> str | None:
        """What is wrong with it, in words; None if all executions agree."""
        with np.errstate(all="ignore"):
            try:
                self.run()
            except Exception as error:
                notes = [str(error), *getattr(error, "__notes__", ())]
                place = traceback.extract_tb(error.__traceback__)[-1]
                return f"{type(error).__name__}: {'; '.join(notes)} ({place.filename}:{place.lineno})"
        return None

    @property
    def text(self) -> str:
        last = f"# law1: sizes {tuple(self.sizes)}, seed {self.seed}{', forced' if self.forced else ''}"
        return f"{self.source.rstrip()}\n\n\n{last}\n"

    def save(self, folder: Path) -> Path:
        """Write it to a file named after the program."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"program_{hashlib.sha256(self.source.encode()).hexdigest()[:10]}.py"
        path.write_text(self.text)
        return path


def read(path: Path, **options: Any) -> Trial:
    """The trial in a file."""
    text = path.read_text()
    found = re.search(r"^# law1: sizes \((\d+), (\d+)\), seed (\d+)(, forced)?$", text, re.MULTILINE)
    if found is None:
        raise ValueError(f"{path} does not end with a line like `# law1: sizes (4, 3), seed 0`")
    n, m, seed = map(int, found.groups()[:3])
    return Trial(text[: found.start()], (n, m), seed, forced=found[4] is not None, **options)


def quick(source: str, sizes: tuple[int, int], seed: int) -> Trial:
    """The value, by reference and interpreter, as the frontend made the program and after the whole pipeline."""
    return Trial(source, sizes, seed, (), False, ())


def values(source: str, sizes: tuple[int, int], seed: int) -> Trial:
    """The value, by reference and interpreter, after every pass."""
    return Trial(source, sizes, seed, (), True, ())


def whole(source: str, sizes: tuple[int, int], seed: int, forced: bool = False) -> Trial:
    """First derivatives, a second one, and machine code with and without optimisation."""
    return Trial(source, sizes, seed, (*FIRST, "jvp_vjp"), False, ("optimised", "plain"), forced)


def first(source: str, sizes: tuple[int, int], seed: int) -> Trial:
    """First derivatives and optimised machine code, forced: what few programs reach at their sizes."""
    return Trial(source, sizes, seed, FIRST, False, ("optimised",), True)
