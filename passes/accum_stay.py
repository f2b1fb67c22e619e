"""Adds that stay where they are, because gathering them would compute functions like exp twice.

    for i in n { for j in i { e = exp(x[i] - x[j]);  add a[i], e;  add b[j], e } }

Gathered, b takes a second loop over all pairs, with an exponential of its own, since a's stays in the first one. An
exponential costs several times what it costs to load, add and store in the loop that goes along b, where LLVM adds to
neighbours side by side.

So do operations that are many together, in a triangle.

Only adds to an element in an innermost loop that goes along the last axis, without branches. Not where each iteration
of the nest has a cell of its own with nothing in it before: that is a table, made where the adds were. Not where
exchanging both loops gives the same value: then the two loops will be one (`cse`), and nothing is scattered. Not with
sin, cos, tan.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from xdsl.dialects import arith, math
from xdsl.ir import BlockArgument, Operation, SSAValue

from pydex.dialects import eff, ix

from .accum_cells import same_cell
from .affine import ONE, affine
from .cse import COMMUTATIVE
from .fuse_inline import body_slice, is_dear
from .lower_cost import weight
from .monoids import is_identity

#: So many operations are worth as much as an exponential.
LONG = 16

#: Functions whose loops may run a second time (lower_far.py), which nothing that is added to allows.
PERIODIC = (math.SinOp, math.CosOp, math.TanOp)


def stays(add: eff.AddOp) -> bool:
    """Would a gather of this add compute something dear again, that something else in its loop needs too?"""
    loop = add.parent_op()
    if not isinstance(loop, ix.ForOp) or not _goes_along(add, loop) or _has_own_cells(add):
        return False
    if any(op.regions or isinstance(op, PERIODIC) for op in loop.body.block.ops):
        return False
    needed = set(body_slice(loop, add.value))
    others = [o.value for o in loop.body.block.ops if isinstance(o, eff.AddOp) and not same_cell(o, add)]
    shared = needed & {op for value in [*loop.yielded, *others] for op in body_slice(loop, value)}
    if any(is_dear(op) and not _is_symmetric(op, loop) for op in shared):
        return True
    return _is_triangle(loop) and sum(weight(op) for op in shared if not isinstance(op, ix.AtOp)) >= LONG


def _goes_along(add: eff.AddOp, loop: ix.ForOp) -> bool:
    """Do iterations that follow each other add to neighbours?"""
    if not add.indices or isinstance(add.value.type, ix.TableType):
        return False
    *first, last = [affine(index).terms.get(loop.index) for index in add.indices]
    return last == ONE and not any(first)


def _has_own_cells(add: eff.AddOp) -> bool:
    """Is a cell, with nothing in it before, indexed by all loops of the nest, the innermost last?"""
    op, accumulator = add.parent_op(), add.accumulator
    for index in reversed(add.indices):
        if not isinstance(op, ix.ForOp) or affine(index).term is not op.index:
            return False
        op = op.parent_op()
    assert isinstance(accumulator, BlockArgument)
    if not isinstance(op, eff.AccumOp) or op.body.block is not accumulator.block:
        return False
    return is_identity(op.monoids[accumulator.index], op.initial[accumulator.index])


def _is_triangle(loop: ix.ForOp) -> bool:
    """Does the loop around say how long it is? Then no exchange of the two makes one loop of both gathers."""
    outer = loop.parent_op()
    return isinstance(outer, ix.ForOp) and outer.symbol is not None and outer.symbol.data in loop.size.symbols()


def _is_symmetric(op: Operation, inner: ix.ForOp) -> bool:
    """Is it the same if the inner loop and the one around it exchange their indices?"""
    outer = inner.parent_op()
    if not isinstance(outer, ix.ForOp) or outer.size != inner.size or inner.parent is not outer.body.block:
        return False
    if any(o.regions and o is not inner for o in outer.body.block.ops):
        return False  # a sum over the row, say, which all other rows would have to wait for
    numbers: dict[Hashable, int] = {}
    here = _numbered(outer, inner, {outer.index: -1, inner.index: -2}, numbers)
    there = _numbered(outer, inner, {outer.index: -2, inner.index: -1}, numbers)
    return here[op.results[0]] == there[op.results[0]]


def _numbered(
    outer: ix.ForOp, inner: ix.ForOp, indices: Mapping[SSAValue, int], numbers: dict[Hashable, int]
) -> dict[SSAValue, int]:
    """What both bodies compute, by numbers that are equal for equal values; `indices` says what the indices are."""
    known = dict(indices)
    for op in (*outer.body.block.ops, *inner.body.block.ops):
        if op.regions or len(op.results) != 1:
            continue
        made_of = op.operands
        if isinstance(op, arith.MulfOp) and op.lhs is op.rhs and isinstance(difference := op.lhs.owner, arith.SubfOp):
            made_of = difference.operands  # (x - y)² is (y - x)²
        parts = [known.get(value, id(value)) for value in made_of]
        parts = sorted(parts) if type(op) in COMMUTATIVE else parts
        properties = sorted((name, str(attribute)) for name, attribute in op.properties.items())
        key = (op.name, str(op.results[0].type), *parts, *properties)
        known[op.results[0]] = numbers.setdefault(key, -3 - len(numbers))
    return known
