"""Parallel loops: the iterations are cut into chunks, which run on the runtime's threads.

    ix.for %i : !ix.idx<n> { … } -> (add f64)
    ==>  llvm.func @entry.1(%env, %chunk) { for i in chunk*n/chunks … (chunk+1)*n/chunks … ; partial[chunk] = sum }
         pdx_parallel(@entry.1, env, chunks);  sum = partial[0] + partial[1] + …

How many chunks there are depends on sizes alone, and partial results are combined in order: so the result does not
depend on the number of threads. A loop too small to share is called directly, as one chunk.

Accumulators that the loop writes: where each iteration adds to cells of its own, in place; else every chunk has a
private copy, if the loop does enough work to pay for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from xdsl.ir import BlockArgument

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr
from pydex.passes import ix_own
from pydex.passes.lower import Frame, Lowering
from pydex.passes.lower_cells import POINTER, Cells, Memory, size_of
from pydex.passes.lower_cost import work
from pydex.passes.lower_for import run_range
from pydex.passes.lower_iteration import finish, reductions_of
from pydex.passes.lower_monoids import combine, identity
from pydex.passes.lower_rows_choice import MANY
from pydex.passes.lower_text import Code, Idx, Val, add, maximum, minimum, mul, quotient
from pydex.passes.symbols import defined_symbols

#: Operations (see lower_cost) that make a chunk worth the hand-over to a thread.
CHUNK_WORK = 20_000
MAX_CHUNKS = 64

#: Loops of at most this many iterations known at compile time leave the threads to loops inside them.
FEW = 16

#: A private copy of an accumulator is made if the loop does this much work for every cell of all copies: to fill, read
#: and add a cell takes a few operations, which one thread does not get back.
WORK_PER_CELL = 32

#: The same for loops in lanes, which take an eighth of the time; copies are to cost them a tenth of it at most.
LANES_CHUNK_WORK = 8 * CHUNK_WORK
LANES_WORK_PER_CELL = 2048

#: All copies of an accumulator together have at most so many cells: 256 MiB of f64.
MOST_CELLS = 1 << 25


def worth_it(op: ix.ForOp) -> bool:
    """Is this the outermost loop that could be shared out, and may it be large enough?"""
    parent = op.parent_op()
    while parent is not None:
        if isinstance(parent, ix.ForOp) and not _few(parent):
            return False
        parent = parent.parent_op()
    total = (op.size * work(op.body.block)).constant
    return not _few(op) and (total is None or total >= 2 * CHUNK_WORK) and ix_own.in_own_memory(op)


def _is_step(op: ix.ForOp) -> bool:
    """Is the loop in a sequential one? Then it is run often, and a call, which loads all constants, costs a tenth."""
    parent = op.parent_op()
    while parent is not None and not isinstance(parent, eff.LoopOp | eff.WhileOp):
        parent = parent.parent_op()
    return parent is not None


def _few(op: ix.ForOp) -> bool:
    return op.size.constant is not None and op.size.constant <= FEW


def _visible(op: ix.ForOp, size: SizeAttr) -> SizeAttr:
    """The loop's own symbol stands for its last value."""
    return size.substitute({op.symbol.data: op.size - 1}) if op.symbol is not None else size


def is_one_chunk(low: Lowering, steps: eff.LoopOp, op: ix.ForOp) -> Val | None:
    """Is there too little work for a second chunk, in all steps of the loop around? None: that differs between them."""
    size = op.size * _visible(op, work(op.body.block))
    if not defined_symbols(steps).isdisjoint(size.symbols()):
        return None
    return low.code.let("i1", "arith.cmpi slt, {}, {} : i64", low.size(size), 2 * CHUNK_WORK)


@dataclass
class Private:
    """An accumulator of outside while chunks have copies of it: a table (flat), or a scalar's cell."""

    argument: BlockArgument
    monoid: str
    shared: Cells
    copies: Val
    cells: Idx
    many: Val


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
        self.count = self._count()
        self.many = self.code.let("i1", "arith.cmpi sgt, {}, {} : i64", self.count, 1)
        self.privates = [self._private(a) for a in self.accumulators]
        self.reductions = reductions_of(low, op)
        self.partials = [(self._slots(t), t) for r in self.reductions.all for t in [slot_type([r.type])] * r.width]

    def _count(self) -> Val:
        """The number of chunks: a function of sizes."""
        code = self.code
        per_trip = work(self.op.body.block)
        enough, per_cell = (CHUNK_WORK, WORK_PER_CELL) if self.lanes == 1 else (LANES_CHUNK_WORK, LANES_WORK_PER_CELL)
        per_cell *= 2 if self.rows else 1  # rows of a triangle are half as long as the last
        total = mul(code, self.trips, self.low.size(_visible(self.op, per_trip)))
        chunks = minimum(code, quotient(code, maximum(code, total, 0), enough), MAX_CHUNKS)
        for argument in self.accumulators:
            if isinstance(argument.type, eff.AccType) and isinstance(argument.type.content, ix.TableType):
                cells = maximum(code, self._cells(argument), 1)
                paid = quotient(code, maximum(code, total, 0), mul(code, cells, per_cell))
                chunks = minimum(code, minimum(code, chunks, paid), quotient(code, MOST_CELLS, cells))
        return code.number(maximum(code, minimum(code, chunks, self.groups), 1))

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
        """Memory for the copies of an accumulator; one chunk works on the accumulator itself."""
        assert isinstance(argument.type, eff.AccType)
        code, shared, cells = self.code, self.low.places[argument], self._cells(argument)
        size = size_of(self.cpu.stored(shared.element))
        copies = code.fresh(POINTER)
        code.do(f"{copies.name} = scf.if {{}} -> (!llvm.ptr) {{{{", self.many)
        with self.low.frame():
            bytes_ = mul(code, mul(code, cells, self.count), size)
            made = code.let(POINTER, "llvm.call @pdx_alloc({}) : (i64) -> !llvm.ptr", bytes_)
            code.do("scf.yield {} : !llvm.ptr", made)
        code.do("}} else {{")
        with self.low.frame():
            code.do("scf.yield {} : !llvm.ptr", shared.pointer)
        code.do("}}")
        next((f for f in reversed(self.low.frames) if f.is_loop), self.low.frames[0]).allocates = True
        return Private(argument, argument.type.monoid.data, shared, copies, cells, self.many)

    # -------------------------------------------------------------------------------------------- the chunk

    def outline(self) -> tuple[str, list[Val]]:
        """Writes the function of one chunk; its name, and the values of here that it needs."""
        cpu, low = self.cpu, self.low
        name = f"{cpu.entry}.{len(cpu.functions) + 1}"
        cpu.functions.append("")  # keeps the name
        position = len(cpu.functions) - 1
        outer, low.code = low.code, Code(cpu.index, outer=self.code)
        low.frames.append(Frame())
        self._chunk(Val("%chunk", "i64", low.code))
        low.frames.pop()
        inner, low.code = low.code, outer
        captured = list(inner.captured)
        type = slot_type([v.type for v in captured])
        loads = [line for k, v in enumerate(captured) for line in _load_slot(inner.captured[v], k, type)]
        body = "\n".join([*loads, inner.text()])
        cpu.functions[position] = f"llvm.func @{name}(%env: !llvm.ptr, %chunk: i64) {{\n{body}\n  llvm.return\n}}\n"
        return name, captured

    def _chunk(self, chunk: Val) -> None:
        """The body of the function: a range of iterations, then its partial results are stored."""
        low, code = self.low, self.low.code
        lo = mul(code, quotient(code, mul(code, chunk, self.groups), self.count), self.lanes)
        hi = mul(code, quotient(code, mul(code, add(code, chunk, 1), self.groups), self.count), self.lanes)
        hi = minimum(code, hi, self.trips) if self.lanes > 1 else hi
        for private in self.privates:
            low.places[private.argument] = self._copy(private, chunk)
        carried = run_range(low, self.op, self.reductions, lo, hi)
        for (slots, type), value in zip(self.partials, carried, strict=True):
            code.do(f"llvm.store {{}}, {{}} : {value.type}, !llvm.ptr", value, _slot(code, slots, chunk, type))
        for private in self.privates:
            low.places[private.argument] = private.shared

    def _copy(self, private: Private, chunk: Val) -> Cells:
        """This chunk's copy of an accumulator, initialised if it is a copy."""
        low, code, cpu = self.low, self.low.code, self.cpu
        flat = replace(private.shared, pointer=private.copies, strides=(1,))
        mine = cpu.view(low, replace(flat, strides=(private.cells,)), [chunk])
        code.do("scf.if {} {{", private.many)
        with low.frame():
            zero = identity(code, private.monoid, cpu.spell(private.shared.element))
            cells = replace(mine, strides=(1,))

            def start(i: Val, _: list[Val]) -> list[Val]:
                cpu.store(low, cells, [i], zero)
                return []

            low.loop(0, private.cells, [], start)
        code.do("}}")
        return replace(private.shared, pointer=mine.pointer)

    # ------------------------------------------------------------------------------------------ around the chunks

    def call(self, name: str, captured: Sequence[Val]) -> None:
        """Fills the environment and runs the chunks."""
        code, type = self.code, slot_type([v.type for v in captured])
        count = code.use(max(1, len(captured)))
        env = code.fresh(POINTER)
        code.head.append(f"{env.name} = llvm.alloca {count} x {type} {{alignment = 64}} : (i64) -> !llvm.ptr")
        for k, value in enumerate(captured):
            slot = code.let(POINTER, f"llvm.getelementptr inbounds {{}}[{k}] : (!llvm.ptr) -> !llvm.ptr, {type}", env)
            code.do(f"llvm.store {{}}, {{}} : {value.type}, !llvm.ptr", value, slot)
        code.do("scf.if {} {{", self.many)
        with self.low.frame():
            address = code.let(POINTER, f"llvm.mlir.addressof @{name} : !llvm.ptr")
            signature = "(!llvm.ptr, !llvm.ptr, i64) -> ()"
            code.do(f"llvm.call @pdx_parallel({{}}, {{}}, {{}}) : {signature}", address, env, self.count)
        code.do("}} else {{")
        with self.low.frame():
            inline = " {{always_inline}}" if _is_step(self.op) and not self.low.swept else ""
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
                low.loop(0, self.count, [], partial(self._fold, private))
        code.do("}}")

    def _fold(self, private: Private, chunk: Val, _: list[Val]) -> list[Val]:
        """Combines one chunk's copy into the accumulator."""
        low, code, cpu = self.low, self.code, self.cpu
        shared = replace(private.shared, strides=(1,))
        copies = replace(shared, pointer=private.copies, strides=(private.cells, 1))

        def one(i: Val, _: list[Val]) -> list[Val]:
            total = combine(code, private.monoid, cpu.load(low, shared, [i]), cpu.load(low, copies, [chunk, i]))
            cpu.store(low, shared, [i], total)
            return []

        return low.loop(0, private.cells, [], one)


def parallel(cpu: Memory, low: Lowering, op: ix.ForOp) -> None:
    """Lowers a loop whose result places are known to chunks."""
    chunks = Chunks(cpu, low, op)
    name, captured = chunks.outline()
    chunks.call(name, captured)
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


def slot_type(types: Sequence[str]) -> str:
    """What has room for a value of each of these types: eight bytes, but for long integers."""
    return max([t for t in types if t.startswith("i") and t != "index"] + ["i64"], key=lambda t: int(t[1:]))


def _slot(code: Code, slots: Val, chunk: Val, type: str) -> Val:
    line = f"llvm.getelementptr inbounds {{}}[{{}}] : (!llvm.ptr, i64) -> !llvm.ptr, {type}"
    return code.let(POINTER, line, slots, chunk)


def _load_slot(value: Val, k: int, type: str) -> list[str]:
    at = f"%env{k}"
    return [
        f"  {at} = llvm.getelementptr inbounds %env[{k}] : (!llvm.ptr) -> !llvm.ptr, {type}",
        f"  {value.name} = llvm.load {at} : !llvm.ptr -> {value.type}",
    ]
