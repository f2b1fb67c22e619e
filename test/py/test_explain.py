"""`dx.explain` and `dx.Guarantee`: what they say and what they refuse, beyond docs/guarantees.md and docs/errors.md."""

from __future__ import annotations

import numpy as np
import pytest

import pydex as dx
from pydex import f64, i64
from pydex.explaining import explained

n, m = dx.index_sets("n m")


@dx.jit
def decay(x: f64[n], steps: dx.Size[m]) -> f64:
    y = sum(x[i] for i in n)
    for t in m:
        y = 0.5 * y * y + dx.exp(-y) * t
        while y > 10.0:
            y = 0.1 * y
    return y


DECAY = """\
decay(x: f64[n], steps: Size[m]) -> f64
  work       6*m + n + trips(while at line 20) flops, m of them elementary functions
  memory     n loads, 0 stores: 8*n bytes
  span       at most m*most_trips(while at line 20) + log2(n) + 6*m flops
  allocates  nothing
loops
  line 17, y = sum(x[i] for i in n): parallel, each iteration reduces (add); on threads, where it is large enough
      vector lanes: no, lanes would not pay
      n iterations; in all n flops, 8*n bytes
  line 18, for t in m: sequential, y is carried
      m iterations; in all 6*m + trips(while at line 20) flops, m of them elementary functions, 0 bytes
    line 20, while y > 10.0: sequential, it goes on as long as its condition holds
        as many iterations as it takes; in all trips(while at line 20) flops, 0 bytes
"""


def test_what_depends_on_data_has_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    dx.explain(decay)
    printed = capsys.readouterr().out
    assert printed.startswith(DECAY)
    assert "f64[m] for line 18, what each turn of the loop leaves for the reverse: 8*m bytes" in printed


def test_a_generic_function_takes_example_arguments() -> None:
    @dx.jit
    def total(x):
        return sum(v for v in x)

    assert explained(total, (np.ones(3),)).startswith(
        "total(x: f64[x.shape[0]]) -> f64\n  work       x.shape[0] flops\n"
    )
    with pytest.raises(TypeError, match="annotate its parameters"):
        explained(total)


def test_a_function_without_a_gradient_says_nothing_of_it() -> None:
    @dx.jit
    def twice(x: f64[n]) -> f64[n]:
        return [2.0 * x[i] for i in n]

    assert "gradient" not in explained(twice)


def test_a_plain_function_is_refused() -> None:
    with pytest.raises(TypeError, match="decorate it with @dx.jit"):
        dx.explain(len)


def test_dependent_sizes_need_no_bound() -> None:
    """1 + 2 + … + (n - 1) terms."""

    @dx.jit
    def triangle(x: f64[n]) -> f64:
        return sum(x[i] * x[j] for i in n for j in dx.below(i))

    assert "work       n^2 flops" in explained(triangle)


def test_check_prints_the_type_and_compiles_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    @dx.jit
    def top(x: f64[n]) -> f64:
        return max(x[i] for i in n)

    dx.check(top)
    assert capsys.readouterr().out == "top(x: f64[n]) -> f64\n  where n ≥ 1\n"
    assert not top._compilations


def test_check_finds_what_only_compiling_would() -> None:
    """A derivative that has no rule, and a promise that is not kept."""

    def last(x: f64[n]) -> f64:
        y = 0.0
        for i in n:
            y = 0.5 * y + x[i]
        return y

    @dx.jit
    def product(x: f64[n], bins: dx.Size[m]) -> f64:
        cells = dx.ones(f64[m])
        for i in n:
            cells[m.clamp(i)] *= x[i]
        return sum(cells[j] for j in m)

    with pytest.raises(NotImplementedError):
        dx.check(dx.grad(product))
    with pytest.raises(TypeError, match="parallel=True is not kept"):
        dx.check(dx.jit(last, require=dx.Guarantee(parallel=True)))


# ------------------------------------------------------------------------------------------------- promises


def test_a_promise_that_is_kept_changes_nothing() -> None:
    @dx.jit(require=dx.Guarantee(alloc=0, parallel=True, work=2 * n, grad_work=2))
    def square(x: f64[n]) -> f64:
        return sum(x[i] * x[i] for i in n)

    assert square(np.array([1.0, 2.0])) == 5.0
    assert square.reference(np.array([1.0, 2.0])) == 5.0


@pytest.mark.slow
def test_a_derivative_may_promise_and_the_function_stays_free() -> None:
    @dx.jit
    def chain(x: f64[n]) -> f64:
        y = 0.0
        for i in n:
            y = dx.sin(y) + x[i]
        return y

    with pytest.raises(TypeError, match="found 8\\*n"):
        dx.jit(dx.grad(chain), require=dx.Guarantee(alloc=0))(np.ones(3))
    roomy = dx.jit(dx.grad(chain), require=dx.Guarantee(alloc=8 * n))
    assert np.array_equal(roomy(np.ones(3)), dx.grad(chain)(np.ones(3)))


def test_branches_count_as_the_dearer_one() -> None:
    def cut(x: f64[n]) -> f64:
        total = 0.0
        for i in n:
            if x[i] > 0.0:
                total += x[i] * x[i] * x[i]
        return total

    assert dx.jit(cut, require=dx.Guarantee(work=4 * n))(np.ones(2)) == 2.0
    with pytest.raises(TypeError, match="found "):
        dx.jit(cut, require=dx.Guarantee(work=2 * n))(np.ones(2))


@pytest.mark.slow
def test_copies_for_chunks_count_as_many_as_there_may_be() -> None:
    def counts(x: f64[n], bins: dx.Size[m]) -> f64[m]:
        h = dx.zeros(f64[m])
        for i in n:
            h[m.clamp(i64(x[i]))] += x[i]
        return h

    assert dx.jit(counts, require=dx.Guarantee(alloc=64 * 8 * m))(np.ones(2), 3)[1] == 2.0
    with pytest.raises(TypeError, match="found 512\\*m"):
        dx.jit(counts, require=dx.Guarantee(alloc=0))(np.ones(2), 3)


@pytest.mark.parametrize(
    ("promise", "message"),
    [
        ({"parallel": False}, "promises nothing"),
        ({"alloc": 1.5}, "alloc is a number or a polynomial in sizes"),
        ({"alloc": True}, "alloc is a number or a polynomial in sizes"),
        ({"work": n // 2}, "work is a number or a polynomial in sizes"),
        ({"grad_work": 0}, "grad_work is a number of times"),
        ({"grad_work": "4"}, "grad_work is a number of times"),
    ],
)
def test_promises_that_are_none(promise: dict[str, object], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        dx.Guarantee(**promise)  # type: ignore[arg-type]


def test_a_promise_in_sizes_of_another_function() -> None:
    @dx.jit(require=dx.Guarantee(work=10 * m))
    def total(x: f64[n]) -> f64:
        return sum(x[i] for i in n)

    with pytest.raises(TypeError, match=r"work=10\*m is not kept: m is no size of total\n(.|\n)*help: its sizes: n"):
        total(np.ones(2))


def test_require_takes_a_guarantee() -> None:
    with pytest.raises(TypeError, match="require is a dx.Guarantee"):
        dx.jit(lambda x: x, require=4)  # type: ignore[arg-type]


def test_a_gradient_is_promised_where_there_is_one() -> None:
    @dx.jit(require=dx.Guarantee(grad_work=4))
    def twice(x: f64[n]) -> f64[n]:
        return [2.0 * x[i] for i in n]

    with pytest.raises(TypeError, match="there is no gradient"):
        twice(np.ones(2))
