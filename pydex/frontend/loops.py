"""`for`: which effect the body has on each variable decides what the loop becomes.

Nothing but Own and Accum: an order-free `ix.for`. Anything else: the sequential `eff.loop`, which carries what it
changes. Own is tried first and proved from the accesses seen; where the proof fails, the loop is elaborated again.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from xdsl.ir import SSAValue

from pydex.dialects import eff
from pydex.frontend import overloads
from pydex.frontend.accumulating import accumulating
from pydex.frontend.accumulators import Identity, Monoidal, Retype, combine, identity
from pydex.frontend.carried import Aliased, Carried, carry_types, next_types
from pydex.frontend.comprehensions import target_name
from pydex.frontend.elaborator import Elaborator, statement
from pydex.frontend.functions import Iterable
from pydex.frontend.iteration import iterate
from pydex.frontend.kinds import factors_of, size_of
from pydex.frontend.nests import OpenLoop, body_of, index_at, open_loop
from pydex.frontend.own import Watch, conflict
from pydex.frontend.own_tables import own_to_tab
from pydex.frontend.patterns import bind
from pydex.frontend.plans import NotOwn, Plan, classify, flags, forget, refuse_parallel, shown
from pydex.frontend.scalars import to_ssa
from pydex.frontend.stores import Store, stores_of
from pydex.frontend.structure import (
    bring,
    flatten,
    index_of_parts,
    rebuild,
)
from pydex.frontend.updates import raise_or_convert
from pydex.frontend.values import NUMBERS, Table, Tuple, Value
from pydex.sets import IndexSet
from pydex.types import Type


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
            table = el.scope.names.get(found.name)
            if found.name in plan.own and isinstance(table, Table):
                raise_or_convert(el, found.name, table, found.new_type)
                continue
            if found.name not in plan.accumulated or table is None:
                raise
            el.scope.names[found.name] = bring(el, el.scope.names[found.name], found.new_type)


# ---------------------------------------------------------------------------------------------- parallel loops


def _parallel(el: Elaborator, node: ast.For, iterable: Iterable, plan: Plan) -> None:
    with accumulating(el, plan.accumulated, scalars_too=False) as partial:
        _parallel_nest(el, node, iterable, plan, partial)


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
    run_block(el, node.body)


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
    before = {name: stores_of(value) for name, value in el.scope.names.items()}
    earlier: dict[str, frozenset[Store]] = {}
    for _ in range(8 + len(names)):
        carried = Carried(names, types, before, earlier)
        try:
            with el.attempt():
                attempt(carried)
            return
        except Retype as found:
            if found.name not in types:
                raise
            types[found.name] = found.new_type
        except Aliased as found:
            earlier |= {name: earlier.get(name, frozenset()) | stores for name, stores in found.stores.items()}
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
