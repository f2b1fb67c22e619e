"""Loops that add to cells chosen by data: histograms.

    for i { …; add h[k(i)], v(i) }
    ==>  for each block:  for i { …; offset[i] = k(i); value[i] = v(i) }        which LLVM vectorises
                          for i by 8 { copy0[offset[i]] += value[i]; …; copy7[offset[i + 7]] += value[i + 7] }
         h += copy1 + … + copy7

An add has to wait for the one before if both go to one cell; eight copies (four, of numbers of 8 bytes) are as many
adds at once. They are made where they are small beside the first cache and the loop is long beside them; else all are
one. The adds of an iteration follow each other in order, and copies are combined in order: the result is the same
every run.

Not where adds are in loops or branches inside, where cells are the loop's own, or beside reductions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from xdsl.dialects import arith
from xdsl.dialects.builtin import i32, i64
from xdsl.ir import Block, SSAValue

from pydex.dialects import eff, ix
from pydex.passes.affine import affine
from pydex.passes.lower import Lowering, is_table
from pydex.passes.lower_cells import POINTER, Cells, Memory, size_of
from pydex.passes.lower_monoids import combine, identity, widen
from pydex.passes.lower_scalars import convert_index
from pydex.passes.lower_text import Idx, Val, add, minimum, mul, quotient, sub

#: Iterations whose cells, and values that are computed, are kept at a time.
BLOCK = 512

#: Iterations whose adds stand side by side: at most so many copies.
TOGETHER = 8

#: The copies of a cell fill so many bytes: all copies share the first cache with what streams through it.
COPIES_BYTES = 32

#: Copies are a cache line further apart than they are long: a load waits for a store that is 4 KiB away, too.
LINE = 64

#: All copies together are at most this long, and the loop has at least so many iterations for each cell.
MOST_BYTES = 32 * 1024
TRIPS_PER_CELL = 32


def scattered(low: Lowering, op: ix.ForOp) -> list[eff.AddOp]:
    """The adds of such a loop; none if it is another."""
    body = list(op.body.block.ops)
    adds = [o for o in body if isinstance(o, eff.AddOp)]
    inner = [o for o in body if o.regions and any(isinstance(deeper, eff.AddOp) for deeper in o.walk())]
    small = op.size.constant is not None and op.size.constant <= BLOCK
    if not adds or inner or small or any(kind != "tab" for kind in op.kind_names):
        return []
    return adds if all(_by_data(low, op, a) for a in adds) else []


def _by_data(low: Lowering, op: ix.ForOp, add: eff.AddOp) -> bool:
    """Is it an add of a scalar, to a cell that data chooses, and not where the loop is?"""
    place = low.places.get(add.accumulator)
    terms = [term for index in add.indices for term in affine(index).terms]
    chosen = not is_table(add.value) and op.index not in terms and any(not _is_outside(op, term) for term in terms)
    return chosen and isinstance(place, Cells) and isinstance(low.target, Memory)


def _is_known(op: ix.ForOp, add: eff.AddOp) -> bool:
    """Is what iterations add the same in all, or an element of a table that can as well be read later?"""
    owner = add.value.owner
    home = owner if isinstance(owner, Block) else owner.parent
    if isinstance(owner, arith.ConstantOp) or home is not add.parent:
        return True
    return isinstance(owner, ix.AtOp) and all(v is op.index or _is_outside(op, v) for v in owner.operands)


def _is_outside(op: ix.ForOp, value: SSAValue) -> bool:
    owner = value.owner
    return not op.body.block.is_ancestor(owner)


class Copies:
    """An accumulator and its copies, which are the accumulator itself unless they are `many`."""

    def __init__(self, low: Lowering, accumulator: SSAValue, trips: Idx):
        assert isinstance(accumulator.type, eff.AccType) and isinstance(accumulator.type.content, ix.TableType)
        assert isinstance(low.target, Memory)
        code = low.code
        self.monoid = accumulator.type.monoid.data
        self.place: Cells = low.places[accumulator]
        self.flat = replace(self.place, strides=(1,))
        self.cells: Idx = 1
        for size in ix.bounding_sizes(accumulator.type.content):
            self.cells = mul(code, self.cells, low.size(size))
        size = size_of(low.target.stored(self.place.element))
        self.count = min(TOGETHER, COPIES_BYTES // size)
        self.apart = add(code, self.cells, LINE // size)
        self.bytes = mul(code, self.apart, size)
        fits = code.let("i1", "arith.cmpi sle, {}, {} : i64", mul(code, self.cells, self.count * size), MOST_BYTES)
        pays = code.let("i1", "arith.cmpi sge, {}, {} : i64", trips, mul(code, self.cells, TRIPS_PER_CELL))
        self.many = code.let("i1", "arith.andi {}, {} : i1", fits, pays)
        self.others = self._made(low)

    def _made(self, low: Lowering) -> list[Cells]:
        """The copies beside the first, which is the accumulator."""
        code = low.code
        frame = next((f for f in reversed(low.frames) if f.is_loop), low.frames[0])
        frame.allocates = True
        memory = code.fresh(POINTER)
        code.do(f"{memory.name} = scf.if {{}} -> (!llvm.ptr) {{{{", self.many)
        with low.frame():
            bytes_ = mul(code, self.bytes, self.count - 1)
            made = code.let(POINTER, "llvm.call @pdx_alloc({}) : (i64) -> !llvm.ptr", bytes_)
            zero = identity(code, self.monoid, low.target.spell(self.place.element))
            self._each(low, mul(code, self.apart, self.count - 1), replace(self.flat, pointer=made), lambda _: zero)
            code.do("scf.yield {} : !llvm.ptr", made)
        code.do("}} else {{")
        with low.frame():
            code.do("scf.yield {} : !llvm.ptr", self.place.pointer)
        code.do("}}")
        step = code.let("i64", "arith.select {}, {}, {} : i64", self.many, self.apart, 0)
        whole = replace(self.flat, pointer=memory)
        return [low.target.view(low, whole, [mul(code, step, k)]) for k in range(self.count - 1)]

    def _each(self, low: Lowering, count: Idx, cells: Cells, value: Callable[[Val], Val]) -> None:
        def one(c: Val, _: list[Val]) -> list[Val]:
            low.target.store(low, replace(cells, strides=(1,)), [c], value(c))
            return []

        low.loop(0, count, [], one)

    def copy(self, k: int) -> Cells:
        return replace(self.flat, pointer=self.others[k - 1].pointer) if k else self.flat

    def collect(self, low: Lowering) -> None:
        """Combines the copies into the accumulator, if there are many."""
        code = low.code

        def total(c: Val) -> Val:
            value = low.target.load(low, self.flat, [c])
            for k in range(1, self.count):
                value = combine(code, self.monoid, value, low.target.load(low, self.copy(k), [c]))
            return value

        code.do("scf.if {} {{", self.many)
        with low.frame():
            self._each(low, self.cells, self.flat, total)
        code.do("}}")


class Scatter:
    """One such loop while it is lowered."""

    def __init__(self, low: Lowering, op: ix.ForOp, adds: Sequence[eff.AddOp], trips: Idx):
        self.low = low
        self.op = op
        self.adds = adds
        self.copies = {a: Copies(low, a, trips) for a in dict.fromkeys(a.accumulator for a in adds)}
        self.offsets = [low.target.allocate(low, [BLOCK], i32 if low.narrow else i64, True) for _ in adds]
        self.values = [
            None if _is_known(op, a) else low.target.allocate(low, [BLOCK], a.value.type, True) for a in adds
        ]

    def keep(self, i: Val, start: Val) -> None:
        """Stores what the adds of iteration i are to do."""
        low, code = self.low, self.low.code
        at = sub(code, i, start)
        for add_op, offsets, values in zip(self.adds, self.offsets, self.values, strict=True):
            offset: Idx = 0
            strides = self.copies[add_op.accumulator].place.strides
            for index, stride in zip(add_op.indices, strides, strict=True):
                offset = add(code, offset, mul(code, low.value(index), stride))
            kept = convert_index(low, code.number(offset), low.target.spell(offsets.element), unsigned=True)
            low.target.store(low, offsets, [at], kept)
            if values is not None:
                low.target.store(low, values, [at], low.value(add_op.value))

    def run(self, start: Val, count: Idx) -> None:
        """Does what is kept of a block of so many iterations, from `start` on."""
        code = self.low.code
        whole = mul(code, quotient(code, count, TOGETHER), TOGETHER)

        def together(j: Val, _: list[Val]) -> list[Val]:
            for k in range(TOGETHER):
                self._add(start, add(code, j, k), k)
            return []

        def alone(j: Val, _: list[Val]) -> list[Val]:
            self._add(start, j, 0)
            return []

        self.low.loop(0, whole, [], together, step=TOGETHER)
        self.low.loop(whole, count, [], alone, hint="rare")

    def _add(self, start: Val, j: Idx, k: int) -> None:
        low, code = self.low, self.low.code
        for add_op, offsets, values in zip(self.adds, self.offsets, self.values, strict=True):
            copies = self.copies[add_op.accumulator]
            offset = convert_index(low, low.target.load(low, offsets, [j]), code.index, unsigned=True)
            value = self._known(add_op, start, j) if values is None else low.target.load(low, values, [j])
            cell = low.target.load(low, copies.copy(k % copies.count), [offset])
            total = combine(code, copies.monoid, cell, widen(code, value, cell.type))
            low.target.store(low, copies.copy(k % copies.count), [offset], total)

    def _known(self, add_op: eff.AddOp, start: Val, j: Idx) -> Val:
        """What iteration start + j adds, where it is not kept."""
        low, owner = self.low, add_op.value.owner
        if isinstance(owner, ix.AtOp) and owner.parent is add_op.parent:
            low.values[self.op.index] = low.code.number(add(low.code, start, j))
            low.rules[ix.AtOp](low, owner)
        return low.value(add_op.value)


def run_scatter(
    low: Lowering, op: ix.ForOp, adds: Sequence[eff.AddOp], lo: Idx, hi: Idx, iteration: Callable[[Val], object]
) -> None:
    """The iterations lo … hi of a loop whose adds are these."""
    scatter = Scatter(low, op, adds, sub(low.code, hi, lo))

    def block(start: Val, _: list[Val]) -> list[Val]:
        end = low.code.number(minimum(low.code, add(low.code, start, BLOCK), hi))

        def one(i: Val, _: list[Val]) -> list[Val]:
            iteration(i)
            scatter.keep(i, start)
            return []

        low.delayed.update(adds)
        low.loop(start, end, [], one)
        low.delayed.difference_update(adds)
        scatter.run(start, sub(low.code, end, start))
        return []

    low.loop(lo, hi, [], block, step=BLOCK)
    for copies in scatter.copies.values():
        copies.collect(low)
