"""Index values as affine forms: what an index is made of, whether two are equal, whether one is in range by its type.

    affine(%k) = {%i: 2, %j: -1} + (n - 1)      for   %k = ix.index (%i * 2, %j * -1) + n - 1

Coefficients are sizes; terms are the values that are not made of others.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import SSAValue

from pydex.dialects import ix
from pydex.dialects.sizes import SizeAttr

ZERO, ONE = SizeAttr.of(0), SizeAttr.of(1)


@dataclass
class Affine:
    """offset + the sum of coefficient * ordinal (or number) of the term."""

    terms: dict[SSAValue, SizeAttr] = field(default_factory=dict)
    offset: SizeAttr = ZERO

    def add(self, other: Affine, factor: SizeAttr = ONE) -> Affine:
        """self + factor * other"""
        terms = dict(self.terms)
        for value, coef in other.terms.items():
            total = terms.get(value, ZERO) + coef * factor
            terms[value] = total
            if total == ZERO:
                del terms[value]
        return Affine(terms, self.offset + other.offset * factor)

    def minus(self, other: Affine) -> Affine:
        return self.add(other, SizeAttr.of(-1))

    @property
    def number(self) -> int | None:
        """The number, if it is constant."""
        return None if self.terms else self.offset.constant

    @property
    def term(self) -> SSAValue | None:
        """v, if the form is 1*v + 0."""
        if len(self.terms) == 1 and self.offset == ZERO:
            ((value, coef),) = self.terms.items()
            return value if coef == ONE else None
        return None


def affine(value: SSAValue, through_names: bool = True) -> Affine:
    """The affine form of an index or of a number of type index. `ix.name` is looked through unless told not to."""
    op = value.owner
    match op:
        case ix.IndexOp():
            total = Affine({}, op.offset)
            for operand, coef in zip(op.operands_, op.coefs, strict=True):
                total = total.add(affine(operand, through_names), coef)
            return total
        case ix.OrdOp():
            return affine(op.index, through_names)
        case ix.NameOp() if through_names:
            return affine(op.index)
        case ix.SizeOp():
            return Affine({}, op.size)
        case arith.ConstantOp() if isinstance(op.value, IntegerAttr):
            return Affine({}, SizeAttr.of(op.value.value.data))
        case arith.AddiOp():
            return affine(op.lhs, through_names).add(affine(op.rhs, through_names))
        case arith.SubiOp():
            return affine(op.lhs, through_names).minus(affine(op.rhs, through_names))
        case arith.MuliOp():
            for x, y in ((op.lhs, op.rhs), (op.rhs, op.lhs)):
                if not (factor := affine(y, through_names)).terms:
                    return Affine().add(affine(x, through_names), factor.offset)
    return Affine({value: ONE})


def same(a: SSAValue, b: SSAValue) -> bool:
    """Provably the same ordinal."""
    return a is b or affine(a) == affine(b)


def distinct(a: SSAValue, b: SSAValue) -> bool:
    """Provably different ordinals: one is beyond the other wherever the indices stand, as i + j + 1 is beyond i."""
    apart = affine(a).minus(affine(b))
    return _at_least_one(apart) or _at_least_one(Affine().minus(apart))


def _at_least_one(form: Affine) -> bool:
    """Is the form 1 or more for all ordinals of its terms?"""
    ordinals = all(isinstance(v.type, ix.IdxType) and at_least(c, 0) for v, c in form.terms.items())
    return ordinals and at_least(form.offset, 1)


def never_empty(size: SizeAttr) -> bool:
    """Is the size at least 1 whatever its symbols (which are not negative)?"""
    return all(c >= 0 for _, c in size.data) and any(m == () for m, _ in size.data)


def at_least(size: SizeAttr, bound: int) -> bool:
    """Is the size at least `bound` whatever its symbols?"""
    return all(c >= 0 for m, c in size.data if m) and dict(size.data).get((), 0) >= bound


def in_range(op: ix.IndexOp) -> bool:
    """Does the range of an index follow from the ranges of its operands alone (and not from where the op stands)?"""
    low = high = op.offset
    for operand, coef in zip(op.operands_, op.coefs, strict=True):
        if not isinstance(operand.type, ix.IdxType):
            return False
        last = (operand.type.size - 1) * coef
        if at_least(coef, 0):
            high = high + last
        elif at_least(-coef, 0):
            low = low + last
        else:
            return False
    assert isinstance(op.result.type, ix.IdxType)
    return at_least(low, 0) and at_least(op.result.type.size - 1 - high, 0)
