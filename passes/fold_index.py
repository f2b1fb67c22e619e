"""Rules of `fold` for indices and tables: each is one equation. See `fold_scalar` for what a rule is."""

from __future__ import annotations

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType
from xdsl.ir import Operation, SSAValue

from pydex.dialects import ix

from .affine import affine, distinct, same
from .edit import new
from .fold_scalar import Rule, new_constant


def _index(op: ix.IndexOp) -> SSAValue | None:
    """index∘index ==> one index;  index(1*i + 0) ==> i, if i is of the same set"""
    form = affine(op.result, through_names=False)
    if (term := form.term) is not None and term.type == op.result.type:
        return term
    if list(form.terms.items()) == list(zip(op.operands_, op.coefs, strict=True)):
        return None
    assert isinstance(op.result.type, ix.IdxType)
    return new(op, ix.IndexOp(list(form.terms), list(form.terms.values()), form.offset, op.result.type.size))


def _ord(op: ix.OrdOp) -> SSAValue | None:
    """ord(index(1*v + 0)) ==> v or ord(v);  ord(index(c)) ==> c"""
    form = affine(op.index, through_names=False)
    if form.number is not None:
        return new_constant(op, form.number, IndexType())
    if not form.terms:
        return new(op, ix.SizeOp(form.offset))
    term = form.term
    if term is None or term is op.index:
        return None
    return term if isinstance(term.type, IndexType) else new(op, ix.OrdOp(term))


def _size(op: ix.SizeOp) -> SSAValue | None:
    """size_of <c> ==> c"""
    number = op.size.constant
    return None if number is None else new_constant(op, number, IndexType())


def _at(op: ix.AtOp) -> SSAValue | None:
    """t[] ==> t, and what is known of the table that is read."""
    producer = op.table.owner
    match producer:
        case ix.AtOp():  # t[i][j] ==> t[i, j]
            return new(op, ix.AtOp(producer.table, [*producer.indices, *op.indices]))
        case ix.FillOp():  # (fill v)[i] ==> v, or a smaller fill
            if isinstance(op.result.type, ix.TableType):
                return new(op, ix.FillOp(producer.value, op.result.type))
            return producer.value
        case ix.PackOp():  # [a, b, c][1, j] ==> b[j]
            position = affine(op.indices[0]).number
            return None if position is None else _rest(op, producer.values[position], 1)
        case ix.UpdateOp():
            return _at_update(op, producer)
        case _:
            return None


def _at_update(op: ix.AtOp, update: ix.UpdateOp) -> SSAValue | None:
    """t{i := v}[i, j] ==> v[j];  t{i := v}[j] ==> t[j], if i and j differ"""
    pairs = list(zip(update.indices, op.indices, strict=False))
    if any(distinct(a, b) for a, b in pairs):
        return new(op, ix.AtOp(update.table, op.indices))
    if len(update.indices) <= len(op.indices) and all(same(a, b) for a, b in pairs):
        return _rest(op, update.value, len(update.indices))
    return None


def _rest(op: ix.AtOp, value: SSAValue, used: int) -> SSAValue:
    """value[j], for the indices j that are left after the first `used`."""
    return new(op, ix.AtOp(value, op.indices[used:])) if len(op.indices) > used else value


def _update(op: ix.UpdateOp) -> SSAValue | None:
    """t{i := t[i]} ==> t"""
    value = op.value.owner
    if isinstance(value, ix.AtOp) and value.table is op.table and len(value.indices) == len(op.indices):
        return op.table if all(same(a, b) for a, b in zip(value.indices, op.indices, strict=True)) else None
    return None


def _below_size(op: arith.CmpiOp) -> SSAValue | None:
    """ord(i) < size ==> true, if i is of a set of at most that size"""
    if op.predicate.value.data not in (2, 6) or not isinstance(op.lhs.owner, ix.OrdOp):  # slt, ult
        return None
    bound = affine(op.rhs)
    index = op.lhs.owner.index.type
    assert isinstance(index, ix.IdxType)
    room = None if bound.terms else (bound.offset - index.size).constant
    return new_constant(op, 1, op.result.type) if room is not None and room >= 0 else None


RULES: dict[type[Operation], Rule] = {
    ix.IndexOp: _index,
    ix.OrdOp: _ord,
    ix.SizeOp: _size,
    ix.AtOp: _at,
    ix.UpdateOp: _update,
    arith.CmpiOp: _below_size,
}
