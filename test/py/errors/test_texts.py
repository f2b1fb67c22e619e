"""The whole text of errors: message, line, column, caret, notes, help. docs/errors.md has fifty more."""

import re
from pathlib import Path

from markdown import ROOT, run_page

from pydex import diagnostics

PAGE = Path(__file__).parent / "more.md"


def test_texts(tmp_path):
    assert run_page(PAGE, tmp_path) > 40


def test_every_class_of_error_is_documented():
    classes = {name for name, value in vars(diagnostics).items() if isinstance(value, type) and name.startswith("Dex")}
    documented = set(re.findall(r"^\| `(Dex\w+)`", (ROOT / "docs" / "errors.md").read_text("utf-8"), re.MULTILINE))
    assert classes - documented == {"DexError"}


def test_every_error_has_a_caret_and_most_say_what_to_do():
    text = (ROOT / "docs" / "errors.md").read_text("utf-8") + PAGE.read_text("utf-8")
    errors = re.findall(r"^```text\n(demo\.py:.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert len(errors) > 90
    assert all(re.search(r"^ *\| *\^$", error, re.MULTILINE) for error in errors)
    assert sum("\nhelp: " in error or "\nnote: " in error for error in errors) > 0.6 * len(errors)
