"""Sizes that the compiler computes (`ix.open … rule`): what they are called in formulas, and what is known of them.

    k = ⌈√n⌉    ⌈log2(n + 1)⌉    or a number      the steps of a segment
    r = n mod k                                   those before the first
    m = ⌊n/k⌋                                     segments, so k·m + r = n

In exact formulas k·m becomes n - r; in bounds r becomes k, and ⌊n/⌈√n⌉⌋ becomes ⌈√n⌉.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from pydex.dialects import ix
from pydex.dialects.sizes import SizeAttr
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
        case "sqrt" | "log":
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
