"""Measures pydex and its peers: `python -m benchmarks.run`, or `… gmm ba:ba4 --peers numpy,jax --threads 1,2`.

Without names all workloads, with one thread and with as many as there are processors. Each peer runs in a process of
its own, pinned to as many processors as it has threads. Each result is compared with an independent one before it is
timed; then the peers take turns, so that a slow minute of the machine is everyone's. With one thread, seconds are
those that the processor worked; with more, those of the clock on the wall.
A row: workload, peer, threads, median seconds of objective and gradient, seconds that the first call took beyond a
usual one (compilation), peak bytes of the process. null: the peer has none. A row that failed has its reason under
"error", and then the exit status is 1.
"""

import argparse
import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import frameworks, oracle
from benchmarks.inputs import SIZES, inputs
from benchmarks.plot import picture
from benchmarks.table import table

FUNCTIONS = ("objective", "gradient")
LONG = 10.0  # seconds: a call that takes longer, and compiles nothing, is not made again
SETTLE = 0.25  # seconds after which an idle thread pool has stopped spinning


def environment(threads: int) -> dict[str, str]:
    """The variables by which each library learns its number of threads, and that nothing compiled may be kept."""
    count = str(threads)
    names = "OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS NUMBA_NUM_THREADS PYDEX_THREADS".split()
    xla = "" if threads > 1 else "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    caches = {"TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1", "PYDEX_CACHE": "off"}
    return {**os.environ, **dict.fromkeys(names, count), **caches, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": xla}


@dataclass
class Peer:
    """A child process and what it has told so far."""

    workload: str
    size: str
    name: str
    threads: int
    timeout: float
    error: str | None = None
    first: dict[str, float] = field(default_factory=dict)
    samples: dict[str, list[float]] = field(default_factory=dict)
    bytes: int | None = None

    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        words = [self.workload, self.size, self.name, str(self.threads), self.folder.name]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.child", *words],
            cwd=Path(__file__).resolve().parents[1],
            env=environment(self.threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if not os.environ.get("PYDEX_DEBUG") else None,
        )
        self.error = self._read().get("error")

    def ask(self, command: str) -> dict[str, Any]:
        """The child's answer; a process that has died, or is too slow, answers with an error."""
        try:
            self.process.stdin.write(f"{command}\n".encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            return {"error": self._end()}
        return self._read()

    def _read(self) -> dict[str, Any]:
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(self.timeout):
                self.process.kill()
                return {"error": f"no answer within {self.timeout:.0f} s"}
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": self._end()}

    def _end(self) -> str:
        """Why the process ended: its last words."""
        words = (self.process.stderr.read() if self.process.stderr else b"").decode(errors="replace").strip()
        return f"process ended with status {self.process.wait()}: {words.splitlines()[-1] if words else 'no message'}"

    def check(self, name: str, expected: list[np.ndarray] | None, limits: tuple[float, float]) -> None:
        """One call of a function, compared with the oracle's. What fails is not timed."""
        answer = self.ask(f"check {name}")
        if "absent" in answer:
            return
        problem = answer.get("error") or self._compare(name, expected, limits)
        if problem:
            self.error = f"{name}: {problem}" if self.error is None else f"{self.error}; {name}: {problem}"
            return
        self.first[name], self.samples[name] = answer["wall"], []
        if answer["seconds"] > LONG and self.name not in frameworks.COMPILED:
            self.samples[name] = [answer["seconds"]]

    def _compare(self, name: str, expected: list[np.ndarray] | None, limits: tuple[float, float]) -> str | None:
        if expected is None:
            return "the workload has no such function"
        with np.load(Path(self.folder.name) / f"{name}.npz") as file:
            found = [file[key] for key in file.files]
        return oracle.disagreement(found, expected, limits)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.bytes = self.ask("peak").get("bytes")
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.folder.cleanup()

    def row(self) -> dict[str, Any]:
        label = self.workload if self.size == "default" else f"{self.workload}:{self.size}"
        row: dict[str, Any] = {"workload": label, "peer": self.name, "threads": self.threads}
        usual = {name: median(samples) for name, samples in self.samples.items() if samples}
        row |= {f"{name}_s": usual.get(name) for name in FUNCTIONS}
        compiled = usual if self.name in frameworks.COMPILED else {}
        row |= {f"{name}_compile_s": max(0.0, self.first[name] - usual[name]) if name in compiled else None
                for name in FUNCTIONS}  # fmt: skip
        row["peak_bytes"] = self.bytes
        return row if self.error is None else row | {"error": self.error}


def take_turns(peers: list[Peer], rounds: int, budget: float) -> None:
    """Bursts of every function of every peer, in turn, until each has `rounds` or has used its budget of seconds."""
    waiting = [(peer, name) for peer in peers for name in peer.samples if not peer.samples[name]]
    spent = dict.fromkeys(range(len(waiting)), 0.0)
    for turn in range(rounds):
        for i, (peer, name) in enumerate(waiting):
            if turn and spent[i] > budget:
                continue
            if peer.threads > 1:
                time.sleep(SETTLE)
            start = time.perf_counter()
            answer = peer.ask(f"time {name}")
            spent[i] += time.perf_counter() - start
            if "error" in answer:
                peer.error, spent[i] = f"{name}: {answer['error']}", float("inf")
                peer.samples[name].clear()
            else:
                peer.samples[name].append(answer["seconds"])


def measure(workload: str, size: str, names: list[str], threads: int, options: argparse.Namespace) -> list[Peer]:
    """All peers on one workload, checked and timed."""
    names = [name for name in names if "." not in name or frameworks.has(workload, name)]
    peers = [Peer(workload, size, name, threads, options.timeout) for name in names]
    try:
        arguments = inputs(workload, size)
        expected, limits = oracle.cached(workload, size), oracle.limits(workload, arguments)
    except Exception as error:
        for peer in peers:
            peer.error = f"{type(error).__name__}: {error}"
        return peers
    started = []
    try:
        for peer in peers:
            if not frameworks.has(workload, peer.name):
                continue
            peer.start()
            started.append(peer)
            for name in FUNCTIONS if peer.error is None else ():
                peer.check(name, expected[name], limits)
        take_turns(started, options.rounds, options.budget)
    finally:
        for peer in started:
            peer.stop()
    return peers


def _workload(text: str) -> tuple[str, str]:
    workload, _, size = text.partition(":")
    if size := size or "default":
        if workload in SIZES and size in SIZES[workload]:
            return workload, size
    known = " ".join(name if size == "default" else f"{name}:{size}" for name in SIZES for size in SIZES[name])
    raise argparse.ArgumentTypeError(f"{text} is not a workload; there are: {known}")


def _peers(text: str) -> list[str]:
    for name in filter(None, text.split(",")):
        if name not in frameworks.PEERS:
            raise argparse.ArgumentTypeError(f"{name} is not a peer; there are: {' '.join(frameworks.PEERS)}")
    return [v for name in filter(None, text.split(",")) for v in frameworks.VARIANTS.get(name, (name,)) if v != "pydex"]


def _threads(text: str) -> list[int]:
    counts = list(dict.fromkeys(int(count) for count in text.split(",")))
    if min(counts) < 1:
        raise argparse.ArgumentTypeError(f"a process has at least one thread, not {min(counts)}")
    return counts


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workloads", nargs="*", type=_workload, metavar="WORKLOAD[:SIZE]", help="default: all")
    parser.add_argument(
        "--peers", type=_peers, default=_peers("numpy,jax,torch,numba,c"), help="numpy,jax,torch,numba,c"
    )
    parser.add_argument(
        "--threads", type=_threads, default=_threads(f"1,{os.cpu_count()}"), help="1,2: each count in turn"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows here, too")
    parser.add_argument("--png", type=Path, metavar="FILE", help="draw the rows here")
    parser.add_argument("--rounds", type=int, default=9, help="bursts of about 20 ms for each function (%(default)s)")
    parser.add_argument(
        "--budget", type=float, default=2.0, help="seconds for each function, then no more (%(default)s)"
    )
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds for one answer (%(default)s)")
    return parser


def main() -> int:
    options = _parser().parse_args()
    for file in filter(None, (options.json, options.png)):
        file.parent.mkdir(parents=True, exist_ok=True)
    rows, broken = [], False
    for workload, size in options.workloads or [(name, "default") for name in SIZES]:
        for threads in options.threads:
            peers = measure(workload, size, ["pydex", *options.peers], threads, options)
            print(table(peers), flush=True)
            rows += [peer.row() for peer in peers]
            broken |= any(peer.error for peer in peers)
            if options.json:
                options.json.write_text(json.dumps(rows, indent=1) + "\n")
    if options.png:
        picture(rows, options.png)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
