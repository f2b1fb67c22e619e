"""Forward mode of loops, accumulations and branches: tangents are carried, reduced and accumulated beside values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xdsl.dialects import scf
from xdsl.ir import Block, Region, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr
from pydex.passes.symbols import fresh, substitute

from .ad_errors import no_rule
from .ad_forward import Forward, Point
from .ad_numbers import Number
from .ad_reductions import Others, with_parts

# ------------------------------------------------------------------------------------------------- ix.for


def for_(forward: Forward, op: ix.ForOp, point: Point) -> None:
    """Results with a tangent twice: tables, owned tables and sums by the same loop, max, min and mul by another."""
    active = [r in forward.active for r in op.results_]
    arguments = dict(zip(_owned_results(op), zip(op.body.block.args[1:], op.owned, strict=True), strict=True))
    doubled = [
        k
        for k, kind in enumerate(op.kind_names)
        if (active[k] and kind in ("tab", "own", "add")) or (k in arguments and arguments[k][0] in forward.active)
    ]
    owned = [arguments[k] for k in doubled if k in arguments]
    loop, inner = _start_for(op, point, [point.tangent(t) for _, t in owned])
    inner.tangents.update(zip((a for a, _ in owned), loop.body.block.args[1 + len(arguments) :], strict=True))
    forward.block(op.body.block, inner)
    doubled.sort(key=lambda k: op.kind_names[k] != "own")
    tangents = [inner.tangent(op.yielded[k] if active[k] else arguments[k][0]) for k in doubled]
    values = [inner.values[v] for v in op.yielded] + tangents
    final = point.emit.finish_for(loop, [*op.kind_names, *(op.kind_names[k] for k in doubled)], values)
    final, parts = with_parts(point.emit, final, active, forward.target.higher)
    point.values.update(zip(op.results_, final.results_, strict=False))
    point.tangents.update((op.results_[k], final.results_[len(active) + j]) for j, k in enumerate(doubled))
    for k, kind in enumerate(op.kind_names):
        if active[k] and kind in ("max", "min"):
            point.tangents[op.results_[k]] = _of_winner(forward, op, point, k, parts[k, "winner"])
        elif active[k] and kind == "mul":
            point.tangents[op.results_[k]] = _of_product(forward, op, point, k, Others(point.emit, parts, k))


def _owned_results(op: ix.ForOp) -> list[int]:
    return [k for k, kind in enumerate(op.kind_names) if kind == "own"]


def _start_for(op: ix.ForOp, point: Point, tangents: Sequence[SSAValue] = ()) -> tuple[ix.ForOp, Point]:
    """An unfinished loop like `op`, which owns `tangents` too, and a point in it."""
    symbol = fresh(op.symbol.data) if op.symbol else None
    size = substitute(op.size, point.sizes)
    assert isinstance(size, SizeAttr)
    loop = ix.ForOp(size, [], [], [*(point.values[t] for t in op.owned), *tangents], symbol)
    inner = point.inside(point.emit.into(loop.body.block))
    inner.enter(op, loop.index, symbol)
    inner.values.update(zip(op.body.block.args[1:], loop.body.block.args[1:], strict=False))
    return loop, inner


def _of_winner(forward: Forward, op: ix.ForOp, point: Point, k: int, winner: SSAValue) -> SSAValue:
    """r = max_i f(i), attained at w: ṙ is the tangent of f at w; the body at w, once."""
    inner = point.rerun(point.emit)
    symbol = fresh(op.symbol.data) if op.symbol else None
    if symbol is not None:
        winner = inner.emit.insert(ix.NameOp(winner, symbol)).result
    inner.enter(op, winner, symbol)
    _borrow(op, inner)
    forward.block(op.body.block, inner)
    return inner.tangent(op.yielded[k])


def _of_product(forward: Forward, op: ix.ForOp, point: Point, k: int, others: Others) -> SSAValue:
    """r = ∏_i x_i: ṙ = Σ_i ẋ_i · ∏_{j≠i} x_j, a loop of its own."""
    symbol = fresh(op.symbol.data) if op.symbol else None
    size = substitute(op.size, point.sizes)
    assert isinstance(size, SizeAttr)
    loop = ix.ForOp(size, [], [], (), symbol)
    inner = point.rerun(point.emit.into(loop.body.block))
    inner.enter(op, loop.index, symbol)
    _borrow(op, inner)
    forward.block(op.body.block, inner)
    factor = op.yielded[k]
    product = others.product(inner.emit, loop.index, inner.values[factor])
    term = product * Number(inner.tangent(factor), inner.emit)
    return point.emit.finish_for(loop, ["add"], [term.value]).results_[0]


def _borrow(op: ix.ForOp, inner: Point) -> None:
    """A body that is run again reads the tables that its loop owns as they were before."""
    for argument, table in zip(op.body.block.args[1:], op.owned, strict=True):
        inner.values[argument] = inner.values[table]
        if table in inner.tangents:
            inner.tangents[argument] = inner.tangents[table]


# ------------------------------------------------------------------------------------- eff.loop, eff.while


def loop(forward: Forward, op: eff.LoopOp, point: Point) -> None:
    """Tangents are carried beside values, and tables of tangents come out beside tables."""
    carried = _active_carried(forward, op.carried, op.yielded, op.results_)
    initial = [point.values[i] for i in op.initial] + [point.tangent(op.initial[k]) for k in carried]
    symbol = fresh(op.symbol.data) if op.symbol else None
    size = substitute(op.size, point.sizes)
    assert isinstance(size, SizeAttr)
    copy = eff.LoopOp(size, initial, (), op.reverse is not None, symbol)
    inner = point.inside(point.emit.into(copy.body.block))
    inner.enter(op, copy.index, symbol)
    _bind(inner, op.carried, carried, copy.carried)
    forward.block(op.body.block, inner)
    count = len(op.initial)
    tables = [k for k in range(count, len(op.results_)) if op.results_[k] in forward.active]
    values = [inner.values[v] for v in op.yielded[:count]] + [inner.tangent(op.yielded[k]) for k in carried]
    outputs = [inner.values[v] for v in op.yielded[count:]] + [inner.tangent(op.yielded[k]) for k in tables]
    final = point.emit.finish_loop(copy, [*values, *outputs])
    final.linear = op.linear  # the tangents of cotangents are linear in these and in each other
    if op.keep is not None:
        final.properties |= {"keep": substitute(op.keep, point.sizes)}
        final.halving = op.halving
    results = final.results_
    after = count + len(carried)
    _bind(point, op.results_[:count], carried, results[:after])
    rest = len(op.results_) - count
    point.values.update(zip(op.results_[count:], results[after:], strict=False))
    point.tangents.update(zip((op.results_[k] for k in tables), results[after + rest :], strict=True))


def while_(forward: Forward, op: eff.WhileOp, point: Point) -> None:
    """Tangents are carried too; the condition asks the primal."""
    last = op.body.block.last_op
    assert last is not None
    carried = _active_carried(forward, op.body.block.args, last.operands, op.results_)
    initial = [point.values[i] for i in op.initial] + [point.tangent(op.initial[k]) for k in carried]
    copy = eff.WhileOp(initial)
    condition = point.inside(point.emit.into(copy.condition.block))
    _bind(condition, op.condition.block.args, [], copy.condition.block.args)
    for inner_op in op.condition.block.ops:
        condition.clone(inner_op)
    inner = point.inside(point.emit.into(copy.body.block))
    _bind(inner, op.body.block.args, carried, copy.body.block.args)
    forward.block(op.body.block, inner)
    values = [inner.values[v] for v in last.operands] + [inner.tangent(last.operands[k]) for k in carried]
    inner.emit.insert(eff.YieldOp(values))
    results = point.emit.insert(copy).results_
    _bind(point, op.results_[:-1], carried, results)
    point.values[op.trips] = copy.trips


def _active_carried(
    forward: Forward, arguments: Sequence[SSAValue], yielded: Sequence[SSAValue], results: Sequence[SSAValue]
) -> list[int]:
    """The carried values that have a tangent somewhere on their way round."""
    ways = enumerate(zip(arguments, yielded, results, strict=False))
    return [k for k, way in ways if any(v in forward.active for v in way)]


def _bind(point: Point, source: Sequence[SSAValue], carried: Iterable[int], here: Sequence[SSAValue]) -> None:
    """`source` values are `here`, followed by the tangents of those that are `carried`."""
    point.values.update(zip(source, here, strict=False))
    point.tangents.update(zip((source[k] for k in carried), here[len(source) :], strict=False))


# ------------------------------------------------------------------------------------- eff.accum, scf.if


def accum(forward: Forward, op: eff.AccumOp, point: Point) -> None:
    """Accumulators of tangents beside accumulators."""
    count = len(op.initial)
    active = [k for k, a in enumerate(op.accumulators) if a in forward.active or op.results_[k] in forward.active]
    for k in active:
        if op.monoids[k] != "add":
            raise no_rule(op, f"it combines by '{op.monoids[k]}', which has none; carry the value in a loop instead")
    initial = [point.values[i] for i in op.initial] + [point.tangent(op.initial[k]) for k in active]
    copy = eff.AccumOp(initial, [*op.monoids, *("add" for _ in active)])
    inner = point.inside(point.emit.into(copy.body.block))
    _bind(inner, op.accumulators, active, copy.accumulators)
    forward.block(op.body.block, inner)
    others = [k for k in range(len(op.yielded)) if op.results_[count + k] in forward.active]
    values = [inner.values[v] for v in op.yielded] + [inner.tangent(op.yielded[k]) for k in others]
    results = point.emit.finish_accum(copy, values).results_
    after = count + len(active)
    _bind(point, op.results_[:count], active, results[:after])
    _bind(point, op.results_[count:], others, results[after:])


def if_(forward: Forward, op: scf.IfOp, point: Point) -> None:
    """Branches yield tangents too."""
    active = [k for k, r in enumerate(op.results) if r in forward.active]
    blocks = [_branch(forward, region, point, active) for region in op.regions]
    types = [point.type_of(r) for r in (*op.results, *(op.results[k] for k in active))]
    copy = point.emit.insert(scf.IfOp(point.values[op.cond], types, [blocks[0]], [blocks[1]]))
    _bind(point, op.results, active, copy.results)


def _branch(forward: Forward, region: Region, point: Point, active: Sequence[int]) -> Block:
    block = Block()
    inner = point.inside(point.emit.into(block))
    yielded = forward.block(region.block, inner) if region.blocks else ()
    values = [inner.values[v] for v in yielded] + [inner.tangent(yielded[k]) for k in active]
    inner.emit.insert(scf.YieldOp(*values))
    return block
