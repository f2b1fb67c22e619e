"""Which loop of a nest runs its iterations in vector lanes, and why: `Choices.of(op)`.

Two ways to run a loop are compared, by what an iteration costs in scalar operations. In lanes: every operation does
the work of `width` iterations; what all lanes share, or find side by side, is read at once, anything else lane by lane.
Left alone, LLVM vectorises the innermost loops: there the same holds for their own index, each run costs START more,
and loops that branch, or hold loops, are not vectorised at all. Lanes are chosen where they are better when sizes that
are not known are SHORT, and no worse when they are LONG.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from xdsl.dialects import scf
from xdsl.dialects.builtin import Float32Type, Float64Type, IntegerType
from xdsl.ir import Attribute, Block, Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr
from pydex.passes.edit import ops_inside
from pydex.passes.lower_cost import hashes, weight
from pydex.passes.lower_lane_abreast import abreast
from pydex.passes.lower_lane_late import Late, late_adds
from pydex.passes.lower_lane_legal import obstacle, place_of
from pydex.passes.lower_lane_packs import packs
from pydex.passes.lower_unroll import unrolls
from pydex.passes.lower_varying import Varying

BITS = 512

#: What stands for sizes that are not known.
SHORT, LONG = 16, 1024

#: The price of starting and ending a vectorised loop, and of cells that do not lie side by side: in LLVM's, in ours.
START, APART, GATHERED = 16.0, 1.0, 2.0

#: Operations on vectors that it takes to combine their lanes.
ACROSS = 8.0

#: So many vectors may run side by side where the innermost loop does at most TIGHT operations.
MANY, TIGHT = 4, 12

#: The turns of a `while` until the last of the lanes has ended, for one that each of them takes.
LAST = 2.0

#: A branch of at most so many operations does not keep LLVM from vectorising.
FEW = 16

#: Lanes are chosen where they cost at most these parts of what LLVM's own choice does.
BETTER, NO_WORSE = 0.65, 1.1


@dataclass(frozen=True)
class Choice:
    """How a loop is run: in lanes of that many iterations (0: not), and why; packs, abreast and late: see
    the files lower_lane_… of these names."""

    width: int
    reason: str
    varying: Varying | None = None
    packs: frozenset[SSAValue] = frozenset()
    abreast: int = 1
    late: Late | None = None


class Choices:
    """The decisions for the loops of a function, each made once. A loop inside of one in lanes is not asked about."""

    def __init__(self) -> None:
        self._made: dict[ix.ForOp, Choice] = {}

    def of(self, op: ix.ForOp) -> Choice:
        """The decision for a loop that is not itself inside of lanes."""
        if op not in self._made:
            self._made[op] = self._choose(op)
        return self._made[op]

    def _choose(self, op: ix.ForOp) -> Choice:
        width, trips = width_of(op), op.size.constant
        if trips is not None and (trips < width or unrolls(op)):
            return Choice(0, "it has few iterations")
        varying = Varying(op)
        late = late_adds(op, varying)
        reason = obstacle(op, varying, late.ops if late else ())
        if reason is not None:
            return Choice(0, reason)
        packed = frozenset(packs(op, varying))
        possible = [Choice(width * many, "", varying, packed, late=late) for many in vectors(op, varying)]
        lanes, made = min(((self.price(op, c, SHORT), c) for c in possible), key=lambda priced: priced[0])
        alone = Alone(self, SHORT).iteration(op)
        told = f"{lanes:.0f} operations an iteration in lanes, {alone:.0f} otherwise"
        if lanes > BETTER * alone or self.price(op, made, LONG) > NO_WORSE * Alone(self, LONG).iteration(op):
            return Choice(0, f"lanes would not pay: {told}")
        return replace(made, reason=told, abreast=1 if packed or late else abreast(op, varying, made.width))

    def price(self, op: ix.ForOp, made: Choice, unknown: int) -> float:
        """An iteration in lanes."""
        assert made.varying is not None
        if made.late is None:
            return Lanes(op, made.varying, made.packs, made.width, unknown).price()
        late = made.late.ops
        early = Lanes(op, made.varying, made.packs, made.width, unknown, frozenset(late)).price()
        return early + Alone(self, unknown).ops([*made.late.again, *late]) + len(made.late.kept) * (1 + 1 / made.width)


def width_of(op: ix.ForOp) -> int:
    """How many of the widest numbers that the loop computes with fill a vector."""
    types = {r.type for child in ops_inside(op) for r in child.results}
    floats = [64 if isinstance(t, Float64Type) else 32 for t in types if isinstance(t, Float64Type | Float32Type)]
    integers = [t.width.data for t in types if isinstance(t, IntegerType) and t.width.data >= 32]
    return BITS // max(floats or integers or [64])


def vectors(op: ix.ForOp, varying: Varying) -> Sequence[int]:
    """How many vectors may run side by side: several where the innermost loop is so small that it waits for itself.

    A `while` that lanes end at different times has groups abreast instead, whose masks are registers of their own.
    """
    if any(isinstance(o, eff.WhileOp) and varying.has_varying_trips(o) for o in ops_inside(op)):
        return (1,)
    bodies = innermost(op.body.block)
    deepest = max((depth for depth, _ in bodies), default=0)
    work = [sum(weight(o) for o in body.ops) for depth, body in bodies if depth == deepest]
    return (1, MANY) if deepest > 0 and max(work) <= TIGHT else (1,)


def innermost(block: Block, depth: int = 0) -> list[tuple[int, Block]]:
    """The blocks that hold no loops, and how many loops are around them."""
    inner = [body for op in block.ops for region in op.regions for body in region.blocks]
    found = [pair for body in inner for pair in innermost(body, depth + 1)]
    return found or [(depth, block)]


def waste(op: ix.ForOp, width: int, unknown: int) -> float:
    """How many lanes run for each iteration."""
    trips = max(1.0, trips_of(op.size, unknown))
    return -(-trips // width) * width / trips


def trips_of(size: SizeAttr, unknown: int) -> float:
    """An estimate of the number of iterations."""
    return float(unknown if size.constant is None else max(size.constant, 0))


def cell(op: Operation) -> tuple[SSAValue, tuple[SSAValue, ...], float] | None:
    """The table, the indices and the number of accesses, if the op reads or writes one element."""
    match op:
        case ix.AtOp() if not isinstance(op.result.type, ix.TableType):
            return *place_of(op.table, tuple(op.indices)), 1.0
        case ix.UpdateOp() if not isinstance(op.value.type, ix.TableType):
            return *place_of(op.table, tuple(op.indices)), 1.0
        case eff.AddOp() if not isinstance(op.value.type, ix.TableType):
            return op.accumulator, tuple(op.indices), 2.0
        case _:
            return None


def distance(indices: Sequence[SSAValue], varying: Varying) -> str:
    """How far apart in memory neighbours along the index find a cell: "same", "near" or "far"."""
    slopes = [varying.slope(i) for i in indices]
    if all(s == 0 for s in slopes):
        return "same"
    return "near" if slopes[-1] == 1 and all(s == 0 for s in slopes[:-1]) else "far"


@dataclass
class Lanes:
    """The price of an iteration in lanes."""

    op: ix.ForOp
    varying: Varying
    packed: frozenset[SSAValue]
    width: int
    unknown: int
    without: frozenset[Operation] = frozenset()

    def price(self) -> float:
        read = sum(self._row(t.type) for t in self.packed)
        results = zip(self.op.kind_names, self.op.results_, strict=True)
        written = sum(self._row(r.type) for kind, r in results if kind == "tab")
        return (self._block(self.op.body.block) + read + written) * waste(self.op, self.width, self.unknown)

    def _row(self, type: Attribute) -> float:
        """Copying the part of a table that belongs to an iteration."""
        assert isinstance(type, ix.TableType)
        cells = GATHERED if type.rank > 1 else GATHERED / self.width
        for size in type.sizes.data[1:]:
            cells *= trips_of(size, self.unknown)
        return cells

    def _block(self, block: Block) -> float:
        return sum(self._op(op) for op in block.ops if op not in self.without)

    def _op(self, op: Operation) -> float:
        if op.regions:
            inner = sum(self._block(b) for r in op.regions for b in r.blocks)
            turns = trips_of(op.size, self.unknown) if isinstance(op, ix.ForOp | eff.LoopOp) else 1.0
            if isinstance(op, eff.WhileOp) and self.varying.has_varying_trips(op):
                turns = LAST
            return turns * inner + 2 / self.width
        accessed = cell(op)
        if accessed is None:
            return weight(op) / self.width
        table, indices, times = accessed
        where = distance(indices, self.varying)
        if isinstance(op, eff.AddOp) and where == "same" and table not in self.varying:
            times += ACROSS
        private = table in self.varying and where == "same"
        if private or where != "far" or table in self.packed:
            return times / self.width
        return times * GATHERED


@dataclass
class Alone:
    """The price of an iteration if LLVM vectorises what it finds, and loops inside choose for themselves."""

    choices: Choices
    unknown: int

    def iteration(self, op: ix.ForOp) -> float:
        """One iteration of a loop; one that computes random bits is not left to LLVM's vectoriser."""
        if not _is_innermost(op) or hashes(op):
            return self._block(op.body.block)
        varying, width = Varying(op), int(min(width_of(op), max(1, trips_of(op.size, LONG))))
        return sum(self._vectorised(o, varying, width) for o in op.body.block.ops)

    def _vectorised(self, op: Operation, varying: Varying, width: int) -> float:
        if op.regions:
            inner = [o for region in op.regions for block in region.blocks for o in block.ops]
            turns = trips_of(op.size, self.unknown) if isinstance(op, ix.ForOp) else 1.0
            return turns * sum(self._vectorised(o, varying, width) for o in inner)
        accessed = cell(op)
        if accessed is None:
            return weight(op) / width
        _, indices, times = accessed
        return times * APART if distance(indices, varying) == "far" else times / width

    def ops(self, ops: Sequence[Operation]) -> float:
        """Some ops of an iteration, one after the other."""
        return sum(map(self._op, ops))

    def _block(self, block: Block) -> float:
        return sum(map(self._op, block.ops))

    def _op(self, op: Operation) -> float:
        if isinstance(op, ix.ForOp):
            start = START if _is_innermost(op) else 2.0
            return trips_of(op.size, self.unknown) * self._turn(op) + start
        if isinstance(op, eff.LoopOp):
            return trips_of(op.size, self.unknown) * self._block(op.body.block) + 2.0
        if op.regions:
            return sum(self._block(b) for r in op.regions for b in r.blocks)
        return weight(op)

    def _turn(self, op: ix.ForOp) -> float:
        """An iteration of a loop inside, as that is run."""
        made = self.choices.of(op)
        if made.width:
            return self.choices.price(op, made, self.unknown)
        return self.iteration(op)


def _is_innermost(op: ix.ForOp) -> bool:
    """Does it hold no loops but those that are unrolled, and no branches but between scalars?"""
    inner = [child for child in ops_inside(op) if child.regions]
    return all(isinstance(child, ix.ForOp) and unrolls(child) or _is_selection(child) for child in inner)


def _is_selection(op: Operation) -> bool:
    """A branch that only computes a few scalars: LLVM makes selects of it."""
    inner = [child for region in op.regions for block in region.blocks for child in block.ops]
    return isinstance(op, scf.IfOp) and len(inner) <= FEW and not any(o.regions or _on_table(o) for o in inner)


def _on_table(op: Operation) -> bool:
    return any(isinstance(r.type, ix.TableType) for r in op.results) or isinstance(op, eff.AddOp | eff.CheckOp)
