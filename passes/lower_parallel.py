"""Parallel loops: the iterations are cut into chunks, which run on the runtime's threads.

    ix.for %i : !ix.idx<n> { … } -> (add f64)
    ==>  llvm.func @entry.1(%env, %chunk) { for i in chunk*n/chunks … (chunk+1)*n/chunks … ; partial[chunk] = sum }
         pdx_parallel(@entry.1, env, chunks);  sum = partial[0] + partial[1] + …

How many chunks there are depends on sizes alone, and partial results are combined in order: so the result does not
depend on the number of threads. A loop too small to share is called directly, as one chunk.

Accumulators that the loop writes: where each iteration adds to cells of its own, in place; else every chunk but the
first has a private copy, and there are as many chunks as do enough work to pay for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from xdsl.ir import BlockArgument

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr
from pydex.passes import ix_own
from pydex.passes.lower import Lowering
from pydex.passes.lower_cells import POINTER, Cells, Memory, size_of
from pydex.passes.lower_cost import work
from pydex.passes.lower_for import run_range
from pydex.passes.lower_iteration import finish, reductions_of
from pydex.passes.lower_monoids import combine, identity
from pydex.passes.lower_outline import MAX_CHUNKS, environment, outline, run_chunks, slot_type
from pydex.passes.lower_rows_choice import MANY
from pydex.passes.lower_text import Code, Idx, Val, add, maximum, minimum, mul, quotient, sub
from pydex.passes.lower_vectors import select
from pydex.passes.needs import needs

#: Operations (see lower_cost) that make a chunk worth the hand-over to a thread.
CHUNK_WORK = 20_000

#: Operations that one thread does in a nanosecond, at most.
WORK_PER_NS = 16

#: Loops of at most this many iterations known at compile time leave the threads to loops inside them.
FEW = 16

#: A private copy of an accumulator is made if the loop does this much work for every cell of all copies: to fill, read
#: and add a cell takes a few operations, which one thread does not get back.
WORK_PER_CELL = 32

#: The same for loops in lanes, which take an eighth of the time; copies are to cost them a tenth of it at most.
LANES_CHUNK_WORK = 8 * CHUNK_WORK
LANES_WORK_PER_CELL = 4096


def worth_it(op: ix.ForOp) -> bool:
    """Is this the outermost loop that could be shared out, and may it be large enough?"""
    parent = op.parent_op()
    while parent is not None:
        if isinstance(parent, ix.ForOp) and not _few(parent):
            return False
        parent = parent.parent_op()
    total = (op.size * work(op.body.block)).constant
    if _is_row_of_steps(op):
        return False
    return not _few(op) and (total is None or total >= 2 * CHUNK_WORK) and ix_own.in_own_memory(op)


def _is_row_of_steps(op: ix.ForOp) -> bool:
    """Is it one of n² short loops, whose size is that of a step: a sum of a triangular factor?

    Where such a row is long enough to share, the rows are hours of work, and most of them are shorter."""
    around, parent = [], op.parent_op()
    while parent is not None:
        if isinstance(parent, eff.LoopOp):
            around.append(parent)
        parent = parent.parent_op()
    names = {o.symbol.data for o in around if o.symbol is not None}
    simple = not any(child.regions for child in op.body.block.ops)
    return simple and len(around) > 1 and not names.isdisjoint(op.size.symbols())


def _is_step(op: ix.ForOp) -> bool:
    """Is the loop in a sequential one? Then it is run often, and a call, which loads all constants, costs a tenth."""
    parent = op.parent_op()
    while parent is not None and not isinstance(parent, eff.LoopOp | eff.WhileOp):
        parent = parent.parent_op()
    return parent is not None


def _few(op: ix.ForOp) -> bool:
    return op.size.constant is not None and op.size.constant <= FEW


def visible(op: ix.ForOp | eff.LoopOp, size: SizeAttr) -> SizeAttr:
    """The loop's own symbol stands for its last value."""
    return size.substitute({op.symbol.data: op.size - 1}) if op.symbol is not None else size


def _as_float(code: Code, number: Idx) -> Val:
    return code.let("f64", "arith.sitofp {} : i64 to f64", number)


def _slope(op: ix.ForOp) -> int:
    """Do later iterations have more work in loops inside (1), or less (-1), in proportion?"""
    if op.symbol is None:
        return 0
    each = work(op.body.block)
    first, last = (each.substitute({op.symbol.data: at}) for at in (SizeAttr.of(0), op.size - 1))
    return (first.constant is not None) - (last.constant is not None)


@dataclass
class Private:
    """An accumulator of outside, copied by all chunks but the first: a table (flat), or the cell of a scalar."""

    argument: BlockArgument
    monoid: str
    shared: Cells
    copies: Val
    cells: Idx


class Chunks:
    """One parallel loop while it is lowered."""

    def __init__(self, cpu: Memory, low: Lowering, op: ix.ForOp):
        self.cpu = cpu
        self.low = low
        self.op = op
        self.code = low.code
        self.trips = low.size(op.size)
        made = low.target.in_lanes(op)
        self.rows = made is None and low.target.in_rows(op) is not None
        self.lanes = made.width if made is not None else MANY if self.rows else 1
        self.groups = quotient(low.code, add(low.code, self.trips, self.lanes - 1), self.lanes)
        self.accumulators = shared_accumulators(op)
        self.work = maximum(low.code, mul(low.code, self.trips, low.size(visible(op, work(op.body.block)))), 0)
        self.count = self._count()
        self.many = self.code.let("i1", "arith.cmpi sgt, {}, {} : i64", self.count, 1)
        self.privates = [self._private(a) for a in self.accumulators]
        self.reductions = reductions_of(low, op)
        self.partials = [(self._slots(t), t) for r in self.reductions.all for t in [slot_type([r.type])] * r.width]

    def _count(self) -> Val:
        """The number of chunks: a function of sizes."""
        code = self.code
        enough, per_cell = (CHUNK_WORK, WORK_PER_CELL) if self.lanes == 1 else (LANES_CHUNK_WORK, LANES_WORK_PER_CELL)
        per_cell *= 2 if self.rows else 1  # rows of a triangle are half as long as the last
        chunks = minimum(code, quotient(code, self.work, enough), MAX_CHUNKS)
        own: Idx = 0
        for argument in self.accumulators:
            if isinstance(argument.type, eff.AccType) and isinstance(argument.type.content, ix.TableType):
                cells = maximum(code, self._cells(argument), 1)
                chunks = minimum(code, chunks, quotient(code, self.work, mul(code, cells, per_cell)))
                own = add(code, own, self._bytes(argument.type.content))
        if own != 0:
            copies = quotient(code, add(code, own, self._bytes_read()), maximum(code, own, 1))
            chunks = minimum(code, chunks, add(code, copies, 1))
        return code.number(maximum(code, minimum(code, chunks, self.groups), 1))

    def _bytes_read(self) -> Idx:
        """The bytes of the tables that the loop reads."""
        total: Idx = 0
        for value in needs(self.op).values:
            if isinstance(value.type, ix.TableType):
                total = add(self.code, total, self._bytes(value.type))
        return total

    def _bytes(self, table: ix.TableType) -> Idx:
        total: Idx = size_of(self.cpu.stored(table.element))
        for size in ix.bounding_sizes(table):
            total = mul(self.code, total, self.low.size(size))
        return total

    def _cells(self, argument: BlockArgument) -> Idx:
        assert isinstance(argument.type, eff.AccType)
        total: Idx = 1
        if isinstance(argument.type.content, ix.TableType):
            for size in ix.bounding_sizes(argument.type.content):
                total = mul(self.code, total, self.low.size(size))
        return total

    def _slots(self, type: str) -> Val:
        """Room for a partial result of each chunk."""
        count = self.code.use(MAX_CHUNKS)
        pointer = self.code.fresh(POINTER)
        self.code.head.append(f"{pointer.name} = llvm.alloca {count} x {type} {{alignment = 64}} : (i64) -> !llvm.ptr")
        return pointer

    def _private(self, argument: BlockArgument) -> Private:
        """Memory for the copies of an accumulator."""
        assert isinstance(argument.type, eff.AccType)
        code, shared, cells = self.code, self.low.places[argument], self._cells(argument)
        size = size_of(self.cpu.stored(shared.element))
        bytes_ = mul(code, mul(code, cells, sub(code, self.count, 1)), size)
        copies = code.let(POINTER, "llvm.call @pdx_alloc({}) : (i64) -> !llvm.ptr", bytes_)
        next((f for f in reversed(self.low.frames) if f.is_loop), self.low.frames[0]).allocates = True
        return Private(argument, argument.type.monoid.data, shared, copies, cells)

    # -------------------------------------------------------------------------------------------- the chunk

    def _chunk(self, chunk: Val) -> None:
        """The body of the function: a range of iterations, then its partial results are stored."""
        low, code = self.low, self.low.code
        lo = mul(code, self._first_group(chunk), self.lanes)
        hi = mul(code, self._first_group(add(code, chunk, 1)), self.lanes)
        hi = minimum(code, hi, self.trips) if self.lanes > 1 else hi
        for private in self.privates:
            low.places[private.argument] = self._copy(private, chunk)
        carried = run_range(low, self.op, self.reductions, lo, hi)
        for (slots, type), value in zip(self.partials, carried, strict=True):
            code.do(f"llvm.store {{}}, {{}} : {value.type}, !llvm.ptr", value, _slot(code, slots, chunk, type))
        for private in self.privates:
            low.places[private.argument] = private.shared

    def _first_group(self, chunk: Idx) -> Idx:
        """Where a chunk begins. Of a triangle, whose work up to row i grows with i², each chunk gets the same work."""
        code, slope = self.low.code, _slope(self.op)
        if slope == 0 or not self.accumulators:
            return quotient(code, mul(code, chunk, self.groups), self.count)
        before = chunk if slope > 0 else sub(code, self.count, chunk)
        before, count, groups = (_as_float(code, v) for v in (before, self.count, self.groups))
        part = code.let("f64", "math.sqrt {} : f64", code.let("f64", "arith.divf {}, {} : f64", before, count))
        rows = code.let("f64", "arith.mulf {}, {} : f64", part, groups)
        first = code.let("i64", "arith.fptosi {} : f64 to i64", rows)
        return first if slope > 0 else sub(code, self.groups, first)

    def _copy(self, private: Private, chunk: Val) -> Cells:
        """The accumulator, if this chunk is the first; else its copy, initialised."""
        low, code, cpu = self.low, self.low.code, self.cpu
        flat = replace(private.shared, pointer=private.copies, strides=(private.cells,))
        mine = cpu.view(low, flat, [code.number(sub(code, chunk, 1))])
        further = code.let("i1", "arith.cmpi sgt, {}, {} : i64", chunk, 0)
        code.do("scf.if {} {{", further)
        with low.frame():
            zero = identity(code, private.monoid, cpu.spell(private.shared.element))
            cells = replace(mine, strides=(1,))

            def start(i: Val, _: list[Val]) -> list[Val]:
                cpu.store(low, cells, [i], zero)
                return []

            low.loop(0, private.cells, [], start)
        code.do("}}")
        return replace(private.shared, pointer=select(code, further, mine.pointer, private.shared.pointer))

    # ------------------------------------------------------------------------------------------ around the chunks

    def run(self) -> None:
        """Writes the function of one chunk, and runs all."""
        code = self.code
        name, captured = outline(self.cpu, self.low, self._chunk)
        code.do("scf.if {} {{", self.many)
        with self.low.frame():
            run_chunks(code, name, environment(code, captured), self.count, quotient(code, self.work, WORK_PER_NS))
        code.do("}} else {{")
        with self.low.frame():
            inline = " {{always_inline}}" if _is_step(self.op) else ""
            env = environment(code, captured)  # of its own: inlined, it is registers
            code.do(f"llvm.call @{name}({{}}, {{}}){inline} : (!llvm.ptr, i64) -> ()", env, 0)
        code.do("}}")

    def collect(self) -> None:
        """Combines what the chunks have left, in order."""
        self._collect_accumulators()
        start = self.reductions.first(self.low, wide=True)

        def join(c: Val, carried: list[Val]) -> list[Val]:
            parts = [
                self.code.let(v.type, f"llvm.load {{}} : !llvm.ptr -> {v.type}", _slot(self.code, slots, c, type))
                for v, (slots, type) in zip(carried, self.partials, strict=True)
            ]
            return self.reductions.join(self.low, carried, parts)

        if start:
            carried = self.low.loop(0, self.count, start, join)
            finish(self.low, self.op, self.reductions, carried)

    def _collect_accumulators(self) -> None:
        if not self.privates:
            return
        low, code = self.low, self.code
        code.do("scf.if {} {{", self.many)
        with low.frame():
            for private in self.privates:
                low.loop(1, self.count, [], partial(self._fold, private))
        code.do("}}")

    def _fold(self, private: Private, chunk: Val, _: list[Val]) -> list[Val]:
        """Combines one chunk's copy into the accumulator."""
        low, code, cpu = self.low, self.code, self.cpu
        shared = replace(private.shared, strides=(1,))
        copies = replace(shared, pointer=private.copies, strides=(private.cells, 1))

        def one(i: Val, _: list[Val]) -> list[Val]:
            place = [sub(code, chunk, 1), i]
            total = combine(code, private.monoid, cpu.load(low, shared, [i]), cpu.load(low, copies, place))
            cpu.store(low, shared, [i], total)
            return []

        return low.loop(0, private.cells, [], one)


def parallel(cpu: Memory, low: Lowering, op: ix.ForOp) -> None:
    """Lowers a loop whose result places are known to chunks."""
    chunks = Chunks(cpu, low, op)
    chunks.run()
    chunks.collect()


def shared_accumulators(op: ix.ForOp) -> list[BlockArgument]:
    """The accumulators of outside that iterations may write the same cells of, in order of appearance."""
    found: dict[BlockArgument, list[eff.AddOp]] = {}
    for child in op.walk():
        if isinstance(child, eff.AddOp) and isinstance(accumulator := child.accumulator, BlockArgument):
            owner = accumulator.block.parent_op()
            if owner is not None and not op.is_ancestor(owner):
                found.setdefault(accumulator, []).append(child)
    return [a for a, adds in found.items() if not _own_cells(op, adds)]


def _own_cells(op: ix.ForOp, adds: Sequence[eff.AddOp]) -> bool:
    """Is some axis of the accumulator always indexed by the loop's own index?"""
    axes = min(len(a.indices) for a in adds)
    return any(all(a.indices[axis] is op.index for a in adds) for axis in range(axes))


def _slot(code: Code, slots: Val, chunk: Val, type: str) -> Val:
    line = f"llvm.getelementptr inbounds {{}}[{{}}] : (!llvm.ptr, i64) -> !llvm.ptr, {type}"
    return code.let(POINTER, line, slots, chunk)
