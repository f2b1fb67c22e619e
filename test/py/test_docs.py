"""The code of README.md and of docs/ does what the pages say."""

import re
from pathlib import Path

import pytest
from markdown import ROOT, Block, blocks, execute, run_page, same_text

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
WITH_CODE = ("README.md", "errors.md", "language.md", "tour.md")


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page(page, tmp_path):
    executed = run_page(page, tmp_path)
    assert executed or page.name not in WITH_CODE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page):
    named = r"`((?:pydex|passes|dialects|tools|test|docs|examples)/[\w/.*-]+)`"
    for path in re.findall(named, page.read_text("utf-8")):
        assert list(ROOT.glob(path.rstrip("/"))), f"{page.name} names {path}"


def test_a_block_that_prints_something_else_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(1.0)\n```\nprints\n```text\n2.0\n```\n")
    with pytest.raises(AssertionError, match=r"page\.md:2: it prints\n1\.0"):
        run_page(page, tmp_path / "run")


def test_a_block_that_should_fail_and_does_not_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```python fails\nx = 1\n```\n```text\nno\n```\n")
    with pytest.raises(AssertionError, match="must fail"):
        run_page(page, tmp_path / "run")


def test_blocks_have_their_lines(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("title\n\n```python\na\nb\n```\n\n```text\nc\n```\n")
    assert blocks(page) == [Block("python", "a\nb\n", 4), Block("text", "c\n", 9)]


def test_errors_do_not_show_the_folder(tmp_path):
    output, error = execute("def f(): pass\nprint(f.__code__.co_filename)\n1 / 0", {}, tmp_path / "x")
    assert (output, str(error)) == ("demo.py\n", "ZeroDivisionError: division by zero")


def test_floats_may_differ_in_their_last_digits_and_nothing_else():
    assert same_text("x = 0.30000000000000004", "x = 0.3")
    assert not same_text("x = 0.31", "x = 0.3")
    assert not same_text("x = 4", "x = 3")
    assert not same_text("y = 0.3", "x = 0.3")
    assert Path(ROOT, "README.md").exists()
