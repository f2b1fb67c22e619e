"""dce: what nobody needs is not computed.

    unused pure op                                       ==> gone
    a result of a loop, branch or accumulation that nobody reads
        ==> the op without it, without the carried value or accumulator behind it, and without what fed these
    a carried value that only feeds itself               ==> gone
    an own table that iterations need, but nobody after the loop
        ==> the loop hands on its parts as they were when they were last needed
    a private function that nothing mentions             ==> gone

Liveness starts at what a function returns and at what may raise, and goes backwards, result by result (`_Liveness`);
then what is not live is cut out (`shrink`). A loop that might not end is no reason to keep it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import ArrayAttr, ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, BlockArgument, Operation, OpResult, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import eff, ix

from .edit import blocks, erase, ops_of, replace, splice, terminator
from .inline import drop_unused
from .needs import defined_symbol, mentioned

#: Ops that are live result by result; of any other op with regions everything is live.
_BY_RESULT = frozenset({ix.ForOp, eff.LoopOp, eff.WhileOp, eff.AccumOp, scf.IfOp})
#: Ops that are live whatever reads them (besides those that may raise).
_ROOTS = frozenset({ix.SizesOp})


class Dce(ModulePass):
    name: ClassVar[str] = "dce"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        drop_unused(op)
        dce(op)


def dce(root: Operation) -> None:
    """Remove what is dead inside `root`, each function by itself."""
    functions = [op for r in root.regions for b in r.blocks for op in b.ops if isinstance(op, FuncOp)]
    for op in functions or [root]:
        live = _Liveness(op)
        for block in blocks(op):
            _sweep(block, live)


class _Liveness:
    """The live ops and values of `root`: a work list, from the roots backwards."""

    def __init__(self, root: Operation) -> None:
        self.ops: set[Operation] = {root}
        self.values: set[SSAValue] = set()
        self.held: set[SSAValue] = set()  # own results that are there for the sake of their argument
        self.writes: dict[SSAValue, list[Operation]] = {}  # the eff.add of each accumulator
        self.symbols: dict[str, Operation] = {}  # ix.open and ix.name, by the symbol they define
        self.work: list[SSAValue] = []  # live values, and
        self.live_ops: list[Operation] = []  # live ops, that have not been looked at
        for block in blocks(root):
            self._find_roots(block, everything=True)
        while self.work or self.live_ops:
            if self.live_ops:
                self._op(self.live_ops.pop())
            else:
                self._value(self.work.pop())

    def _find_roots(self, block: Block, everything: bool) -> None:
        """Collect writes and symbols; the terminator of a function, and what may raise, is live."""
        for op in ops_of(block):
            if op.regions:
                for inner in blocks(op):
                    self._find_roots(inner, op.__class__ not in _BY_RESULT)
            elif op.__class__ is eff.AddOp:
                accumulator = op.operands[0]
                self.writes.setdefault(accumulator, []).append(op)
                if not isinstance(_parent(accumulator), eff.AccumOp):
                    self.live_ops.append(op)
            else:
                if (symbol := defined_symbol(op)) is not None:
                    self.symbols[symbol] = op
                if op.__class__ in _ROOTS or "except" in eff.effects(op) or (everything and op.next_op is None):
                    self.live_ops.append(op)

    def _op(self, op: Operation) -> None:
        if op in self.ops:
            return
        self.ops.add(op)
        if (parent := op.parent_op()) is not None and parent not in self.ops:
            self.live_ops.append(parent)
        if self.symbols:
            self._mentions_of(op)
        if op.__class__ not in _BY_RESULT:
            self.work.extend(op._operands)  # pyright: ignore[reportPrivateUsage]
        elif isinstance(op, scf.IfOp):
            self.work.append(op.cond)
        elif isinstance(op, eff.WhileOp):
            self.work.extend(terminator(op.condition.block).operands)

    def _value(self, value: SSAValue) -> None:
        if value in self.values:
            return
        self.values.add(value)
        if value.__class__ is OpResult:
            op = value.op  # pyright: ignore[reportAttributeAccessIssue]
            if op not in self.ops:
                self.live_ops.append(op)
            if op.regions:
                self.work.extend(_behind_result(value))  # pyright: ignore[reportArgumentType]
        elif isinstance(value, BlockArgument) and (parent := value.block.parent_op()) is not None:
            self.live_ops.append(parent)
            if isinstance(parent, ix.ForOp) and value.index > 0:
                self._hold(parent, value)
            self.work.extend(_behind_argument(value, parent))
            if isinstance(parent, eff.AccumOp):
                self.live_ops.extend(self.writes.get(value, ()))

    def _hold(self, op: ix.ForOp, argument: BlockArgument) -> None:
        """A loop's iterations need an own table: what comes after an iteration need not be live for that."""
        result = _own_results(op)[argument.index - 1]
        version: SSAValue | None = op.yielded[op.results.index(result)]
        while version is not None and version is not argument:
            version = _older(version)
        if version is argument:
            self.held.add(result)
        else:
            self.work.append(result)

    def _mentions_of(self, op: Operation) -> None:
        """What defines the sizes that an op, or the header of its body, mentions is live."""
        types = [r.type for r in op.results] + [a.type for b in blocks(op) for a in b.args]
        for attribute in (*op.properties.values(), *types):
            for symbol in mentioned(attribute):
                if symbol in self.symbols:
                    self.live_ops.append(self.symbols[symbol])


def _behind_result(result: OpResult) -> Sequence[SSAValue]:
    """What is live if one result of an op is: of ops with regions, of others it is all operands."""
    k = result.index
    match op := result.op:
        case ix.ForOp() if op.kind_names[k] == "own":
            return [op.yielded[k], op.body.block.args[1 + op.kind_names[:k].count("own")]]
        case ix.ForOp():
            return [op.yielded[k]]
        case eff.LoopOp() if k < len(op.initial):
            return [op.carried[k]]
        case eff.LoopOp():
            return [op.yielded[k]]
        case eff.WhileOp() if k < len(op.initial):
            return [op.body.block.args[k]]
        case eff.AccumOp() if k < len(op.initial):
            return [op.accumulators[k]]
        case eff.AccumOp():
            return [op.yielded[k - len(op.initial)]]
        case scf.IfOp():
            return [terminator(b).operands[k] for b in blocks(op)]
        case _:
            return []


def _behind_argument(argument: BlockArgument, op: Operation) -> Sequence[SSAValue]:
    """What is live if an argument of a region is: where it comes from, and what comes back for it."""
    k = argument.index
    match op:
        case ix.ForOp() if k > 0:
            return [op.owned[k - 1]]
        case eff.LoopOp() if k > 0:
            return [op.initial[k - 1], op.yielded[k - 1], op.results[k - 1]]
        case eff.WhileOp():
            both = (op.condition.block.args[k], op.body.block.args[k])
            return [*both, op.initial[k], terminator(op.body.block).operands[k], op.results[k]]
        case eff.AccumOp():
            return [op.initial[k], op.results[k]]
        case _:
            return []


def _older(version: SSAValue) -> SSAValue | None:
    """The version of a table that this one was made of; None if that is not one alone."""
    match op := version.owner:
        case ix.UpdateOp():
            return op.table
        case ix.ForOp() if version in (own := _own_results(op)):
            return op.owned[own.index(version)]
        case _:
            return None


def _own_results(op: ix.ForOp) -> list[SSAValue]:
    return [r for r, kind in zip(op.results_, op.kind_names, strict=True) if kind == "own"]


# --------------------------------------------------------------------------------------------------------- sweep


def _sweep(block: Block, live: _Liveness) -> None:
    """Cut everything out of a block that is not live; the terminator stays."""
    for op in reversed(ops_of(block)):
        if op in live.ops:
            if not op.regions:
                continue
            if op.__class__ in _BY_RESULT:
                if isinstance(op, ix.ForOp) and op.owned:
                    _hand_on_unread(op, live)
                op = shrink(op, [r in live.values or r in live.held for r in op.results])
            for inner in blocks(op):
                _sweep(inner, live)
            if isinstance(op, eff.AccumOp) and not op.initial:
                replace(op, splice(op.body.block, op))
        elif op.next_op is not None or not op.parent_op():
            erase(op)


def _hand_on_unread(op: ix.ForOp, live: _Liveness) -> None:
    """Of an own table that nobody reads after the loop, yield the last version that somebody needs in it."""
    last = terminator(op.body.block)
    for argument, result in zip(op.body.block.args[1:], _own_results(op), strict=True):
        if result in live.held and result not in live.values:
            version = last.operands[op.results.index(result)]
            while version is not argument and version not in live.values and version not in live.held:
                older = _older(version)
                assert older is not None
                version = older
            last.operands[op.results.index(result)] = version


def shrink(op: Operation, keep: Sequence[bool]) -> Operation:
    """The op with only those results (the rest has no use left but in what is dead); `op` itself if it is all.

    The number of trips of `eff.while` always stays.
    """
    match op:
        case eff.WhileOp():
            keep = [*keep[:-1], True]
        case _:
            pass
    if all(keep):
        return op
    match op:
        case ix.ForOp():
            new = _shrink_for(op, keep)
        case eff.LoopOp():
            new = _shrink_carried(op, keep, [op.body.block], 1, op.body.block)
        case eff.WhileOp():
            new = _shrink_carried(op, keep, [op.condition.block, op.body.block], 0, op.body.block)
        case eff.AccumOp():
            new = _shrink_accum(op, keep)
        case _:
            for block in blocks(op):
                _keep_operands(terminator(block), keep)
            new = _rebuild(op, op.operands, keep)
    return new


def _shrink_for(op: ix.ForOp, keep: Sequence[bool]) -> Operation:
    owned = [k for kind, k in zip(op.kind_names, keep, strict=True) if kind == "own"]
    _drop_arguments(op.body.block, [True, *owned])
    _keep_operands(terminator(op.body.block), keep)
    kinds = ArrayAttr(_kept(op.kinds.data, keep))
    return _rebuild(op, _kept(op.owned, owned), keep, {"kinds": kinds})


def _shrink_carried(
    op: Operation, keep: Sequence[bool], headers: Sequence[Block], first: int, body: Block
) -> Operation:
    """Drop carried values: initial ones, arguments of the regions (which start at `first`), next ones."""
    carried = keep[: len(op.operands)]
    for block in headers:
        _drop_arguments(block, [*[True] * first, *carried])
    last = terminator(body)
    _keep_operands(last, keep[: len(last.operands)])
    return _rebuild(op, _kept(op.operands, carried), keep)


def _shrink_accum(op: eff.AccumOp, keep: Sequence[bool]) -> Operation:
    contents, yielded = keep[: len(op.initial)], keep[len(op.initial) :]
    for writer in [u for k, a in zip(contents, op.accumulators, strict=True) if not k for u in _users(a)]:
        erase(writer)
    _drop_arguments(op.body.block, contents)
    _keep_operands(terminator(op.body.block), yielded)
    return _rebuild(op, _kept(op.initial, contents), keep)


def _rebuild(op: Operation, operands: Sequence[SSAValue], keep: Sequence[bool], properties=None) -> Operation:
    """The op with these operands, fewer results, and its regions moved."""
    regions = [op.detach_region(0) for _ in op.regions]
    new = type(op).create(
        operands=operands,
        result_types=_kept(op.result_types, keep),
        properties={**op.properties, **(properties or {})},
        attributes=op.attributes,
        regions=regions,
        location=op.location,
    )
    assert op.parent is not None
    op.parent.insert_op_before(new, op)
    for old, result in zip(_kept(op.results, keep), new.results, strict=True):
        old.replace_all_uses_with(result)
        result.name_hint = old.name_hint
    erase(op)
    return new


def _kept(items, keep: Sequence[bool]) -> list:
    return [item for item, kept in zip(items, keep, strict=True) if kept]


def _drop_arguments(block: Block, keep: Sequence[bool]) -> None:
    for argument, kept in zip(block.args, keep, strict=True):
        if not kept:
            block.erase_arg(argument, safe_erase=False)


def _keep_operands(op: Operation, keep: Sequence[bool]) -> None:
    op.operands = _kept(op.operands, keep)


def _users(value: SSAValue) -> list[Operation]:
    return [use.operation for use in value.uses]


def _parent(argument: SSAValue) -> Operation | None:
    return argument.block.parent_op() if isinstance(argument, BlockArgument) else None
