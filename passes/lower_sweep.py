"""Sequential loops whose steps make each row of a table from near rows of the last: several steps in one sweep.

    loop t { for all rows i: v[i] = f(u[i - 1], u[i], u[i + 1]); u := v }
    ==>  for p in 0 … rows + steps - 1 { for s in 0 … steps { row p - s of step s, from one buffer into the other } }

A table that does not fit into the caches is read and written once for several steps, not once for each. Row i of step s
is made when the rows that it needs of step s - 1 are there, and the row that it replaces, of step s - 1's source, is
needed no more: a step follows the one before it at a distance of `lag` rows, as far as f reaches.

One thread does that, which is faster than two that share the rows of each step; more do so, as in any parallel loop,
if there is work for more than one; what a step of theirs would be on one thread is not written once more.
The rows are the same text in both, but LLVM may contract products and sums differently: so not where results must not
depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from xdsl.ir import Attribute, Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.passes.affine import ONE, affine
from pydex.passes.lower import Lowering, is_table
from pydex.passes.lower_cells import Memory, size_of
from pydex.passes.lower_for import prepare_results, run_range
from pydex.passes.lower_iteration import reductions_of
from pydex.passes.lower_state import Carried, sequential, steps
from pydex.passes.lower_text import Idx, Val, add, maximum, minimum, mul, quotient, sub
from pydex.passes.lower_vectors import select

#: A step reaches at most so many rows in each direction.
REACH = 8

#: So many steps in one sweep at most; and so many bytes of the rows that they are at, of both buffers.
STEPS, BYTES = 32, 1 << 19

#: So many numbers are a long row.
LONG = 64

#: So many threads share the rows instead.
FEW = 3


@dataclass
class Sweep:
    """Such a loop: the ops before the rows, the loop over rows, and how far steps are apart."""

    op: eff.LoopOp
    before: list[Operation]
    rows: ix.ForOp
    lag: int


def loop(low: Lowering, op: eff.LoopOp) -> None:
    """`eff.loop`: in sweeps where that is possible."""
    sweep = sweep_of(op)
    alone = _alone(low, sweep) if sweep is not None else False
    if sweep is None or alone is False:
        sequential(low, op)
        return
    carried = Carried(low, op, op.carried, op.yielded)
    if alone is True:
        carried.finish(_swept(low, sweep, carried))
        return
    code = low.code
    types = [v.type for v in carried.first]
    results = code.let_many(types, f"scf.if {code.use(alone)} -> ({', '.join(types)}) {{")
    with low.frame():
        code.do(f"scf.yield {', '.join(['{}'] * len(types))} : {', '.join(types)}", *_swept(low, sweep, carried))
    code.do("}} else {{")
    with low.frame(), low.again(op.body):
        low.swept = True
        code.do(f"scf.yield {', '.join(['{}'] * len(types))} : {', '.join(types)}", *steps(low, op, carried, []))
        low.swept = False
    code.do("}}")
    carried.finish(results)


def _alone(low: Lowering, sweep: Sweep) -> Val | bool:
    """Is one thread to sweep here? A value: that is known when the loop runs."""
    if low.group is not None or not isinstance(low.target, Memory) or low.target.in_lanes(sweep.rows) is not None:
        return False
    return low.target.alone(low, sweep.op, sweep.rows)


# ---------------------------------------------------------------------------------------------------- is it possible


def sweep_of(op: eff.LoopOp) -> Sweep | None:
    """The parts of such a loop; None of any other."""
    if len(op.carried) != 1 or len(op.results_) != 1 or op.size.constant == 1:
        return None
    (table,), (following,) = op.carried, op.yielded
    *before, _ = op.body.block.ops
    rows = before.pop() if before else None
    if not isinstance(rows, ix.ForOp) or following.owner is not rows or rows.kind_names != ["tab"]:
        return None
    if any(o.name.startswith("eff.") for o in rows.body.walk()) or not all(map(_is_scalar, before)):
        return None
    if not _is_long(table.type) or op.symbol is not None and op.symbol.data in rows.size.symbols():
        return None
    reach = [_reach(use.operation, table, rows) for use in table.uses]
    if not reach or any(r is None or r > REACH for r in reach):
        return None
    return Sweep(op, before, rows, max(1, *(r for r in reach if r is not None)))


def _is_long(table: Attribute) -> bool:
    """Is a row a loop of its own? A row of one number, or of a few, is not worth the way to it."""
    cells = ONE
    for size in ix.bounding_sizes(table)[1:] if isinstance(table, ix.TableType) else ():
        cells = cells * size
    return cells.constant is None or cells.constant >= LONG


def _is_scalar(op: Operation) -> bool:
    return not op.regions and not op.name.startswith("eff.") and not any(map(is_table, op.results))


def _reach(read: Operation, table: SSAValue, rows: ix.ForOp) -> int | None:
    """How far from the row that is made another one is read; None: it may be any."""
    if not isinstance(read, ix.AtOp) or not rows.is_ancestor(read):
        return None
    form = affine(read.indices[0])
    if form.terms != {rows.index: ONE} or form.offset.constant is None:
        return None
    return abs(form.offset.constant)


# ----------------------------------------------------------------------------------------------------------- the loops


def _swept(low: Lowering, sweep: Sweep, carried: Carried) -> list[Val]:
    """Sweeps of as many steps as the caches have room for; the buffers after the last."""
    code, op, lag = low.code, sweep.op, sweep.lag
    (table,) = op.carried
    trips, size = low.size(op.size), low.size(sweep.rows.size)
    most = _steps(low, sweep)

    def one(first: Val, values: list[Val]) -> list[Val]:
        """The steps from the first on, at most so many."""
        carried.bind(op.carried, values)
        buffers = low.places[table], carried.spares[table]
        count = minimum(code, most, sub(code, trips, first))

        def diagonal(p: Val, _: list[Val]) -> list[Val]:
            behind = maximum(code, sub(code, add(code, p, 1), size), 0)
            start = quotient(code, add(code, behind, lag - 1), lag)
            end = minimum(code, count, add(code, quotient(code, p, lag), 1))
            low.loop(start, end, [], lambda s, _: _row(low, sweep, buffers, add(code, first, s), s, p))
            return []

        low.loop(0, add(code, size, mul(code, sub(code, count, 1), lag)), [], diagonal)
        return [*_chosen(low, buffers, code.number(count)), *_chosen(low, buffers[::-1], code.number(count))]

    return low.loop(0, trips, carried.first, one, step=most)


def _steps(low: Lowering, sweep: Sweep) -> Idx:
    """How many steps a sweep makes."""
    table = sweep.op.carried[0].type
    assert isinstance(table, ix.TableType) and isinstance(low.target, Memory)
    row: Idx = size_of(low.target.stored(table.element))
    for extent in ix.bounding_sizes(table)[1:]:
        row = mul(low.code, row, low.size(extent))
    at_once = maximum(low.code, mul(low.code, row, 2 * sweep.lag), 1)
    return low.code.number(maximum(low.code, minimum(low.code, quotient(low.code, BYTES, at_once), STEPS), 1))


def _row(low: Lowering, sweep: Sweep, buffers: tuple[Any, Any], step: Idx, s: Val, p: Val) -> list[Val]:
    """The row of a step, the s-th of its sweep, that is behind p."""
    code, op = low.code, sweep.op
    (table,) = op.carried
    source = low.target.place_of(low, buffers[0], _chosen(low, buffers, s))
    target = low.target.place_of(low, buffers[1], _chosen(low, buffers[::-1], s))
    i = sub(code, p, mul(code, s, sweep.lag))
    with low.again(op.body):
        low.bind(op, code.number(sub(code, sub(code, low.size(op.size), 1), step) if op.reverse else step))
        low.places[table] = source
        for each in sweep.before:
            low.rules[type(each)](low, each)
        low.want(op.yielded[0], target)
        prepare_results(low, sweep.rows)
        run_range(low, sweep.rows, reductions_of(low, sweep.rows), i, add(code, i, 1))
    return []


def _chosen(low: Lowering, buffers: Sequence[Any], s: Val) -> list[Val]:
    """What stands for the first buffer if s is even, for the second if it is odd."""
    code = low.code
    low_bit = code.let(code.index, f"arith.andi {{}}, {{}} : {code.index}", s, 1)
    even = code.let("i1", f"arith.cmpi eq, {{}}, {{}} : {code.index}", low_bit, 0)
    pairs = zip(*(low.target.carried(low, b) for b in buffers), strict=True)
    return [select(code, even, a, b) for a, b in pairs]
