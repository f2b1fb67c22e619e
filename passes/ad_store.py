"""What a body that is run a second time stores, so that nothing in it is run a fourth time.

The reverse of a nest runs each body again at every depth: an op three loops deep would run once in the primal, and
once more for each loop around it. So where a loop is run for the second time, it also gives, per iteration, the results
of the loops and branches in its body and what their reverse needs (tapes, winners, and again the same of the loops in
them). Its reverse reads these, and runs only straight code again. All of it belongs to one iteration of the loop
around, so nothing crosses an outermost loop. What is not read is left to dce. Of a result that only goes into a sum,
whose reverse does not look at it, the sum is stored: s * y + Σ … rather than Σ ….

Not stored: short loops of a few operations, which are written out after all; loops that carry or own tables, whose
versions would be copied, or have a policy; what depends on an index by its type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IndexType
from xdsl.ir import Attribute, Block, Operation, OpResult, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr

from .ad_reverse import Level, Reverse, plain
from .ad_tape import Loop, Tape
from .fuse_inline import op_cost
from .needs import mentioned
from .symbols import fresh, substitute
from .unroll import SIZE

#: So many operations are run again rather than stored.
CHEAP = 16

#: What hands a cotangent on without looking at what it was made of.
SUMS = (arith.AddfOp, arith.SubfOp, arith.NegfOp)

#: What an update keeps: the element that was there.
OVERWRITTEN = "overwritten"


@dataclass(frozen=True)
class InPlace:
    """Says that this sum is stored, in place of a result that only goes into it."""

    sum: SSAValue


#: A source value -> its value; (source op, key) -> what that op kept.
Kept: TypeAlias = dict[Any, SSAValue]


def storable(reverse: Reverse, block: Block) -> set[Operation]:
    """The ops of a body whose results its reverse can read instead of running them again."""
    if any(isinstance(op, ix.NameOp | ix.OpenOp) for op in block.ops):
        return set()
    found = (op for op in block.ops if op.results and reverse.is_reversed(op) and not _has_state(op))
    return {op for op in found if not _is_cheap(op)}


def _is_cheap(op: Operation) -> bool:
    """Is it a loop that is written out, of few operations? Run again, it costs less than a table of what it gives."""
    if not isinstance(op, ix.ForOp) or (trips := op.size.constant) is None or trips > SIZE:
        return False
    return trips * sum(op_cost(child) for child in op.body.block.ops) <= CHEAP


def _has_state(op: Operation) -> bool:
    """Is the op other than a loop without tables as state, or a branch?"""
    match op:
        case ix.ForOp():
            return bool(op.owned)
        case eff.LoopOp() if op.keep is not None:
            return True  # whoever asked for less memory does not want its results in a table
        case eff.LoopOp() | eff.WhileOp():
            return any(isinstance(i.type, ix.TableType) for i in op.initial)
        case _:
            return not isinstance(op, scf.IfOp)


def forward_body(
    reverse: Reverse,
    block: Block,
    level: Level,
    stored: Set[Operation],
    skip: Set[Operation] = frozenset(),
    taped: Mapping[Loop, Tape] = MappingProxyType({}),
) -> None:
    """Emit a body, of which `stored` and `taped` keep what their reverse needs; all but `skip`."""
    for op in block.ops:
        if op.next_op is None or op in skip:
            continue
        level.emit.location = op.location
        if isinstance(op, ix.UpdateOp) and op in stored:
            indices = [level.values[i] for i in op.indices]
            level.kept[op] = {OVERWRITTEN: level.emit.at(level.values[op.table], indices)}
        if isinstance(op, ix.ForOp) and op in taped:
            _forward_taped(reverse, op, level, taped[op])
            continue
        rule = reverse.rules.forward.get(type(op), plain) if op in stored or op in taped else plain
        rule(reverse, op, level)


def started(op: ix.ForOp, level: Level) -> tuple[ix.ForOp, Level]:
    """An unfinished order-free loop over the same iterations, and the level of its body."""
    symbol = fresh(op.symbol.data) if op.symbol else None
    size = substitute(op.size, level.sizes)
    assert isinstance(size, SizeAttr)
    loop = ix.ForOp(size, [], [], [level.values[t] for t in op.owned], symbol)
    inner = level.within(level.emit.into(loop.body.block), {})
    inner.enter(op, loop.index, symbol)
    inner.values.update(zip(op.body.block.args[1:], loop.body.block.args[1:], strict=True))
    return loop, inner


def _forward_taped(reverse: Reverse, op: ix.ForOp, level: Level, tape: Tape) -> None:
    """An order-free loop inside of a sequential one, with what is on the tape as further tables."""
    loop, inner = started(op, level)
    forward_body(reverse, op.body.block, inner, set(), taped=tape.loops)
    kept: Kept = {v: inner.values[v] for v in tape.values}
    kept.update(((o, key), v) for o in tape.loops for key, v in inner.kept[o].items())
    yielded = [inner.values[v] for v in op.yielded]
    known = {v: k for k, v in enumerate(yielded) if op.kind_names[k] == "tab"}
    further = [v for v in dict.fromkeys(kept.values()) if v not in known]
    known.update((v, len(yielded) + k) for k, v in enumerate(further))
    final = level.emit.finish_for(loop, [*op.kind_names, *("tab" for _ in further)], [*yielded, *further])
    level.values.update(zip(op.results_, final.results_, strict=False))
    level.kept[op] = {key: final.results_[known[v]] for key, v in kept.items()}


def to_store(level: Level, block: Block, stored: set[Operation], symbol: str | None) -> Kept:
    """What of a body just emitted at `level` is stored; `symbol` names the index of the loop around."""
    found: Kept = {}
    sums = set[SSAValue]()
    for op in (o for o in block.ops if o in stored):
        parts: Kept = {}
        for result in op.results:
            *_, end = (result, *(o.results[0] for o in _sums_of(result)))
            key = result if end in sums or end is result else (op, InPlace(end))
            sums.add(end)
            parts[key] = level.values[result if key is result else end]
        parts.update(((op, key), value) for key, value in level.kept.get(op, {}).items())
        if not any(_depends(value.type, symbol) for value in parts.values()):
            found.update(parts)
    return found


def _sums_of(value: SSAValue) -> Iterator[Operation]:
    """The sums that are all that sees the value, each one of those before it."""
    while (op := value.get_user_of_unique_use()) is not None and isinstance(op, SUMS) and _are_beside(op, value.owner):
        yield op
        value = op.results[0]


def _are_beside(op: Operation, other: Operation | Block) -> bool:
    return isinstance(other, Operation) and op.parent is other.parent


def _depends(type: Attribute, symbol: str | None) -> bool:
    """Are these indices of a set that depends on the index? (A table's sizes may: its axes become later ones.)"""
    element = type.element if isinstance(type, ix.TableType) else type
    return isinstance(element, ix.IdxType) and symbol is not None and symbol in mentioned(element)


def on_tape(level: Level, value: SSAValue) -> SSAValue:
    """An index as its ordinal: its set may depend on the loops around."""
    return level.emit.insert(ix.OrdOp(value)).result if isinstance(value.type, ix.IdxType) else value


def _off_tape(level: Level, value: SSAValue, op: Operation) -> SSAValue:
    """What a loop kept; a number is an index of its set."""
    if not isinstance(value.type, IndexType):
        return value
    assert isinstance(op, ix.ForOp)
    size = substitute(op.size, level.sizes)
    assert isinstance(size, SizeAttr)
    return level.emit.insert(ix.IndexOp([value], [1], 0, size)).result


def recall(level: Level, kept: Kept, index: SSAValue) -> set[Operation]:
    """In the reverse, at this iteration: read what was stored; the ops that need not be run again."""
    recalled: set[Operation] = set()
    for key, table in kept.items():
        if isinstance(key, SSAValue):
            level.values[key] = level.emit.at(table, [index])
            if isinstance(key, OpResult):
                recalled.add(key.op)
        elif isinstance(key[1], InPlace):
            level.values[key[1].sum] = level.emit.at(table, [index])
            recalled.update((key[0], *(o for r in key[0].results for o in _sums_of(r))))
        elif isinstance(key[0], Operation):
            op, inner = key
            level.kept.setdefault(op, {})[inner] = _off_tape(level, level.emit.at(table, [index]), op)
    for op in recalled:
        level.kept.setdefault(op, {})
    return recalled
