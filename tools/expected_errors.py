"""`--verify-diagnostics`: comments that say which errors a text must cause, as in upstream MLIR.

    // expected-error@+1 {{the message, or a part of it}}      the error is one line below; @-1 above; without @: here
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydex.dialects.text import IRError

_EXPECTED = re.compile(r"//\s*expected-error(?:@(?P<by>[+-]\d+))?\s*\{\{(?P<text>.*?)\}\}")


def check_expected(text: str, file: str, errors: Sequence[IRError]) -> list[IRError]:
    """What differs: errors that no comment expects, and expected errors that did not come."""
    expected = [
        (number + int(match["by"] or 0), match["text"])
        for number, line in enumerate(text.splitlines(), 1)
        for match in _EXPECTED.finditer(line)
    ]
    wrong: list[IRError] = []
    for error in errors:
        match = next((e for e in expected if e[0] == error.line and e[1] in error.message), None)
        if match is None:
            wrong.append(IRError(f"unexpected error: {error.message}", file, error.line, error.column))
        else:
            expected.remove(match)
    return wrong + [IRError(f"expected error did not come: {text}", file, line) for line, text in expected]
