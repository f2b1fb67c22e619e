"""One peer on one workload in a process of its own: `python -m benchmarks.child WORKLOAD SIZE PEER THREADS FOLDER`.

Answers each line of standard input with one line of JSON on standard output:
    check FUNCTION   calls it once, saves its results in FOLDER: {"seconds": …, "wall": …} or {"absent": true}
    time FUNCTION    calls it for about 20 ms, at least once: {"seconds": …} per call
    peak             {"bytes": …}, the most memory this process ever held
"seconds" with one thread are those that the processor worked for this process, which others on the machine cannot take
away; with more threads they are those of the clock on the wall. A failure is answered with {"error": …}.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

BURST = 0.02
MOST = 100_000  # calls in a burst


def pin(threads: int) -> None:
    """Runs on as many processors as there are to be threads: the last ones, since others like the first."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


def peak_bytes() -> int:
    """The most memory this process ever held; on Linux without what the parent held before `exec`."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


class Child:
    """The functions of one peer, called by command."""

    def __init__(self, workload: str, size: str, peer: str, threads: str, folder: str):
        from benchmarks import frameworks
        from benchmarks.inputs import inputs

        self.folder = Path(folder)
        self.clock = time.process_time if int(threads) == 1 else time.perf_counter
        self.functions = frameworks.prepare(workload, peer, inputs(workload, size), int(threads))
        self.repeats: dict[str, int] = {}

    def check(self, name: str) -> dict[str, Any]:
        import numpy as np

        from benchmarks.oracle import flatten

        function = self.functions[name]
        if function is None:
            return {"absent": True}
        start, wall = self.clock(), time.perf_counter()
        result = function()
        answer = {"seconds": self.clock() - start, "wall": time.perf_counter() - wall}
        np.savez(self.folder / f"{name}.npz", *flatten(result))
        return answer

    def time(self, name: str) -> dict[str, Any]:
        function, repeats = self.functions[name], self.repeats.get(name, 1)
        assert function is not None, f"{name} is absent"
        start = self.clock()
        for _ in range(repeats):
            function()
        seconds = (self.clock() - start) / repeats
        self.repeats[name] = min(MOST, max(1, int(BURST / max(seconds, BURST / MOST))))
        return {"seconds": seconds}

    def peak(self) -> dict[str, Any]:
        return {"bytes": peak_bytes()}


def _answer(make: Any) -> Any:
    """What `make` gives; of an exception its class and the first line that says something."""
    try:
        return make()
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return {"error": f"{type(error).__name__}: {lines[0] if lines else ''}"}


def main() -> None:
    """Serves until standard input ends. What a framework prints goes to standard error."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    pin(int(sys.argv[4]))
    child = _answer(lambda: Child(*sys.argv[1:]))
    out.write(json.dumps(child if isinstance(child, dict) else {}) + "\n")
    for line in sys.stdin:
        command, *arguments = line.split()
        out.write(json.dumps(_answer(lambda: getattr(child, command)(*arguments))) + "\n")  # noqa: B023 (called at once)


if __name__ == "__main__":
    main()
