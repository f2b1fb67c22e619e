"""The executions of law 1, of the entry of a subject and of the functions of its derivatives.

A `Run` is one of them: its name, and a function that gives the flat results of a function for flat arguments. Passes
run over a subject's module in place: one that has been interpreted after every pass is ready to be compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import SSAValue

from law1.subject import Subject, function
from pydex import interpreter, pipeline
from pydex.dialects import ad
from pydex.dialects.text import context
from pydex.passes.pipelines import CPU, PLAIN
from pydex.pipeline import Options

ENDS = (0, len(CPU))
EXPANDED, OWNED = PLAIN[:-2], PLAIN[-2:]
"""What a program with derivatives needs to be interpreted, and then to be compiled."""


@dataclass
class Run:
    """One execution. `only_entry`: the functions of derivatives cannot be run yet."""

    name: str
    call: Callable[[str, Sequence[Any]], list[Any]]
    only_entry: bool = False


def interpreted(subject: Subject, orders: Sequence[str] = ("forward", "random"), every: bool = True) -> Iterator[Run]:
    """The interpreter, on the module as the frontend made it and after every pass that changes it (or only the last).

    After each in the first order; in the others at both ends. A pass is left out where the interpreter cannot run what
    it leaves: derivative ops. The module has been through `CPU` then.
    """
    module = subject.module
    for stage, name in _stages(module, every):
        waiting = _has_derivatives(module)
        if waiting and subject.takes_derivatives:
            continue
        for order in orders if stage in ENDS else orders[:1]:
            call = _interpret(subject, module, order)
            yield Run(f"interpreter after {stage:02} {name}, {order}", call, only_entry=waiting)


def _stages(module: ModuleOp, every: bool) -> Iterator[tuple[int, str]]:
    """Before the first pass and after the last, and after every one that changes the module if that is asked for; it is
    verified there."""
    ctx = context()
    seen = _seen(module) if every else []
    for stage, name in enumerate(("frontend", *CPU)):
        if stage:
            pipeline.run_passes(module, [name], ctx)
        before, seen = seen, _seen(module) if every else []
        if stage in ENDS or seen != before:
            pipeline.check(module)
            yield stage, name


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
    """The interpreter, with derivatives expanded and nothing else changed: the module has been through `EXPANDED`."""
    pipeline.run_passes(subject.module, EXPANDED)
    return Run("interpreter, plain", _interpret(subject, subject.module, "forward"))


def compiled(subject: Subject, name: str, passes: tuple[str, ...], opt_level: int | None) -> Run:
    """Machine code, after these passes. The program itself gets its arguments with their strides, its derivatives get
    contiguous ones: each function is compiled for one kind. Consumes the module."""
    made: dict[str, Any] = {}
    pipeline.run_passes(subject.module, passes)
    rows = [np.ascontiguousarray(v) if isinstance(v, np.ndarray) and v.ndim else v for v in subject.passed]

    def call(name: str, arguments: Sequence[Any]) -> list[Any]:
        is_entry = name == subject.entry
        if name not in made:
            signature = subject.signature if is_entry else subject.signature_for(name)
            made[name] = pipeline.compile(subject.module, name, signature, Options((), opt_level=opt_level))
        results = made[name](*(subject.passed if is_entry else rows), *arguments[len(subject.arguments) :])
        outputs = len(function(subject.module, name).function_type.outputs)
        return [results] if outputs == 1 else list(results)

    return Run(name, call)


def optimised(subject: Subject, passes: tuple[str, ...] = CPU) -> Run:
    """What a user runs. passes: those that the module has yet to go through."""
    return compiled(subject, "compiled", passes, None)


def contracted(subject: Subject) -> Run:
    """What a user runs when sizes are large: contractions, which small sizes do not need, instead of loops."""
    return compiled(subject, "compiled, contracted", contracted_passes(), None)


def contracted_passes(block: int = 2) -> tuple[str, ...]:
    """The pipeline that makes contractions of all sizes, between which there are so many points at a time."""
    small = {"ix-contract": "ix-contract{always=true}", "ix-blocks": f"ix-blocks{{length={block}}}"}
    return tuple(small.get(name, name) for name in CPU)


def plain(subject: Subject, passes: tuple[str, ...] = PLAIN) -> Run:
    """As little as can be compiled, by LLVM without optimisation; `passes` as above."""
    return compiled(subject, "compiled, plain", passes, 0)
