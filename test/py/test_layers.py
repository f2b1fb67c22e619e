"""The architecture as a test: who may import whom (ARCHITECTURE: "one direction, no way back")."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A module imports from its own row or the rows above. A new top-level module of pydex needs a place here.
ROWS = (
    {"diagnostics", "knobs", "broken", "compiling", "outer", "processor", "profile", "types", "sizes", "sets"}
    | {"structs", "builtins", "policies", "asked"},
    {"dialects"},
    {"passes"},
    {"frontend", "interpreter", "reference", "universe"},
    {"pipeline", "mlir", "runtime", "code", "cache"},
    {"api", "calling", "compilation", "explaining", "gradients", "listing", "refusals", "restored", "signatures"}
    | {"lib", "random"},
    {"tools"},
    {"benchmarks", "examples", "test"},
)
ROW = {name: row for row, names in enumerate(ROWS) for name in names}

# Called from ordinary Python, a built-in, type or set is a function, and its meaning is the reference's.
LATE = {("builtins", "reference"), ("types", "reference"), ("sets", "reference")}

# Packages that only some may import, at any level of a module.
ONLY = {
    "mlir": {"mlir"},
    "torch_mlir": {"mlir"},
    "ast": {"frontend", "reference", "diagnostics", "refusals", "cache", "tools", "test"},  # passes never see Python
    "xdsl": {
        *("dialects", "passes", "frontend", "interpreter", "pipeline"),
        *("explaining", "listing", "signatures", "api", "tools", "universe", "test"),
    },
    "torch": {"benchmarks", "test"},
    "jax": {"benchmarks", "test"},
    "numba": {"benchmarks", "test"},
    "dialects": set(),  # always by pydex.dialects, or there would be two copies of each class
    "passes": set(),
    "tools": set(),
}


def sources():
    """Every module of the project: (its name in ROWS, its path). What pydex/ links to is listed once, where it is."""
    for path in sorted(ROOT.glob("pydex/**/*.py")):
        inner = path.relative_to(ROOT / "pydex").parts
        if inner == ("__init__.py",) or inner[0] in ("dialects", "passes", "tools"):
            continue  # pydex/__init__.py names modules as strings only; test_import_pydex_is_light
        yield inner[0].removesuffix(".py"), path
    for top in ("dialects", "passes", "tools", "benchmarks", "examples"):
        for path in sorted((ROOT / top).glob("**/*.py")):
            yield top, path


@cache
def imports(path):
    """(line, dotted name) of every import of a file, those inside functions too."""
    return list(_imports(path))


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level < 2, f"{path}:{node.lineno}: a relative import that leaves its directory"
            if node.level:
                continue  # of a neighbour
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


SOURCES = list(sources())


def test_every_module_has_a_row():
    assert sorted({name for name, _ in SOURCES} - ROW.keys()) == []


def test_imports_go_one_way():
    back = []
    for name, path in SOURCES:
        for line, imported in imports(path):
            parts = imported.split(".")
            target = parts[1] if parts[1:] and parts[1] in ROW else "api"
            if parts[0] == "pydex" and ROW[target] > ROW[name] and (name, target) not in LATE:
                back.append(f"{path.relative_to(ROOT)}:{line}: {name} imports {imported}")
    assert back == []


def test_packages_that_only_some_may_import():
    wrong = []
    for name, path in SOURCES:
        for line, imported in imports(path):
            package = imported.split(".")[0]
            if package in ONLY and name not in ONLY[package]:
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {name} imports {package}")
    assert wrong == []


def test_the_reference_knows_no_ir():
    """Law 1: CPython over the user's source is an oracle only if it shares nothing with the compiler."""
    shared = {"dialects", "passes", "interpreter", "frontend"}
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {imported}"
        for name, path in SOURCES
        if name == "reference"
        for line, imported in imports(path)
        if imported.split(".")[0] == "xdsl" or imported.split(".")[1:2] and imported.split(".")[1] in shared
    ]
    assert wrong == []


def test_the_tests_above_can_fail(tmp_path):
    file = tmp_path / "x.py"
    file.write_text("def f():\n    from pydex.passes import cse\n    import torch_mlir.ir\n")
    assert imports(file) == [(2, "pydex.passes.cse"), (3, "torch_mlir.ir")]


def loaded_by(statement):
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("package", ["xdsl", "torch_mlir", "islpy", "jax", "torch"])
def test_import_pydex_is_light(package):
    assert package not in loaded_by("import pydex")


def test_knobs_are_read_in_one_place():
    readers = [
        f"{path.relative_to(ROOT)}"
        for name, path in SOURCES
        if name not in ("knobs", "benchmarks") and "PYDEX_" in path.read_text() and "environ" in path.read_text()
    ]
    assert readers == []
