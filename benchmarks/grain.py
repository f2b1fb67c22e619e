"""Loops of 10 to 10⁶ iterations with one thread and with several: `python -m benchmarks.grain`, or `… exp --pause 2`.

Nothing should be slower with more threads. A call with one thread and a call with more take turns; a cell is the least
time of each, in µs, and their ratio: what this machine can do, whoever else uses it. `--pause` is what lies between two
calls, in ms: in one of them helpers fall asleep.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import pydex as dx
from pydex import f32, f64, i64

n, m, b = dx.index_sets("n m b")
SIZES = (10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000)


@dx.jit
def scale(x: f64[n]):
    return [2.0 * x[i] + 1.0 for i in n]


@dx.jit
def exp(x: f32[n]):
    return [dx.exp(x[i]) for i in n]


@dx.jit
def squares(x: f64[n]):
    return sum(x[i] * x[i] for i in n)


@dx.jit
def logsumexp(v: f64[m]) -> f64:
    top = max(v[j] for j in m)
    return top + dx.log(sum(dx.exp(v[j] - top) for j in m))


@dx.jit
def rows(x: f64[n, m]) -> f64:
    return sum(logsumexp(x[i]) for i in n)


@dx.jit
def histogram(x: f32[n], bins: dx.Size[b]) -> i64[b]:
    count = dx.zeros(i64[b])
    for i in n:
        count[b.clamp(int(x[i] * f32(b.size)))] += 1
    return count


@dx.jit
def chain(x: f64[n]):
    """Short loops one after the other, none of which can become a part of another."""
    y = [dx.sin(x[i]) for i in n]
    mean = sum(y[i] for i in n) / n.size
    spread = sum((y[i] - mean) ** 2 for i in n)
    return [(y[i] - mean) / dx.sqrt(spread) for i in n]


@dx.jit
def roots(x: f64[n]):
    """Iterations of different length."""
    r = [x[i] + 1.0 for i in n]
    for i in n:
        while abs(r[i] * r[i] - x[i]) > 1e-12 * x[i]:
            r[i] = 0.5 * (r[i] + x[i] / r[i])
    return r


def numbers(size: int, type: Any = np.float64) -> np.ndarray:
    return np.random.default_rng(0).random(size).astype(type)


#: A function, and its arguments for a number of iterations.
BODIES: dict[str, tuple[Callable[..., Any], Callable[[int], tuple[Any, ...]]]] = {
    "scale": (scale, lambda size: (numbers(size),)),
    "exp": (exp, lambda size: (numbers(size, np.float32),)),
    "squares": (squares, lambda size: (numbers(size),)),
    "rows": (rows, lambda size: (numbers(size // 10 * 10).reshape(-1, 10),)),
    "rows'": (dx.grad(rows), lambda size: (numbers(size // 10 * 10).reshape(-1, 10),)),
    "histogram": (histogram, lambda size: (numbers(size, np.float32), 64)),
    "chain": (chain, lambda size: (numbers(size),)),
    "roots": (roots, lambda size: (numbers(size),)),
}


def least(call: Callable[[], Any], threads: tuple[int, int], seconds: float, pause: float) -> list[float]:
    """The least seconds of a call, with so many threads; and with so many."""
    best = [float("inf")] * 2
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for which, count in enumerate(threads):
            dx.set_num_threads(count)
            for _ in range(1 if pause else 20):
                time.sleep(pause) if pause else None
                start = time.perf_counter()
                call()
                best[which] = min(best[which], time.perf_counter() - start)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="BODY", help=f"of {' '.join(BODIES)}")
    parser.add_argument("--threads", type=int, default=0, help="0: as many as there are processors")
    parser.add_argument("--pause", type=float, default=0.0, help="ms between two calls")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each cell")
    options = parser.parse_args()
    dx.set_num_threads(options.threads)
    counts = 1, dx.get_num_threads()
    print(f"{'iterations':>12}" + "".join(f"{size:>22}" for size in SIZES))
    for name in options.names or BODIES:
        function, arguments = BODIES[name]
        cells = []
        for size in SIZES:
            given = arguments(size)
            one, more = least(lambda: function(*given), counts, options.seconds, options.pause / 1e3)  # noqa: B023
            cells.append(f"{1e6 * one:9.1f}{1e6 * more:9.1f}{more / one:5.2f}"[:23])
        print(f"{name:>12}" + "".join(f"{cell:>23}"[-23:] for cell in cells), flush=True)


if __name__ == "__main__":
    main()
