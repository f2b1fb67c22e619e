"""Holds a function to its guarantee: the first promise that its cost breaks is an error at the loop that breaks it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from pydex.diagnostics import DexTypeError, Diagnostic, Note, Span
from pydex.dialects import eff, ix
from pydex.dialects.contract import ContractOp
from pydex.explaining.analysis import Analysed, analyse, beside
from pydex.explaining.guarantee import Guarantee, factor, limit_terms
from pydex.explaining.text import is_tape, number
from pydex.frontend.callable import Compiled
from pydex.frontend.entries import innermost
from pydex.passes.cost import LoopCost
from pydex.passes.cost_bounds import is_nonnegative
from pydex.passes.cost_formula import Atom, Formula
from pydex.passes.cost_memory import Allocated
from pydex.pipeline import span_of
from pydex.refusals import span_of_parameter
from pydex.types import Type


def demand(view: Compiled, types: Sequence[Type] | None, promised: Guarantee) -> None:
    """DexTypeError, at the place that breaks it, if the function does not keep a promise."""
    itself = analyse(view, types)
    for check in (_parallel, _alloc, _work):
        check(view, itself, promised)
    if promised.grad_work is not None:
        _grad_work(view, types, itself, promised)


def _refuse(view: Compiled, itself: Analysed, promise: str, found: str, place: Span | None, help: str) -> None:
    function = span_of_parameter(innermost(view), "")
    notes = () if place is None else (Note(f"{view.__name__} promises it", function),)
    message = itself.as_written(f"{promise} is not kept: {found}")
    raise DexTypeError(Diagnostic(message, place or function, notes, help))


def _parallel(view: Compiled, itself: Analysed, promised: Guarantee) -> None:
    if not promised.parallel:
        return
    loop = next((each.op for each in itself.cost.loops if not isinstance(each.op, ix.ForOp | ContractOp)), None)
    if loop is not None:
        state = "goes on as long as its condition holds" if isinstance(loop, eff.WhileOp) else "carries state"
        text = f"expected parallel loops, found one that {state}"
        help = "accumulate with `+=`, or update only what belongs to the loop's own index, or leave out parallel=True"
        _refuse(view, itself, "parallel=True", text, span_of(loop.location), help)


def _alloc(view: Compiled, itself: Analysed, promised: Guarantee) -> None:
    limit, found = _limit(view, itself, "alloc", promised.alloc), itself.cost.most["allocated"]
    if limit is None or is_nonnegative(limit - found):
        return
    made, _, size = max(itself.cost.allocations, key=lambda each: _at_large(each[2]))
    text = f"expected at most {limit} bytes besides the results, found {found}"
    text += f", {size} of them here" if str(size) != str(found) else ""
    _refuse(view, itself, f"alloc={promised.alloc!r}", text, span_of(made.maker.location), _less(made))


def _less(made: Allocated) -> str:
    """What would save an allocation."""
    if made.times == "copy":
        return "each chunk of this parallel loop adds to a copy of its own: allow as many copies as there may be chunks"
    if is_tape(made.maker):
        return "this loop leaves a value for each of its turns: let it accumulate, not carry state, or allow it"
    return "use each element where it is made, so that no loop has to wait for the whole table, or allow it"


def _work(view: Compiled, itself: Analysed, promised: Guarantee) -> None:
    limit, found = _limit(view, itself, "work", promised.work), itself.cost.most["flops"]
    if limit is None or is_nonnegative(limit - found):
        return
    loop = _heaviest(itself.cost.loops)
    text = f"expected at most {limit} flops, found {found}"
    if loop is not None:
        text += f", {loop.cost['flops']} of them in this loop"
    help = "dx.explain shows what each loop does"
    _refuse(view, itself, f"work={promised.work!r}", text, span_of(loop.op.location) if loop else None, help)


def _grad_work(view: Compiled, types: Sequence[Type] | None, itself: Analysed, promised: Guarantee) -> None:
    limit, pair = factor(promised.grad_work), beside(view, types, itself)
    if pair is None:
        text = "there is no gradient: the function has to have parameters that hold floats and one float as its result"
        _refuse(view, itself, f"grad_work={promised.grad_work!r}", text, None, "leave out grad_work")
        return
    if pair.work is not None and pair.work <= limit:
        return
    f, g = pair.function.cost.cost["flops"], pair.gradient.cost.cost["flops"]
    times = "more, without bound," if pair.work is None else f"{number(pair.work)} times the work"
    text = f"expected a gradient of at most {number(limit)} times the work, found {times}: {g} flops beside {f}"
    loop = _heaviest(pair.gradient.cost.loops)
    help = "dx.explain shows what each loop of the gradient does"
    place = span_of(loop.op.location) if loop else None
    _refuse(view, itself, f"grad_work={promised.grad_work!r}", text, place, help)


def _limit(view: Compiled, itself: Analysed, name: str, value: object) -> Formula | None:
    """A limit in the symbols of formulas."""
    terms, known = limit_terms(name, value), itself.names
    if terms is None:
        return None
    for symbol in (s for monomial in terms for s in monomial if s not in known):
        help = f"its sizes: {', '.join(known) or 'it has none'}"
        _refuse(view, itself, f"{name}={value!r}", f"{symbol} is no size of {view.__name__}", None, help)
    return Formula({tuple(sorted(known[s] for s in m)): Fraction(c) for m, c in terms.items() if c})


def _heaviest(loops: Iterable[LoopCost]) -> LoopCost | None:
    """The innermost loop that does more than half of the work of each loop around it."""
    heaviest = max(loops, key=lambda loop: _at_large(loop.cost["flops"]), default=None)
    if heaviest is None:
        return None
    inner = _heaviest(heaviest.inner)
    if inner is None or 2 * _at_large(inner.cost["flops"]) < _at_large(heaviest.cost["flops"]):
        return heaviest
    return inner


#: Sizes at which costs are compared, where only the greatest is looked for.
LARGE = 1000


def _at_large(formula: Formula) -> Fraction:
    def value(_: Atom) -> int:
        return LARGE

    return formula.evaluate(value)
