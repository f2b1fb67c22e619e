"""From `ix` and `eff` to loops and memory: the state of a lowering, and where tables lie.

The lowering walks a function once and writes text (`lower_text.py`). A scalar is a value of the text, a table a
*place* in memory. Who makes a table is told in advance where it is wanted (`want`): in the caller's buffer, in a
row of an outer table, in the other of two buffers that a loop swaps. So nothing is made twice and copied, unless
the source says so or `ix-own` has found that a table is still needed. Two targets say how places are addressed and
allocated: `lower_to_scf.py` (memrefs, portable) and `lower_to_cpu.py` (pointers, in process).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from xdsl.dialects import scf
from xdsl.dialects.builtin import IndexType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.blocks import BlocksOp
from pydex.dialects.sizes import SizeAttr
from pydex.passes import ix_own
from pydex.passes.lower_group import Group
from pydex.passes.lower_text import Code, Idx, Lines, Val, add, maximum, mul
from pydex.passes.lower_vectors import Index, Spread, alike, as_vector, splat, vector

if TYPE_CHECKING:
    from pydex.passes.lower_lane_choice import Choice
    from pydex.passes.lower_rows_choice import Rows

#: Tables of constant size up to this many elements lie on the stack, where LLVM turns them into registers.
SMALL = 64


class Place(Protocol):
    """Where a table lies. `Lowering.target` knows what is in it."""

    @property
    def element(self) -> Attribute: ...


class Target(Protocol):
    """What differs between the forms that the lowering can write."""

    @property
    def index(self) -> str:
        """The type of index numbers."""
        ...

    #: Are there sin, cos, tan for arguments that are not far?
    near_forms: ClassVar[bool]

    #: The attributes of a loop, by the hint of `lower_cost.vector_hint`.
    loop_hints: ClassVar[Mapping[str, str]]

    def spell(self, type: Attribute) -> str:
        """The type of a scalar."""
        ...

    def allocate(self, low: Lowering, extents: Sequence[Idx], element: Attribute, small: bool) -> Any: ...

    def view(self, low: Lowering, place: Any, indices: Sequence[Index]) -> Any:
        """The place of the sub-table under these first indices."""
        ...

    def rows_from(self, low: Lowering, place: Any, axis: int, start: Idx) -> Any:
        """The place of what lies from `start` on along an axis."""
        ...

    def load(self, low: Lowering, place: Any, indices: Sequence[Index]) -> Val: ...

    def store(self, low: Lowering, place: Any, indices: Sequence[Index], value: Val) -> None: ...

    def turned(self, low: Lowering, type: ix.TableType, source: Any, target: Any) -> bool:
        """Copies a table from the lanes' own memory to rows of outside, or back, if that can be done in blocks."""
        ...

    def carried(self, low: Lowering, place: Any) -> list[Val]:
        """The values that a loop or branch must pass on to pass on the place."""
        ...

    def place_of(self, low: Lowering, like: Any, values: Sequence[Val]) -> Any:
        """The place that such values stand for."""
        ...

    def beside(self, place: Any, spare: Any) -> tuple[Any, Any]:
        """Both as memory that trades places, iteration by iteration."""
        ...

    def leave(self, low: Lowering, frame: Frame, start: Lines) -> None:
        """At the end of a block: frees what it has allocated; `start` is the place where it began."""
        ...

    def fill(self, low: Lowering, type: Attribute, place: Any, value: Val) -> bool:
        """Fills a table as a whole, or answers that its elements have to be written one by one."""
        ...

    def copy(self, low: Lowering, type: Attribute, source: Any, target: Any) -> bool:
        """Copies a table as a whole, or answers that its elements have to be copied one by one."""
        ...

    def check(self, low: Lowering, op: eff.CheckOp) -> None: ...

    def math(self, low: Lowering, op: Operation) -> Val: ...

    def parallel(self, low: Lowering, op: ix.ForOp) -> bool:
        """Lowers the loop as a parallel one, or answers no."""
        ...

    def in_lanes(self, op: ix.ForOp) -> Choice | None:
        """How the iterations are to run in the lanes of vectors; None: they are not."""
        ...

    def in_rows(self, op: ix.ForOp) -> Rows | None:
        """The loop inside whose iterations run in lanes, in several of this loop at once; None: there is none."""
        ...


@dataclass
class Frame:
    """A block being written: what it has computed and allocated, and (of a loop) the lines before it."""

    before: Lines | None = None
    sizes: dict[SizeAttr, Idx] = field(default_factory=dict)
    allocates: bool = False
    owned: list[Val] = field(default_factory=list)

    @property
    def is_loop(self) -> bool:
        return self.before is not None


class Lowering:
    """The state of the lowering of one function."""

    def __init__(self, target: Target, rules: Mapping[type[Operation], Callable[[Lowering, Any], None]]):
        self.target = target
        self.rules = rules
        self.code = Code(target.index)
        self.frames = [Frame()]
        self.values: MutableMapping[SSAValue, Val | Spread] = {}
        self.places: MutableMapping[SSAValue, Any] = {}
        self.wanted: MutableMapping[SSAValue, Any] = {}
        self.parts: dict[ix.UpdateOp, Any] = {}
        self.added: dict[SSAValue, Val] = {}  # what is added to its place, if that is true, and not written there
        self.symbols: MutableMapping[str, Idx] = {}
        self.manifold: set[str] = set()  # symbols that have several values here, one in each copy (lower_jam.py)
        self.group: Group | None = None
        self.known: dict[Operation, bool] = {}  # conditions whose outcome is known where the code stands
        self.delayed: set[Operation] = set()  # adds that the loop around them does by itself
        self.narrow: Mapping[Operation, SSAValue] = {}  # conversions and minima that are done in 32 bits
        self.seldom = False  # is the code one that hardly ever runs?
        self.unfused: set[Operation] = set()  # products that are not to be one operation with the sum they are in
        self.near: Callable[[Operation], bool] | None = None  # of sin, cos, tan: is the argument assumed not to be far?
        self._depths: dict[str, int] = {}

    # -------------------------------------------------------------------------------------- sizes and indices

    def define(self, symbol: str, value: Idx) -> None:
        """From here on the symbol stands for the value."""
        self.symbols[symbol] = value
        self._depths[symbol] = len(self.frames)

    def size(self, size: SizeAttr) -> Idx:
        """The number, computed at most once in a block."""
        if size.constant is not None:
            return size.constant
        if not self.manifold.isdisjoint(size.symbols()):
            return self._computed(size)
        for frame in reversed(self.frames):
            if size in frame.sizes:
                return frame.sizes[size]
        total = self._computed(size)
        self.frames[-1].sizes[size] = total
        return total

    def _computed(self, size: SizeAttr) -> Idx:
        total: Idx = 0
        for monomial, coef in size.data:
            product: Idx = coef
            for symbol in monomial:
                product = mul(self.code, product, self.symbols[symbol])
            total = add(self.code, total, product)
        return total

    def indices(self, values: Sequence[SSAValue]) -> list[Index]:
        return [self.values[v] for v in values]

    def bind(self, loop: ix.ForOp | eff.LoopOp | BlocksOp, i: Val | Spread) -> None:
        """The index of a loop, as a value and (if it has a name) as a size symbol."""
        self.values[loop.index] = i
        if loop.symbol is not None and not isinstance(i, Spread):
            self.define(loop.symbol.data, i)

    # ----------------------------------------------------------------------------------------------- scalars

    @property
    def lanes(self) -> int:
        """How many iterations run in lanes here; 0: one at a time."""
        return self.group.width if self.group is not None else 0

    def value(self, value: SSAValue) -> Val:
        """The scalar, or what it is in every lane."""
        found = self.values[value]
        return as_vector(self.code, found, self.lanes) if isinstance(found, Spread) else found

    def operands(self, op: Operation) -> list[Val]:
        """The operands, all as vectors if one of them is."""
        return alike(self.code, [self.value(o) for o in op.operands])

    def type_of(self, value: SSAValue) -> str:
        """The type of a scalar in the text: a vector, if it differs from lane to lane."""
        type = self.target.spell(value.type)
        return vector(self.lanes, type) if self.group is not None and value in self.group.varying else type

    def handed_on(self, value: SSAValue, to: SSAValue) -> Val:
        """The value, as one of the type of `to`, which a loop or branch makes of it."""
        type, found = self.type_of(to), self.value(value)
        found = splat(self.code, found, self.lanes) if type.startswith("vector") else found
        assert found.type == type, f"{found.type} is handed on as {type}"
        return found

    # ------------------------------------------------------------------------------------------------- blocks

    def run(self, block: Block) -> None:
        """Lowers the ops of a block, but for its terminator."""
        for op in block.ops:
            if op is not block.last_op:
                self.rules[type(op)](self, op)

    @contextmanager
    def frame(self, before: Lines | None = None) -> Iterator[Frame]:
        """An indented block; of a loop, if the lines before it are given."""
        self.frames.append(Frame(before))
        with self.code.block():
            yield self.frames[-1]
        self.frames.pop()

    @contextmanager
    def again(self, region: Region) -> Iterator[None]:
        """The body of a loop is written here once more: what is known of its values and sizes is forgotten."""
        for block in region.blocks:
            self._forget(block)
        self.frames.append(Frame())
        yield
        self.frames.pop()

    def _forget(self, block: Block) -> None:
        for op in block.ops:
            inner = [b for r in op.regions for b in r.blocks]
            for value in [*op.results, *(a for b in inner for a in b.args)]:
                for known in (self.values, self.places, self.wanted):
                    known.pop(value, None)
            for deeper in inner:
                self._forget(deeper)

    def loop(
        self,
        lo: Idx,
        hi: Idx,
        initial: Sequence[Val],
        body: Callable[[Val, list[Val]], Sequence[Val]],
        step: Idx = 1,
        hint: str = "",
    ) -> list[Val]:
        """`for i in lo … hi step: carried = body(i, carried)`; the last carried values. `hint`: see `vector_hint`."""
        code, index = self.code, self.target.index
        before = code.slot()
        i, args = code.fresh(index), [code.fresh(v.type) for v in initial]
        types = [v.type for v in initial]
        carry = ", ".join(f"{a.name} = {code.use(v)}" for a, v in zip(args, initial, strict=True))
        header = f"scf.for {i.name} = {code.use(lo)} to {code.use(hi)} step {code.use(step)}"
        header += f" iter_args({carry}) -> ({', '.join(types)})" if initial else ""
        results = code.let_many(types, header + ("" if index == "index" else f" : {index}") + " {")
        with self.frame(before) as frame:
            start = code.slot()
            yielded = body(i, args)
            self.target.leave(self, frame, start)
            if initial:
                code.do(f"scf.yield {', '.join(['{}'] * len(types))} : {', '.join(types)}", *yielded)
        code.do("}}" + self.target.loop_hints.get("rare" if self.seldom else hint, ""))
        return results

    # ------------------------------------------------------------------------------------------------- tables

    def allocate(self, type: Attribute) -> Any:
        """Memory for a table, in front of all the loops that its size does not depend on."""
        assert isinstance(type, ix.TableType)
        sizes = ix.bounding_sizes(type)
        level = max((self._depths[s] for size in sizes for s in size.symbols()), default=1)
        depth = len(self.frames)
        while depth > level and self.frames[depth - 1].is_loop:
            depth -= 1
        if depth == len(self.frames):
            return self._allocate(sizes, type.element)
        before = self.frames[depth].before
        assert before is not None
        inner, self.frames = self.frames, self.frames[:depth]
        with self.code.at(before):
            place = self._allocate(sizes, type.element)
        self.frames = inner
        return place

    def _allocate(self, sizes: Sequence[SizeAttr], element: Attribute) -> Any:
        cells = SizeAttr.of(1)
        for size in sizes:
            cells = cells * size
        small = cells.constant is not None and cells.constant <= SMALL
        if not small:
            owner = next((f for f in reversed(self.frames) if f.is_loop), self.frames[0])
            owner.allocates = True
        extents = [self.extent(s) for s in sizes]
        return self.target.allocate(self, extents, element, small)

    def extent(self, size: SizeAttr) -> Idx:
        """A size that is used before the loop or branch that makes sure of it may still be negative."""
        value = self.size(size)
        safe = size.constant is not None or all(c > 0 for _, c in size.data)
        return value if safe else maximum(self.code, value, 0)

    def result(self, value: SSAValue) -> Any:
        """The place to make a table in: where it is wanted, in the table that it becomes a part of, or new memory."""
        if value in self.wanted:
            return self.wanted[value]
        update = ix_own.written_into(value)
        if update is None or update.table not in self.places or any(i not in self.values for i in update.indices):
            return self.allocate(value.type)
        if not self._may_hold(self.places[update.table]):
            return self.allocate(value.type)
        self.parts[update] = self.target.view(self, self.places[update.table], self.indices(update.indices))
        return self.parts[update]

    def want(self, value: SSAValue, place: Any) -> None:
        """Tells who makes the table to make it there, through ops that work in place."""
        if value in self.places or value in self.wanted or not self._may_hold(place):
            return
        self.wanted[value] = place
        source = ix_own.source(value)
        if source is not None:
            self.want(source, place)

    def _may_hold(self, place: Any) -> bool:
        """May tables be made there? In lanes they are made side by side, in memory of their own, and copied."""
        return self.group is None or place.own

    def take_over(self, table: SSAValue, version: SSAValue, in_place: bool) -> Any:
        """The place of a new version of a table: that of the old one, or a copy of it."""
        if in_place:
            return self.places[table]
        place = self.result(version)
        self.copy(table.type, self.places[table], place)
        return place

    def put(self, value: SSAValue, place: Any) -> None:
        """A scalar is stored, a table delivered."""
        if is_table(value):
            self.deliver(value, place)
        else:
            self.target.store(self, place, [], self.value(value))

    def deliver(self, value: SSAValue, place: Any) -> None:
        """Makes sure that the table lies at the place: it was made there, or is copied now, or its parts are."""
        if value not in self.places and isinstance(pack := value.owner, ix.PackOp):
            for position, part in enumerate(pack.values):
                self.deliver(part, self.target.view(self, place, [position]))
        elif self.places[value] is not place:
            self.copy(value.type, self.places[value], place)

    def each(self, type: Attribute, body: Callable[[list[Idx]], None], indices: Sequence[Idx] = ()) -> None:
        """Loops over all indices of a table type, ragged ones over the elements there are."""
        if not isinstance(type, ix.TableType):
            return body(list(indices))
        symbol = f"@{len(indices)}"

        def one(i: Val, _: list[Val]) -> list[Val]:
            self.define(symbol, i)
            self.each(type.under(SizeAttr.of(symbol)), body, [*indices, i])
            return []

        self.loop(0, self.size(type.sizes.data[0]), [], one)
        return None

    def fill(self, type: Attribute, place: Any, value: Val) -> None:
        """Makes all elements of a table the value."""
        if not self.target.fill(self, type, place, value):
            self.each(type, lambda at: self.target.store(self, place, at, value))

    def copy(self, type: Attribute, source: Any, target: Any) -> None:
        """Copies a table."""
        if self.group is not None and isinstance(type, ix.TableType) and self.target.turned(self, type, source, target):
            return
        if not self.target.copy(self, type, source, target):
            self.copy_each(type, source, target)

    def copy_each(self, type: Attribute, source: Any, target: Any) -> None:
        """Copies a table element by element."""
        load, store = self.target.load, self.target.store
        self.each(type, lambda at: store(self, target, at, load(self, source, at)))


def is_table(value: SSAValue) -> bool:
    return isinstance(value.type, ix.TableType)


def is_index(type: Attribute) -> bool:
    return isinstance(type, IndexType | ix.IdxType)


def terminator(block: Block) -> Sequence[SSAValue]:
    """The values that a block hands on."""
    last = block.last_op
    assert isinstance(last, ix.YieldOp | eff.YieldOp | scf.YieldOp)
    return list(last.operands)
