"""ix-own: decides which tables are updated in place, and says where one must be copied.

    %b = ix.update %a[..], %v                       where %a is not used any more
    ==> %b = ix.update %a[..], %v  {in_place = [true]}

Tables are values. An op that makes a new version of a table (`ix.update`, an `own` table of `ix.for`, an
accumulator of `eff.accum`, a carried table of `eff.loop` and `eff.while`) may write over the old one if nobody
reads that again: the old one is made in this block (or is a value carried by its loop, or both stand in branches
of one `scf.if`), and every other use of it, or of a part of it, comes before. Where that fails, the old table is
copied first: the flag is false. One flag for each table that the op makes a new version of, in the order of
operands.

What an iteration reads of its own part of a table as it was, after it has made a new version, it reads from the table
that the loop began with, which has the same part: then one copy serves the loop, instead of one each iteration.

What it does not do: reorder ops to make a use the last one, but for reads of elements (own_reads.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import ArrayAttr, BoolAttr, IntegerAttr, ModuleOp
from xdsl.ir import Block, BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import eff, ix

from .edit import ops_inside
from .own_reads import read_first

FLAGS = "in_place"


def versioned(op: Operation) -> list[SSAValue]:
    """The tables that the op makes new versions of, in order."""
    match op:
        case ix.UpdateOp():
            return [op.table]
        case ix.ForOp():
            return list(op.owned)
        case eff.AccumOp() | eff.LoopOp() | eff.WhileOp():
            return [v for v in op.initial if isinstance(v.type, ix.TableType)]
        case _:
            return []


def new_versions(op: Operation) -> list[SSAValue]:
    """The results that are new versions of `versioned(op)`."""
    match op:
        case ix.UpdateOp():
            return [op.result]
        case ix.ForOp():
            return [r for r, k in zip(op.results_, op.kind_names, strict=True) if k == "own"]
        case eff.AccumOp() | eff.LoopOp() | eff.WhileOp():
            firsts = zip(op.initial, op.results_, strict=False)
            return [r for v, r in firsts if isinstance(v.type, ix.TableType)]
        case _:
            return []


def in_place(op: Operation) -> list[bool]:
    """The decisions for `versioned(op)`; where none was made, nothing is in place."""
    flags = op.attributes.get(FLAGS)
    if not isinstance(flags, ArrayAttr):
        return [False] * len(versioned(op))
    return [bool(f.value.data) for f in flags if isinstance(f, IntegerAttr)]


def source(value: SSAValue) -> SSAValue | None:
    """The table that `value` was written over, if it was made in place."""
    op = value.owner
    if not isinstance(op, Operation):
        return None
    versions = new_versions(op)
    if value not in versions:
        return None
    position = versions.index(value)
    return versioned(op)[position] if in_place(op)[position] and _keeps(op, position) else None


def _keeps(op: Operation, position: int) -> bool:
    """Does a sequential loop end in the memory that it began with? If its body makes tables, two buffers take turns."""
    match op:
        case eff.LoopOp():
            args, yielded = op.carried, op.yielded
        case eff.WhileOp():
            last = op.body.block.last_op
            args, yielded = op.body.block.args, last.operands if last else ()
        case _:
            return True
    pairs = zip(args, yielded, strict=False)
    arg, value = [(a, v) for a, v in pairs if isinstance(a.type, ix.TableType)][position]
    return origin(value) is arg


def origin(value: SSAValue) -> SSAValue:
    """Where the memory of a table comes from: the value that is not itself an older one written over.

    The result of a branch comes from a table of outside if all its branches do; what an accumulation computes beside
    its accumulators is what its region yields.
    """
    while True:
        op = value.owner
        if isinstance(op, eff.AccumOp) and (beside := op.results_.index(value) - len(op.initial)) >= 0:
            value = op.yielded[beside]
            continue
        if isinstance(op, scf.IfOp):
            position = op.results.index(value)
            origins = {origin(list(b.last_op.operands)[position]) for b in _blocks(op) if b.last_op}
            inside = any(op.is_ancestor(_owner(o)) for o in origins)
            if len(origins) != 1 or inside:
                return value
            value = origins.pop()
            continue
        older = source(value)
        if older is None:
            return value
        value = older


def written_into(value: SSAValue) -> ix.UpdateOp | None:
    """The update in place that stores `value` as a part of a table, if `value` may be made there at once.

    So it is if nothing else uses it, and nobody reads the table from the op that makes `value` on.
    """
    maker, uses = value.owner, list(value.uses)
    if not isinstance(maker, Operation) or len(uses) != 1:
        return None
    update = uses[0].operation
    if not isinstance(update, ix.UpdateOp) or update.value is not value or update.parent is not maker.parent:
        return None
    if not in_place(update)[0] or maker.parent is None or not isinstance(value.type, ix.TableType):
        return None
    defined = update.table.owner.parent if isinstance(update.table.owner, Operation) else update.table.owner
    if not isinstance(defined, Block) or not all(_before(use, maker, defined) for use in _reads(update.table, update)):
        return None
    return update


def _owner(value: SSAValue) -> Operation | Block:
    return value.owner


def _blocks(op: Operation) -> Iterator[Block]:
    return (b for r in op.regions for b in r.blocks)


class IxOwn(ModulePass):
    """Decides which tables are updated in place."""

    name = "ix-own"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        read_first(op)
        for loop in [o for o in ops_inside(op) if isinstance(o, ix.ForOp)][::-1]:  # inner loops first
            _read_originals(loop)
        for child in ops_inside(op):
            tables = versioned(child)
            if tables:
                child.attributes[FLAGS] = ArrayAttr(
                    BoolAttr.from_bool(may_write(table, child, position)) for position, table in enumerate(tables)
                )


def _read_originals(loop: ix.ForOp) -> None:
    """Let reads of owned tables that come after a new version read the table that the loop began with."""
    for argument, original in zip(loop.body.block.args[1:], loop.owned, strict=True):
        for writer in dict.fromkeys(use.operation for use in argument.uses):
            places = [k for k, table in enumerate(versioned(writer)) if table is argument]
            if any(not may_write(argument, writer, place) for place in places):
                for use in list(argument.uses):
                    if isinstance(use.operation, ix.AtOp) and _is_read_after(use.operation, writer, loop.body.block):
                        use.operation.operands[use.index] = original


def _is_read_after(part: ix.AtOp, writer: Operation, block: Block) -> bool:
    """Is the part of a table, or a part of that, used when the writer has run?"""
    users = [u.operation for value in [part.result, *_views(part.result, writer)] for u in value.uses]
    inside = users if isinstance(part.result.type, ix.TableType) else []
    return not all(_before(user, writer, block) for user in [part, *inside])


def in_own_memory(loop: ix.ForOp) -> bool:
    """Do the iterations of a loop, and of the loops inside of it, leave owned tables in the memory of those?

    Where they do not, each iteration copies a whole table, over the parts of the others: it has to be the only one.
    """
    for op in loop.walk():
        if isinstance(op, ix.ForOp):
            owned = [v for v, kind in zip(op.yielded, op.kind_names, strict=True) if kind == "own"]
            if any(origin(v) is not arg for v, arg in zip(owned, op.body.block.args[1:], strict=True)):
                return False
    return True


def may_write(table: SSAValue, op: Operation, position: int) -> bool:
    """May `op` write over `table`, its versioned operand number `position`?"""
    if any(table is other for other in versioned(op)[:position]):
        return False
    block = table.owner if isinstance(table, BlockArgument) else table.owner.parent
    if not isinstance(block, Block) or not _owned(table):
        return False
    return _once(op, block) and all(_before(use, op, block) for use in _reads(table, op))


def _owned(table: SSAValue) -> bool:
    """Is the memory of the table written for it, so that nobody else sees it change?"""
    op = table.owner
    match op:
        case Block():
            loop = op.parent_op()
            return isinstance(loop, eff.LoopOp | ix.ForOp) or isinstance(loop, eff.WhileOp) and op is loop.body.block
        case ix.AtOp():
            return False
        case eff.AccumOp():
            return op.results.index(table) < len(op.initial)
        case scf.IfOp():
            position = op.results.index(table)
            yielded = [list(b.last_op.operands)[position] for b in _blocks(op) if b.last_op]
            return all(_owned(v) and may_end(v, op) for v in yielded)
        case _:
            return True


def may_end(value: SSAValue, branch: scf.IfOp) -> bool:
    """Is the value, which a branch yields, used by nobody else afterwards?"""
    block = value.owner if isinstance(value.owner, Block) else value.owner.parent
    uses = [u.operation for part in [value, *_views(value, branch)] for u in part.uses]
    if block is not None and block.parent_op() is branch:
        return sum(1 for user in uses if user.parent is block and user.next_op is None) == 1
    if block is None or not _once(branch, block):
        return False
    return all(branch.is_ancestor(user) or _before(user, branch, block) for user in uses)


def _views(table: SSAValue, writer: Operation) -> Iterator[SSAValue]:
    """The values that share the memory of a table: its parts, and what the regions around hand on of it.

    What a branch hands on is not the table if the writer is in another branch.
    """
    for use in table.uses:
        user, parent = use.operation, use.operation.parent_op()
        shared = None
        if isinstance(user, ix.AtOp) and use.index == 0 and isinstance(user.result.type, ix.TableType):
            shared = user.result
        elif isinstance(parent, scf.IfOp) and isinstance(user, scf.YieldOp) and not parent.is_ancestor(writer):
            shared = parent.results[use.index]
        elif isinstance(parent, eff.AccumOp) and isinstance(user, eff.YieldOp):
            shared = parent.results_[len(parent.initial) + use.index]
        if shared is not None:
            yield shared
            yield from _views(shared, writer)


def _reads(table: SSAValue, writer: Operation) -> list[Operation]:
    """The other users of a table and of its parts."""
    direct = [u.operation for u in table.uses if u.operation is not writer]
    twice = [writer] if sum(1 for u in table.uses if u.operation is writer) > 1 else []
    return direct + twice + [u.operation for view in _views(table, writer) for u in view.uses]


def _once(op: Operation, block: Block) -> bool:
    """Is `op` in the block, or below it in branches and accumulations only, so that it runs once if the block does?"""
    while op.parent is not block:
        parent = op.parent_op()
        if not isinstance(parent, scf.IfOp | eff.AccumOp):
            return False
        op = parent
    return True


def _before(user: Operation, op: Operation, block: Block) -> bool:
    """Does `user` run before `op`, or in another branch than it?"""
    above_user, above_op = _path(user, block), _path(op, block)
    for a, b in zip(above_user, above_op, strict=False):
        if a is b:
            continue
        if a.parent is not b.parent:
            return True
        return a.is_before_in_block(b)
    return False


def _path(op: Operation, block: Block) -> Sequence[Operation]:
    """The ops around `op`, from `block` inwards."""
    path = [op]
    while path[-1].parent is not block:
        parent = path[-1].parent_op()
        assert parent is not None
        path.append(parent)
    return path[::-1]
