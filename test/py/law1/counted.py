"""Formulas of cost against counted values: both of one function, after the whole pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from law1.subject import Subject, function, shape
from pydex import interpreter
from pydex.interpreter.tally import Tally
from pydex.passes.cost import FunctionCost, function_cost
from pydex.passes.cost_formula import Atom, Unknown
from pydex.passes.cost_ops import ALL


def assert_counted(made: Subject, name: str, arguments: Sequence[Any]) -> tuple[FunctionCost, dict[str, Fraction]]:
    """The formulas, and what they say about a run; AssertionError unless the interpreter counts the same.

    The module has been through the pipeline.
    """
    cost = function_cost(function(made.module, name))
    unknowns = {a for formula in cost.cost.values() for a in formula.atoms() if isinstance(a, Unknown)}
    tally = Tally(cost.memory, unknowns)
    machine = interpreter.Machine(made.module, tally=tally)
    interpreter.run(made.module, name, arguments, made.sizes, machine=machine)

    def value(atom: Atom) -> int:
        return tally.value(atom) if isinstance(atom, Unknown) else made.sizes[atom]

    found = tally.total()
    said = {unit: cost.cost[unit].evaluate(value) for unit in ALL}
    wrong = {u: f"counted {found[u]}, {cost.cost[u]} = {said[u]}" for u in ALL if found[u] != said[u]}
    assert not wrong, f"{wrong}\n{cost.function}"
    assert all(cost.most[u].evaluate(value) >= said[u] for u in ALL), "a bound is below what it bounds"
    return cost, said


def seeds(made: Subject, name: str) -> list[Any]:
    """Further arguments of a function of derivatives: any numbers."""
    types = list(function(made.module, name).function_type.inputs)[len(made.arguments) :]
    return [np.ones(box) if (box := shape(type, made.sizes)) else 1.0 for type in types]
