"""`while`, and `for` loops that may stop early: `eff.while` with what they change as carried values."""

from __future__ import annotations

import ast
from collections.abc import Callable

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType, IntegerAttr
from xdsl.ir import Block, Region, SSAValue

from pydex import types
from pydex.dialects import eff, ix
from pydex.frontend.accumulators import Monoidal
from pydex.frontend.branches import choose
from pydex.frontend.carried import Carried, next_types
from pydex.frontend.elaborator import Elaborator, statement
from pydex.frontend.expressions import condition, negation
from pydex.frontend.frame import new_symbol
from pydex.frontend.functions import Iterable
from pydex.frontend.kinds import factors_of, size_of
from pydex.frontend.loops import run_carried, run_turn
from pydex.frontend.nests import index_at
from pydex.frontend.plans import Plan, classify, flags, forget
from pydex.frontend.scalars import to_ssa
from pydex.frontend.values import Literal, Scalar, Value
from pydex.sets import IndexSet
from pydex.sizes import Size


@statement(ast.While)
def run_while(el: Elaborator, node: ast.While) -> Value | None:
    if node.orelse:
        el.fail("`else` of a loop is not supported", node.orelse[0], SyntaxError, "use a flag")
    plan = classify(el, node)
    names = _carried_names(plan)
    _refuse_accumulators(el, names, node)
    with el.loop(node):
        run_carried(el, names, lambda carried: _while(el, node, carried))
    el.visit(node)
    forget(el, node, plan)
    return None


def _carried_names(plan: Plan) -> list[str]:
    return [*plan.state, *plan.own, *plan.accumulated]


def _while(el: Elaborator, node: ast.While, carried: Carried) -> None:
    from pydex.frontend.statements import run_block

    initial = carried.initial(el)
    test, body = (Block(arg_types=[v.type for v in initial]) for _ in range(2))
    with el.inside(test), el.names():
        carried.bind(el, test.args)
        going = _going(el, flags(node), lambda: condition(el, el.value(node.test), node.test))
        el.frame.emit(eff.ConditionOp(to_ssa(el, going, types.bool_)))
    with el.inside(body), el.names():
        carried.bind(el, body.args)
        run_block(el, node.body)
        el.frame.emit(eff.YieldOp(next_types(el, carried)))
    el.visit(node)
    op = eff.WhileOp(initial, Region(test), Region(body))
    el.frame.emit(op)
    carried.bind(el, op.results_[:-1])


def _going(el: Elaborator, stops: list[str], test: Callable[[], Value]) -> Literal | Scalar:
    """No flag is set, and the test holds."""
    going = test
    for name in reversed(stops):
        flag = el.scope.names[name]
        assert isinstance(flag, Literal | Scalar)
        unset = negation(el, flag)
        going = _and(el, unset, going)
    result = going()
    assert isinstance(result, Literal | Scalar)
    return result


def _and(el: Elaborator, unset: Value, rest: Callable[[], Value]) -> Callable[[], Value]:
    return lambda: choose(el, unset, rest, lambda: Literal(False))  # type: ignore[arg-type]


def _refuse_accumulators(el: Elaborator, names: list[str], node: ast.stmt) -> None:
    """What such a loop changes is carried from turn to turn, as values."""
    for name in names:
        if isinstance(el.scope.names.get(name), Monoidal):
            help = f"carry a value: {name}[i] = max({name}[i], x), with a table that is made by dx.full"
            el.fail(f"{name} is made by dx.accum, and this loop may stop early or does not count", node, help=help)


# --------------------------------------------------------------------------------------- for loops that may stop


def run_stoppable(el: Elaborator, node: ast.For, iterable: Iterable) -> None:
    """A `for` loop with `break` or `return`: a `while` that counts."""
    plan = classify(el, node)
    if iterable.parallel:
        el.fail("this loop is not parallel: it may stop early", node.iter, help="remove dx.parallel")
    names = _carried_names(plan)
    _refuse_accumulators(el, names, node)
    run_carried(el, names, lambda carried: _counted(el, node, iterable, carried))


def _counted(el: Elaborator, node: ast.For, iterable: Iterable, carried: Carried) -> None:
    zero = el.emit(arith.ConstantOp(IntegerAttr(0, IndexType())))
    initial = [*carried.initial(el), zero]
    test, body = (Block(arg_types=[v.type for v in initial]) for _ in range(2))
    size = size_of(iterable.set)
    with el.inside(test), el.names():
        carried.bind(el, test.args[:-1])
        end = el.frame.number(size)
        more = Scalar(el.emit(arith.CmpiOp(test.args[-1], end, "slt")), types.bool_)
        going = _going(el, flags(node), lambda: more)
        el.frame.emit(eff.ConditionOp(to_ssa(el, going, types.bool_)))
    with el.inside(body), el.names():
        carried.bind(el, body.args[:-1])
        count = body.args[-1]
        run_turn(el, node, iterable, _parts(el, iterable, count))
        following = next_types(el, carried)
        one = el.emit(arith.ConstantOp(IntegerAttr(1, IndexType())))
        el.frame.emit(eff.YieldOp([*following, el.emit(arith.AddiOp(count, one))]))
    el.visit(node)
    op = eff.WhileOp(initial, Region(test), Region(body))
    el.frame.emit(op)
    carried.bind(el, op.results_[:-2])


def _parts(el: Elaborator, iterable: Iterable, count: SSAValue) -> list[Value]:
    """The index of the turn, one part for each factor of a product; the last one changes fastest."""
    parts: list[Value] = []
    first, *rest = factors_of(iterable.set) or (iterable.set,)
    for factor in reversed(rest):
        size = el.frame.number(size_of(factor))
        parts.insert(0, _index(el, factor, el.emit(arith.RemUIOp(count, size)), iterable.reverse))
        count = el.emit(arith.DivUIOp(count, size))
    return [_index(el, first, count, iterable.reverse), *parts]


def _index(el: Elaborator, factor: IndexSet, position: SSAValue, reverse: bool) -> Value:
    """The index at a position; the loop's condition has proved that there is one."""
    symbol, size = new_symbol("i"), size_of(factor)
    index = el.emit(ix.IndexOp([position], [1], 0, el.frame.attr(size)))
    el.frame.add_index(symbol, index, size)
    return index_at(factor, Size.of(symbol), reverse)
