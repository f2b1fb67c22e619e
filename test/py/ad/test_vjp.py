"""Reverse mode of every structural op, and of one in another, against central differences of the primal program."""

from __future__ import annotations

import pytest

from ad.cases import CASES, float_arguments
from ad.programs import check_vjp


@pytest.mark.parametrize("name", CASES)
def test_reverse_mode_agrees_with_differences(name: str) -> None:
    program, arguments = CASES[name]
    check_vjp(program(), arguments, float_arguments(arguments))
