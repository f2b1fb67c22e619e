"""tools/new_pass.py writes a pass that can be imported, a test, and a line of the registry; or nothing."""

import shutil
from pathlib import Path

import pytest
from xdsl.passes import ModulePass

from pydex.passes import PASSES
from pydex.tools import new_pass

ROOT = Path(__file__).parents[3]


@pytest.fixture
def copy(tmp_path):
    (tmp_path / "test/lit/passes").mkdir(parents=True)
    (tmp_path / "passes").mkdir()
    shutil.copy(ROOT / "passes/__init__.py", tmp_path / "passes")
    return tmp_path


def test_a_new_pass(copy):
    new_pass.main(["halve-it", "halves everything."], copy)
    registry: dict = {}
    exec((copy / "passes/__init__.py").read_text(), registry)
    assert registry["PASSES"] == {**PASSES, "halve-it": "pydex.passes.halve_it:HalveIt"}
    assert list(registry["PASSES"]) == sorted(registry["PASSES"])
    module = {"__package__": "pydex.passes", "__name__": "pydex.passes.halve_it"}
    exec((copy / "passes/halve_it.py").read_text(), module)
    assert issubclass(module["HalveIt"], ModulePass)
    assert module["HalveIt"].name == "halve-it"
    assert "-p halve-it" in (copy / "test/lit/passes/halve-it.mlir").read_text()


@pytest.mark.parametrize("name", ["Bad", "under_score", "-x", "x-", ""])
def test_no_name_of_a_pass(copy, name):
    with pytest.raises(ValueError, match="no name of a pass"):
        new_pass.create(name, "nothing.", copy)


def test_taken(copy):
    before = (copy / "passes/__init__.py").read_text()
    (copy / "passes/cse.py").touch()
    with pytest.raises(ValueError, match="exists"):
        new_pass.create("cse", "again.", copy)
    assert (copy / "passes/__init__.py").read_text() == before
