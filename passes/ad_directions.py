"""ad-directions: what each direction of a Jacobian goes through linearly is a few numbers, made once for all of them.

    for v. for d. (y = t[d] * a; z = y / r; z * b - y)        t: tangents, one row for each direction; a, b, r know no d
    ==>  for v. (k = a / r * b - a;  for d. k * t[d])

Forward mode writes a chain of operations from tangents to tangents. All directions run through the same one, and it is
linear, so it is a matrix: its elements are found by running the chain once for each number that comes in (`ad_affine`).
What comes in is what the loop reads, or a number that several of these reach the end through alone (a point that
is to be rotated, not the matrix that made it): whichever gives fewer operations.

Only of what is made of directions that AD has seeded (`ix.SEED`), because operations are reassociated, and only where
it is estimated to be less work. A coefficient may overflow or vanish where its product with a tangent, from left to
right, would not; and beside an infinite factor, ∞ may be NaN or NaN ∞, since sums are made in another order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import Float32Type, Float64Type, ModuleOp
from xdsl.ir import Block, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import ix

from .ad_affine import RULES, Affine, Form, NotAffine, applied
from .ad_choices import feeding
from .ad_emit import Emitter
from .cse import cse
from .dce import dce
from .direction_cuts import PRODUCT, Chain, Cut, weight_of
from .edit import ops_inside, terminator
from .fold import fold
from .fold_branch import unpack
from .licm import hoist
from .lower_cost import work
from .needs import defined_symbol, needs

#: So many directions there must be, and the work must become less than this part of what it was.
DIRECTIONS, BETTER = 4, 0.75


class AdDirections(ModulePass):
    name: ClassVar[str] = "ad-directions"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        loops = [o for o in ops_inside(op) if isinstance(o, ix.ForOp)]
        seeded = _seeded(loops)
        if seeded and any([_rewrite(loop, seeded) for loop in loops if _may_be_directions(loop)]):
            fold(op)  # coefficients that are 1
            cse(op)
            dce(op)
            hoist(op)  # coefficients that the loops around share


def _seeded(loops: Sequence[ix.ForOp]) -> set[SSAValue]:
    """The tables of tangents: what loops make that AD has given directions to, or that read such tables."""
    found: set[SSAValue] = set()
    seeds = {op.parent_op() for loop in loops for op in loop.body.block.ops if ix.SEED in op.attributes}
    for loop in loops if seeds else ():
        if loop in seeds or not found.isdisjoint(needs(loop).values):
            found.update(loop.results)
    return found


def _may_be_directions(loop: ix.ForOp) -> bool:
    """Does it make tables of numbers, of one type, from tables of tangents?"""
    types = {v.type for v in loop.yielded}
    if (loop.size.constant or 0) < DIRECTIONS or loop.symbol is not None or set(loop.kind_names) != {"tab"}:
        return False
    return len(types) == 1 and isinstance(types.pop(), Float32Type | Float64Type) and needs(loop).pure


def _rewrite(loop: ix.ForOp, seeded: set[SSAValue]) -> bool:
    """Replaces the chain of operations by its coefficients, if that is less work."""
    for op in list(loop.body.block.ops):
        if isinstance(op, scf.IfOp):
            unpack(op)
    chain = _chain(loop, seeded)
    if chain is None:
        return False
    cut, block = chain.cut(), Block()
    forms = _forms(loop, chain, cut, Emitter.before(loop).into(block))
    if forms is None or not _is_less(loop, chain, cut, forms, block):
        block.drop_all_references()
        return False
    parent, last = loop.parent, terminator(loop.body.block)
    assert parent is not None
    made = list(block.ops)
    for op in made:
        op.detach()
    parent.insert_ops_before(made, loop)
    emit = Emitter.before(last)
    for k, form in forms.items():
        last.operands[k] = applied(emit, form, cut.values, loop.yielded[k].type)
    return True


def _varying(loop: ix.ForOp) -> set[SSAValue]:
    """The values of the body that differ from direction to direction."""
    values, symbols = set[SSAValue]([loop.index]), set[str | None]()
    for op in loop.body.block.ops:
        found = needs(op)
        if not (values.isdisjoint(found.values) and symbols.isdisjoint(found.symbols)):
            values.update(op.results)
            symbols.add(defined_symbol(op))
    return values


def _chain(loop: ix.ForOp, seeded: set[SSAValue]) -> Chain | None:
    """The linear operations on tangents, if they are all that the loop does with what it reads."""
    varying, given = _varying(loop), dict[SSAValue, None]()
    ops = [op for op in loop.body.block.ops if type(op) in RULES and not varying.isdisjoint(op.results)]
    inside = {r for op in ops for r in op.results}
    for op in ops:
        used = (o for inner in (op, *ops_inside(op)) for o in inner.operands)
        given.update(dict.fromkeys(o for o in used if o in varying and o not in inside))
    made = [v for v in loop.yielded if v in inside]
    types = {v.type for v in (*given, *inside, *made)}
    if not made or len(types) > 1 or not all(_is_tangent(value, seeded) for value in given):
        return None
    return Chain(ops, list(given), made)


def _is_tangent(value: SSAValue, seeded: set[SSAValue]) -> bool:
    """Is it read from a table of tangents, or a sum of what is?"""
    match value.owner:
        case ix.AtOp() as read:
            return read.table in seeded
        case ix.ForOp() as loop:
            return set(loop.kind_names) == {"add"} and not seeded.isdisjoint(needs(loop).values)
        case _:
            return False


def _forms(loop: ix.ForOp, chain: Chain, cut: Cut, emit: Emitter) -> dict[int, Form] | None:
    """What the loop yields, by position, as forms of the cut; None if something is no linear function of that."""
    at, block, ops, varying = Affine(emit, {}, {}, True), loop.body.block, set(chain.ops), _varying(loop)
    at.start(cut.values)
    fed = feeding(block, chain.made)
    try:
        for op in block.ops:
            if op in ops and op not in cut.before:
                emit.location = op.location
                at.op(op)
            elif op in fed and varying.isdisjoint(op.results):
                at.clone(op)
        forms = {k: at.form(v) for k, v in enumerate(loop.yielded) if v in chain.made}
    except NotAffine:
        return None
    return forms if all(form.terms[0] is None for form in forms.values()) else None


def _is_less(loop: ix.ForOp, chain: Chain, cut: Cut, forms: dict[int, Form], made: Block) -> bool:
    """Is it less work to make the coefficients, and to use them in each direction?"""
    products = sum(term is not None for form in forms.values() for term in form.terms)
    once, many = work(made).constant, loop.size.constant
    if once is None or many is None:
        return False
    return cut.work + PRODUCT * products + once / many < BETTER * sum(map(weight_of, chain.ops))
