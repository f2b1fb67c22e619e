"""Rule R1, measured: a gradient needs no more than four times the memory of what goes in and comes out.

The tables that the program itself keeps count too (`kept`, in numbers). Compiled code is run on the CPU's arena, which
counts; results lie outside of it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from law1.arena import run_compiled
from law1.subject import subject

import pydex as dx
from pydex import f64, pipeline
from pydex.dialects import ix
from pydex.passes.pipelines import CPU

pytestmark = pytest.mark.slow

n, m, k = dx.index_sets("n m k")


@dx.jit
def largest_products(x: f64[n], y: f64[m]) -> f64:
    best = dx.accum(f64[m], max)
    for i in n:
        for j in m:
            best[j] = max(best[j], x[i] * y[j])
    return sum(best[j] * best[j] for j in m)


@dx.jit
def least_of_all(x: f64[n], y: f64[m]) -> f64:
    best = dx.accum(f64, min)
    for i in n:
        for j in m:
            best += dx.sin(x[i] * y[j])
    return best


@dx.jit
def largest_of_bins(x: f64[n], y: f64[m], p: k.Index[n], w: f64[k]) -> f64:
    best = dx.accum(f64[k], max)
    for i in n:
        for j in m:
            best[p[i]] += x[i] * y[j] + sum(x[i] * y[q] for q in m[:2])
    return sum(best[c] * w[c] for c in k if best[c] > -1e300)


@dx.jit
def sizes_inside(x: f64[n], z: dx.i64[n]) -> f64:
    best = dx.accum(f64, max)
    for i in n:
        for j in range(z[i]):
            best += x[i] * dx.cos(0.1 * j)
    return best


@dx.jit
def energy(x: f64[n, dx.Fin(3)], q: f64[n]) -> f64:
    """Both charges of a pair are added to, so chunks of the loop over pairs have copies of the cells."""

    def apart(i, j):
        return sum((x[i, c] - x[j, c]) ** 2 for c in dx.Fin(3))

    return sum(q[i] * q[j] / dx.sqrt(apart(i, j)) for i in n for j in n if i != j)


@dx.jit
def triangle(x: f64[n], w: f64[n]) -> f64:
    return sum(w[j] * dx.exp(-((x[i] - x[j]) ** 2)) for i in n for j in dx.below(i))


def made(rng: np.random.Generator, program: str, size: int) -> tuple[Any, ...]:
    x, y = rng.normal(size=size), rng.normal(size=size + 3)
    match program:
        case "bins":
            return x, y, rng.integers(7, size=size), rng.normal(size=7)
        case "inside":
            return x, rng.integers(size, size=size)
        case _:
            return x, y


WINNERS = {
    "products": largest_products,
    "all": least_of_all,
    "bins": largest_of_bins,
    "inside": sizes_inside,
}


def peak(function: Callable[..., Any], arguments: tuple[Any, ...], wrt: tuple[int, ...]) -> tuple[Any, int, int]:
    """The gradient after the pipeline, the bytes of its arena at once, and those of its arguments and results."""
    gradient = dx.grad(function, wrt=wrt)
    compiled = subject(gradient, arguments)
    pipeline.run_passes(compiled.module, CPU)
    arena = run_compiled(compiled)
    floats = [arguments[i] for i in wrt]
    return compiled, arena.peak, sum(np.asarray(a).nbytes for a in [*arguments, *floats])


@pytest.mark.parametrize("program", WINNERS)
@pytest.mark.parametrize("size", [150, 301])
def test_the_winners_of_cells_are_found_in_little_memory(program: str, size: int) -> None:
    arguments = made(np.random.default_rng(size), program, size)
    compiled, used, needed = peak(WINNERS[program], arguments, (0, 1) if program in ("products", "all") else (0,))
    assert used <= 4 * needed
    types = [r.type for op in compiled.function.walk() for r in op.results if isinstance(r.type, ix.TableType)]
    assert all(type.rank == 1 for type in types), f"{compiled.function}"


@pytest.mark.parametrize("size", [2000, 6000])
@pytest.mark.parametrize("function", [energy, triangle], ids=["energy", "triangle"])
def test_copies_of_cells_are_few(function: Callable[..., Any], size: int) -> None:
    """However many chunks the work would allow."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(size, 3) if function is energy else size)
    _, used, needed = peak(function, (x, rng.normal(size=size)), (0, 1))
    assert used <= 4 * needed
