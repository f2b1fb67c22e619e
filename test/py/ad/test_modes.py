"""Forward and reverse mode of every structural op, and of one in another: against central differences of the primal
program, and against each other."""

from __future__ import annotations

import pytest
from marks import slow_but

from ad.cases import CASES, float_arguments
from ad.programs import check

FAST = ("rows", "window", "product_with_a_zero", "histogram", "recurrence", "newton", "if_in_for")


@pytest.mark.parametrize("name", slow_but(FAST, CASES))
def test_modes_agree_with_differences(name: str) -> None:
    program, arguments = CASES[name]
    check(program(), arguments, float_arguments(arguments))
