"""What the gradients of the workloads cost beside their objectives, after the whole pipeline.

The IR interpreter counts how often each op is evaluated, by its name and place in the source. Ops of a derivative have
the places of those they differentiate, so only functions are counted whose derivative does not contain them.
The memory at run time is measured in test_workloads.py.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from law1.subject import Subject, subject
from xdsl.dialects import scf
from xdsl.ir import SSAValue

from benchmarks.inputs import fused, gmm, lse_rows, nbody, tri
from pydex import interpreter, pipeline
from pydex.dialects import eff, ix
from pydex.passes.pipelines import CPU

SMALL = {
    "fused": fused(20),
    "lse_rows": lse_rows(4, 6),
    "tri": tri(8),
    "nbody": nbody(5),
    "gmm": gmm(2, 3, 5),
}
TOLD = ("math.exp", "math.log", "math.sin", "math.sqrt", "math.powf")


def after(passes: Sequence[str], workload: str, name: str) -> Subject:
    module = importlib.import_module(f"benchmarks.{workload}")
    if workload == "nbody" and name == "objective":
        name = "half_square"  # what is differentiated there
    made = subject(getattr(module, name), SMALL[workload])
    pipeline.run_passes(made.module, passes)
    return made


def optimised(workload: str, name: str) -> Subject:
    return after(CPU, workload, name)


def evaluations(made: Subject) -> dict[tuple[str, str], int]:
    machine = interpreter.Machine(made.module)
    interpreter.run(made.module, made.entry, made.arguments, made.sizes, machine=machine)
    return {op: count for op, count in machine.counts.items() if op[0] in TOLD}


def tables(made: Subject, kind: type[Any] | None = None) -> list[SSAValue]:
    """The tables that the function makes outside of all loops and does not return; of ops of a kind."""
    block = made.function.body.block
    assert block.last_op is not None
    returned = set(block.last_op.operands)
    ops = [op for op in block.ops if kind is None or isinstance(op, kind)]
    return [v for op in ops for v in op.results if isinstance(v.type, ix.TableType) and v not in returned]


@pytest.mark.slow
@pytest.mark.parametrize("workload", SMALL)
def test_a_gradient_evaluates_each_primal_op_at_most_three_times(workload: str) -> None:
    """By name, as derivatives have powers of their own, which the program has in other places."""
    once, found = (Counter[str]() for _ in range(2))
    for counts, name in ((once, "objective"), (found, "gradient")):
        for (op, _), count in evaluations(optimised(workload, name)).items():
            counts[op] += count
    assert once
    for op, count in found.items():
        assert count <= 3 * once[op], f"{op}: {count} evaluations, {once[op]} in the objective"


@pytest.mark.slow
@pytest.mark.parametrize("workload", SMALL)
def test_no_iteration_leaves_a_residual_to_a_later_loop(workload: str) -> None:
    """Rule R1: nothing crosses an outermost parallel loop but tables like those that the objective keeps itself.

    What would cross is an element of a table that the loop makes (`tab`) and that is no result of the gradient; a table
    that the objective has named is kept (the forces of `nbody`: each body gathers from those of all others), and so may
    be its cotangent, which has the same type.
    """
    kept = {value.type for value in tables(after(["inline"], workload, "objective"))}
    made = optimised(workload, "gradient")
    crossing = [value.type for value in tables(made, ix.ForOp) if value.type not in kept]
    assert crossing == [], f"{made.function}"


@pytest.mark.slow
def test_the_gradient_of_fused_makes_its_results_only() -> None:
    assert tables(optimised("fused", "gradient")) == []


@pytest.mark.slow
def test_bodies_gather_from_both_sides_of_a_pair() -> None:
    """The pairs (i, j) and (j, i) have one distance: a power for the forces, two of one base for the gradient. Bodies
    that are few gather; only the other side of the choice, for many, adds to both of a pair."""
    made, n = optimised("nbody", "gradient"), len(SMALL["nbody"][0])
    choices = [op for op in made.function.walk() if isinstance(op, scf.IfOp)]
    few = [inner for op in choices for inner in op.false_region.walk()]
    assert few and not any(isinstance(op, eff.AddOp) for op in few)
    assert sum(count for (name, _), count in evaluations(made).items() if name == "math.powf") == 3 * n * n
