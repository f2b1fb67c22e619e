"""Forward mode of scalar ops, table ops and calls: one equation each."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith
from xdsl.ir import Operation, SSAValue

from pydex.dialects import ad, eff, ix

from .ad_emit import has_tangent
from .ad_errors import no_rule
from .ad_forward import Forward, Point
from .ad_numbers import Number, times
from .ad_rules import PARTIALS, apply, is_square


def scalar(forward: Forward, op: Operation, point: Point) -> None:
    """ẏ = Σ_k ∂_k · ẋ_k; of y = x · x: x · (ẋ + ẋ)"""
    partials = PARTIALS.get(type(op))
    if partials is None or len(op.results) != 1:
        raise no_rule(op)
    point.clone(op)
    emit = point.emit
    (y,) = op.results
    operands = tuple(Number(point.values[o], emit) for o in op.operands)
    result = Number(point.values[y], emit)
    square = is_square(op)
    for operand, partial in zip(op.operands, partials[:1] if square else partials, strict=False):
        if operand in point.tangents and partial is not None:
            tangent = point.tangents[operand]
            tangent = emit.add(tangent, tangent) if square else tangent
            part = times(apply(partial, operands, result), tangent, point.type_of(y), emit)
            if part is not None:
                before = point.tangents.get(y)
                point.tangents[y] = part if before is None else emit.add(before, part)


def select(forward: Forward, op: arith.SelectOp, point: Point) -> None:
    """y = select(c, a, b): ẏ = select(c, ȧ, ḃ)"""
    point.clone(op)
    if op.lhs in point.tangents or op.rhs in point.tangents:
        a, b = point.tangent(op.lhs), point.tangent(op.rhs)
        point.tangents[op.result] = point.emit.select(point.values[op.cond], a, b)


def at(forward: Forward, op: ix.AtOp, point: Point) -> None:
    """y = t[φ]: ẏ = ṫ[φ]"""
    point.clone(op)
    if op.table in point.tangents:
        point.tangents[op.result] = point.emit.at(point.tangents[op.table], _here(point, op.indices))


def update(forward: Forward, op: ix.UpdateOp, point: Point) -> None:
    """t' = t with t[φ] = v: ṫ' = ṫ with ṫ[φ] = v̇"""
    point.clone(op)
    if op.table in point.tangents or op.value in point.tangents:
        table, value = point.tangent(op.table), point.tangent(op.value)
        point.tangents[op.result] = point.emit.update(table, _here(point, op.indices), value)


def fill(forward: Forward, op: ix.FillOp, point: Point) -> None:
    """t = fill v: ṫ = fill v̇"""
    point.clone(op)
    if op.value in point.tangents:
        type = point.type_of(op.result)
        assert isinstance(type, ix.TableType)
        point.tangents[op.result] = point.emit.insert(ix.FillOp(point.tangents[op.value], type)).result


def pack(forward: Forward, op: ix.PackOp, point: Point) -> None:
    """t = [v_0, v_1, …]: ṫ = [v̇_0, v̇_1, …]"""
    point.clone(op)
    if any(v in point.tangents for v in op.values):
        point.tangents[op.result] = point.emit.insert(ix.PackOp([point.tangent(v) for v in op.values])).result


def add(forward: Forward, op: eff.AddOp, point: Point) -> None:
    """acc[φ] += x: āċċ[φ] += ẋ"""
    point.clone(op)
    accumulator = point.tangents.get(op.accumulator)
    if op.accumulator in point.values and accumulator is not None and op.value in point.tangents:
        point.emit.insert(eff.AddOp(accumulator, _here(point, op.indices), point.tangents[op.value]))


def checkpoint(forward: Forward, op: ad.CheckpointOp, point: Point) -> None:
    """y = f(x): a call."""
    wrt = [i for i, a in enumerate(op.arguments) if a in point.tangents]
    inner = Forward(forward.target.called_by(op, wrt, point.sizes), forward.rules)
    arguments = [point.values[a] for a in op.arguments]
    results, tangents = inner.run(point.emit, arguments, [point.tangents[op.arguments[i]] for i in wrt], point.again)
    point.values.update(zip(op.results_, results, strict=True))
    point.tangents.update(zip((r for r in op.results_ if has_tangent(r.type)), tangents, strict=True))


def _here(point: Point, indices: Sequence[SSAValue]) -> list[SSAValue]:
    return [point.values[i] for i in indices]
