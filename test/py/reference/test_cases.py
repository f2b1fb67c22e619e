"""The reference execution gives the answers of the shared table."""

import cases
import pytest
from marks import slow_but

from pydex.reference import reference_call

FAST = [case.id for case in cases.CASES if case.id != "C21"]  # a thousand steps


@pytest.mark.parametrize("case", slow_but(FAST, cases.CASES, lambda case: case.id), ids=lambda case: case.id)
def test_reference(case):
    if case.raises is None:
        cases.assert_matches(reference_call(case.function, case.args, case.kwargs), case)
        return
    with pytest.raises(case.raises, match=case.match):
        reference_call(case.function, case.args, case.kwargs)
