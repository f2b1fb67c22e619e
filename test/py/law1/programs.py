"""Random well-typed programs, as source text in pydex's language.

Every program is `f(x: f64[n], y: f64[m], a: f64[n, m], p: m.Index[n], c: i64[n], s: f64)`, or the same in f32, and
returns a float or a tuple of what it has made. Values stay of order one, so that tolerances mean something. Hypothesis
draws the generator that makes all choices: of programs drawn choice by choice it prefers small ones that repeat
themselves. `law1.reduce` makes failures small.
"""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Callable, Iterable
from itertools import count
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from law1.demanding import Demanding
from law1.scope import Scope

HEADER = """\
import pydex as dx
from pydex import f64, i8, i32, i64

n, m, k = dx.index_sets("n m k")
q = dx.Fin(3)


@dx.struct
class Pair:
    left: f64
    right: f64

    def __mul__(self, other):
        return Pair(self.left * other.left, self.right - other.right)

    def total(self):
        return 0.5 * (self.left + self.right)


@dx.jit
def norm(v: f64[k]) -> f64:
    return dx.sqrt(0.5 + sum(v[i] * v[i] for i in k) / (1 + k.size))


@dx.jit
def shifted(v: f64[n], w: f64[k]) -> f64[n]:
    return [v[i] + 0.25 * norm(w) for i in n]


@dx.jit
def settled(v: f64[k], z: f64) -> f64:
    for i in k:
        z = 0.5 * dx.sin(z) + 0.25 * v[i]
    return z


@dx.jit
def f(x: f64[n], y: f64[m], a: f64[n, m], p: m.Index[n], c: i64[n], s: f64):
"""
SIZES = ((3, 2), (4, 3), (1, 1), (2, 5), (5, 1), (0, 2), (11, 2), (2, 9))
"""n and m; the longest have more than one vector of floats."""
SHORT = 3
"""No more for programs with loops in loops in loops in loops, which the interpreter would take minutes for."""


class Program(Demanding):
    """Draws one program."""

    def program(self, without: frozenset[str]) -> str:
        scope = Scope()
        self.without = without
        for _ in range(self.random.randint(1, 3)):
            self.statement(scope)
        if self.maybe():
            getattr(self, f"_do_{self.pick(self.demanding())}")(scope)
        results = self._results(scope)
        kinds = ["sum", "tuple"] if "tuple" not in without else ["sum"]
        if self.pick(kinds) == "tuple":
            tables = [t for t, _ in scope.tables[3:]][-2:]
            self.line(f"return {' + '.join(results)}, {', '.join([*tables, *scope.integers[-1:], '0.5 * s'])}")
        else:
            self.line("return " + " + ".join(results))
        source = HEADER + "\n".join(self.lines) + "\n"
        return source if self.pick(["f64", "f32"]) == "f64" or "f32" in without else source.replace("f64", "f32")

    def _results(self, scope: Scope) -> list[str]:
        """What the program sums up: nothing that it made last is dead."""
        new = [(t, sets) for t, sets in scope.tables if t not in ("x", "y", "a")]
        tables = [f"sum({t}[i] for i in {sets[0]})" for t, sets in new if len(sets) == 1][-2:]
        pairs = [f"sum({t}[i, j] for i in {sets[0]} for j in {sets[1]})" for t, sets in new if len(sets) == 2][-1:]
        return [*scope.floats[-2:], *tables, *pairs, self.expression(scope)]


@st.composite
def programs(draw: Callable[[st.SearchStrategy[Any]], Any], without: Iterable[str] = ()) -> str:
    """Source of a random program; `without`: kinds of statements that it has not."""
    return Program(draw(st.randoms(use_true_random=True))).program(frozenset(without))


def arguments(source: str, sizes: tuple[int, int] = SIZES[0], seed: int = 0) -> tuple[Any, ...]:
    """Arguments of a program for these n and m, of order one, no two alike; some seeds give tables with gaps."""
    n, m = sizes
    rng = np.random.default_rng(seed)
    dtype = np.float32 if "f32" in source else np.float64
    x, y, a = (rng.standard_normal(shape).astype(dtype) for shape in ((n,), (m,), (n, m)))
    indices, numbers = rng.integers(max(m, 1), size=n), rng.integers(-9, 10, size=n)
    if seed % 8 == 0:
        x, a = np.repeat(x, 2)[::2], np.asfortranarray(a)
    return x, y, a, indices, numbers, float(dtype(rng.standard_normal()))


Drawn: TypeAlias = tuple[str, tuple[int, int], int]
"""A program, and the sizes and the seed of its arguments."""


def drawn(number: int, amount: int, without: Iterable[str] = ()) -> list[Drawn]:
    """The programs that a seed gives, always the same."""
    found: list[Drawn] = []

    @seed(number)
    @settings(
        max_examples=amount,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(programs(without), st.sampled_from(SIZES), st.integers(0, 99))
    def collect(source: str, sizes: tuple[int, int], numbers: int) -> None:
        n, m = sizes if _loops(ast.parse(source)) <= 3 else (min(size, SHORT) for size in sizes)
        found.append((source, (n, m), numbers))

    collect()
    return found


def _loops(node: ast.AST) -> int:
    """How many loops are inside of one another; a function counts as one, since it may be called in one."""
    inner = max(map(_loops, ast.iter_child_nodes(node)), default=0)
    if isinstance(node, (ast.ListComp, ast.GeneratorExp)):
        return inner + len(node.generators)
    return inner + isinstance(node, (ast.For, ast.While, ast.FunctionDef, ast.Lambda))


_files = count()


def load(source: str) -> Any:
    """The function `f` of a program; its source is known to `inspect`, as if it came from a file."""
    name = f"random_program_{next(_files)}"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)  # type: ignore[assignment]
    module = ModuleType(name)
    sys.modules[name] = module  # dataclasses look there
    exec(compile(source, name, "exec"), module.__dict__)
    return module.f
