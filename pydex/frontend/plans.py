"""The effects of a loop on the variables from outside: what its syntax says, and what is told about them.

`plan.own` is what the syntax allows to be owned; loops.py proves it, or carries the variable.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from pydex.frontend.accumulators import Accumulator, Monoidal
from pydex.frontend.effects import Usage, accumulated_target, assigned_first, bound_names, read_after, usages_of_loop
from pydex.frontend.elaborator import Elaborator
from pydex.frontend.functions import Iterable
from pydex.frontend.scope import Gone
from pydex.frontend.updates import check_sole
from pydex.frontend.values import NUMBERS, Table, Value


@dataclass
class Plan:
    """The effects of a loop on the variables from outside."""

    accumulated: dict[str, str] = field(default_factory=dict)
    own: list[str] = field(default_factory=list)
    state: list[str] = field(default_factory=list)
    locals: list[str] = field(default_factory=list)

    @property
    def is_parallel(self) -> bool:
        return not self.state


class NotOwn(Exception):
    """Iterations of a loop may meet at a place of a table, so it is carried instead."""

    def __init__(self, name: str, first: ast.AST, second: ast.AST, example: str):
        self.name, self.first, self.second, self.example = name, first, second, example


def shown(el: Elaborator, node: ast.For, iterable: Iterable, plan: Plan) -> str:
    """`line 7, for i in n: parallel; h accumulates (add)`, for `f.type`."""
    effects = [f"{name} accumulates ({monoid})" for name, monoid in plan.accumulated.items()]
    if plan.is_parallel:
        effects += [f"{name} is owned" for name in plan.own]
    else:
        effects += [f"{name} is carried" for name in [*plan.state, *plan.own]]
    place = f"line {node.lineno}, for {ast.unparse(node.target)} in {iterable.set!r}"
    return "; ".join([f"{place}: {'parallel' if plan.is_parallel else 'sequential'}", *effects])


def classify(el: Elaborator, node: ast.For | ast.While) -> Plan:
    """The effect of a loop on each variable that exists before it and that it changes."""
    plan = Plan()
    targets = set(bound_names(node.target)) if isinstance(node, ast.For) else set()
    body = node.body if isinstance(node, ast.For) else [ast.Expr(node.test), *node.body]
    for name, usage in usages_of_loop(node).items():
        if not usage.is_modified:
            continue
        value = el.scope.names.get(name)
        if name in targets or value is None or isinstance(value, Gone):
            plan.locals.append(name)
        else:
            _place(el, plan, name, usage, value, node, body)
    plan.locals += [t for t in targets if t not in plan.locals]
    return plan


def _place(el: Elaborator, plan: Plan, name: str, usage: Usage, value: Value, node, body: list[ast.stmt]) -> None:
    if isinstance(value, Accumulator):
        return  # an outer loop accumulates into it
    if isinstance(value, Monoidal):
        if usage.monoid is None:
            reads = [*usage.reads, *usage.element_reads, *usage.writes, *usage.element_writes]
            el.fail(f"{name} is an accumulator: this loop can only add to it", reads[0] if reads else node,
                    help="read it after the loop")  # fmt: skip
        plan.accumulated[name] = value.monoid
        return
    monoid = usage.monoid
    if monoid is not None and _can_accumulate(el, name, usage, value, monoid):
        if isinstance(value, Table) and usage.is_elementwise:
            check_sole(el, name, value, accumulated_target(usage.accumulations[0][1]))  # type: ignore[arg-type]
        plan.accumulated[name] = monoid
    elif isinstance(value, Table) and usage.is_elementwise:
        plan.own.append(name)
    elif " " not in name and assigned_first(body, name) and not read_after(el.function, el.loops, node, name):
        plan.locals.append(name)
    else:
        plan.state.append(name)


def _can_accumulate(el: Elaborator, name: str, usage: Usage, value: Value, monoid: str) -> bool:
    whole = usage.is_elementwise is False
    if monoid in ("or", "and"):
        from pydex.types import bool_

        dtype = value.type.element if isinstance(value, Table) else value.type
        if dtype != bool_:
            return False
    if isinstance(value, Table):
        return not any(watch.name == name for watch in el.watches)
    return whole and isinstance(value, NUMBERS)


def refuse_parallel(el: Elaborator, node: ast.For, plan: Plan, forced: dict) -> None:
    """The error for `dx.parallel` of a loop that carries state."""
    name = plan.state[0]
    found = forced.get(name)
    if isinstance(found, NotOwn):
        what = f"{name}: different iterations may meet at one place"
        what += f", e.g. {found.example}" if found.example else ""
        help = f"remove dx.parallel, or accumulate: {ast.unparse(found.first)} += …"
        el.fail(f"this loop is not parallel, because of {what}", found.first, TypeError, help)
    usage = usages_of_loop(node)[name]
    reads = [*usage.reads, *usage.element_reads]
    if usage.accumulations and reads:
        el.fail(f"this loop is not parallel: {name} is accumulated into and read in it", reads[0],
                help=f"remove dx.parallel, or read {name} after the loop only")  # fmt: skip
    place = (usage.writes or [s for _, s in usage.accumulations] or usage.element_writes)[0]
    el.fail(
        f"this loop is not parallel: {name} is carried from one iteration to the next",
        place,
        help=f"remove dx.parallel, or only accumulate: `{name} += …`, `{name} = max({name}, …)`",
    )


def forget(el: Elaborator, node: ast.For | ast.While, plan: Plan) -> None:
    """Names of the loop's own have no value after it."""
    targets = set(bound_names(node.target)) if isinstance(node, ast.For) else set()
    for name in plan.locals:
        why = (
            f"{name} is the loop's own and has no value after it"
            if name in targets
            else (f"{name} is assigned inside the loop only and has no value after it")
        )
        writes = [node] if name in targets else usages_of_loop(node)[name].writes or [node]
        el.scope.names[name] = Gone(why, f"initialise {name} before the loop", el.span(writes[0]))


def flags(node: ast.AST) -> list[str]:
    """The names of the flags that stop this loop (jumps.py sets them)."""
    return getattr(node, "pydex_flags", [])
