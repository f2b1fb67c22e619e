"""A module as text, at any stage of its way: what `f.ir(…)` and `pydex ir` show."""

from __future__ import annotations

from difflib import get_close_matches

from xdsl.dialects.builtin import ModuleOp

from pydex import mlir, pipeline
from pydex.diagnostics import DexValueError, Diagnostic
from pydex.dialects.text import print_module
from pydex.passes.pipelines import CPU, PIPELINES

STAGES = ("frontend", *PIPELINES, "mlir", "llvm")


def listing(module: ModuleOp, entry: str, stage: str, after: str | None = None) -> str:
    """The text of a module of the frontend, which is consumed. DexValueError for a stage or pass that is none."""
    _one_of(stage, STAGES, "stage")
    passes = () if stage == "frontend" else PIPELINES.get(stage, CPU)
    if after is not None:
        _one_of(after, passes, "pass")
        passes, stage = passes[: passes.index(after) + 1], "passes"
    pipeline.run_passes(module, passes)
    if stage not in ("mlir", "llvm"):
        return print_module(module)
    text = pipeline.lower(module, entry).text
    return text if stage == "mlir" else mlir.lower(text)


def _one_of(name: str, names: tuple[str, ...], what: str) -> None:
    if name in names:
        return
    close = get_close_matches(name, names, 1)
    known = ", ".join(dict.fromkeys(names)) or "none"
    help = f"did you mean {close[0]}?" if close else f"there is {known}"
    raise DexValueError(Diagnostic(f"there is no {what} {name} here", help=help))
