"""The way back through a sequential loop in three (`ad-split`): derivatives of all programs in all executions with
segments so short that there are some, which loops are split, and what does not become NaN or cease to be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from law1.agree import FIRST, Law1
from law1.counted import assert_counted
from law1.subject import DERIVATIVES, subject

import pydex as dx
from benchmarks import lv_ode
from pydex import f32, f64, pipeline
from pydex.dialects import eff
from pydex.passes import ad_split
from pydex.passes.ad_choices import decides
from pydex.passes.pipelines import CPU

pytestmark = pytest.mark.slow

n, m = dx.index_sets("n m")


@dx.jit
def pendulum(x: f64[n], p: f64) -> f64:
    """Two numbers; what is added to one cell in several places."""
    q, v = p, 0.1
    for i in n:
        v = v - 0.1 * (dx.sin(q) + p * v * x[i])
        q = q + 0.1 * v
    return q * q + v


@dx.jit
def lorenz(x: f64[n], p: f64) -> f64:
    """Three numbers, backwards in time."""
    a, b, c = 1.0, p, 0.5
    for i in reversed(n):
        a, b, c = a + 0.1 * x[i] * (b - a), b + 0.1 * (a * (p - c) - b), c + 0.1 * (a * b - x[i] * c)
    return a + b * c


@dx.jit
def kalman(x: f64[n], p: f64) -> f64:
    """Divisions, and a sum that only adds."""
    mean, variance, total = 0.0, 1.0, 0.0
    for i in n:
        predicted = 0.9 * variance + p
        gain = predicted / (predicted + 0.5)
        error = x[i] - 0.9 * mean
        mean = 0.9 * mean + gain * error
        variance = (1.0 - gain) * predicted
        total += dx.log(predicted + 0.5) + error * error / (predicted + 0.5)
    return total


@dx.jit
def neuron(x: f64[n], p: f64) -> f64:
    h, total = 0.0, 0.0
    for i in n:
        h = dx.tanh(p * h + 0.3 * x[i])
        total += h * h
    return total


@dx.jit
def single(x: f32[n], p: f32) -> f32:
    h = p
    for i in n:
        h = dx.tanh(p * h + f32(0.3) * x[i]) * dx.exp(-h * h)
    return h


@dx.jit
def chosen(x: f64[n], p: f64) -> f64:
    """What is carried is left behind at times."""
    h, total = 0.2, 0.0
    for i in n:
        h = dx.where(x[i] > 0.6, p * x[i], dx.sin(p * h + x[i]) * dx.exp(-h * h))
        total += h * h * p
    return total


@dx.jit
def branching(x: f64[n], p: f64) -> f64:
    """Two carried numbers through a branch, one of which does not know the other."""
    h, g = 0.2, 0.3
    for i in n:
        if x[i] > 0.4:
            h = dx.sin(p * h + x[i]) * g
        else:
            g = g * p + x[i]
    return h + g


@dx.jit
def table(x: f64[n], p: f64) -> f64[n]:
    """The results are a table, so each step has a cotangent of its own."""
    v = p
    y = dx.zeros(f64[n])
    for i in n:
        v = dx.sin(v) * x[i] + p
        y[i] = v * v
    return y


@dx.jit
def newton(x: f64[n], p: f64) -> f64:
    guess = p
    while abs(guess * guess - p) > 1e-9:
        guess = 0.5 * (guess + p / guess)
    return guess * x[0]


@dx.jit
def unused(x: f64[n], p: f64) -> f64:
    """The coefficient of a step is the same in all, or none."""
    a, b = p, 0.1
    for i in n:
        a, b = 0.9 * a - p * x[i] * dx.sin(x[i]), x[i] * p
    return a * b


PROGRAMS = [pendulum, lorenz, kalman, neuron, single, chosen, branching, table, newton, unused]
X = np.array([0.3, 0.8, 0.5, -0.4, 0.9, 0.2, 0.7])


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every loop that can be split is, in segments of two steps."""
    monkeypatch.setattr(ad_split, "LENGTHS", (2,))
    monkeypatch.setattr(ad_split, "_pays", lambda loop, step: True)


def arguments(program: Any, count: int) -> tuple[Any, Any]:
    return (X[:count].astype(np.float32), np.float32(0.7)) if program is single else (X[:count], 0.7)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_executions_agree(eager: None, program: Any) -> None:
    """The reference, the interpreter after every pass, machine code: no step, only a rest, segments, and both."""
    for count in (1, 2, 5) if program is newton else (0, 1, 2, 4, 7):
        law = Law1(program, arguments(program, count), {}, FIRST)
        law.check(every_pass=count == 5, compiled=("optimised",))


@pytest.mark.parametrize("program", [pendulum, chosen, branching, table], ids=lambda p: p.__name__)
def test_second_derivatives(eager: None, program: Any) -> None:
    law = Law1(program, arguments(program, 5), {}, tuple(DERIVATIVES))
    law.check(every_pass=False, compiled=("optimised",))


@pytest.mark.parametrize("program", [pendulum, lorenz, kalman, chosen], ids=lambda p: p.__name__)
def test_long_loops(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the lengths that segments have, and numbers of steps around these: the same as in one loop."""
    counts = (0, 255, 256, 257, 511, 1100)
    x = np.cos(np.arange(1100.0))
    split, whole = dx.grad(program, (0, 1)), dx.grad(program, (0, 1))
    monkeypatch.setattr(ad_split, "_pays", lambda loop, step: True)
    found = [split(x[:count], 0.7) for count in counts]
    monkeypatch.setattr(ad_split, "_may_split", lambda loop: False)
    for count, (x_bar, p_bar) in zip(counts, found, strict=True):
        x_expected, p_expected = whole(x[:count], 0.7)
        assert p_bar == pytest.approx(p_expected, rel=1e-11)
        np.testing.assert_allclose(x_bar, x_expected, rtol=1e-11, atol=1e-12 * np.abs(x_expected).max(initial=0.0))


@pytest.mark.parametrize("program", [pendulum, kalman, chosen], ids=lambda p: p.__name__)
def test_formulas_are_what_is_counted(eager: None, program: Any) -> None:
    for count in (1, 2, 7):
        made = subject(dx.grad(program, (0, 1)), arguments(program, count))
        pipeline.run_passes(made.module, CPU)
        assert_counted(made, made.entry, made.arguments)


# ------------------------------------------------------------------------------------------------ which are split


@dx.jit
def many(x: f64[n], p: f64) -> f64:
    """Five numbers."""
    a, b, c, d, e = p, p, p, p, p
    for i in n:
        a, b, c, d, e = dx.sin(b), dx.sin(c * x[i]), dx.sin(d), dx.sin(e), dx.sin(a * p)
    return a + b + c + d + e


@dx.jit
def grid(x: f64[n], p: f64) -> f64:
    """A table."""
    u = [v for v in x]
    for _ in n:
        u = [p * dx.sin(u[i]) for i in n]
    return sum(u[i] for i in n)


@dx.jit
def batch(x: f64[n, m], p: f64) -> f64:
    """Series side by side, which run in lanes."""

    def one(i) -> f64:
        v = p
        for j in m:
            v = dx.sin(v) * x[i, j] + p * v
        return v

    return sum(one(i) for i in n)


@dx.jit
def cheap(x: f64[n], p: f64) -> f64:
    """A step waits for two operations, and does few others."""
    a = 0.0
    for i in n:
        a = p * a + x[i]
    return a


@dx.jit
def short(x: f64[dx.Fin(20)], p: f64) -> f64:
    v = p
    for i in dx.Fin(20):
        v = dx.sin(v) * dx.exp(x[i] * p * v) + v * v
    return v


@dx.jit
def untaped(x: f64[n], p: f64) -> f64:
    """What goes back reads nothing but the arguments; as it is, it needs no memory."""
    a, b = p, 0.1
    for i in n:
        a, b = a * dx.sin(dx.exp(x[i])) + b * dx.cos(x[i]), b * dx.exp(x[i]) - a * dx.sin(x[i])
    return a * b


def is_split(function: Any, args: tuple[Any, ...]) -> bool:
    made = subject(function, args)
    pipeline.run_passes(made.module, CPU)
    return 'rule "quotient"' in str(made.module)


@pytest.mark.parametrize("program", [pendulum, kalman, neuron, single, chosen], ids=lambda p: p.__name__)
def test_split(program: Any) -> None:
    assert is_split(dx.grad(program, (0, 1)), arguments(program, 5))


def test_the_workload_is_split() -> None:
    """Its tables are those that fit."""
    assert is_split(lv_ode.gradient, (1.5, 1.0, 3.0, 1.0, 10, 1e-3))


@pytest.mark.parametrize("program", [many, grid, cheap, short], ids=lambda p: p.__name__)
def test_not_split(program: Any) -> None:
    assert not is_split(dx.grad(program, (0, 1)), (np.full(20, 0.5), 0.7))


def test_without_a_tape_it_stays_without_memory(eager: None) -> None:
    made = dx.jit(dx.grad(untaped, (1,)), require=dx.Guarantee(alloc=0))
    assert not is_split(made, (X, 0.7))


def test_not_split_inside_of_parallel_loops() -> None:
    assert not is_split(dx.grad(batch, (0, 1)), (np.full((20, 30), 0.5), 0.7))


def test_recurrences_of_the_source_stay(eager: None) -> None:
    """Linear or not, the order of their operations is the user's."""
    assert not is_split(cheap, (X, 0.7))
    assert not is_split(dx.jvp(cheap), ((X, 0.7), (X, 1.0)))


def test_policies_stay(eager: None) -> None:
    kept = dx.jit(lambda x, p: dx.checkpoint(pendulum, 2)(x, p))
    made = subject(dx.grad(kept, (0, 1)), (X, 0.7))
    pipeline.run_passes(made.module, CPU)
    assert str(made.module).count('rule "quotient"') == 1  # that of the policy


# ------------------------------------------------------------------------------------------------- what is not finite


@dx.jit
def episodes(x: f64[n], p: f64) -> f64:
    """Begins anew where x is large; between, it may grow beyond all bounds."""
    h, total = 0.1, 0.0
    for i in n:
        before = dx.where(x[i] > 2.0, p, h)
        h = x[i] * before * before + dx.sin(before)
        total += h
    return total


@dx.jit
def branched(x: f64[n], p: f64) -> f64:
    h, total = 0.1, 0.0
    for i in n:
        if x[i] > 2.0:
            h = p * x[i]
        else:
            h = x[i] * h * h + h
        total += h
    return total


@pytest.fixture
def forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ad_split, "_pays", lambda loop, step: True)


@pytest.mark.parametrize("program", [episodes, branched], ids=lambda p: p.__name__)
def test_an_episode_that_overflows_does_not_reach_the_one_before(forced: None, program: Any) -> None:
    """Zeros that were chosen are zeros beside an infinite cotangent too."""
    x = np.random.default_rng(0).uniform(-0.5, 0.5, 700)
    x[350], x[351:] = 3.0, 1.9
    x_bar, _ = dx.grad(program, (0, 1))(x, 0.3)
    assert np.isfinite(x_bar[:350]).all()
    assert not np.isfinite(x_bar[350:]).all()
    alone, _ = dx.grad(program, (0, 1))(x[:350], 0.3)
    np.testing.assert_allclose(x_bar[:350], alone, rtol=1e-12, atol=1e-15)


@dx.jit
def vanishing(x: f64[n], p: f64) -> f64:
    """From p = 0 on, a factor that is zero meets the infinite cotangent of a root."""
    h = p
    for i in n:
        h = dx.where(x[i] > 0.0, x[i] * dx.sin(h), dx.exp(h))
    return dx.sqrt(h)


@dx.jit
def clipped(x: f64[n], p: f64) -> f64:
    h, g = p, 0.5
    for i in n:
        h, g = max(x[i] * h, 0.0) * dx.exp(h), dx.where(g > h, g * h, dx.where(x[i] > 0.5, h, x[i] * g))
    return dx.sqrt(h) + dx.log(g)


@dx.jit
def vanishing_in_branches(x: f64[n], p: f64) -> f64:
    h, g = p, 0.5
    for i in n:
        if x[i] > 0.3:
            h = dx.sin(h) * x[i]
            if x[i] > 0.6:
                g = h * p
        else:
            g = h * g * x[i]
    return dx.sqrt(h) + dx.sqrt(g)


@pytest.mark.parametrize("program", [vanishing, clipped, vanishing_in_branches], ids=lambda p: p.__name__)
def test_a_factor_that_is_zero_makes_nan_of_infinity(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only zeros that were chosen stay zeros: what is finite, and what is not, is the same in three loops as in one."""
    rng = np.random.default_rng(0)
    values, weights = [0.4, 0.9, 0.0, -0.7, np.nan, np.inf], [0.4, 0.3, 0.1, 0.1, 0.05, 0.05]
    series = [np.full(6, 0.4), np.full(6, 0.9), *rng.choice(values, (40, 6), p=weights)]
    split, whole = dx.grad(program, (0, 1)), dx.grad(program, (0, 1))
    monkeypatch.setattr(ad_split, "LENGTHS", (2,))
    monkeypatch.setattr(ad_split, "_pays", lambda loop, step: True)
    found = [split(x, p) for x in series for p in (0.0, 0.3)]
    monkeypatch.setattr(ad_split, "_may_split", lambda loop: False)
    expected = [whole(x, p) for x in series for p in (0.0, 0.3)]
    for together, one in zip(map(np.hstack, found), map(np.hstack, expected), strict=True):
        finite = np.isfinite(one)
        np.testing.assert_array_equal(np.isfinite(together), finite)
        np.testing.assert_allclose(together[finite], one[finite], rtol=1e-12, atol=1e-15)
    assert any(0 < np.isfinite(together).sum() < 7 for together in map(np.hstack, found))


def test_nan_goes_back(forced: None) -> None:
    x = np.cos(np.arange(700.0))
    x[600] = np.nan
    x_bar, p_bar = dx.grad(pendulum, (0, 1))(x, 0.3)
    assert np.isnan(p_bar) and np.isnan(x_bar).all()


def test_a_choice_by_a_rounded_number_is_made_once(forced: None) -> None:
    """Whoever has won twice with the same number must be the same in all loops of the reverse."""

    @dx.jit
    def won_twice(x: f64[n], z: f64[n], q: n.Index[n], a: f64, b: f64, w: f64[n]):
        s, t, acc, total, most = a, 0.25, dx.zeros(f64[n]), 0.0, -1.0
        for _ in range(2):
            for i in reversed(n):
                t = dx.sin(
                    dx.sqrt(1.5 + (z[i] + a) ** 2) * (0.67 + z[n.wrap(dx.ordinal(i) + 3)] + dx.stop_gradient(x[q[i]]))
                )
                t = 0.9 * (dx.sin(0.3 * ((x[i] + s) * (t - w[i]))))
                s = dx.sin((a / (a**2 + 2.5)) / (dx.sqrt(1.5 + x[i] ** 2) ** 2 + 2.5))
                acc[n.wrap(dx.ordinal(i) + 1)] += dx.exp(0.3 * dx.tanh(0.3 * t))
                total += (b - 0.47) if x[i] * z[i] > 0.87 / (w[i] ** 2 + 2.5) else dx.tanh(0.3 * 0.66)
                most = max(most, (s / (s**2 + 2.5) * (t * s)))
                if a * x[q[i]] > 40.0:
                    break
        return s + t + sum(acc[e] * w[e] for e in n) + total + most

    rng = np.random.default_rng(1031)
    x, z, w = (0.7 * rng.normal(size=1030) for _ in range(3))
    args = (x, z, rng.integers(0, 1030, size=1030), 0.37, -0.4, w)
    _, tangent = dx.jvp(won_twice, args, (0 * x, 0 * z, 0, 1.0, 0.0, 0 * w))
    _, _, a_bar, _, _ = dx.grad(won_twice, ("x", "z", "a", "b", "w"))(*args)
    assert a_bar == pytest.approx(tangent, rel=1e-10)


def test_choices_of_rounded_numbers(forced: None) -> None:
    """What a loop decides by numbers that it rounds; those that it reads are the same in every run."""

    def decided(program: Any) -> set[bool]:
        loops = [o for o in subject(program, (np.ones(3), 0.3)).module.walk() if isinstance(o, eff.LoopOp)]
        return {decides(loop.body.block.walk(), loop.body.block) for loop in loops}

    @dx.jit
    def rounded(x: f64[n], p: f64) -> f64:
        h = 0.1
        for i in n:
            h = dx.sin(h) if h * x[i] + p > 0.0 else x[i]
        return h

    assert decided(rounded) == {True}
    assert decided(branched) == {False}
