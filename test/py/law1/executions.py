"""The executions of law 1, of the entry of a subject and of the functions of its derivatives.

A `Run` is one of them: its name, and a function that gives the flat results of a function for flat arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from law1.subject import Subject, function
from pydex import interpreter, pipeline
from pydex.dialects import ad
from pydex.dialects.text import context
from pydex.passes.pipelines import CPU, PLAIN
from pydex.pipeline import Options


@dataclass
class Run:
    """One execution. `only_entry`: the functions of derivatives cannot be run yet."""

    name: str
    call: Callable[[str, Sequence[Any]], list[Any]]
    only_entry: bool = False


def interpreted(subject: Subject, orders: Sequence[str] = ("forward", "random"), every: bool = True) -> Iterator[Run]:
    """The interpreter, on the module as the frontend made it and after every pass that changes it (or only the last).

    After each in the first order; in the others at both ends. A pass is left out where the interpreter cannot run what
    it leaves: derivative ops. Consumes the module.
    """
    module, ctx = subject.module, context()
    ends = (0, len(CPU))
    seen: list[Any] = []
    changed = False
    for stage, name in enumerate(("frontend", *CPU)):
        if stage:
            pipeline.run_passes(module, [name], ctx)
        before, seen = seen, _seen(module)
        if seen != before:
            pipeline.check(module)
            changed = True
        if not changed or (not every and stage not in ends):
            continue
        changed = False
        waiting = _has_derivatives(module)
        if waiting and subject.takes_derivatives:
            continue
        for order in orders if stage in ends else orders[:1]:
            call = _interpret(subject, module, order)
            yield Run(f"interpreter after {stage:02} {name}, {order}", call, only_entry=waiting)


def _seen(module: ModuleOp) -> list[Any]:
    """What is in a module, to be compared: ops, operands, attributes, types, in order."""
    ops = ([op, *op.operands, *op.results, *op.properties.values(), *op.attributes.values()] for op in module.walk())
    blocks = ([block, *block.args] for op in module.walk() for region in op.regions for block in region.blocks)
    return [(part, part.type if isinstance(part, SSAValue) else None) for parts in chain(ops, blocks) for part in parts]


def _has_derivatives(module: ModuleOp) -> bool:
    return any(isinstance(op, ad.Derivative) for op in module.walk())


def _interpret(subject: Subject, module: ModuleOp, order: str) -> Callable[[str, Sequence[Any]], list[Any]]:
    def call(name: str, arguments: Sequence[Any]) -> list[Any]:
        return interpreter.run(module, name, arguments, subject.sizes, order)  # type: ignore[arg-type]

    return call


def unoptimised(subject: Subject) -> Run:
    """The interpreter, with derivatives expanded and nothing else changed. Consumes the module."""
    pipeline.run_passes(subject.module, PLAIN[:-2])
    return Run("interpreter, plain", _interpret(subject, subject.module, "forward"))


def compiled(subject: Subject, name: str, passes: tuple[str, ...], opt_level: int | None) -> Run:
    """Machine code, after these passes. Consumes the module."""
    made: dict[str, Any] = {}
    pipeline.run_passes(subject.module, passes)

    def call(name: str, arguments: Sequence[Any]) -> list[Any]:
        if name not in made:
            signature = subject.signature if name == subject.entry else subject.signature_for(name)
            made[name] = pipeline.compile(subject.module, name, signature, Options((), opt_level=opt_level))
        results = made[name](*subject.passed, *arguments[len(subject.arguments) :])
        outputs = len(function(subject.module, name).function_type.outputs)
        return [results] if outputs == 1 else list(results)

    return Run(name, call)


def optimised(subject: Subject) -> Run:
    """What a user runs."""
    return compiled(subject, "compiled", CPU, None)


def contracted(subject: Subject) -> Run:
    """What a user runs when sizes are large: contractions, which small sizes do not need, instead of loops."""
    return compiled(subject, "compiled, contracted", contracted_passes(), None)


def contracted_passes() -> tuple[str, ...]:
    """The pipeline that makes contractions of all sizes."""
    return tuple("ix-contract{always=true}" if name == "ix-contract" else name for name in CPU)


def plain(subject: Subject) -> Run:
    """As little as can be compiled, by LLVM without optimisation."""
    return compiled(subject, "compiled, plain", PLAIN, 0)
