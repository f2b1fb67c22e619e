"""Sizes that the compiler computes (`ix.open … rule`): what they are called in formulas, and what is known of them.

    k = ⌈√n⌉    ⌈log2(n + 1)⌉    or a number      the steps of a segment
    r = n mod k                                   those before the first
    m = ⌊n/k⌋                                     segments, so k·m + r = n
    k = min(n, c + ⌊b/p⌋)                         the points of a block, of p bytes each
    m = ⌈n/k⌉                                     blocks, one at least
    l = min(k, n - k·i)                           the points of block i

In exact formulas k·m becomes n - r; in bounds r becomes k, and ⌊n/⌈√n⌉⌋ becomes ⌈√n⌉. Over all blocks the sum of l is
n; the bytes of the points of one are c·p + b at most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from pydex.dialects import ix
from pydex.dialects.sizes import SizeAttr
from pydex.passes.cost_bounds import is_nonnegative
from pydex.passes.cost_formula import Formula

Labels = Mapping[str, str]


def label(op: ix.OpenOp, labels: Labels) -> str:
    """What a size with a rule is called, given what those that it follows from are."""
    assert op.rule is not None and op.of is not None
    names = [_spelt(size, labels) for size in op.of.data]
    match op.rule.data:
        case "sqrt":
            return f"⌈√{names[0]}⌉"
        case "log":
            return f"⌈log2({names[0]} + 1)⌉"
        case "rest":
            return f"({names[0]} mod {names[1]})"
        case "quotient":
            return f"⌊{names[0]}/{names[1]}⌋"
        case "block":
            return f"block({names[0]})"
        case "blocks":
            return f"blocks({names[0]})"
        case "again":
            return f"steps of {names[0]} made again"
        case _:
            return "slots filled"


def _spelt(size: SizeAttr, labels: Labels) -> str:
    """A size as a factor."""
    text = labels.get(str(size)) or str(size)
    return text if text in labels.values() or len(size.data) == 1 and "*" not in text else f"({text})"


def most(op: ix.OpenOp, known: Mapping[str, Formula], name: str) -> Formula:
    """A bound on a size with a rule, which is called `name`."""
    assert op.rule is not None and op.of is not None
    first, last = op.of.data[0], op.of.data[-1]
    match op.rule.data:
        case "sqrt" | "log" | "block" | "blocks":
            return Formula.of(name)
        case "quotient":
            bound = known.get(str(op.of.data[1]), Formula({}))
            return bound if "√" in str(bound) else Formula.of(name)
        case "again":
            return Formula.of(first).substitute(known)
        case _:
            return Formula.of(last).substitute(known)


def without_products(formula: Formula, quotient: str, length: SizeAttr, product: Formula) -> Formula:
    """The formula with `length` · `quotient` = `product`."""
    if length.constant is not None:
        return formula.substitute({quotient: product * Fraction(1, length.constant)})
    total = Formula({})
    for monomial, coef in formula.terms.items():
        if quotient in monomial and str(length) in monomial:
            rest = list(monomial)
            rest.remove(quotient)
            rest.remove(str(length))
            total = total + Formula({tuple(rest): coef}) * product
        else:
            total = total + Formula({monomial: coef})
    return total


def over_blocks(
    cost: Formula, points: str, block: Formula, whole: Formula, times: Callable[[Formula], Formula]
) -> Formula:
    """What all blocks cost together, given what one costs: `times` is the sum over blocks of what does not depend on
    their points."""
    linear, rest = _by_points(cost, points)
    return times(rest) + linear.substitute({points: block}) * whole


def in_a_block(bytes_: Formula, points: str, op: ix.OpenOp, formula: Callable[[SizeAttr], Formula]) -> Formula:
    """A bound on the bytes of a block's points, the length of which has the rule of `op`."""
    assert op.of is not None
    whole, own, around, least = map(formula, op.of.data)
    linear, rest = _by_points(bytes_, points)
    if points not in linear.atoms() and is_nonnegative(own - linear):
        return rest + least * linear + (around if linear else Formula({}))
    return rest + linear.substitute({points: whole}) * whole


def _by_points(formula: Formula, points: str) -> tuple[Formula, Formula]:
    """a and b, for the formula a·points + b."""
    with_points = formula.part(lambda monomial, _: points in monomial)
    total = Formula({})
    for monomial, coef in with_points.terms.items():
        at = monomial.index(points)
        total = total + Formula({(*monomial[:at], *monomial[at + 1 :]): coef})
    return total, formula - with_points
