"""A block as an affine map of some of its arguments: what each value is, as c + Σ_j a_j · λ_j.

    y = 2 · λ_0        ==>  y is  a_0 = 2                       z = y · u        ==>  z is  a_0 = 2 · u
    w = select p z λ_1 ==>  w is  a_0 = select p (2 · u) 0,  a_1 = select p 0 1

The block is emitted once, but for what depends on λ; of that, its coefficients and its constant part are. Zeros that
are known are never emitted, so a coefficient that would be 0 · ∞ is none. Coefficients that a choice may make zero are
told (`chosen`), for there a product with a λ that is not finite is not what the choice gives.

Branches are followed. Tables, what loops give, and all that is not linear in λ have no form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, TypeAlias

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import FloatAttr
from xdsl.ir import Attribute, Block, Operation, SSAValue

from pydex.dialects import eff

from .ad_emit import Emitter
from .ad_place import Place

#: Of a term that may be a zero known in advance.
Term: TypeAlias = "SSAValue | None"


class NotAffine(Exception):
    """A value is not linear in what the map is of, or there is no rule."""


@dataclass(frozen=True)
class Form:
    """terms[0] + Σ_j terms[1 + j] · λ_j; `chosen`: the j whose coefficient is zero by choice at times."""

    terms: tuple[Term, ...]
    chosen: frozenset[int] = frozenset()


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
            self.forms[argument] = Form(tuple(terms))

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
        return Form((constant, *(None,) * self.count))

    def factor(self, value: SSAValue) -> SSAValue:
        """A value that must not depend on λ."""
        if value in self.forms:
            raise NotAffine
        return self.values.get(value, value)

    def each(self, op: Operation, operand: SSAValue, make: Callable[[SSAValue], Operation]) -> None:
        """The op is linear in one operand: it is applied to every term."""
        source = self.form(operand)
        terms = tuple(None if t is None else self.emit.insert(make(t)).results[0] for t in source.terms)
        self.forms[op.results[0]] = Form(terms, source.chosen)

    def sum(self, forms: Sequence[Form]) -> Form:
        """The sum of forms."""
        columns = zip(*(f.terms for f in forms), strict=True)
        present = [[t for t in column if t is not None] for column in columns]
        terms = tuple(reduce(self.emit.add, column) if column else None for column in present)
        return Form(terms, frozenset().union(*(f.chosen for f in forms)))


def applied(emit: Emitter, form: Form, terms: Sequence[Term], values: Sequence[SSAValue], type: Attribute) -> SSAValue:
    """terms[0] + Σ_j terms[1 + j] · values[j], of a form with such terms; many in two halves, so that fewer follow each
    other."""
    summands = [] if terms[0] is None else [terms[0]]
    for j, (coef, value) in enumerate(zip(terms[1:], values, strict=True)):
        if coef is not None:
            product = emit.insert(arith.MulfOp(coef, value)).result
            summands.append(_unless_zero(emit, coef, product) if j in form.chosen else product)
    if not summands:
        return emit.zero(type)
    half = len(summands) // 2 if len(summands) > 3 else 0
    return reduce(emit.add, (reduce(emit.add, part) for part in (summands[:half], summands[half:]) if part))


def _unless_zero(emit: Emitter, coef: SSAValue, product: SSAValue) -> SSAValue:
    """A coefficient that is zero because something else was chosen makes a zero, whatever it is multiplied by."""
    zero = emit.zero(coef.type)
    return emit.select(emit.insert(arith.CmpfOp(coef, zero, "oeq")).result, zero, product)


def _sum(at: Affine, op: arith.AddfOp | arith.SubfOp) -> None:
    a, b = at.form(op.lhs), at.form(op.rhs)
    terms = tuple(_combined(at.emit, op, x, y) for x, y in zip(a.terms, b.terms, strict=True))
    at.forms[op.result] = Form(terms, a.chosen | b.chosen)


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
    at.forms[op.result] = Form(terms, a.chosen | b.chosen | _one_sided(a, b))


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
    pairs = list(zip(*both, strict=True))
    wanted = [(k, j) for k, (a, b) in enumerate(pairs) for j in range(1 + at.count) if _any(a.terms[j], b.terms[j])]
    types = [at.type_of(op.results[k]) for k, _ in wanted]
    for branch, forms in zip(branches, both, strict=True):
        given = [forms[k].terms[j] for k, j in wanted]
        values = [branch.emit.zero(t) if v is None else v for v, t in zip(given, types, strict=True)]
        branch.emit.insert(scf.YieldOp(*values))
    final = at.emit.insert(scf.IfOp(condition, types, [blocks[0]], [blocks[1]]))
    found = dict(zip(wanted, final.results, strict=True))
    for k, (a, b) in enumerate(pairs):
        terms = tuple(found.get((k, j)) for j in range(1 + at.count))
        at.forms[op.results[k]] = Form(terms, a.chosen | b.chosen | _one_sided(a, b))


def _any(a: Term, b: Term) -> bool:
    return a is not None or b is not None


def _one_sided(a: Form, b: Form) -> frozenset[int]:
    """The coefficients that one of two forms has."""
    pairs = enumerate(zip(a.terms[1:], b.terms[1:], strict=True))
    return frozenset(j for j, (x, y) in pairs if (x is None) != (y is None))


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
