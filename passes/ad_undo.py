"""Carried tables that the reverse takes back, update by update.

    loop i (t = t0) { s = for j { … t[φ] … } -> add;  t' = t with t[ψ] = f(s) }
    ==>
    forward:  each update keeps the element that it overwrites, and s is kept
    reverse:  loop i in the other direction (t' = the last t) { t = t' with t'[ψ] what was there; for j { … t[φ] … } }

A loop that fills a table and reads what it has filled in loops inside (a triangular factor; dynamic programming with a
minimum over the places to cut) may read any element, so a tape of the table would be a copy for each iteration. The
reverse walks backwards: before it comes to what reads a version of the table, it has taken back all later updates.

What is read at the level of the updates, an index that might be another one if it is made again, and what loops inside
make of the table, is on the tape: the body runs again before anything is taken back. An inner sequential loop that is
given the table takes it back likewise; as in `ad_tape`, only where it has fewer loops than the table has axes, else
copies are smaller than what updates keep. Not for tables of a few elements, nor where a version is read after the next
one is made, or two are made of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xdsl.dialects import scf
from xdsl.ir import Block, Operation, SSAValue, Use

from pydex.dialects import eff, ix

from .ad_choices import decides, feeding
from .ad_tape import History, Tape, cells, depth, handed, next_of, tape_of_loop
from .needs import mentioned

#: A table of so many elements is copied.
FEW = 64


class Refused(Exception):
    """The table is not taken back."""


def with_undo(tape: Tape, block: Block, carried: Sequence[SSAValue], must: Sequence[SSAValue] = ()) -> Tape:
    """The tape of a body, in which carried tables are taken back instead of copied, and those that `must` be."""
    wanted = [c for c in carried if c in must or (c in tape.values and _is_large(c))]
    found = _histories(block, wanted)
    if not found or any(isinstance(op, ix.NameOp | ix.OpenOp) for op in block.ops):
        return tape
    made = replace(tape, values=[v for v in tape.values if v not in found], loops=dict(tape.loops))
    made.absent, made.histories = set(tape.absent), list(found.values())
    versions = {v for history in found.values() for v in history.versions}
    for history in found.values():
        made.absent.update((*history.changes, *history.reads, *history.rows, *history.readers))
        made.values += [r for op in (*history.reads, *history.readers) for r in op.results]
        updates = (op for op in history.changes if isinstance(op, ix.UpdateOp))
        made.values += [i for op in updates for i in op.indices if _is_chosen(i, block)]
        for loop in (op for op in history.changes if isinstance(op, eff.LoopOp)):
            made.values += [r for r in loop.results_ if r not in versions]
            made.loops[loop] = _inner(loop, [arg for old, arg, _ in handed(loop) if old in versions])
    made.values = list(dict.fromkeys(made.values))
    return made


def _is_chosen(index: SSAValue, block: Block) -> bool:
    """Might the index be another one if it is made again?"""
    made = {inner for op in feeding(block, [index]) for inner in op.walk()}
    return decides(made, block)


def _names_a_loop(index: SSAValue) -> bool:
    """Is it an index of a set that depends on a loop around, which no tape can hold?"""
    return isinstance(index.owner, Operation) and _depends(index.owner)


def _is_large(table: SSAValue) -> bool:
    if not isinstance(table.type, ix.TableType):
        return False
    count = cells(table.type).constant
    return count is None or count > FEW


def _histories(block: Block, tables: Sequence[SSAValue]) -> dict[SSAValue, History]:
    """Of the tables that are taken back: whatever is the next one of such a table is one, too."""
    found: dict[SSAValue, History] = {}
    for table in tables:
        try:
            found[table] = _history(block, table)
        except Refused:
            pass
    while lost := [c for c, history in found.items() if history.next_of not in found]:
        for c in lost:
            del found[c]
    return found


def _history(block: Block, table: SSAValue) -> History:
    """Follow the table through the body."""
    history, place = History([table]), {op: k for k, op in enumerate(block.ops)}
    while history.becomes is None:
        version, readers = history.versions[-1], []
        uses = _other_uses(history, block, version, readers)
        if len(uses) != 1 or any(place[op] >= place[uses[0].operation] for op in readers):
            raise Refused
        match change := uses[0].operation:
            case ix.UpdateOp() if uses[0].index == 0:
                if any(_is_chosen(i, block) and _names_a_loop(i) for i in change.indices):
                    raise Refused
                history.versions.append(change.result)
                history.changes.append(change)
            case eff.LoopOp():
                history.versions.append(_through(change, uses[0].index))
                history.changes.append(change)
            case _:
                history.becomes = next_of(block).get(uses[0].index) if change is block.last_op else None
                if history.becomes is None:
                    raise Refused
    return history


def _other_uses(history: History, block: Block, value: SSAValue, readers: list[Operation]) -> list[Use]:
    """The uses of a version, or of a part of one, that do not just read it; `readers`: the ops of the body that do."""
    others: list[Use] = []
    for use in value.uses:
        op = use.operation
        home = block.find_ancestor_op_in_block(op)
        if home is op and not (isinstance(op, ix.AtOp) and use.index == 0):
            others.append(use)
            continue
        if home is None or not isinstance(op, ix.AtOp) or use.index != 0 or not _only_reads(home):
            raise Refused
        readers.append(home)
        if home is not op:
            history.readers.append(home)
        elif not isinstance(op.result.type, ix.TableType):
            history.reads.append(op)
        else:
            history.rows.append(op)
            if _other_uses(history, block, op.result, readers):
                raise Refused
    return others


def _only_reads(op: Operation) -> bool:
    """Can an op that reads a version of the table inside be reversed with what is on the tape?"""
    match op:
        case ix.AtOp() | scf.IfOp():
            return not _depends(op)
        case ix.ForOp():
            return not op.owned and not _depends(op)
        case eff.LoopOp():
            has_tables = any(isinstance(i.type, ix.TableType) for i in op.initial)
            return op.keep is None and not has_tables and not _depends(op)
        case _:
            return False


def _depends(op: Operation) -> bool:
    """Are there results, or elements of tables, that are indices of a set which depends on a loop around?"""
    elements = [r.type.element if isinstance(r.type, ix.TableType) else r.type for r in op.results]
    symbols = {s for t in elements if isinstance(t, ix.IdxType) for s in mentioned(t)}
    around: Operation | None = op
    while symbols and (around := around.parent_op()) is not None:
        if isinstance(around, ix.ForOp | eff.LoopOp) and around.symbol is not None and around.symbol.data in symbols:
            return True
    return False


def _through(loop: eff.LoopOp, k: int) -> SSAValue:
    """The version that an inner loop makes of what it is given, if it takes that back and keeps less than copies."""
    given = loop.carried[k]
    assert isinstance(given.type, ix.TableType)
    inner = _inner(loop, [given])
    tables = [c for c in loop.carried if isinstance(c.type, ix.TableType)]
    taken_back = any(history.table is given for history in inner.histories)
    if not taken_back or given.type.rank <= depth(loop) or any(t in inner.values for t in tables):
        raise Refused
    return loop.results_[k]


def _inner(loop: eff.LoopOp, given: Sequence[SSAValue]) -> Tape:
    return with_undo(tape_of_loop(loop), loop.body.block, loop.carried, given)
