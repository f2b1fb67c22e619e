"""`dx.checkpoint(f, policy)`: the derivatives of f, in all executions, whatever is carried; the memory and the
evaluations that docs/guarantees.md states."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from law1.agree import FIRST, Law1
from law1.arena import run_compiled
from law1.counted import assert_counted
from law1.subject import DERIVATIVES, subject

import pydex as dx
from benchmarks import lv_ode
from pydex import f64, pipeline
from pydex.interpreter import Machine, run
from pydex.passes import ad_split
from pydex.passes.pipelines import CPU

pytestmark = pytest.mark.slow

n = dx.index_sets("n")


@dx.jit
def oscillator(x: f64[n], p: f64) -> f64:
    """Scalars, one of them an integer, read from the table in the loop's order."""
    a, b, count = 1.0, 0.5, 0
    for i in n:
        a, b = a + 0.1 * p * b * x[i], b - 0.1 * dx.sin(a)
        count += 1
    return a * b + 0.1 * count


@dx.jit
def backwards(x: f64[n], p: f64) -> f64:
    total = p
    for i in reversed(n):
        total = dx.sin(total * x[i]) + p
    return total


@dx.jit
def diffusion(x: f64[n], p: f64) -> f64:
    """A table that each step replaces, by loops inside of the step."""
    u = [v for v in x]
    for _ in n:
        mean = sum(u[i] for i in n) / 4.0
        u = [u[i] + p * dx.sin(mean - u[i]) for i in n]
    return sum(u[i] * u[i] for i in n)


@dx.jit
def trajectory(x: f64[n], p: f64) -> f64[n]:
    """A table that each step writes an element of, beside a scalar."""
    path = dx.zeros(f64[n])
    v = p
    for i in n:
        v = dx.sin(v) + x[i]
        path[i] = v * v
    return path


@dx.jit
def recurrence(x: f64[n + 1], p: f64) -> f64:
    """A table read where an earlier step has written it."""
    y = x.copy()
    v = p
    for i in n:
        v = 0.5 * v + y[i]
        y[i + 1] = dx.sin(y[i] * v) + y[i + 1]
    return y[-1] + v


@dx.jit
def binned(x: f64[n], p: f64) -> f64[dx.Fin(3)]:
    """Accumulates while it carries."""
    total = dx.zeros(f64[dx.Fin(3)])
    v = p
    for i in n:
        v = dx.sin(v * x[i]) + 0.1
        total[dx.Fin(3).clamp(int(10.0 * v))] += v * x[i]
    return total


@dx.jit
def newton(x: f64[n], p: f64) -> f64:
    """A while loop, whose trips are known when it has run."""
    guess = p
    while abs(guess * guess - p) > 1e-9:
        guess = 0.5 * (guess + p / guess)
    return guess * x[0]


@dx.jit
def triangle(x: f64[n], p: f64) -> f64:
    """Loops in each iteration of a parallel one, as long as its index says."""

    def row(i) -> f64:
        v = p
        for j in dx.upto(i):
            v = dx.sin(v) * x[j] + p
        return v

    return sum(row(i) for i in n)


@dx.jit
def nested(x: f64[n], p: f64) -> f64:
    """A sequential loop inside of each step."""
    a = p
    for i in n:
        b = a
        for j in n:
            b = dx.sin(b) * x[j] + 0.3 * x[i]
        a = a + 0.5 * b
    return a


@dx.jit
def in_place(x: f64[n], p: f64) -> f64:
    """A vector of states, which each step updates in place by an order-free loop."""
    u = x.copy()
    for _ in n:
        for i in n:
            u[i] = dx.sin(u[i] * p) + u[i] * x[i]
    return sum(u[i] * u[i] for i in n)


X = np.array([0.3, 0.8, 0.5, -0.4, 0.9, 0.2, 0.7])
PROGRAMS = [oscillator, backwards, diffusion, trajectory, recurrence, binned, newton, triangle, nested, in_place]
AGREE = [
    *((program, "sqrt") for program in PROGRAMS),
    *((program, "log") for program in (backwards, recurrence, triangle, in_place)),
    (oscillator, 2),
]


def with_policy(program: Any, policy: str | int) -> Any:
    return dx.jit(lambda x, p: dx.checkpoint(program, policy)(x, p))


@pytest.mark.slow
@pytest.mark.parametrize("program, policy", AGREE, ids=lambda v: getattr(v, "__name__", str(v)))
def test_executions_agree(program: Any, policy: str | int) -> None:
    """The reference, the interpreter (after every pass), machine code: the value and both modes."""
    law = Law1(with_policy(program, policy), (X[:5], 0.7), {}, FIRST)
    law.check(every_pass=program is oscillator, compiled=("optimised",))


@pytest.mark.slow
@pytest.mark.parametrize("program, policy", [(recurrence, "sqrt"), (diffusion, "log")])
def test_second_derivatives(program: Any, policy: str) -> None:
    law = Law1(with_policy(program, policy), (X[:4], 0.7), {}, tuple(DERIVATIVES))
    law.check(every_pass=False, compiled=("optimised",))


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["sqrt", "log", 3])
def test_gradient_is_that_without_policy(policy: str | int) -> None:
    """For loops of any length, no step among them."""
    plain, kept = (dx.value_and_grad(f, (0, 1)) for f in (oscillator, dx.checkpoint(oscillator, policy)))
    for length in (0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 63, 64, 65, 1000):
        x = np.cos(np.arange(float(length)))
        (value, (x_bar, p_bar)), (expected, (x_expected, p_expected)) = kept(x, 0.7), plain(x, 0.7)
        assert value == pytest.approx(expected, rel=1e-13)
        np.testing.assert_allclose(p_bar, p_expected, rtol=1e-12)
        np.testing.assert_allclose(x_bar, x_expected, rtol=1e-12, atol=1e-15)


# ------------------------------------------------------------------------------------ memory and evaluations

PLACES = ("a", "b", "c", "d")
SEGMENT = 14 * 8 * ad_split.LENGTHS[1]


def lotka_volterra(policy: str | int | None, steps: int) -> Any:
    """The gradient of the workload, after the pipeline, for so many steps."""
    function = lv_ode.objective if policy is None else dx.checkpoint(lv_ode.objective, policy)
    made = subject(dx.value_and_grad(function, PLACES), (1.5, 1.0, 3.0, 1.0, steps, 1e-3))
    pipeline.run_passes(made.module, CPU)
    return made


@pytest.mark.slow
@pytest.mark.parametrize(
    "policy, peak",
    [(None, lambda n: 16 * n + SEGMENT), ("sqrt", lambda n: 48 * root(n)), ("log", lambda n: 48 * n.bit_length() + 16),
     (100, lambda n: 16 * (n // 100) + 16 * 100)],
)  # fmt: skip
def test_peak_of_compiled_code(policy: str | int | None, peak: Callable[[int], int]) -> None:
    """The most bytes in use at once, at two sizes: two numbers for each state.

    Without a policy also what `ad-split` keeps of a segment: 4 coefficients, 8 of what is added, 2 cotangents."""
    for steps in (100, 10_000):
        assert 0.6 * peak(steps) <= run_compiled(lotka_volterra(policy, steps)).peak <= peak(steps)


c, k = dx.index_sets("c k")


@dx.jit
def driven(x: f64[c], u0: f64[k]) -> f64:
    """States updated in place, in every of c steps."""
    u = u0.copy()
    for t in c:
        for i in k:
            u[i] = dx.sin(u[i]) * x[t]
    return sum(u[i] for i in k)


@pytest.mark.parametrize("policy", [None, "sqrt", "log"])
def test_peak_with_states_updated_in_place(policy: str | None) -> None:
    """Without a policy a number and its sine are kept for each element of the state; with one, few states."""
    for steps in (100, 2500):
        function = driven if policy is None else dx.checkpoint(driven, policy)
        made = subject(dx.value_and_grad(function, (0, 1)), (np.ones(steps), np.full(5, 0.3)))
        pipeline.run_passes(made.module, CPU)
        states = run_compiled(made).peak / (5 * 8)
        most = {None: 2 * steps + 8, "sqrt": 4 * root(steps) + 8, "log": 4 * steps.bit_length() + 8}[policy]
        assert states <= most + steps / 5, f"{states} states of {steps}"


def root(n: int) -> int:
    """⌈√n⌉"""
    return math.isqrt(n - 1) + 1


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["sqrt", "log", 3])
def test_formulas_are_what_is_counted(policy: str | int) -> None:
    for steps in (1, 12):
        made = lotka_volterra(policy, steps)
        assert_counted(made, made.entry, made.arguments)


@dx.jit
def sines(x: f64[n], p: f64) -> f64:
    for i in n:
        p = dx.sin(p) * x[i]
    return p


@pytest.mark.parametrize("policy", ["sqrt", "log", 5])
def test_evaluations(policy: str | int) -> None:
    """A step is evaluated three times; with "log" once more for each level at which it is run through again."""
    for steps in (1, 13, 37):
        made = subject(dx.value_and_grad(dx.checkpoint(sines, policy), (0, 1)), (np.full(steps, 0.9), 0.4))
        pipeline.run_passes(made.module, CPU)
        machine = Machine(made.module)
        run(made.module, made.entry, made.arguments, machine=machine)
        count = sum(times for (name, *_), times in machine.counts.items() if name == "math.sin")
        assert count == 3 * steps + (run_again(steps) if policy == "log" else 0)


def run_again(steps: int) -> int:
    """How many steps are run only to get to another, by the definition of halving, written as a recursion."""
    length = steps.bit_length()

    def back(first: int, after: int) -> int:
        size = 1
        while 2 * size < after - first:
            size *= 2
        return 0 if after - first <= 1 else size + back(first + size, after) + back(first, first + size)

    return steps % length + length * back(0, steps // length)


# --------------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize("policy", ["cube", 0, -3, True, 2.0, 2**31])
def test_a_policy_there_is_not(policy: Any) -> None:
    message = f"""error: {policy!r} is not a policy of dx.checkpoint
help: write "sqrt" (about √n states of n), "log" (log2 n), or a number of steps (every k-th)"""
    with pytest.raises(dx.DexError) as refused:
        dx.checkpoint(oscillator, policy)
    assert str(refused.value) == message
