"""Reverse mode of scalar ops, table ops and calls: one equation each."""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.ir import Operation, SSAValue

from pydex.dialects import ad, eff, ix

from .ad_emit import has_tangent
from .ad_errors import no_rule
from .ad_numbers import Number, times
from .ad_reciprocal import quotient, reciprocal, under_root
from .ad_reverse import Level, Reverse
from .ad_rules import PARTIALS, apply, is_square
from .ad_store import OVERWRITTEN


def scalar(reverse: Reverse, op: Operation, level: Level) -> None:
    """x̄_k += ∂_k · ȳ; of y = x · x: x̄ += x · (ȳ + ȳ), since squares that are added share ȳ"""
    partials = PARTIALS.get(type(op))
    if partials is None or len(op.results) != 1:
        raise no_rule(op)
    cotangent = level.take(op.results[0])
    assert cotangent is not None
    emit = level.emit
    looks = any(map(callable, partials))  # else they need not even be there (ad_store.py)
    operands = tuple(_factor(reverse, o, level) for o in op.operands if looks)
    result = _factor(reverse, op.results[0], level) if looks else None
    if is_square(op):
        partials, cotangent = partials[:1], emit.add(cotangent, cotangent)
    for operand, partial in zip(op.operands, partials, strict=False):
        if operand in reverse.active and partial is not None:
            product = times(apply(partial, operands, result), cotangent, level.type_of(operand), emit)
            reverse.add(level, operand, product)


def divf(reverse: Reverse, op: arith.DivfOp, level: Level) -> None:
    """z = x/y: the cotangent of y, a power of the root of s, goes to s at once."""
    emit = level.emit
    root = under_root(op, Number(level.values[op.rhs], emit)) if op.rhs in reverse.active else None
    if root is None:
        scalar(reverse, op, level)
        return
    cotangent, z, y = level.take(op.result), _factor(reverse, op.result, level), Number(level.values[op.rhs], emit)
    assert cotangent is not None
    if op.lhs in reverse.active:
        reverse.add(level, op.lhs, (reciprocal(y) * Number(cotangent, emit)).value)
    s, partial = root
    reverse.add(level, s, (-(z * partial) * Number(cotangent, emit)).value)


def _factor(reverse: Reverse, value: SSAValue, level: Level) -> Number:
    """A value that partial derivatives are made of."""
    number, op = Number(level.values[value], level.emit), value.owner
    return quotient(number) if isinstance(op, arith.DivfOp) and op.rhs in reverse.active else number


def at(reverse: Reverse, op: ix.AtOp, level: Level) -> None:
    """y = t[φ]: t̄[φ] += ȳ"""
    cotangent = level.take(op.result)
    assert cotangent is not None
    reverse.add_at(level, op.table, [level.values[i] for i in op.indices], cotangent)


def update(reverse: Reverse, op: ix.UpdateOp, level: Level) -> None:
    """t' = t with t[φ] = v: v̄ += t̄'[φ]; t̄ += t̄' with zero at φ; t, if it is taken back, is t' with what was there"""
    cotangent = level.take(op.result)
    emit = level.emit
    indices = [level.values[i] for i in op.indices]
    if cotangent is not None and op.value in reverse.active:
        reverse.add(level, op.value, emit.at(cotangent, indices))
    if cotangent is not None and op.table in reverse.active:
        zero = emit.zero(level.type_of(op.value))
        reverse.add(level, op.table, emit.update(cotangent, indices, zero))
    if op in level.undo:
        level.set_version(op.table, emit.update(level.values[op.result], indices, level.kept[op][OVERWRITTEN]))


def fill(reverse: Reverse, op: ix.FillOp, level: Level) -> None:
    """t = fill v: v̄ += Σ t̄"""
    cotangent = level.take(op.result)
    assert cotangent is not None
    reverse.add(level, op.value, level.emit.sum_of(cotangent))


def pack(reverse: Reverse, op: ix.PackOp, level: Level) -> None:
    """t = [v_0, v_1, …]: v̄_k += t̄[k]"""
    cotangent = level.take(op.result)
    assert cotangent is not None
    for k, value in enumerate(op.values):
        if value in reverse.active:
            index = level.emit.insert(ix.IndexOp([], [], k, len(op.values))).result
            reverse.add(level, value, level.emit.at(cotangent, [index]))


def add_to_accumulator(reverse: Reverse, op: eff.AddOp, level: Level) -> None:
    """acc[φ] += x: x̄ += āc̄c̄[φ]"""
    contents = reverse.contents.get(op.accumulator)
    if contents is not None and op.value in reverse.active:
        reverse.add(level, op.value, level.emit.at(contents, [level.values[i] for i in op.indices]))


def checkpoint(reverse: Reverse, op: ad.CheckpointOp, level: Level) -> None:
    """y = f(x): f is run again here, and reversed; nothing of its first run is kept."""
    seeds = [level.take(r) for r in op.results_ if has_tangent(r.type)]
    wrt = [i for i, a in enumerate(op.arguments) if a in reverse.active]
    inner = Reverse(reverse.target.called_by(op, wrt, level.sizes), reverse.rules)
    _, cotangents = inner.run(level.emit, [level.values[a] for a in op.arguments], seeds, again=True)
    for i, cotangent in zip(wrt, cotangents, strict=True):
        reverse.add(level, op.arguments[i], cotangent)
