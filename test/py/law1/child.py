"""Trials in a child process: one that crashes, or does not end, is a failure like any other.

with Child() as child:
    child.error(trial)      None, or what is wrong
    child.reached           in how many trials each of the transformations of `law1.reached` was reached
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from law1.reached import watched
from law1.trial import Trial

LIMIT = 300.0
"""Seconds that a trial may take."""


class Child:
    """A process that runs trials, replaced by a new one when it dies."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self.reached: Counter[str] = Counter()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def error(self, trial: Trial) -> str | None:
        """What is wrong with it; a crash is."""
        process = self._process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        with suppress(BrokenPipeError):  # it is dead: there is no answer either
            process.stdin.write(json.dumps(asdict(trial)) + "\n")
            process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], LIMIT)
        if not ready:
            self.close()
            return f"Timeout: it takes more than {LIMIT:.0f} s"
        answer = process.stdout.readline()
        if answer:
            error, reached = json.loads(answer)
            self.reached.update(reached)
            return error
        code = process.wait()
        self.close()
        name = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return f"Crash: the process ended with {name}"

    def _start(self) -> subprocess.Popen[str]:
        root = Path(__file__).resolve().parents[3]
        path = os.pathsep.join([str(root), str(root / "test" / "py"), os.environ.get("PYTHONPATH", "")])
        return subprocess.Popen(
            [sys.executable, "-m", "law1.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )

    def close(self) -> None:
        """End the process; a later trial gets a new one."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    with suppress(BrokenPipeError):
                        stream.close()
        self._process = None


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the program prints is no answer
    for line in sys.stdin:
        given = json.loads(line)
        trial = Trial(**{**given, "sizes": tuple(given["sizes"])})
        with watched() as reached:
            error = trial.error()
        answers.write(json.dumps([error, [what for what, times in reached.items() if times]]) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
