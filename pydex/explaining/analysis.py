"""A compiled function after the pipeline with its cost, and beside its gradient."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation

from pydex import pipeline
from pydex.dialects import ix
from pydex.frontend.callable import Compiled
from pydex.frontend.derivatives import Transformed
from pydex.frontend.entry import Program, elaborate
from pydex.frontend.jit import Function
from pydex.frontend.tangents import float_leaves
from pydex.passes.cost import FunctionCost, function_cost
from pydex.passes.cost_bounds import ratio, without_unknowns
from pydex.passes.cost_formula import Formula
from pydex.passes.cost_memory import Allocated
from pydex.passes.cost_ops import OpCosts
from pydex.passes.cost_scope import Scope, line_of
from pydex.passes.cost_span import peak, span
from pydex.passes.cost_units import bytes_of
from pydex.passes.pipelines import CPU
from pydex.types import Type

#: Derivatives that take the arguments of the function itself.
SAME_ARGUMENTS = ("grad", "value_and_grad", "jacobian", "hessian")


@dataclass
class Analysed:
    """A function, elaborated and optimised as for a call, with its costs."""

    program: Program
    cost: FunctionCost
    span: Formula
    peak: Formula
    results: Formula  # bytes of the tables that it returns

    @property
    def names(self) -> dict[str, str]:
        """The names of size symbols as the user writes them, to those in formulas."""
        frame = self.program.instance.frame
        return {symbol.name: frame.symbols[symbol].name for symbol in frame.sizes}

    def as_written(self, text: str) -> str:
        """A text with formulas in it, with the user's names of sizes."""
        for written, name in self.names.items():
            text = re.sub(rf"\b{name}\b", written, text) if written != name else text
        return text


@dataclass
class Beside:
    """A gradient and the function that it is of.

    by: the parameters. work: the bound on the quotient of their flops, None if there is none. kept: the tables that
    only the gradient makes. again: functions that it evaluates more often, with their lines and how many times as
    often, None without bound.
    """

    function: Analysed
    gradient: Analysed
    by: list[str]
    work: Fraction | None
    kept: list[tuple[Allocated, Operation, Formula]]
    again: list[tuple[str, int, Fraction | None]]


def analyse(view: Compiled, types: Sequence[Type] | None) -> Analysed:
    """The analysis of a function for its annotated types, or these. Raises DexError for a program that is wrong."""
    program = elaborate(view, types)
    pipeline.run_passes(program.module, CPU)
    function = next(f for f in program.module.ops if isinstance(f, FuncOp) and f.sym_name.data == program.entry)
    cost, block = function_cost(function), function.body.block
    scope = Scope(function)
    costs, results = OpCosts(scope, cost.memory), Formula({})
    for type in function.function_type.outputs:
        if isinstance(type, ix.TableType):
            results = results + costs.box(type) * bytes_of(type)
    return Analysed(program, cost, span(block, cost.memory, scope), peak(block, cost.memory, Scope(function)), results)


def beside(view: Compiled, types: Sequence[Type] | None, itself: Analysed) -> Beside | None:
    """The function with its gradient by all parameters that hold floats, or the gradient with its function; None where
    there is no such pair."""
    if isinstance(view, Transformed):
        if view.transform not in SAME_ARGUMENTS:
            return None
        inner = view.function if isinstance(view.function, Compiled) else Function(view.function)
        return compared(analyse(inner, types), itself, [])
    by = [
        name for name, type in zip(itself.program.names, itself.program.params, strict=True) if any(float_leaves(type))
    ]
    if not by or getattr(itself.program.result, "is_float", False) is not True:
        return None
    gradient = Transformed("grad", view, by[0] if len(by) == 1 else tuple(by))
    return compared(itself, analyse(gradient, types), by)


def compared(function: Analysed, gradient: Analysed, by: list[str]) -> Beside:
    """A function and its gradient, side by side."""
    f, g = function.cost, gradient.cost
    work = _quotient(g, f)
    return Beside(function, gradient, by, work, list(_kept(f, g)), list(_again(f, g)))


def _quotient(g: FunctionCost, f: FunctionCost) -> Fraction | None:
    """The bound with the same branches in both; else with the gradient's dearest, and the function's alone if taken."""
    same = ratio(g.cost["flops"].substitute(g.bounds), f.cost["flops"])
    if same is not None:
        return same
    return ratio(g.most["flops"].substitute(g.bounds), without_unknowns(f.cost["flops"], ("taken", "else")))


def _kept(f: FunctionCost, g: FunctionCost) -> Iterator[tuple[Allocated, Operation, Formula]]:
    """Tables of the gradient that are not, one for one, tables of the function, nor copies of accumulators."""
    own = Counter(_identity(made) for made, _, _ in f.allocations)
    for made, op, size in g.allocations:
        if own[_identity(made)]:
            own[_identity(made)] -= 1
        elif made.times != "copy":
            yield made, op, size


def _identity(made: Allocated) -> tuple[str, int]:
    return str(made.type), line_of(made.maker)


def _again(f: FunctionCost, g: FunctionCost) -> Iterator[tuple[str, int, Fraction | None]]:
    for unit, often in f.cost.items():
        name, _, place = unit.partition("@")
        if place and often:
            times = ratio(g.cost[unit], often)
            if times is None or times > 1:
                yield name.removeprefix("math."), int(place.split(":")[0]), times
