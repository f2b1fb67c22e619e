"""fold: constants and identities, from the first op to the last, once.

    x * 1 ==> x        ix.at(ix.fill v) ==> v        scf.if true ==> its first branch        for i in 1. f i ==> f 0

Only equations that hold exactly (see `fold_scalar`, `fold_index`). Reading the result of a loop is `ix-fuse`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr

from . import fold_index, fold_scalar
from .affine import ONE, ZERO, affine
from .edit import erase, new, replace, splice
from .fold_scalar import truth
from .symbols import Sizes, rename_in_place, substitute


class Fold(ModulePass):
    name: ClassVar[str] = "fold"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        fold(op)


def fold(root: Operation) -> None:
    """Fold everything inside `root`."""
    for block in (b for r in root.regions for b in r.blocks):
        op = block.first_op
        while op is not None:
            op = _fold_op(op)


def fold_value(op: Operation) -> SSAValue | None:
    """The simplest value that the result of `op` equals, or None if no rule applies. `op` is not erased."""
    found = None
    while (value := _apply_rules(op)) is not None:
        found = value
        if not isinstance(value.owner, Operation) or value.owner.next_op is not op:
            break  # not made by the rule: folded already
        op = value.owner
    return found


def _apply_rules(op: Operation) -> SSAValue | None:
    for rules in (fold_scalar.RULES, fold_index.RULES):
        if (rule := rules.get(type(op))) is not None and (value := rule(op)) is not None:
            return value
    return None


def _fold_op(op: Operation) -> Operation | None:
    """Fold one op; the op to go on with."""
    after = op.next_op
    if op.regions:
        before = op.prev_op
        block = op.parent
        if not _fold_region_op(op):
            fold(op)
            return after
        return before.next_op if before is not None else block.first_op if block is not None else None
    kind = op.__class__
    if kind in _FOLDED:
        _FOLDED[kind](op)
    elif (kind in fold_scalar.RULES or kind in fold_index.RULES) and (value := fold_value(op)) is not None:
        replace(op, [value])
    return after


def _check(op: eff.CheckOp) -> None:
    """check true ==> nothing"""
    if truth(op.condition) is True:
        erase(op)


def _open(op: ix.OpenOp) -> None:
    """open s as n ==> n := s, if s is a size, and not negative"""
    form = affine(op.value)
    if not form.terms and all(coef >= 0 for _, coef in form.offset.data):
        _rename_after(op, form.offset)
        erase(op)


def _name(op: ix.NameOp) -> None:
    """name i as s ==> s := the ordinal of i, if that is a size; a loop's index without a name gives it to the loop"""
    size = ix.ordinal(op.index)
    if size is not None:
        _rename_after(op, size)
    elif isinstance(op.index, BlockArgument) and isinstance(loop := op.index.block.parent_op(), ix.ForOp | eff.LoopOp):
        loop.properties["symbol"] = op.symbol
    else:
        return
    replace(op, [op.index])


def _rename_after(op: ix.OpenOp | ix.NameOp, size: SizeAttr) -> None:
    """Replace the symbol that `op` defines by a size, wherever it is in scope."""
    user = op.next_op
    while user is not None:
        rename_in_place(user, {op.symbol.data: size})
        user = user.next_op


# ------------------------------------------------------------------------------------- ops with regions


def _fold_region_op(op: Operation) -> bool:
    """Replace an op by its body where that runs exactly once. False if it stays."""
    match op:
        case scf.IfOp():
            return _fold_if(op)
        case ix.ForOp() if op.size == ONE:
            return _run_for_once(op)
        case eff.LoopOp() if op.size == ONE:
            return _run_loop_once(op)
        case eff.LoopOp() if op.size == ZERO and len(op.results_) == len(op.initial):
            return _replace(op, op.initial)
        case eff.LoopOp() | eff.WhileOp():
            return _fix_carried(op)
        case _:
            return False


def _fix_carried(op: eff.LoopOp | eff.WhileOp) -> bool:
    """loop (c = c0) { …; yield c } ==> c is c0, in the loop and after it; dce drops what is carried"""
    last = op.body.block.last_op
    assert last is not None
    index = 1 if isinstance(op, eff.LoopOp) else 0
    for k, (initial, result) in enumerate(zip(op.initial, op.results_, strict=False)):
        argument = op.body.block.args[index + k]
        if last.operands[k] is argument and not isinstance(argument.type, ix.TableType):
            others = [] if isinstance(op, eff.LoopOp) else [op.condition.block.args[k]]
            for value in (*others, result):
                value.replace_all_uses_with(initial)
            argument.replace_uses_with_if(initial, lambda use: use.operation is not last)
    return False


def _fold_if(op: scf.IfOp) -> bool:
    """if true A else B ==> A"""
    chosen = truth(op.cond)
    if chosen is None:
        return False
    region = op.true_region if chosen else op.false_region
    if not region.blocks:
        return _replace(op, [])
    return _replace(op, splice(region.block, op))


def _run_for_once(op: ix.ForOp) -> bool:
    """for i in 1. f i ==> f 0, packed as a table of one element where it is a `tab`"""
    tables = [v.type for k, v in zip(op.kind_names, op.yielded, strict=True) if k == "tab"]
    if {"argmax", "argmin"} & set(op.kind_names) or not _packable(op, op.symbol, tables):
        return False
    values = _body_at_zero(op, op.owned)
    return _replace(
        op, [new(op, ix.PackOp([v])) if k == "tab" else v for k, v in zip(op.kind_names, values, strict=True)]
    )


def _run_loop_once(op: eff.LoopOp) -> bool:
    """loop i in 1 (c = c0). f i c ==> f 0 c0"""
    carried = len(op.initial)
    if not _packable(op, op.symbol, [v.type for v in op.yielded[carried:]]):
        return False
    values = _body_at_zero(op, op.initial)
    return _replace(op, [*values[:carried], *(new(op, ix.PackOp([v])) for v in values[carried:])])


def _packable(op: ix.ForOp | eff.LoopOp, symbol, types) -> bool:
    """Packing one row gives the type of the loop's table only if the row's type does not depend on the index."""
    zero: Sizes = {symbol.data: ZERO} if symbol else {}
    return all(substitute(t, zero) == t for t in types)


def _body_at_zero(op: ix.ForOp | eff.LoopOp, arguments: Sequence[SSAValue]) -> list[SSAValue]:
    """Move the body before the loop, for index 0; what it yields."""
    if op.symbol:
        rename_in_place(op, {op.symbol.data: ZERO})
    index = new(op, ix.IndexOp([], [], ZERO, op.size))
    for argument, value in zip(op.body.block.args, [index, *arguments], strict=True):
        argument.replace_all_uses_with(value)
    return splice(op.body.block, op)


def _replace(op: Operation, values: Sequence[SSAValue]) -> bool:
    replace(op, values)
    return True


#: Ops whose rule is more than a value.
_FOLDED: dict[type[Operation], Callable[[Any], None]] = {ix.NameOp: _name, eff.CheckOp: _check, ix.OpenOp: _open}
