"""Which memory a function takes: the tables that its lowering allocates, and those that it copies.

Not a second opinion: the function is lowered, and the lowering is watched. What it says is attached to the ops of the
IR, so that costs can be summed over loops:

    allocated[op]   tables made each time `op` is reached; they live until the body of the loop around `op` ends
    copied[op]      tables copied element by element each time `op` is reached (a terminator: at the end of its block)

An op that the lowering writes down several times (a loop that is unrolled, a main loop and its remainder) is watched
the first time. Tables of a few elements lie on the stack; they are listed and cost nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from xdsl.dialects import func
from xdsl.ir import Attribute, Block, Operation

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr
from pydex.passes import lower_parallel
from pydex.passes.lower import SMALL, Lowering
from pydex.passes.lower_lane_choice import Choice
from pydex.passes.lower_rows_choice import MANY, Rows
from pydex.passes.lower_rules import RULES
from pydex.passes.lower_to_cpu import Cpu


@dataclass(frozen=True)
class Allocated:
    """A table that the lowering made room for: `maker` is the op that needs it.

    lanes: how many of them lie side by side, for iterations that run in the lanes of vectors.
    times: "once" each time the op that it is attached to is reached; for each "chunk" of that parallel loop; or a
    "copy" of an accumulator for each chunk but the first.
    """

    type: ix.TableType
    maker: Operation
    small: bool
    lanes: int = 1
    times: Literal["once", "chunk", "copy"] = "once"


@dataclass
class Memory:
    """What the lowering of one function was seen to do.

    shared: the loops that it shares out among threads. unrolled: those whose iterations it writes one after the other.
    lanes: for each loop that it asked about, whether its iterations run in the lanes of vectors, and why.
    """

    allocated: dict[Operation, list[Allocated]] = field(default_factory=dict)
    copied: dict[Operation, list[ix.TableType]] = field(default_factory=dict)
    shared: set[ix.ForOp] = field(default_factory=set)
    unrolled: set[Operation] = field(default_factory=set)
    lanes: dict[Operation, Choice] = field(default_factory=dict)


def memory(function: func.FuncOp) -> Memory:
    """The memory of a function that has been through the pipeline."""
    target = _Watched(function)
    target.lower(function)
    return target.seen


class _Watched(Cpu):
    """The in-process target, which tells."""

    def __init__(self, function: func.FuncOp):
        super().__init__()
        self.function = function
        self.seen = Memory()

    def lowering(self) -> Lowering:
        return _Watching(self)

    def in_lanes(self, op: ix.ForOp) -> Choice | None:
        self.seen.lanes[op] = self.choices.of(op)
        return super().in_lanes(op)

    def in_rows(self, op: ix.ForOp) -> Rows | None:
        found = super().in_rows(op)
        if found is not None:
            self.seen.lanes[found.inner] = Choice(found.width, f"of {MANY} rows side by side")
        return found

    def parallel(self, low: Lowering, op: ix.ForOp) -> bool:
        shared = super().parallel(low, op)
        if shared:
            self.seen.shared.add(op)
            for accumulator in lower_parallel.shared_accumulators(op):
                assert isinstance(accumulator.type, eff.AccType)
                content = accumulator.type.content
                if isinstance(content, ix.TableType):
                    copy = Allocated(content, op, small=False, times="copy")
                    self.seen.allocated.setdefault(op, []).append(copy)
        return shared


@dataclass
class _Place:
    """A block being lowered at a depth of frames: the op it is at, and the blocks run below that op, by depth."""

    depth: int
    block: Block
    op: Operation | None = None
    ran: dict[int, Block] = field(default_factory=dict)
    inside_again: bool = False
    again: bool = False

    def block_at(self, depth: int) -> Block:
        """The block below the op whose lines are written at this depth: the last one that was run, or will be."""
        above = [at for at in self.ran if at <= depth]
        if above:
            return self.ran[max(above)]
        assert isinstance(self.op, ix.ForOp)
        return self.op.body.block


class _Rules(dict[type[Operation], Callable[[Lowering, Any], None]]):
    """The rules, each of which first says which op it is at."""

    def __missing__(self, type: type[Operation]) -> Callable[[Lowering, Any], None]:
        rule = RULES[type]

        def watched(low: Lowering, op: Operation) -> None:
            assert isinstance(low, _Watching)
            low.reach(op)
            rule(low, op)

        self[type] = watched
        return watched


class _Watching(Lowering):
    """A lowering that records what it allocates and copies."""

    def __init__(self, target: _Watched):
        super().__init__(target, _Rules())
        self.seen, self.function = target.seen, target.function
        self.path: list[_Place] = []
        self.reached: set[Operation] = set()
        self.runs: Counter[Block] = Counter()

    def run(self, block: Block) -> None:
        again = bool(self.path) and self.path[-1].again
        self.path.append(_Place(len(self.frames), block, inside_again=again))
        self.runs[block] += 1
        loop = block.parent_op()
        if isinstance(loop, ix.ForOp) and not self.frames[-1].is_loop:
            self.seen.unrolled.add(loop)
        super().run(block)
        done = self.path.pop()
        if self.path:
            self.path[-1].ran[done.depth] = block

    def reach(self, op: Operation) -> None:
        """The lowering is at an op."""
        place = self.path[-1]
        place.op, place.ran = op, {}
        place.again = place.inside_again or op in self.reached
        self.reached.add(op)

    def _allocate(self, sizes: Sequence[SizeAttr], element: Attribute) -> Any:
        if self.path and not self.path[-1].again:
            self._record(sizes, element)
        return super()._allocate(sizes, element)

    def _record(self, sizes: Sequence[SizeAttr], element: Attribute) -> None:
        """Attaches an allocation to the op that it is made in front of."""
        cells = SizeAttr.of(1)
        for size in sizes:
            cells = cells * size
        outer = next(place for place in reversed(self.path) if place.depth <= len(self.frames))
        type, maker = ix.TableType.of(sizes, element), self.path[-1].op
        assert isinstance(type, ix.TableType) and maker is not None and outer.op is not None
        small = cells.constant is not None and cells.constant <= SMALL
        times = "chunk" if outer.depth < len(self.frames) else "once"
        made = Allocated(type, maker, small, max(1, self.lanes), times)
        self.seen.allocated.setdefault(outer.op, []).append(made)

    def copy(self, type: Attribute, source: Any, target: Any) -> None:
        if isinstance(type, ix.TableType):
            self._record_copy(type)
        super().copy(type, source, target)

    def _record_copy(self, type: ix.TableType) -> None:
        """Attaches a copy to the op being lowered, or to the end of the block that has just been run below it."""
        block, op = self.function.body.block, None
        if self.path:
            place, depth = self.path[-1], len(self.frames)
            if depth == place.depth:
                block, op = place.block, place.op
            else:
                block = place.block_at(depth)
        again = bool(self.path) and self.path[-1].again or (op is None and self.runs[block] > 1)
        site = op or block.last_op
        if not again and site is not None:
            self.seen.copied.setdefault(site, []).append(type)
