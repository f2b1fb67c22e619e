"""A block as an affine map of some of its arguments: what each value is, as c + Σ_j a_j · λ_j.

    y = 2 · λ_0        ==>  y is  a_0 = 2                       z = y · u        ==>  z is  a_0 = 2 · u
    w = select p z λ_1 ==>  w is  a_0 = select p (2 · u) 0,  a_1 = select p 0 1

The block is emitted once, but for what depends on λ; of that, its coefficients and its constant part are. Zeros that
are known are never emitted, so a coefficient that would be 0 · ∞ is none.

Branches are followed. Tables, what loops give, and all that is not linear in λ have no form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import FloatAttr
from xdsl.ir import Attribute, Block, Operation, SSAValue

from pydex.dialects import eff

from .ad_emit import Emitter
from .ad_forms import Branches, Form, Term, bit, depends
from .ad_place import Place


class NotAffine(Exception):
    """A value is not linear in what the map is of, or there is no rule."""


@dataclass
class Affine(Place):
    """The place of the block, with what is known of the source values that depend on λ: a form, or none."""

    forms: dict[SSAValue, Form | None] = field(default_factory=dict)
    count: int = 0

    def run(self, block: Block, arguments: Sequence[SSAValue]) -> list[Form]:
        """Emit the block; the forms of what it yields, in terms of these arguments. Raises: NotAffine."""
        self.start(arguments)
        return self.block(block)

    def start(self, arguments: Sequence[SSAValue]) -> None:
        """The map is one of these values."""
        self.count = len(arguments)
        for j, argument in enumerate(arguments):
            terms: list[Term] = [None] * (1 + self.count)
            terms[1 + j] = self.emit.constant(1.0, argument.type)
            self.forms[argument] = Form(tuple(terms), (None,) * self.count)

    def block(self, block: Block) -> list[Form]:
        last = block.last_op
        assert last is not None
        for op in block.ops:
            if op is not last and not isinstance(op, eff.AddOp):
                self.emit.location = op.location
                self.op(op)
        return [self.form(v) for v in last.operands]

    def op(self, op: Operation) -> None:
        if not any(o in self.forms for inner in op.walk() for o in inner.operands):
            self.clone(op)
            return
        try:
            if (rule := RULES.get(type(op))) is None:
                raise NotAffine
            rule(self, op)
        except NotAffine:
            self.forms.update(dict.fromkeys(op.results))

    def form(self, value: SSAValue) -> Form:
        """A value that does not depend on λ has a constant part, or is the constant zero. Raises: NotAffine."""
        if value in self.forms:
            if (known := self.forms[value]) is None:
                raise NotAffine
            return known
        constant = None if _is_zero(value) else self.values.get(value, value)
        return Form((constant, *(None,) * self.count), (None,) * self.count)

    def factor(self, value: SSAValue) -> SSAValue:
        """A value that must not depend on λ."""
        if value in self.forms:
            raise NotAffine
        return self.values.get(value, value)

    def each(self, op: Operation, operand: SSAValue, make: Callable[[SSAValue], Operation]) -> None:
        """The op is linear in one operand: it is applied to every term."""
        source = self.form(operand)
        terms = tuple(None if t is None else self.emit.insert(make(t)).results[0] for t in source.terms)
        self.forms[op.results[0]] = Form(terms, source.when)

    def sum(self, forms: Sequence[Form]) -> Form:
        """The sum of forms."""
        columns = zip(*(f.terms for f in forms), strict=True)
        present = [[t for t in column if t is not None] for column in columns]
        terms = tuple(reduce(self.emit.add, column) if column else None for column in present)
        return Form(terms, self.either(forms))

    def either(self, forms: Sequence[Form]) -> tuple[Term, ...]:
        """When the sum of forms depends on each λ."""
        return tuple(self._any([f.when[j] for f in forms if f.terms[1 + j] is not None]) for j in range(self.count))

    def _any(self, conditions: Sequence[Term]) -> Term:
        found: Term = None
        for condition in dict.fromkeys(conditions):
            if condition is None:
                return None
            found = condition if found is None else self.emit.insert(arith.OrIOp(found, condition)).result
        return found


def applied(emit: Emitter, form: Form, values: Sequence[SSAValue], type: Attribute) -> SSAValue:
    """terms[0] + Σ_j terms[1 + j] · values[j]; many terms in two halves, so that fewer follow each other."""
    summands = [] if form.terms[0] is None else [form.terms[0]]
    for coef, when, value in zip(form.terms[1:], form.when, values, strict=True):
        if coef is not None:
            product = emit.insert(arith.MulfOp(coef, value)).result
            summands.append(product if when is None else emit.select(when, product, coef))
    if not summands:
        return emit.zero(type)
    half = len(summands) // 2 if len(summands) > 3 else 0
    return reduce(emit.add, (reduce(emit.add, part) for part in (summands[:half], summands[half:]) if part))


def _sum(at: Affine, op: arith.AddfOp | arith.SubfOp) -> None:
    a, b = at.form(op.lhs), at.form(op.rhs)
    terms = tuple(_combined(at.emit, op, x, y) for x, y in zip(a.terms, b.terms, strict=True))
    at.forms[op.result] = Form(terms, at.either([a, b]))


def _combined(emit: Emitter, op: arith.AddfOp | arith.SubfOp, a: Term, b: Term) -> Term:
    if b is None:
        return a
    if a is not None:
        return emit.insert(type(op)(a, b)).result
    return b if isinstance(op, arith.AddfOp) else emit.insert(arith.NegfOp(b)).result


def _product(at: Affine, op: arith.MulfOp) -> None:
    linear, factor = (op.lhs, op.rhs) if op.lhs in at.forms else (op.rhs, op.lhs)
    value = at.factor(factor)
    at.each(op, linear, lambda t: arith.MulfOp(t, value))


def _quotient(at: Affine, op: arith.DivfOp) -> None:
    value = at.factor(op.rhs)
    at.each(op, op.lhs, lambda t: arith.DivfOp(t, value))


def _negation(at: Affine, op: arith.NegfOp) -> None:
    at.each(op, op.operand, arith.NegfOp)


def _cast(at: Affine, op: arith.ExtFOp | arith.TruncFOp) -> None:
    at.each(op, op.input, lambda t: type(op)(t, op.result.type))


def _select(at: Affine, op: arith.SelectOp) -> None:
    condition = at.factor(op.cond)
    a, b = at.form(op.lhs), at.form(op.rhs)
    terms = tuple(_chosen(at.emit, condition, x, y) for x, y in zip(a.terms, b.terms, strict=True))
    pairs = [depends(a, b, j) for j in range(at.count)]
    when = tuple(None if p is None else at.emit.select(condition, *(bit(at.emit, c) for c in p)) for p in pairs)
    at.forms[op.result] = Form(terms, when)


def _chosen(emit: Emitter, condition: SSAValue, a: Term, b: Term) -> Term:
    if a is not None:
        return emit.masked(condition, a) if b is None else emit.select(condition, a, b)
    return None if b is None else emit.masked(condition, b, False)


def _if(at: Affine, op: scf.IfOp) -> None:
    """The branches yield the terms that at least one of them has."""
    condition = at.factor(op.cond)
    blocks = [Block(), Block()]
    branches = [replace(at, emit=at.emit.into(b), values=dict(at.values), forms=dict(at.forms)) for b in blocks]
    try:
        both = [b.block(r.block) if r.blocks else [] for b, r in zip(branches, op.regions, strict=True)]
    except NotAffine:
        for block in blocks:
            block.drop_all_references()
        raise
    results = [Branches(a, b, at.type_of(r)) for r, a, b in zip(op.results, *both, strict=True)]
    for branch, side in zip(branches, (0, 1), strict=True):
        branch.emit.insert(scf.YieldOp(*(v for r in results for v in r.values(branch.emit, side))))
    types = [t for r in results for t in r.types]
    made = iter(at.emit.insert(scf.IfOp(condition, types, [blocks[0]], [blocks[1]])).results)
    for source, result in zip(op.results, results, strict=True):
        at.forms[source] = result.form(made)


def _is_zero(value: SSAValue) -> bool:
    op = value.owner
    return isinstance(op, arith.ConstantOp) and isinstance(op.value, FloatAttr) and op.value.value.data == 0.0


#: The operations that are followed.
RULES: dict[type[Operation], Callable[[Affine, Any], None]] = {
    arith.AddfOp: _sum,
    arith.SubfOp: _sum,
    arith.MulfOp: _product,
    arith.DivfOp: _quotient,
    arith.NegfOp: _negation,
    arith.ExtFOp: _cast,
    arith.TruncFOp: _cast,
    arith.SelectOp: _select,
    scf.IfOp: _if,
}
