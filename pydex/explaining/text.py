"""`dx.explain` as text: what a function costs, its loops, its gradient."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from xdsl.ir import Operation

from pydex.dialects import eff, ix
from pydex.explaining.analysis import Analysed, Beside
from pydex.explaining.loops import described, extent, lanes
from pydex.explaining.promised import asked
from pydex.frontend.show import show_type
from pydex.passes.cost import LoopCost
from pydex.passes.cost_formula import Formula
from pydex.passes.cost_memory import Allocated
from pydex.passes.cost_ops import Cost
from pydex.passes.cost_scope import line_of, shown


def page(itself: Analysed, pair: Beside | None, problem: str = "") -> str:
    """The whole text."""
    lines = [show_type(itself.program).split("\n")[0], *_summary(itself), *_loops(itself)]
    if pair is not None:
        lines += _gradient(pair, itself)
    elif problem:
        lines.append(f"gradient: {problem}")
    return itself.as_written("\n".join(lines))


def _summary(of: Analysed) -> Iterator[str]:
    cost = of.cost.cost
    yield f"  work       {work(cost)}"
    if str(of.cost.most["flops"]) != str(cost["flops"]):
        yield f"             at most {work(of.cost.most)}, whichever branches are taken"
    yield f"  memory     {cost['loads']} loads, {cost['stores']} stores: {cost['bytes']} bytes"
    yield f"  span       at most {of.span} flops"
    yield f"  allocates  {_allocates(of)}"
    yield from asked(of)
    for assumed in of.cost.assumed:
        yield f"  for sizes with {shown(assumed)} ≥ 0"


def work(cost: Cost) -> str:
    """`12*n flops, 2*n of them elementary functions`."""
    flops = f"{cost['flops']} flops"
    return f"{flops}, {cost['elementary']} of them elementary functions" if cost["elementary"] else flops


def _allocates(of: Analysed) -> str:
    results = f"results {of.results} bytes" if of.results else "no results"
    if not of.cost.cost["allocated"]:
        return f"nothing but its results: {of.results} bytes" if of.results else "nothing"
    return f"{of.cost.cost['allocated']} bytes, at most {of.peak} at once; {results}"


def _loops(of: Analysed) -> Iterator[str]:
    if of.cost.loops:
        yield "loops"
    for loop in of.cost.loops:
        yield from _loop(loop, of, "  ")


def _loop(loop: LoopCost, of: Analysed, indent: str) -> Iterator[str]:
    yield indent + described(loop, of.program, of.cost.memory)
    why = lanes(loop.op, of.cost.memory)
    if why:
        yield f"{indent}    {why}"
    yield f"{indent}    {extent(loop.op)}; in all {work(loop.cost)}, {loop.cost['bytes']} bytes"
    for inner in loop.inner:
        yield from _loop(inner, of, indent + "  ")


# --------------------------------------------------------------------------------------------------- gradient


def _gradient(pair: Beside, itself: Analysed) -> Iterator[str]:
    """What the gradient costs beside the function, or the function beside the gradient."""
    if itself is pair.gradient:
        yield "beside the function itself"
        yield f"  work       {work(pair.function.cost.cost)}; {times(pair)}"
    else:
        yield f"gradient by {', '.join(pair.by)}"
        yield f"  work       {work(pair.gradient.cost.cost)}; {times(pair)}"
        yield f"  allocates  {_allocates(pair.gradient)}"
    for kept in pair.kept:
        yield f"  stores     {stored(*kept)}"
    if not pair.kept:
        yield "  stores     nothing between its loops"
    for name, line, often in pair.again:
        yield f"  recomputes {name} at line {line}: {'without bound' if often is None else f'{number(often)} times'}"


def times(pair: Beside) -> str:
    """`the gradient does at most 3.33 times the work`."""
    if pair.work is None:
        return "the gradient's work grows faster than the function's"
    return f"the gradient does at most {number(pair.work)} times the function's work, as sizes grow"


def number(value: Fraction) -> str:
    """A quotient, rounded up in its third digit."""
    return str(value) if value.denominator == 1 else f"{-(-value * 100 // 1) / 100:.2f}"


def stored(made: Allocated, op: Operation, size: Formula) -> str:
    """`f64[m, n] for line 8, a value for each turn of the loop: 8*m*n bytes`."""
    maker, line = made.maker, line_of(made.maker)
    sizes = ", ".join(map(shown, made.type.sizes))
    what = "what each turn of the loop leaves for the reverse" if is_tape(maker) else "a table"
    what = "private to each chunk" if made.times == "chunk" else what
    where = f"line {line}" if line else "the compiler's own loops"
    return f"{made.type.element}[{sizes}] for {where}, {what}: {size} bytes{_each(op)}"


def is_tape(op: Operation) -> bool:
    """Whether it is a sequential loop of which each turn leaves a value for its reverse."""
    return isinstance(op, eff.LoopOp) and len(op.results_) > len(op.initial)


def _each(op: Operation) -> str:
    parent = op.parent_op()
    while parent is not None and not isinstance(parent, ix.ForOp | eff.LoopOp | eff.WhileOp):
        parent = parent.parent_op()
    return f" in each iteration of the loop at line {line_of(parent)}" if parent is not None else ""
