"""What `dx.explain` says about work and memory is what a run counts, exactly: on the shared cases and the workloads."""

from __future__ import annotations

import importlib
from typing import Any

import cases
import pytest
from law1.arena import run_compiled
from law1.counted import assert_counted, seeds
from law1.programs import arguments, drawn, load
from law1.subject import Subject, subject

from benchmarks import inputs
from pydex import pipeline
from pydex.passes.cost_scope import Scope
from pydex.passes.cost_span import peak
from pydex.passes.pipelines import CPU
from pydex.runtime.convert import Refused

CASES = [case for case in cases.CASES if case.raises is None]

SIZES: dict[str, list[tuple[Any, ...]]] = {
    "fused": [(1,), (7,)],
    "lse_rows": [(1, 2), (4, 6)],
    "nbody": [(2,), (5,)],
    "tri": [(1,), (8,)],
    "stencil": [(3, 3, 0), (5, 6, 3)],
    "hist": [(9, 4)],
    "whist": [(1, 1), (9, 4)],
    "mandel": [(3, 2, 5), (4, 4, 20)],
    "lv_ode": [(1, 0.1), (6, 0.1)],
    "matmul": [(2, 3, 4), (1, 1, 1)],
    "conv": [(1, 2, 3, 4), (2, 1, 2, 3)],
    "mlp": [(2, 5, 4, 3), (3, 2, 6, 2)],
    "gmm": [(1, 1, 1), (2, 3, 5)],
    "ba": [(2, 3, 4)],
    "ht": [(2, 4, 3)],  # its gradient would take the interpreter a minute
    "lstm": [(1, 3, 2), (2, 5, 3)],
    "call": [()],
    "call_arr": [()],
}


def made_for(workload: str, name: str, size: tuple[Any, ...]) -> Subject:
    program = importlib.import_module(f"benchmarks.{workload}")
    return subject(getattr(program, name), getattr(inputs, workload)(*size))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_and_its_derivatives(case: cases.Case) -> None:
    made = subject(case.function, case.args, case.kwargs)
    names = ("jvp", "vjp") if made.is_differentiable else ()
    made.add_derivatives(names)
    pipeline.run_passes(made.module, CPU)
    for name in (made.entry, *names):
        assert_counted(made, name, [*made.arguments, *seeds(made, name)])


def derivative(workload: str) -> bool:
    return bool(importlib.import_module(f"benchmarks.{workload}").gradient)


ALL = [(w, "objective") for w in SIZES] + [(w, "gradient") for w in SIZES if derivative(w) and w != "ht"]


@pytest.mark.slow
@pytest.mark.parametrize("workload, name", ALL)
def test_a_workload_at_several_sizes(workload: str, name: str) -> None:
    for size in SIZES[workload]:
        made = made_for(workload, name, size)
        pipeline.run_passes(made.module, CPU)
        assert_counted(made, made.entry, made.arguments)


ALLOCATING = [
    *(("gmm", "objective"), ("gmm", "gradient"), ("stencil", "objective"), ("stencil", "gradient")),
    *(("lstm", "gradient"), ("mlp", "gradient"), ("lv_ode", "gradient"), ("fused", "gradient"), ("ba", "gradient")),
]


@pytest.mark.slow
@pytest.mark.parametrize("workload, name", ALLOCATING)
def test_compiled_code_allocates_what_the_formula_says(workload: str, name: str) -> None:
    """Every byte that is asked of the arena; and never more at once than the bound."""
    for size in SIZES[workload][-1:]:
        made = made_for(workload, name, size)
        pipeline.run_passes(made.module, CPU)
        cost, said = assert_counted(made, made.entry, made.arguments)
        arena = run_compiled(made)
        bound = peak(cost.function.body.block, cost.memory, Scope(cost.function))
        known = {**made.sizes, "threads": 1}
        most = bound.evaluate(lambda atom, known=known: 0 if str(atom).startswith("copies") else known[str(atom)])
        assert (arena.total, arena.peak <= most) == (said["allocated"], True), f"{bound} = {most} at {size}"


@pytest.mark.slow
def test_random_programs() -> None:
    counted = 0
    for source, sizes, seed in drawn(31, 40):
        try:
            made = subject(load(source), arguments(source, sizes, seed))
        except Refused:  # the arguments do not fit a precondition
            continue
        pipeline.run_passes(made.module, CPU)
        assert_counted(made, made.entry, made.arguments)
        counted += 1
    assert counted >= 20
