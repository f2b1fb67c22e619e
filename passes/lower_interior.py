"""A loop with conditions on its own index runs its interior, where their outcome is known, by itself.

    for i in n { … if i >= 1 and i <= n - 2 { a } else { b } … }
    ==>  for i in 1 … n - 1 { … a … }          what is left: for i in 0, n - 1 { … if … }

So the guards that gradients of windows and stencils have are evaluated at the rim alone, and the interior is code that
LLVM vectorises. Conditions count that compare affine forms of the index and change their outcome a constant number of
iterations from either end of the loop. The rim keeps its guards, so it is right for loops shorter than both rims, too.

Not where order matters: loops that may raise, argmax and argmin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IndexType
from xdsl.ir import Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr
from pydex.passes.affine import Affine, affine
from pydex.passes.lower import Lowering
from pydex.passes.lower_reductions import Reductions
from pydex.passes.lower_text import Idx, Val, add, maximum, minimum, sub

#: The widest rim, in iterations at one end.
WIDEST = 64

#: A body of more ops is not written a second time.
MOST_OPS = 400

#: A run of some iterations of the loop: from, to, the values that the reductions carry at the end.
Run = Callable[[Idx, Idx], list[Val]]
#: One iteration: the values that are reduced.
Step = Callable[[Val], Sequence[Val]]


@dataclass
class Interior:
    """All iterations but the first `before` and the last `after`; the outcome of conditions there; whether all branches
    of the body are decided by it."""

    before: int = 0
    after: int = 0
    known: dict[Operation, bool] = field(default_factory=dict)
    straight: bool = True


def interior(op: ix.ForOp) -> Interior | None:
    """The interior of a loop, if some condition is known there."""
    body = list(op.body.walk())
    ordered = any(k in ("argmax", "argmin") for k in op.kind_names) or any(isinstance(o, eff.CheckOp) for o in body)
    if ordered or len(body) > MOST_OPS:
        return None
    found = Interior()
    for compare in body:
        if isinstance(compare, arith.CmpiOp) and isinstance(compare.lhs.type, IndexType):
            _condition(op, compare, found)
    found.straight = all(_decided(op, o.cond, found) for o in body if isinstance(o, scf.IfOp))
    return found if found.known else None


def _decided(loop: ix.ForOp, condition: SSAValue, found: Interior) -> bool:
    """Is the condition made of known ones, and of what does not depend on the loop?"""
    op = condition.owner
    if isinstance(op, arith.AndIOp | arith.OrIOp | arith.XOrIOp | arith.SelectOp):
        return all(_decided(loop, operand, found) for operand in op.operands)
    return op in found.known or isinstance(op, arith.ConstantOp) or not loop.is_ancestor(op)


#: a·i + r ≥ 0, where a is 1 or -1 and r the same in all iterations.
Fact: TypeAlias = tuple[int, SizeAttr]

#: Predicates of `arith.cmpi` as conjunctions: a·left + b·right ≥ k for each (a, b, k); or as the opposite of one.
_LEFT, _RIGHT, _LESS, _NATURAL = (1, -1, 0), (-1, 1, 0), (-1, 1, 1), (1, 0, 0)
_PREDICATES: dict[int, tuple[tuple[tuple[int, int, int], ...], bool]] = {
    0: ((_LEFT, _RIGHT), False),  # eq
    1: ((_LEFT, _RIGHT), True),  # ne
    2: ((_LESS,), False),  # slt
    3: ((_RIGHT,), False),  # sle
    4: ((_RIGHT,), True),  # sgt
    5: ((_LESS,), True),  # sge
    6: ((_NATURAL, _LESS), False),  # ult
    9: ((_NATURAL, _LESS), True),  # uge
}
_UNSIGNED = (6, 9)


def _condition(loop: ix.ForOp, op: arith.CmpiOp, found: Interior) -> None:
    """Adds the condition, if its outcome is the same in some interior; the interior shrinks to that."""
    predicate = op.predicate.value.data
    if predicate not in _PREDICATES:
        return
    parts, opposite = _PREDICATES[predicate]
    left, right = affine(op.lhs), affine(op.rhs)
    forms = [Affine({}, SizeAttr.of(-k)).add(left, SizeAttr.of(a)).add(right, SizeAttr.of(b)) for a, b, k in parts]
    facts = [fact for form in forms if (fact := _fact(loop, form)) is not None]
    rims = [rim for fact in facts if (rim := _rim(loop, fact)) is not None]
    if len(rims) < len(parts):
        return
    outcome = all(holds for _, _, holds in rims)
    if predicate in _UNSIGNED and not outcome:
        return  # a negative number counts as a large one
    found.before = max(found.before, *(before for before, _, _ in rims))
    found.after = max(found.after, *(after for _, after, _ in rims))
    found.known[op] = outcome != opposite


def _fact(loop: ix.ForOp, form: Affine) -> Fact | None:
    """form ≥ 0, as a fact about the index of the loop."""
    if any(term is not loop.index for term in form.terms):
        return None
    coef, rest = form.terms.get(loop.index, SizeAttr.of(0)), form.offset
    if loop.symbol is not None:
        symbol = loop.symbol.data
        linear = dict(rest.data).get((symbol,), 0)
        coef, rest = coef + linear, rest - SizeAttr.of(symbol) * linear
        if symbol in rest.symbols():
            return None
    return (coef.constant, rest) if coef.constant in (1, -1) else None


def _rim(loop: ix.ForOp, fact: Fact) -> tuple[int, int, bool] | None:
    """(before, after, whether the fact holds) in the interior; None where it changes far from both ends."""
    sign, rest = fact
    rising = sign > 0
    change = -rest if rising else rest + 1  # the first index where it has changed
    from_start, from_end = change.constant, (loop.size - change).constant
    if from_start is not None and from_start <= WIDEST:
        return max(0, from_start), 0, rising
    if from_end is not None and from_end <= WIDEST:
        return 0, max(0, from_end), not rising
    return None


# ----------------------------------------------------------------------------------------------------- the loops


def run_interior(
    low: Lowering, inside: Interior, reductions: Reductions, size: Idx, range: tuple[Idx, Idx], run: Run, step: Step
) -> list[Val]:
    """The iterations of `range`, of a loop of so many: those of the interior by `run`, then the others."""
    code = low.code
    lo, hi = range
    start = minimum(code, maximum(code, lo, inside.before), hi)
    end = maximum(code, start, minimum(code, sub(code, size, inside.after), hi))
    low.known.update(inside.known)
    carried = run(start, end)
    for op in inside.known:
        del low.known[op]
    first, gap = sub(code, start, lo), sub(code, end, start)

    def one(k: Val, now: list[Val]) -> list[Val]:
        code, index = low.code, low.code.index
        beyond = code.let("i1", f"arith.cmpi sge, {{}}, {{}} : {index}", k, first)
        skipped = code.let(index, f"arith.select {{}}, {{}}, {{}} : {index}", beyond, gap, 0)
        i = code.number(add(code, add(code, k, lo), skipped))
        return reductions.step(low, now, step(i), i)

    rim = add(code, first, sub(code, hi, end))
    return low.loop(0, rim, carried, one, hint="rare")
