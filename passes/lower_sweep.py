"""Sequential loops whose steps make each row of a table from near rows of the last: several steps in one sweep.

    loop t { for all rows i: v[i] = f(u[i - 1], u[i], u[i + 1]); u := v }
    ==>  for p in 0 … rows + steps - 1 { for s in 0 … steps { row p - s of step s, from one buffer into the other } }

A table that does not fit into the caches is read and written once for several steps, not once for each. Row i of step s
is made when the rows that it needs of step s - 1 are there, and the row that it replaces, of step s - 1's source, is
needed no more: a step follows the one before it at a distance of `lag` rows, as far as f reaches.

Threads share a sweep in blocks of rows (lower_sweep_blocks.py). How many there are makes no difference to the rows,
which are the same text in all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from xdsl.ir import Attribute, Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr
from pydex.passes.affine import ONE, affine
from pydex.passes.lower import Lowering, is_table
from pydex.passes.lower_cells import Memory, size_of
from pydex.passes.lower_cost import OPENED, work
from pydex.passes.lower_for import prepare_results, run_range
from pydex.passes.lower_iteration import reductions_of
from pydex.passes.lower_outline import MAX_CHUNKS, environment, outline, run_chunks
from pydex.passes.lower_parallel import CHUNK_WORK, WORK_PER_NS, visible
from pydex.passes.lower_state import Carried, sequential
from pydex.passes.lower_sweep_blocks import HEIGHT, Edges, block, either, gap, most_blocks, whole
from pydex.passes.lower_text import Idx, Val, add, maximum, minimum, mul, quotient, sub
from pydex.passes.lower_vectors import select
from pydex.passes.symbols import defined_symbols

#: A step reaches at most so many rows in each direction.
REACH = 8

#: So many steps in one sweep at most; and so many bytes of the rows that they are at, of both buffers.
STEPS, BYTES = 32, 1 << 19

#: So many numbers are a long row.
LONG = 64

#: At least so many blocks of so much work are to be possible, if there is as much.
BLOCKS, BLOCK_WORK = 4, 8 * CHUNK_WORK


@dataclass
class Sweep:
    """Such a loop: the ops before the rows, the loop over rows, and how far steps are apart."""

    op: eff.LoopOp
    before: list[Operation]
    rows: ix.ForOp
    lag: int


def loop(low: Lowering, op: eff.LoopOp) -> None:
    """`eff.loop`: in sweeps where that is possible."""
    sweep = sweep_of(op) if low.group is None else None
    cpu = low.target
    if sweep is None or not isinstance(cpu, Memory) or cpu.in_lanes(sweep.rows) is not None:
        sequential(low, op)
        return
    carried = Carried(low, op, op.carried, op.yielded)
    carried.finish(_swept(cpu, low, sweep, carried))


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


def _swept(cpu: Memory, low: Lowering, sweep: Sweep, carried: Carried) -> list[Val]:
    """Sweeps of as many steps as the caches have room for; the buffers after the last."""
    code, op = low.code, sweep.op
    (table,) = op.carried
    trips, rows, most = low.size(op.size), low.size(sweep.rows.size), _steps(cpu, low, sweep)
    blocks = _blocks(cpu, low, sweep, rows, most)

    def one(first: Val, values: list[Val]) -> list[Val]:
        """The steps from the first on, at most so many."""
        carried.bind(op.carried, values)
        buffers = low.places[table], carried.spares[table]
        count = code.number(minimum(code, most, sub(code, trips, first)))

        def part(edges: Edges) -> None:
            """The rows inside of the edges."""

            def diagonal(p: Val, _: list[Val]) -> list[Val]:
                start, end = edges.steps(low.code, p, count)
                low.loop(start, end, [], lambda s, _: _row(cpu, low, sweep, buffers, add(low.code, first, s), s, p))
                return []

            low.loop(edges.first, edges.last, [], diagonal)

        if blocks is None:
            part(whole(code, rows, count, sweep.lag))
        else:
            _shared(cpu, low, sweep, count, blocks, part)
        return [*_chosen(low, buffers, count), *_chosen(low, buffers[::-1], count)]

    return low.loop(0, trips, carried.first, one, step=most)


def _shared(cpu: Memory, low: Lowering, sweep: Sweep, count: Val, blocks: Val, part: Callable[[Edges], None]) -> None:
    """The blocks, then what is between them."""
    rows, lag = low.size(sweep.rows.size), sweep.lag
    total = mul(low.code, count, low.size(_work(sweep)))

    def phase(which: Val, _: list[Val]) -> list[Val]:
        def one(number: Val) -> None:
            code = low.code
            between = code.let("i1", "arith.cmpi eq, {}, {} : i64", which, 1)
            some, others = (make(code, rows, count, lag, blocks, number) for make in (gap, block))
            part(either(code, between, some, others))

        name, captured = outline(cpu, low, one)
        chunks = sub(low.code, blocks, which)
        run_chunks(low.code, name, environment(low.code, captured), chunks, quotient(low.code, total, WORK_PER_NS))
        return []

    several = low.code.let("i1", "arith.cmpi sgt, {}, {} : i64", count, 1)
    phases = select(low.code, several, low.code.number(2), low.code.number(1))
    low.loop(0, phases, [], phase)


def _blocks(cpu: Memory, low: Lowering, sweep: Sweep, rows: Idx, most: Idx) -> Val | None:
    """In how many blocks a sweep is cut; None: it is not."""
    if not cpu.shares(sweep.rows):
        return None
    code = low.code
    enough = quotient(code, mul(code, most, low.size(_work(sweep))), CHUNK_WORK)
    blocks = minimum(code, most_blocks(code, rows, most, sweep.lag), MAX_CHUNKS)
    return code.number(maximum(code, minimum(code, blocks, enough), 1))


def _work(sweep: Sweep) -> SizeAttr:
    """About how many operations a step is; what differs between steps, and is not known, is taken for large."""
    total = visible(sweep.op, sweep.rows.size * visible(sweep.rows, work(sweep.rows.body.block)))
    return total.substitute({symbol: OPENED for symbol in defined_symbols(sweep.op)})


def _steps(cpu: Memory, low: Lowering, sweep: Sweep) -> Idx:
    """How many steps a sweep makes: equal numbers, and so few that there can be several blocks, if that is worth it."""
    code, table = low.code, sweep.op.carried[0].type
    assert isinstance(table, ix.TableType)
    row: Idx = size_of(cpu.stored(table.element))
    for extent in ix.bounding_sizes(table)[1:]:
        row = mul(code, row, low.size(extent))
    at_once = maximum(code, mul(code, row, 2 * sweep.lag), 1)
    most = maximum(code, minimum(code, quotient(code, BYTES, at_once), STEPS), 1)
    if cpu.shares(sweep.rows):
        few = maximum(code, quotient(code, low.size(sweep.rows.size), BLOCKS * HEIGHT * sweep.lag), 1)
        each = code.number(mul(code, few, low.size(_work(sweep))))
        worth_it = code.let("i1", "arith.cmpi sge, {}, {} : i64", each, BLOCKS * BLOCK_WORK)
        most = select(code, worth_it, code.number(minimum(code, most, few)), code.number(most))
    trips = maximum(code, low.size(sweep.op.size), 1)
    sweeps = quotient(code, add(code, trips, sub(code, most, 1)), most)
    return code.number(quotient(code, add(code, trips, sub(code, sweeps, 1)), sweeps))


def _row(cpu: Memory, low: Lowering, sweep: Sweep, buffers: tuple[Any, Any], step: Idx, s: Val, p: Val) -> list[Val]:
    """The row of a step, the s-th of its sweep, that is behind p."""
    code, op = low.code, sweep.op
    (table,) = op.carried
    source = cpu.place_of(low, buffers[0], _chosen(low, buffers, s))
    target = cpu.place_of(low, buffers[1], _chosen(low, buffers[::-1], s))
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
