"""One step of a linear loop as a map of what it carries: numbers that are made for all steps at once, then used.

    λ' = rows[0] + Σ_j rows[1 + j] · λ_j          acc += sums[0] + Σ_j sums[1 + j] · λ_j

`coefficients` writes the loop that makes them, `Map` what is done with them. The numbers of what is added are only made
if that is estimated to be less work than to run the body once more, when all λ are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import UnitAttr
from xdsl.ir import Block, Operation, SSAValue

from pydex.dialects import eff, ix

from .ad_affine import Affine, NotAffine, applied
from .ad_choices import decides, feeding
from .ad_emit import Emitter
from .ad_forms import Form
from .cse import cse
from .dce import dce
from .fold import fold
from .licm import hoist
from .lower_cost import work

#: A coefficient that is kept is written, read, multiplied and added.
KEPT = 3

Sums = dict[eff.AddOp, Form]


@dataclass(frozen=True)
class Map:
    """`rows`: what is carried on. `sums`: what is added, if that is known. `tables`: of terms that differ from step to
    step. `made`: the loop that makes these."""

    rows: Sequence[Form]
    sums: Sums | None
    tables: dict[SSAValue, SSAValue]
    made: ix.ForOp

    def chain(self) -> int:
        """How many operations follow each other in a step."""
        return max(sum(t is not None for t in r.terms[1:]) + 2 * any(r.when) for r in self.rows)

    def value(self, emit: Emitter, form: Form, index: SSAValue, carried: Sequence[SSAValue]) -> SSAValue:
        """terms[0] + Σ_j terms[1 + j] · λ_j at a step."""
        return applied(emit, form.of(self._term(emit, v, index) for v in form.parts), carried, carried[0].type)

    def _term(self, emit: Emitter, term: SSAValue, index: SSAValue) -> SSAValue:
        """A term at a step; its table is read as it is, since to make one of them again would make most of all."""
        if term not in self.tables:
            return term
        read = emit.insert(ix.AtOp(self.tables[term], [index]))
        read.attributes[ix.AS_MADE] = UnitAttr()
        return read.result


def coefficients(emit: Emitter, loop: ix.ForOp, inner: Affine, step: eff.LoopOp) -> Map:
    """Finish `loop`, at whose body `inner` is, so that it makes the coefficients of each step. Raises: NotAffine."""
    try:
        rows = inner.run(step.body.block, step.carried)
        sums = added(inner, step.body.block)
    except NotAffine:
        loop.drop_all_references()
        raise
    forms = [*rows, *(sums or {}).values()]
    parts = [v for form in forms for v in form.parts]
    made = emit.finish_for(loop, ["tab"] * len(parts), parts)
    for simplify in (fold, cse, dce):
        simplify(made)
    around = made.parent_op()
    assert around is not None
    hoist(around)
    simple = iter(made.yielded)
    forms = [f.of(simple) for f in forms]
    rows, of_sums = forms[: len(rows)], forms[len(rows) :]
    if sums is not None and (decides(step.body.block.walk(), step.body.block) or _is_less(made, rows, forms, step)):
        sums = dict(zip(sums, of_sums, strict=True))
    else:
        sums = None
    kept = varying(made, [*rows, *(sums or {}).values()])
    made = emit.replace_for(made, ["tab"] * len(kept), kept)
    dce(made)
    return Map(rows, sums, dict(zip(kept, made.results_, strict=True)), made)


def added(inner: Affine, block: Block) -> Sums | None:
    """The form of what is added to each cell, at one of the adds to it; None if that is not known for all."""
    forms: dict[tuple[SSAValue, ...], list[Form]] = {}
    first: dict[tuple[SSAValue, ...], eff.AddOp] = {}
    for op in block.walk():
        if isinstance(op, eff.AddOp):
            known = inner.forms.get(op.value, op) is not None
            if not known or op.parent is not block or isinstance(op.value.type, ix.TableType):
                return None
            cell = (op.accumulator, *op.indices)
            first.setdefault(cell, op)
            forms.setdefault(cell, []).append(inner.form(op.value))
    return {first[cell]: inner.sum(found) for cell, found in forms.items()}


def varying(made: ix.ForOp, forms: Iterable[Form]) -> list[SSAValue]:
    """The parts that differ from step to step."""
    parts = dict.fromkeys(v for form in forms for v in form.parts)
    return [v for v in parts if isinstance(v.owner, Operation) and v.owner.parent is made.body.block]


def _is_less(made: ix.ForOp, rows: Sequence[Form], forms: Sequence[Form], step: eff.LoopOp) -> bool:
    """Is it less work to keep all of these than those of the rows, and to run the body again for what is added?"""
    of_rows = varying(made, rows)
    more = KEPT * (len(varying(made, forms)) - len(of_rows))
    block = made.body.block
    whole, needed, again = (work(block), work(block, feeding(block, of_rows)), work(step.body.block))
    difference = (needed + again - whole - more).constant
    return difference is not None and difference >= 0
