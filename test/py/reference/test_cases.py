"""The reference execution gives the answers of the shared table."""

import cases
import pytest

from pydex.reference import reference_call


@pytest.mark.parametrize("case", cases.CASES, ids=lambda case: case.id)
def test_reference(case):
    if case.raises is None:
        cases.assert_matches(reference_call(case.function, case.args, case.kwargs), case)
        return
    with pytest.raises(case.raises, match=case.match):
        reference_call(case.function, case.args, case.kwargs)
