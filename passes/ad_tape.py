"""What the reverse of a sequential loop must keep of every iteration.

The body is run again in reverse order, so the carried values at its start are needed:

* scalars as they are;
* of a carried table that is read by element (`t[i] = f(t[i - 1])`), the elements that are read, never the table: its
  versions do not exist in the reverse at all;
* of one that loops inside read, what its updates overwrite (`ad_undo`);
* any other carried table, whole.

A table is read by element if the body only reads and updates it at its own level, or gives it to an inner loop that
does the same: a sequential one, as in dynamic programming, or an order-free one that owns it, as a step over a vector
of states. The tape of that inner loop is then a table of the outer one's tape, and it is not run again; this is done
where its tape is not much larger than the table: where the inner nest has fewer loops than the table has axes, or,
with order-free loops in it, where it keeps at most MORE numbers for each of the tables that it is given.

Other values are computed again, except those that `ad_tape_dear` adds. What is not needed after all is left to dce.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from xdsl.ir import Attribute, Block, BlockArgument, Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr

#: So many numbers may be kept for each that a table has that is not.
MORE = 4

Loop: TypeAlias = eff.LoopOp | ix.ForOp


@dataclass
class History:
    """What a body does with a carried table. `versions`: the table, and what each of `changes` makes of it. `reads`: of
    elements, at the level of the body; `rows`: of parts that are tables; `readers`: ops that read inside of them."""

    versions: list[SSAValue]
    changes: list[ix.UpdateOp | eff.LoopOp] = field(default_factory=list)
    reads: list[ix.AtOp] = field(default_factory=list)
    rows: list[ix.AtOp] = field(default_factory=list)
    readers: list[Operation] = field(default_factory=list)
    becomes: SSAValue | None = None  # the carried value that the last version is the next one of, once that is known

    @property
    def next_of(self) -> SSAValue:
        assert self.becomes is not None
        return self.becomes

    @property
    def table(self) -> SSAValue:
        return self.versions[0]

    @property
    def last(self) -> SSAValue:
        return self.versions[-1]


@dataclass
class Tape:
    """`values`: kept of each iteration. `loops`: inner loops whose tapes are kept. `absent`: ops that the reverse does
    not run again, as their results are kept, or are versions of tables that do not exist there, or not yet.
    `histories`: of tables that are taken back (`ad_undo`)."""

    values: list[SSAValue]
    loops: dict[Loop, Tape] = field(default_factory=dict)
    absent: set[Operation] = field(default_factory=set)
    histories: list[History] = field(default_factory=list)


def tape_of(block: Block, carried: Sequence[SSAValue], order_free: bool = True) -> Tape:
    """The tape of a loop body with these carried arguments; `order_free`: may such loops be on it?"""
    return _Reads(order_free).tape(block, carried)


def tape_of_loop(op: Loop) -> Tape:
    """The tape of a loop that is on another's."""
    return _Reads(True).tape_of_loop(op)


def handed(op: Loop) -> list[tuple[SSAValue, BlockArgument, SSAValue]]:
    """What a loop is given and gives back: before it, in its body, after it."""
    if isinstance(op, eff.LoopOp):
        return list(zip(op.initial, op.carried, op.results_, strict=False))
    new = (r for kind, r in zip(op.kind_names, op.results_, strict=True) if kind == "own")
    return list(zip(op.owned, op.body.block.args[1:], new, strict=True))


def cells(type: Attribute) -> SizeAttr:
    """How many numbers a value of this type has, at most."""
    total = SizeAttr.of(1)
    for size in ix.bounding_sizes(type) if isinstance(type, ix.TableType) else ():
        total = total * size
    return total


def cells_kept(op: Loop, tape: Tape) -> SizeAttr:
    """How many numbers all iterations of a loop with this tape keep."""
    total = SizeAttr.of(0)
    for value in tape.values:
        total = total + cells(value.type)
    for loop, inner in tape.loops.items():
        total = total + cells_kept(loop, inner)
    return total * op.size


def is_at_most(a: SizeAttr, b: SizeAttr) -> bool:
    """Is it for all symbols that are 1 or more? If that is not known, no."""
    more = b - a
    return all(coef >= 0 for _, coef in more.substitute({s: SizeAttr.of(s) + 1 for s in more.symbols()}).data)


@dataclass
class _Reads:
    """Which tables are read by element. `known`: of inner loops, whether they do, and keep little."""

    order_free: bool
    known: dict[Loop, bool] = field(default_factory=dict)

    def tape(self, block: Block, carried: Sequence[SSAValue]) -> Tape:
        by_element = self._by_element(block, carried)
        tape = Tape([c for c in carried if c not in by_element])
        versions = set().union(*by_element.values())
        for op in block.ops:
            if isinstance(op, ix.AtOp) and op.table in versions:
                tape.values.append(op.result)
                tape.absent.add(op)
            elif isinstance(op, ix.UpdateOp) and op.table in versions:
                tape.absent.add(op)
            elif isinstance(op, Loop) and any(old in versions for old, _, _ in handed(op)):
                tape.values += [r for r in op.results_ if r not in versions]
                tape.loops[op] = self.tape_of_loop(op)
                tape.absent.add(op)
        return tape

    def tape_of_loop(self, op: Loop) -> Tape:
        return self.tape(op.body.block, [argument for _, argument, _ in handed(op)])

    def _by_element(self, block: Block, carried: Sequence[SSAValue]) -> dict[SSAValue, set[SSAValue]]:
        """The carried tables that are read by element, with their versions in the block."""
        found = {c: self._versions(block, c) for c in carried if isinstance(c.type, ix.TableType)}
        while bad := [c for c, versions in found.items() if not self._stays(block, versions, found)]:
            for c in bad:
                del found[c]
        return found

    def _versions(self, block: Block, table: SSAValue) -> set[SSAValue]:
        versions = {table}
        for op in block.ops:
            if isinstance(op, ix.UpdateOp) and op.table in versions:
                versions.add(op.result)
            elif isinstance(op, Loop) and self._keeps_less(op):
                versions.update(new for old, _, new in handed(op) if old in versions)
        return versions

    def _stays(self, block: Block, versions: set[SSAValue], found: dict[SSAValue, set[SSAValue]]) -> bool:
        """Is every use a read or an update here, one by such a loop, or the next value of such a table?"""
        after = next_of(block)
        for use in (u for v in versions for u in v.uses):
            op = use.operation
            if op.parent is not block:
                return False
            if isinstance(op, ix.AtOp | ix.UpdateOp):
                allowed = use.index == 0
            elif isinstance(op, Loop):
                allowed = self._keeps_less(op)
            else:
                allowed = op.next_op is None and after.get(use.index) in found
            if not allowed:
                return False
        return True

    def _keeps_less(self, op: Loop) -> bool:
        """Does an inner loop read all tables that it is given by element, and is its tape small beside these?"""
        if op not in self.known:
            self.known[op] = self._is_given(op) and self._is_small(op)
        return self.known[op]

    def _is_given(self, op: Loop) -> bool:
        if isinstance(op, ix.ForOp):
            kinds = set(op.kind_names)
            if not self.order_free or "own" not in kinds or not kinds <= {"own", "tab", "add"}:
                return False
        arguments = [argument for _, argument, _ in handed(op)]
        by_element = self._by_element(op.body.block, arguments)
        return all(a in by_element for a in arguments if isinstance(a.type, ix.TableType))

    def _is_small(self, op: Loop) -> bool:
        """In numbers, its other results among them, if order-free loops own tables in it."""
        if not any(isinstance(o, ix.ForOp) and o.owned for o in op.walk()):
            types = [argument.type for _, argument, _ in handed(op)]
            return all(t.rank > depth(op) for t in types if isinstance(t, ix.TableType))
        given, kept = SizeAttr.of(0), cells_kept(op, self.tape_of_loop(op))
        for old, _, _ in handed(op):
            given = given + cells(old.type)
        for result in set(op.results_) - {new for _, _, new in handed(op)}:
            kept = kept + cells(result.type)
        return is_at_most(kept, given * MORE)


def next_of(block: Block) -> dict[int, SSAValue]:
    """Which carried argument each value that the block yields is the next one of."""
    op = block.parent_op()
    if isinstance(op, ix.ForOp):
        places = [k for k, kind in enumerate(op.kind_names) if kind == "own"]
        return dict(zip(places, block.args[1:], strict=True))
    return dict(enumerate(op.carried if isinstance(op, eff.LoopOp) else block.args))


def depth(loop: Loop) -> int:
    """How many sequential loops are nested, this one included."""
    return 1 + max((depth(op) for op in loop.body.block.ops if isinstance(op, eff.LoopOp)), default=0)
