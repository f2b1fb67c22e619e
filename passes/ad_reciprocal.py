"""1/y in the text of a derivative, with a division that the derivative may share.

    q = sqrt(s)          i = 1/q
    y = s * q       ==>  1/y = i * i * i       ∂y/∂s = 3/2 y i * i

What a derivative is computed by is ours to choose (what the user wrote is not), and a root brings 1/q anyway. It is
done for products of q and s alone, with a factor q: then y and i have the same range and are NaN for the same s.
"""

from __future__ import annotations

from xdsl.dialects import arith, math
from xdsl.ir import SSAValue

from .ad_numbers import Number, Real
from .fold_scalar import constant

#: The largest power of 1/q that is multiplied out.
MOST = 6


def reciprocal(y: Real) -> Real:
    """1/y; by way of 1/q where y is a power of a root q, unless 1/y itself is there already."""
    power = _power_of_root(y.value) if isinstance(y, Number) and not _is_divided(y.value) else None
    if power is None:
        return 1.0 / y
    root, exponent = power
    inverse = 1.0 / Number(root, y.emit)
    result = inverse
    for _ in range(exponent - 1):
        result = result * inverse
    return result


def quotient(z: Number) -> Number:
    """z, a factor of a derivative that needs 1/y too: x · 1/y, if z is x/y and y a power of a root."""
    op = z.value.owner
    if not isinstance(op, arith.DivfOp) or _power_of_root(op.rhs) is None:
        return z
    return Number(op.lhs, z.emit) * reciprocal(Number(op.rhs, z.emit))


def under_root(op: arith.DivfOp, copy: Number) -> tuple[SSAValue, Number] | None:
    """(s, ∂y/∂s · 1/y), if the op divides by y and y is √s to a power of at least 2: its cotangent may go to s at once.

    The root is computed beside the op: then the region around, whose cotangents are collected, uses s. copy: y, as
    emitted.
    """
    source, emitted = _power_of_root(op.rhs), _power_of_root(copy.value)
    if source is None or emitted is None or source[1] < 2:
        return None
    root = source[0].owner
    assert isinstance(root, math.SqrtOp)
    if root.parent is not op.parent:
        return None
    inverse = 1.0 / Number(emitted[0], copy.emit)
    return root.operand, source[1] / 2.0 * (inverse * inverse)


def _is_divided(y: SSAValue) -> bool:
    """Has the program computed 1/y?"""
    users = (use.operation for use in y.uses)
    return any(isinstance(op, arith.DivfOp) and op.rhs is y and constant(op.lhs) == 1.0 for op in users)


def _power_of_root(y: SSAValue) -> tuple[SSAValue, int] | None:
    """(q, k) with y = q^k, where q is a factor and a square root, and the other factors are q or its square."""
    for root in _factors(y, ()):
        if isinstance(root.owner, math.SqrtOp):
            square = root.owner.operand
            factors = _factors(y, (root, square))
            power = sum(1 if f is root else 2 for f in factors)
            return (root, power) if power <= MOST and all(f in (root, square) for f in factors) else None
    return None


def _factors(y: SSAValue, whole: tuple[SSAValue, ...]) -> list[SSAValue]:
    """What y is the product of; the values `whole` are not taken apart. No more than are of use."""
    done, todo = [], [y]
    while todo and len(done) + len(todo) <= MOST:
        value = todo.pop()
        if isinstance(value.owner, arith.MulfOp) and value not in whole:
            todo += value.owner.operands
        else:
            done.append(value)
    return done + todo
