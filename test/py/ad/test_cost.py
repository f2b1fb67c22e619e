"""What a gradient costs, counted by the interpreter after the whole pipeline: how often it evaluates each op of the
program, and what the tapes of its sequential loops hold."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pytest
from marks import slow_but
from xdsl.dialects.builtin import FileLineColLoc, IntAttr, ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue

from ad.build import Build, program
from ad.cases import CASES, float_arguments
from ad.programs import derivative, random_like, zero_holes
from pydex import pipeline
from pydex.dialects import ad, eff, ix
from pydex.interpreter import Machine, run
from pydex.passes import ad_split, ad_tape_dear
from pydex.passes.pipelines import CPU

FAST = ("rows", "histogram", "recurrence")

#: Functions whose derivatives are others, so that evaluations of the program can be told from those of its derivative.
TOLD = ("math.sin", "math.exp")

#: Cases in which one iteration of several is run again by itself, or a winner is looked for: their bounds.
MORE = {"winner_in_for": 3 + 1 / 3, "largest_of_each_bin": 4}


def numbered(module: ModuleOp) -> ModuleOp:
    """Every op on a line of its own."""
    for line, op in enumerate(module.walk(), start=1):
        op.location = FileLineColLoc(StringAttr("program.py"), IntAttr(line), IntAttr(1))
    return module


def evaluations(module: ModuleOp, name: str, arguments: list[Any]) -> Counter[tuple[str, str]]:
    machine = Machine(module)
    run(module, name, arguments, machine=machine)
    return Counter({k: n for k, n in machine.counts.items() if k[0] in TOLD})


@cache
def with_gradient(name: str) -> tuple[ModuleOp, list[Any], list[Any]]:
    """The case with its reverse mode, optimised; the arguments; seeds."""
    build, arguments = CASES[name]
    floats = [r for r in run(build(), "f", arguments) if np.asarray(r).dtype == np.float64]
    seeds = zero_holes([random_like(np.random.default_rng(5), r) for r in floats], floats)
    module = derivative(numbered(build()), "f", ad.VjpOp, float_arguments(arguments), "vjp")
    pipeline.run_passes(module, CPU)
    return module, arguments, seeds


@pytest.mark.parametrize("name", slow_but(FAST, CASES))
def test_every_op_is_evaluated_at_most_three_times(name: str) -> None:
    build, arguments = CASES[name]
    once = evaluations(numbered(build()), "f", arguments)
    module, arguments, seeds = with_gradient(name)
    for op, count in evaluations(module, "vjp", [*arguments, *seeds]).items():
        assert count <= MORE.get(name, 3) * once[op] + 1e-9, f"{op}: {count} for {once[op]}"


def gradient(name: str) -> FuncOp:
    module, _, _ = with_gradient(name)
    return next(f for f in module.ops if isinstance(f, FuncOp) and f.sym_name.data == "vjp")


@pytest.mark.parametrize(
    ("name", "ranks"),
    [
        ("momentum", [1, 1]),  # p is a factor of b, q the argument of a sine
        ("recurrence", [1, 1, 1]),  # s and its sine, and the result that is a table
        ("scan", [1, 1, 1]),  # two elements of a table, not the table, and a sine
        ("swapped", [1, 1]),  # an element of each table
        ("scan_in_scan", [1, 1, 1, 2, 2, 2]),  # the inner loop's elements and sines, in the outer loop's tape
        ("last_seen", []),  # what is carried is not read
        ("diffusion", [2, 2]),  # all of the table is read in every step; and the sines
        ("recurrent", [2, 2, 2, 2]),  # the state; the sums, the sines and the exponentials
    ],
)
def test_tapes_hold_what_is_read(name: str, ranks: list[int]) -> None:
    """The tables that the sequential loops of the primal part give, beyond what they carry (those of the reverse part
    have as many steps as a segment of `ad-split`)."""
    primal = [op for op in gradient(name).walk() if isinstance(op, eff.LoopOp) and op.reverse is None]
    loops = [op for op in primal if op.size.constant not in ad_split.LENGTHS]
    tables = [r.type for op in loops for r in op.results_[len(op.initial) :]]
    assert sorted(t.rank for t in tables if isinstance(t, ix.TableType)) == ranks


@pytest.mark.parametrize("name", ["recurrence", "diffusion", "layers", "recurrent", "owned_in_loop"])
def test_what_is_dear_in_a_step_is_evaluated_once(name: str) -> None:
    build, arguments = CASES[name]
    once = evaluations(numbered(build()), "f", arguments)
    module, arguments, seeds = with_gradient(name)
    assert evaluations(module, "vjp", [*arguments, *seeds]) == once


def test_a_body_with_more_that_is_dear_than_there_is_room_keeps_the_first() -> None:
    steps, further = 4, 3

    def step(g: Build, i: Any, s: Any) -> Any:
        for _ in range(ad_tape_dear.MORE + further):
            s = g.sin(s) * s
        return s

    def body(f: Build, x: Any) -> Any:
        return f.loop("n", [f.sum("n", lambda g, i: g.at(x, i))], step)

    once = evaluations(program("n", ["n"], body), "f", [np.ones(steps)]).total()
    module = derivative(program("n", ["n"], body), "f", ad.VjpOp, [0], "vjp")
    pipeline.run_passes(module, CPU)
    assert evaluations(module, "vjp", [np.ones(steps), 1.0]).total() == once + steps * further


@pytest.mark.parametrize(
    "name", ["for_in_for", "triangle", "winner_in_for", "loop_in_for", "while_in_for", "accum_in_for", "if_in_for"]
)
def test_nothing_of_an_iteration_crosses_an_outermost_parallel_loop(name: str) -> None:
    """No table that is made without the seeds is read where they are used."""
    function = gradient(name)
    block = function.body.block
    _, arguments = CASES[name]
    seeded: set[SSAValue] = set(block.args[len(arguments) :])
    made: set[SSAValue] = set()
    for op in block.ops:
        used = {o for inner in op.walk() for o in inner.operands}
        if used & seeded:
            assert not (used & made) or op is block.last_op, f"{op.name} reads a table of the primal part"
            seeded.update(op.results)
        elif isinstance(op, ix.ForOp):
            made.update(r for r in op.results if isinstance(r.type, ix.TableType))
