"""`for`: which effect the body has on each variable decides what the loop becomes.

Nothing but Own and Accum: an order-free `ix.for`. Anything else: the sequential `eff.loop`, which carries what it
changes. Own is tried first and proved from the accesses seen; where the proof fails, the loop is elaborated again.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Block, Region, SSAValue

from pydex.dialects import eff
from pydex.frontend import overloads
from pydex.frontend.accumulators import Accumulator, Identity, Monoidal, Retype, combine, identity
from pydex.frontend.carried import Carried, carry_types, next_types
from pydex.frontend.comprehensions import target_name
from pydex.frontend.effects import Usage, accumulated_target, assigned_first, bound_names, read_after, usages_of_loop
from pydex.frontend.elaborator import Elaborator, statement
from pydex.frontend.functions import Iterable
from pydex.frontend.iteration import iterate
from pydex.frontend.kinds import factors_of, leaves, size_of
from pydex.frontend.nests import OpenLoop, body_of, index_at, open_loop
from pydex.frontend.own import Watch, conflict
from pydex.frontend.own_tables import own_to_tab
from pydex.frontend.patterns import bind
from pydex.frontend.scalars import to_ssa
from pydex.frontend.scope import Gone
from pydex.frontend.stores import stores_of, with_stores
from pydex.frontend.structure import (
    bring,
    flatten,
    index_of_parts,
    rebuild,
)
from pydex.frontend.updates import check_sole
from pydex.frontend.values import NUMBERS, Table, Tuple, Value
from pydex.sets import IndexSet
from pydex.types import Type


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
    """Iterations of a loop may meet at a place of a table. Only inside this module."""

    def __init__(self, name: str, first: ast.AST, second: ast.AST, example: str):
        self.name, self.first, self.second, self.example = name, first, second, example


@statement(ast.For)
def run_for(el: Elaborator, node: ast.For) -> Value | None:
    if node.orelse:
        el.fail("`else` of a loop is not supported", node.orelse[0], SyntaxError, "use a flag")
    iterable = iterate(el, el.value(node.iter), node.iter)
    if isinstance(iterable, Tuple):
        from pydex.frontend.unrolled import unroll

        return unroll(el, node, iterable)
    plan = classify(el, node)
    try:
        with el.loop(node):
            if flags(node):
                from pydex.frontend.whiles import run_stoppable

                run_stoppable(el, node, iterable)
            else:
                _run(el, node, iterable, plan)
    finally:
        el.visit(node)
    forget(el, node, plan)
    return None


def flags(node: ast.AST) -> list[str]:
    """The names of the flags that stop this loop (jumps.py sets them)."""
    return getattr(node, "pydex_flags", [])


def _run(el: Elaborator, node: ast.For, iterable: Iterable, plan: Plan) -> None:
    key = (id(node), el.frame.name)
    while True:
        forced = el.unit.sequential.get(key, {})
        for name in [n for n in plan.own if n in forced]:
            plan.own.remove(name)
            plan.state.append(name)
        if iterable.parallel and not plan.is_parallel:
            refuse_parallel(el, node, plan, forced)
        try:
            with el.attempt():
                (_parallel if plan.is_parallel else _sequential)(el, node, iterable, plan)
            el.unit.effects[id(node)] = shown(el, node, iterable, plan)
            return
        except NotOwn as found:
            el.unit.sequential.setdefault(key, {})[found.name] = found
        except Retype as found:
            if found.name not in plan.accumulated or found.name not in el.scope.names:
                raise
            el.scope.names[found.name] = bring(el, el.scope.names[found.name], found.new_type)


def shown(el: Elaborator, node: ast.For, iterable: Iterable, plan: Plan) -> str:
    """`line 7, for i in n: parallel; h accumulates (add)`, for `f.type`."""
    effects = [f"{name} accumulates ({monoid})" for name, monoid in plan.accumulated.items()]
    if plan.is_parallel:
        effects += [f"{name} is owned" for name in plan.own]
    else:
        effects += [f"{name} is carried" for name in [*plan.state, *plan.own]]
    place = f"line {node.lineno}, for {ast.unparse(node.target)} in {iterable.set!r}"
    return "; ".join([f"{place}: {'parallel' if plan.is_parallel else 'sequential'}", *effects])


# -------------------------------------------------------------------------------------------- classification


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
        why = f"{name} is the loop's own and has no value after it" if name in targets else (
            f"{name} is assigned inside the loop only and has no value after it"
        )
        writes = [node] if name in targets else usages_of_loop(node)[name].writes or [node]
        el.scope.names[name] = Gone(why, f"initialise {name} before the loop", el.span(writes[0]))


# ---------------------------------------------------------------------------------------------- parallel loops


def _parallel(el: Elaborator, node: ast.For, iterable: Iterable, plan: Plan) -> None:
    with accumulating(el, plan.accumulated, scalars_too=False) as partial:
        _parallel_nest(el, node, iterable, plan, partial)


class accumulating:
    """Code inside combines into references to the accumulated variables; afterwards they hold the totals.

    Gives the names of the scalars that the loop itself reduces (none if `scalars_too`).
    """

    def __init__(self, el: Elaborator, accumulated: dict[str, str], scalars_too: bool):
        self.el, self.accumulated = el, accumulated
        names = el.scope.names
        self.partial = {
            n: m for n, m in accumulated.items()
            if not isinstance(names[n], Table | Monoidal) and m not in ("max", "min") and not scalars_too
        }  # fmt: skip
        self.referenced = {n: m for n, m in accumulated.items() if n not in self.partial}

    def __enter__(self) -> dict[str, str]:
        el = self.el
        if not self.referenced:
            return self.partial
        self.values = {n: el.scope.names[n] for n in self.referenced}
        self.initial = {n: flatten(el, v.content if isinstance(v, Monoidal) else v) for n, v in self.values.items()}
        self.block = Block()
        for name, monoid in self.referenced.items():
            el.scope.names[name] = self._reference(name, monoid)
        self.before, el.frame.block = el.frame.block, self.block
        self.names = dict(el.scope.names)
        return self.partial

    def _reference(self, name: str, monoid: str) -> Accumulator:
        type = self.values[name].type
        arguments = []
        for ssa, leaf in zip(self.initial[name], leaves(type), strict=True):
            kind = eff.AccType(StringAttr(monoid_of(monoid, leaf)), ssa.type)
            arguments.append(self.block.insert_arg(kind, len(self.block.args)))
        return Accumulator(name, monoid, tuple(arguments), type)

    def __exit__(self, kind, error, trace) -> None:
        if not self.referenced:
            return
        el = self.el
        if error is not None:
            el.frame.block = self.before
            return
        changed = [n for n, v in el.scope.names.items() if v is not self.names.get(n) and leaves(v.type)]
        out = {n: el.scope.names[n] for n in changed}
        types = {n: v.type for n, v in out.items()}
        flat = {n: flatten(el, v) for n, v in out.items()}
        yielded = [ssa for values in flat.values() for ssa in values]
        el.frame.emit(eff.YieldOp(yielded))
        el.frame.block = self.before
        initial = [ssa for values in self.initial.values() for ssa in values]
        monoids = [a.type.monoid.data for a in self.block.args if isinstance(a.type, eff.AccType)]
        op = eff.AccumOp(initial, monoids, [v.type for v in yielded], Region(self.block))
        results: list[SSAValue] = list(el.frame.emit(op).results)
        for name, value in self.values.items():
            total = _take(el, value.type, results)
            total = with_stores(total, stores_of(value))
            el.scope.names[name] = Monoidal(total, value.monoid) if isinstance(value, Monoidal) else total
        for name in changed:
            el.scope.names[name] = with_stores(_take(el, types[name], results), stores_of(out[name]))


def monoid_of(monoid: str, leaf) -> str:
    """The IR's monoid for a leaf: unsigned integers have their own max and min."""
    from pydex.frontend.scalars import storage

    if monoid in ("max", "min") and storage(leaf.element).kind in "ub":
        return {"max": "or", "min": "and"}[monoid] if storage(leaf.element).kind == "b" else "u" + monoid
    return monoid


def _take(el: Elaborator, type: Type, results: list[SSAValue]) -> Value:
    count = len(leaves(type))
    taken = results[:count]
    del results[:count]
    return rebuild(el, type, taken)


def _parallel_nest(el: Elaborator, node: ast.For, iterable: Iterable, plan: Plan, partial: dict[str, str]) -> None:
    factors = list(factors_of(iterable.set) or [iterable.set])
    _parallel_level(el, node, iterable, plan, partial, factors, [])


def _parallel_level(
    el: Elaborator,
    node: ast.For,
    iterable: Iterable,
    plan: Plan,
    partial: dict[str, str],
    todo: list[IndexSet],
    done: list[Value],
) -> None:
    names = el.scope.names
    before = {n: names[n] for n in [*plan.own, *partial]}
    watches = [Watch(name) for name in plan.own]
    known = frozenset(el.frame.symbols)
    loop = open_loop(el, todo[0], target_name(node.target), iterable.reverse)
    for watch in watches:
        watch.symbol, watch.before = loop.symbol, known
    with body_of(el, loop), el.watching(watches), el.reducing(partial):
        _enter_body(el, loop, plan, partial)
        parts = [*done, loop.index]
        if len(todo) > 1:
            _parallel_level(el, node, iterable, plan, partial, todo[1:], parts)
        else:
            run_turn(el, node, iterable, parts)
        finals = {n: el.scope.names[n] for n in before}
        yields = _yields(el, plan, finals)
        _check_own(el, watches)
    _leave_loop(el, loop, plan, partial, before, yields)


def _enter_body(el: Elaborator, loop: OpenLoop, plan: Plan, partial: dict[str, str]) -> None:
    for name in plan.own:
        table = el.scope.names[name]
        assert isinstance(table, Table)
        inside = [loop.block.insert_arg(leaf.type, len(loop.block.args)) for leaf in table.leaves]
        el.scope.names[name] = Table(tuple(inside), table.type, table.store)
    for name, monoid in partial.items():
        el.scope.names[name] = identity(monoid)


def run_turn(el: Elaborator, node: ast.For, iterable: Iterable, parts: list[Value]) -> None:
    """One turn of the loop's body, at the index of these parts."""
    from pydex.frontend.statements import run_block

    index = index_of_parts(iterable.set, tuple(parts)) if len(parts) > 1 else parts[0]
    el.visit(node.target)
    bind(el, node.target, iterable.element(index))
    outcome = run_block(el, node.body)
    del outcome


@dataclass
class Yields:
    """What a turn yields: the owned tables' leaves, and for each reduced variable its partial result."""

    own: list[SSAValue]
    partial: dict[str, tuple[SSAValue, Type]]


def _yields(el: Elaborator, plan: Plan, finals: dict[str, Value]) -> Yields:
    own = [ssa for name in plan.own for ssa in flatten(el, finals[name])]
    partial: dict[str, tuple[SSAValue, Type]] = {}
    for name, value in finals.items():
        if name in plan.own or isinstance(value, Identity):
            continue
        if not isinstance(value, NUMBERS):
            el.fail(f"{overloads.describe(value)} is accumulated into {name}, which begins as a number",
                    help=f"begin with a table: {name} = dx.zeros(…)")  # fmt: skip
        from pydex.frontend.reductions import reduced_type

        dtype = reduced_type(value)
        partial[name] = (to_ssa(el, value, dtype), dtype)
    return Yields(own, partial)


def _check_own(el: Elaborator, watches: list[Watch]) -> None:
    for watch in watches:
        found = conflict(el.frame, watch)
        if found is not None:
            first, second, example = found
            raise NotOwn(watch.name, first.node, second.node, str(example or ""))


def _leave_loop(
    el: Elaborator, loop: OpenLoop, plan: Plan, partial: dict[str, str], before: dict[str, Value], yields: Yields
) -> None:
    owned = [ssa for name in plan.own for ssa in flatten(el, before[name])]
    kinds = ["own"] * len(owned) + [partial[name] for name in yields.partial]
    values = yields.own + [ssa for ssa, _ in yields.partial.values()]
    results = own_to_tab(el, loop, kinds, values, owned)
    for name in plan.own:
        table = before[name]
        assert isinstance(table, Table)
        el.scope.names[name] = Table(tuple(results[: len(table.leaves)]), table.type, table.store)
        results = results[len(table.leaves) :]
    for (name, (_, dtype)), ssa in zip(yields.partial.items(), results, strict=True):
        total = rebuild(el, dtype, [ssa])
        el.scope.names[name] = combine(el, partial[name], before[name], total)
    for name in partial:
        if name not in yields.partial:
            el.scope.names[name] = before[name]


# -------------------------------------------------------------------------------------------- sequential loops


def _sequential(el: Elaborator, node: ast.For, iterable: Iterable, plan: Plan) -> None:
    names = el.scope.names
    scalars = [n for n in plan.accumulated if not isinstance(names[n], Table | Monoidal)]
    tables = {n: m for n, m in plan.accumulated.items() if n not in scalars}
    with accumulating(el, tables, scalars_too=True):
        carry = [*plan.state, *plan.own, *scalars]
        run_carried(el, carry, lambda carried: _sequential_nest(el, node, iterable, carried))


def run_carried(el: Elaborator, names: list[str], attempt: Callable[[Carried], None]) -> None:
    """Runs a loop that carries these names, again with promoted types where a turn changes them."""
    types = carry_types(el, names)
    for _ in range(8):
        carried = Carried(names, types)
        try:
            with el.attempt():
                attempt(carried)
            return
        except Retype as found:
            if found.name not in types:
                raise
            types[found.name] = found.new_type
    el.fail(f"the types of {', '.join(names)} do not settle")


def _sequential_nest(el: Elaborator, node: ast.For, iterable: Iterable, carried: Carried) -> None:
    factors = list(factors_of(iterable.set) or [iterable.set])
    initial = carried.initial(el)
    for name, value in zip(carried.names, carried.values(el, initial), strict=True):
        el.scope.names[name] = value
    _sequential_level(el, node, iterable, carried, factors, [])


def _sequential_level(
    el: Elaborator, node: ast.For, iterable: Iterable, carried: Carried, todo: list[IndexSet], done: list[Value]
) -> None:
    from pydex.frontend.frame import new_symbol
    from pydex.frontend.prove import require
    from pydex.sizes import Size

    size = size_of(todo[0])
    require(el, size, 0, f"the size of {todo[0]!r} must not be negative")
    op = eff.LoopOp(el.frame.attr(size), carried.current(el), reverse=iterable.reverse)
    el.frame.emit(op)
    name = target_name(node.target)
    op.index.name_hint = name if name.isidentifier() else None
    symbol = new_symbol(name)
    el.frame.add_index(symbol, op.index, size)
    index = index_at(todo[0], Size.of(symbol))
    location, at = el.frame.location, el.node
    with el.inside(op.body.block), el.names():
        carried.bind(el, op.carried)
        if len(todo) > 1:
            _sequential_level(el, node, iterable, carried, todo[1:], [*done, index])
        else:
            run_turn(el, node, iterable, [*done, index])
        el.frame.emit(eff.YieldOp(next_types(el, carried)))
    el.frame.location, el.node = location, at
    carried.bind(el, op.results_)


