"""`fastmath=`: IEEE's results without it, what LLVM's flags allow with it, for all of the code of a function."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

import pydex as dx
from benchmarks import lv_ode
from pydex import cache, f64
from pydex.asked import FLAGS

pytestmark = pytest.mark.slow

n = dx.index_sets("n")


def cancelled(a: f64, b: f64) -> f64:
    """b, or 0 where a is so large that a + b rounds to a."""
    return (a + b) - a


STRICT = {
    "inf - inf": (lambda x: x - x, math.inf, math.nan),
    "0 · nan": (lambda x: x * 0.0, math.nan, math.nan),
    "0 · -1": (lambda x: x * 0.0, -1.0, -0.0),
    "-0 + 0": (lambda x: x + 0.0, -0.0, 0.0),
    "0 - x": (lambda x: 0.0 - x, 0.0, 0.0),
    "2x / 2": (lambda x: (x * 2.0) / 2.0, 1.7e308, math.inf),
    "x / 3": (lambda x: x / 3.0 * 3.0, 0.1, 0.1 / 3.0 * 3.0),
    "nan == nan": (lambda x: 1.0 if x == x else 2.0, math.nan, 2.0),
    "rounding": (lambda x: (x + 1.0) - x, 1e16, 0.0),
    "sum over a set": (lambda x: sum(x * f64(dx.ordinal(i)) for i in dx.Fin(3)), math.inf, math.nan),
}


@pytest.mark.parametrize("name", STRICT)
def test_ieee_without(name: str) -> None:
    function, argument, expected = STRICT[name]
    result = dx.jit(function)(argument)
    assert (math.isnan(result) and math.isnan(expected)) or result == expected
    assert math.isnan(expected) or math.copysign(1.0, result) == math.copysign(1.0, expected)


def test_it_allows_what_the_flags_say() -> None:
    assert dx.jit(cancelled)(1e16, 1.0) == 0.0
    assert dx.jit(cancelled, fastmath={"nnan", "afn"})(1e16, 1.0) == 0.0
    assert dx.jit(cancelled, fastmath={"reassoc", "nsz"})(1e16, 1.0) == 1.0
    assert dx.jit(cancelled, fastmath=True)(1e16, 1.0) == 1.0


def test_the_code_that_is_asked_for_decides() -> None:
    """A callee becomes a part of what calls it."""
    strict, fast = dx.jit(cancelled), dx.jit(cancelled, fastmath=True)
    assert dx.jit(lambda a, b: fast(a, b))(1e16, 1.0) == 0.0
    assert dx.jit(lambda a, b: strict(a, b), fastmath=True)(1e16, 1.0) == 1.0
    assert dx.jit(fast, fastmath=False)(1e16, 1.0) == 0.0
    assert dx.jit(fast, require=dx.Guarantee(alloc=0))(1e16, 1.0) == 1.0


def flags(function: Any) -> set[str]:
    """The flags of float ops, those of vector math left out."""
    text = function.ir("mlir").split("func.func private @pdx_")[0]
    return {flag for found in re.findall(r"fastmath<([a-z,]+)>", text) for flag in found.split(",")}


def test_derivatives_inherit() -> None:
    fast = dx.jit(cancelled, fastmath=["ninf"])
    for made in (fast, dx.grad(fast), dx.checkpoint(fast), dx.hessian(dx.grad(fast)), dx.jit(dx.grad(fast))):
        assert made.asked.fastmath == ("ninf",)
    cube = dx.jit(lambda_free_cube, fastmath=["ninf"])
    assert flags(dx.grad(cube)) == {"contract", "ninf"} and flags(dx.grad(lambda_free_cube)) == {"contract"}


def lambda_free_cube(x: f64) -> f64:
    return x * x * x


def test_vector_math_stays_exact() -> None:
    """Compensated sums would lose what they are for."""

    def tail(fastmath: bool) -> str:
        return dx.jit(exponential, fastmath=fastmath).ir("mlir").split("func.func", 1)[1]

    assert "math.fma" in tail(True) and tail(True) == tail(False)
    assert dx.jit(exponential, fastmath=True)(0.7) == pytest.approx(math.exp(0.7), rel=2e-16)


def exponential(x: f64) -> f64:
    return dx.exp(x)


@pytest.mark.slow
def test_results_stay_close() -> None:
    arguments = 1.5, 1.0, 3.0, 1.0, 1000, 1e-2
    places = ("a", "b", "c", "d")
    fast = dx.jit(lv_ode.objective, fastmath=True)
    assert fast(*arguments) == pytest.approx(lv_ode.objective(*arguments), rel=1e-12)
    slopes = dx.grad(fast, places)(*arguments), dx.grad(lv_ode.objective, places)(*arguments)
    np.testing.assert_allclose(*slopes, rtol=1e-11)


def test_it_has_code_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("PYDEX_CACHE", str(tmp_path))
    options: list[dict[str, Any]] = [{}, {"fastmath": True}, {"fastmath": {"nnan"}}, {"deterministic": True}]
    keys = [cache.key(dx.jit(cancelled, **given), None) for given in options]
    assert None not in keys and len(set(keys)) == 4


def test_it_is_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fast = dx.jit(cancelled, fastmath={"nnan", "reassoc"})
    dx.explain(fast)
    assert "  fastmath   reassoc, nnan, in all of its code\n" in capsys.readouterr().out
    monkeypatch.setenv("PYDEX_DEBUG", "1")
    fast(1.0, 2.0)
    assert "pydex: cancelled has fastmath=nnan,reassoc\n" in capsys.readouterr().err
    assert re.search(r"fastmath<(nnan,reassoc|reassoc,nnan)>", fast.ir("frontend"))


HELP = "help: write True for all flags, or a set of some of reassoc, nnan, ninf, nsz, arcp, contract, afn"


@pytest.mark.parametrize(
    "given, message",
    [
        ({"unsafe"}, "'unsafe' is not a flag of fastmath"),
        ("nnan", "fastmath is a bool or a set of flags, found 'nnan'"),
        (1, "fastmath is a bool or a set of flags, found 1"),
    ],
)
def test_refused(given: Any, message: str) -> None:
    with pytest.raises(dx.DexError) as refused:
        dx.jit(cancelled, fastmath=given)
    assert str(refused.value) == f"error: {message}\n{HELP}"


def test_all_flags_are_llvms() -> None:
    """`True` is what LLVM calls fast."""
    assert set(FLAGS) == {"reassoc", "nnan", "ninf", "nsz", "arcp", "contract", "afn"}
    assert dx.jit(cancelled, fastmath=FLAGS).asked == dx.jit(cancelled, fastmath=True).asked
