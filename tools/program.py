"""A user's file as a module or as a program, and its compiled functions."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from pydex.calling import CompiledFunction
from pydex.diagnostics import DexNameError, Diagnostic


def run_as_main(file: str, arguments: Sequence[str]) -> None:
    """The file as `python FILE ARG…` runs it."""
    open(file).close()  # OSError if it cannot be read
    argv, path = sys.argv, list(sys.path)
    sys.argv = [file, *arguments]
    sys.path.insert(0, str(Path(file).resolve().parent))
    try:
        runpy.run_path(file, run_name="__main__")
    finally:
        sys.argv, sys.path[:] = argv, path


def load(file: str) -> ModuleType:
    """The file as a module; what is under `if __name__ == "__main__"` does not run."""
    path = Path(file)
    open(path).close()  # OSError if it cannot be read
    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise OSError(f"{file} is no Python file")
    module = module_from_spec(spec)
    sys.path.insert(0, str(path.resolve().parent))
    sys.modules[path.stem] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def source_order(module: ModuleType) -> dict[str, Any]:
    """The compiled functions that a module defines, by name; not those that it imports."""
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, CompiledFunction) and _python(value).__module__ == module.__name__
    }


def _python(function: Any) -> Any:
    """The Python function that compiled functions are made of."""
    while isinstance(function, CompiledFunction):
        function = function.function
    return function


def named(module: ModuleType, name: str) -> Any:
    """A compiled function of a module. DexNameError if there is none of this name."""
    found = getattr(module, name, None)
    if isinstance(found, CompiledFunction):
        return found
    if found is not None:
        raise DexNameError(Diagnostic(f"{name} is no compiled function", help="decorate it with @dx.jit"))
    functions = list(source_order(module))
    close = get_close_matches(name, functions, 1)
    help = f"did you mean {close[0]}?" if close else f"there is {', '.join(functions)}" if functions else ""
    raise DexNameError(Diagnostic(f"there is no function {name}", help=help))
