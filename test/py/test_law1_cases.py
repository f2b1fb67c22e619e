"""Law 1: all executions of the shared cases agree, for the value and for derivatives to second order.

A failing case says what disagrees after which pass; `make py` names the test, which runs it alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cases
import pytest
from law1 import executions
from law1.agree import FIRST, Law1
from law1.subject import DERIVATIVES, subject
from marks import slow_but

from pydex.runtime.convert import Refused

SECOND = tuple(name for name in DERIVATIVES if name not in FIRST)

NOT_DIFFERENTIABLE = {
    **dict.fromkeys("C1 C3 C4 C9 C20 C24 L-while L-floor L-wrap".split(), "numbers are integers"),
    **dict.fromkeys("C2 C5 C19-hash-0 C19-hash C19-threefry C19-rand C21".split(), "no argument is a float"),
    **dict.fromkeys("L-saturate L-return L-return-none L-argmax L-argmax-product".split(), "no result is a float"),
    **dict.fromkeys("L-argmax-nan L-argmax-mask L-argmax-infinite".split(), "no result is a float"),
    "L-argmax-unsigned": "no result is a float",
}
"""Cases without derivatives, and why. All others have them."""

SINGULAR = {"L-ieee": "a pole: whether ∂(a/b) at b = 0 is NaN or infinite depends on the order of the operations"}
"""Cases at whose arguments the derivatives do not exist."""

HIGHER = set(
    """C11 C12 C13 C14 C15 C16 C18-rev-fwd C18-rev-rev C18-fwd-rev L-softmax L-ties L-where L-pow-zero L-prod-zero
    L-gradient-struct L-jacobians L-hessian L-state L-gradient-while L-vjp L-stop""".split()
)
"""Cases that take derivatives themselves: first derivatives of these are of second order or more."""

SHORT = {"C21": (3,)}
"""Arguments in place of those that take the interpreter minutes."""

VALUES = [replace(case, args=SHORT.get(case.id, case.args)) for case in cases.CASES if case.raises is None]
DIFFERENTIABLE = [case for case in VALUES if case.id not in NOT_DIFFERENTIABLE | SINGULAR]


def identified(case: cases.Case) -> str:
    return case.id


FAST = "C1 C6 C12 L-windows L-ragged-in".split()
"""What `make check` compares as well."""

ANSWERED = [case for case in cases.CASES if case.raises is None]


@pytest.mark.parametrize("case", slow_but(FAST, VALUES, identified), ids=identified)
def test_value(case: cases.Case) -> None:
    """The reference, the interpreter after every pass in two orders, machine code with and without optimisation."""
    law = Law1(case.function, case.args, case.kwargs, ())
    law.check(every_pass=True, compiled=("optimised", "plain"))
    assert law.is_differentiable == (case.id not in NOT_DIFFERENTIABLE)


@pytest.mark.slow
@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=identified)
def test_first_derivatives(case: cases.Case) -> None:
    law = Law1(case.function, case.args, case.kwargs, FIRST, value=False)
    law.check(every_pass=True, compiled=("optimised", "plain"))


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in DIFFERENTIABLE if case.id not in HIGHER], ids=identified)
def test_second_derivatives(case: cases.Case) -> None:
    """jvp of vjp, vjp of jvp, vjp of vjp."""
    law = Law1(case.function, case.args, case.kwargs, SECOND, value=False)
    law.check(every_pass=False, orders=("random",), compiled=("optimised",))


@pytest.mark.parametrize("case", slow_but(FAST, ANSWERED, identified), ids=identified)
def test_answer(case: cases.Case) -> None:
    """The call as a user writes it, against the answer of the table."""
    cases.assert_matches(case.function(*case.args, **case.kwargs), case)


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in cases.CASES if case.raises], ids=identified)
def test_error(case: cases.Case) -> None:
    """Every execution raises the error of the table, with its text."""
    for name, call in _calls(case).items():
        with pytest.raises((case.raises, Refused)) as caught:  # type: ignore[arg-type]
            call()
        assert isinstance(caught.value, Refused) or re.search(case.match, str(caught.value)), name


def _calls(case: cases.Case) -> dict[str, Callable[[], Any]]:
    """What is called in each execution. A program that is refused when it is compiled has only the first two; arguments
    that do not fit are Refused before the module is reached."""
    calls = {
        "reference": lambda: case.function.reference(*case.args, **case.kwargs),
        "compiled": lambda: case.function(*case.args, **case.kwargs),
    }
    if not case.refused:
        for name in ("interpreted", "optimised", "plain"):
            calls[name] = lambda name=name: _run(case, name)
    return calls


def _run(case: cases.Case, name: str) -> None:
    made = subject(case.function, case.args, case.kwargs)
    runs = executions.interpreted(made) if name == "interpreted" else [getattr(executions, name)(made)]
    for run in runs:
        run.call(made.entry, made.arguments)
