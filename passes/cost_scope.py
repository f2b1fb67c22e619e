"""What is known about sizes while a function is walked: which are loops' indices, which are known only at run time.

`Scope.extent` is the number of iterations of a loop; `close`, `leave_loop` turn the cost of a block, in which the
symbols that it defines still stand, into that of the op around it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from xdsl.dialects import func
from xdsl.dialects.builtin import FileLineColLoc
from xdsl.ir import Block, Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.blocks import BlocksOp
from pydex.dialects.sizes import SizeAttr
from pydex.passes import cost_rules
from pydex.passes.cost_formula import Formula, Monomial, Unknown, sum_over


@dataclass
class Scope:
    """Symbols by what they stand for.

    indices: loops' indices, with the size of their sets, the outermost first. known: symbols that are formulas.
    opened: symbols whose number the program computes, with bounds `most` on them and what is known of products of two.
    blocks: the lengths of blocks of points, with what they follow from.
    `assumed`: sizes that are no set's unless they are at least 0.
    """

    function: func.FuncOp
    indices: dict[str, SizeAttr] = field(default_factory=dict)
    known: dict[str, Formula] = field(default_factory=dict)
    opened: dict[str, Unknown] = field(default_factory=dict)
    most: dict[str, Formula] = field(default_factory=dict)
    products: dict[str, tuple[SizeAttr, Formula]] = field(default_factory=dict)
    bounds: dict[Unknown, Formula] = field(default_factory=dict)
    blocks: dict[str, ix.OpenOp] = field(default_factory=dict)
    assumed: dict[SizeAttr, None] = field(default_factory=dict)
    _labels: Counter[str] = field(default_factory=Counter)
    _unknowns: dict[object, Unknown] = field(default_factory=dict)

    def unknown(self, op: Operation, what: str, label: str) -> Unknown:
        """The number `what` of an op, labelled `label`."""
        key = (op, what)
        if key not in self._unknowns:
            self._labels[label] += 1
            self._unknowns[key] = Unknown(key, label, self._labels[label])
        return self._unknowns[key]

    def formula(self, size: SizeAttr) -> Formula:
        """A size in the symbols that stand for themselves."""
        return Formula.of(size).substitute(self.known)

    def extent(self, op: Operation, size: SizeAttr) -> Formula:
        """How many indices a set has: none where its size is negative."""
        if self.is_natural(size):
            return self.formula(size)
        return Formula.of(self.unknown(op, f"max(0, {size})", f"max(0, {shown(size)})"))

    def is_natural(self, size: SizeAttr) -> bool:
        """Whether a size is never negative; one of the function's own sizes alone is assumed not to be."""
        least = self.extreme(size, -1)
        if least is not None and all(coef > 0 for _, coef in least.data):
            return True
        inner = {*self.indices, *self.opened, *self.known}
        if size.constant is not None or not inner.isdisjoint(size.symbols()):
            return False
        self.assumed[size] = None
        return True

    def extreme(self, size: SizeAttr, sign: int) -> SizeAttr | None:
        """A size at the ends of loops' ranges, its least (sign −1) or greatest; None unless it is affine in each index
        and only rises or only falls with it."""
        for symbol, extent in reversed(self.indices.items()):
            zero, one, two = (size.substitute({symbol: SizeAttr.of(k)}) for k in range(3))
            slope = (one - zero).data
            signs = {coef > 0 for _, coef in slope}
            if two - one != one - zero or len(signs) > 1:
                return None
            size = zero if signs != {sign > 0} else size.substitute({symbol: extent - 1})
        return size

    def define(self, op: ix.OpenOp | ix.NameOp) -> None:
        """A symbol that an op of a block defines."""
        symbol = op.symbol.data
        value = op.value if isinstance(op, ix.OpenOp) else op.index
        number = _number(value)
        if number is not None:
            self.known[symbol] = self.formula(number)
            return
        if isinstance(op, ix.OpenOp) and op.rule is not None:
            self._define_by_rule(op)
            return
        what = "size" if isinstance(op, ix.OpenOp) else "index"
        made = self.unknown(op, "value", f"{what}({where(op, 'number')})")
        if isinstance(value.owner, eff.WhileOp):
            trips = self.trips(value.owner)
            made = Unknown(made.key, trips.label, trips.number)
        self.opened[symbol] = made
        self.most[symbol] = Formula.of(f"most_{made.label}")

    def _define_by_rule(self, op: ix.OpenOp) -> None:
        """A size that the compiler computes from others. That of one block is left to the loop over them."""
        if op.rule is not None and op.rule.data == "points":
            return
        if op.rule is not None and op.rule.data == "block":
            self.blocks[op.symbol.data] = op
        symbol, labels = op.symbol.data, {s: unknown.label for s, unknown in self.opened.items()}
        made = self.unknown(op, "value", cost_rules.label(op, labels))
        self.opened[symbol] = made
        self.most[symbol] = cost_rules.most(op, self.most, made.label)
        if op.rule is not None and op.rule.data == "blocks" and op.of is not None:
            self.bounds[made] = self.extent(op, op.of.data[0]) + 1
        if op.rule is not None and op.rule.data == "quotient" and op.of is not None:
            whole, length, rest = op.of.data
            self.products[symbol] = length, self.extent(op, whole) - self.formula(rest)
            self.bounds[made] = self.extent(op, whole)

    def trips(self, op: eff.WhileOp) -> Unknown:
        """How often the body of a `while` runs."""
        return self.unknown(op, "trips", f"trips({where(op, 'while')})")

    def close(self, block: Block, cost: Formula) -> Formula:
        """A cost outside of a block that opens sizes: they become sums over its runs."""
        names = [op.symbol.data for op in block.ops if isinstance(op, ix.OpenOp | ix.NameOp)]
        for name in (name for name in names if name in self.products):
            cost = cost_rules.without_products(cost, name, *self.products[name])
        return self._absorb([name for name in names if name in self.opened], cost)

    def _absorb(self, names: Sequence[str], cost: Formula) -> Formula:
        """Terms that mention these symbols become unknowns."""
        result: dict[Monomial, Formula] = {}
        for monomial, coef in cost.terms.items():
            inner = [a for a in monomial if isinstance(a, str) and a in names]
            rest = Formula({tuple(a for a in monomial if a not in inner): coef})
            if inner and not any(isinstance(a, Unknown) for a in monomial):
                last = max(inner, key=list(names).index)
                inner.remove(last)
                rest = rest * Formula.of(self.opened[last])
            result[monomial] = _weighted(rest, inner)
        return sum(result.values(), Formula({}))

    def leave_loop(self, symbol: str | None, extent: Formula, cost: Formula) -> Formula:
        """The sum over the iterations of a loop."""
        plain = cost.part(lambda monomial, _: not _has_unknown(monomial))
        return sum_over(symbol, extent, plain) + _weighted(cost - plain, [symbol] if symbol else [])

    def leave_blocks(self, op: BlocksOp, cost: Formula) -> Formula:
        """The sum over blocks of points."""
        plain, points = cost.part(lambda monomial, _: not _has_unknown(monomial)), str(op.points)
        whole, count = self.extent(op, self.whole(op)), self.formula(op.size)
        total = cost_rules.over_blocks(
            plain, points, self.formula(op.length), whole, lambda rest: sum_over(op.symbol.data, count, rest)
        )
        return total + _weighted(cost - plain, [op.symbol.data, points])

    def whole(self, op: BlocksOp) -> SizeAttr:
        """How many points all blocks have."""
        made = self.blocks[str(op.length)]
        assert made.of is not None
        return made.of.data[0]

    @staticmethod
    def times(count: Formula, cost: Formula) -> Formula:
        """What is done `count` times; unknowns are sums over all times already."""
        plain = cost.part(lambda monomial, _: not _has_unknown(monomial))
        return count * plain + (cost - plain)


def _has_unknown(monomial: Monomial) -> bool:
    return any(isinstance(atom, Unknown) for atom in monomial)


def _weighted(cost: Formula, names: Sequence[str]) -> Formula:
    """Factors of these names go into the unknown that they are multiplied by."""
    total = Formula({})
    for monomial, coef in cost.terms.items():
        weights = [a for a in monomial if isinstance(a, str) and a in names]
        product = Formula({(): coef})
        for atom in monomial:
            if isinstance(atom, Unknown):
                atom = Unknown(atom.key, atom.label, atom.number, tuple(sorted([*atom.weights, *weights])))
            if not (isinstance(atom, str) and atom in weights):
                product = product * Formula.of(atom)
        total = total + product
    return total


def _number(value: SSAValue) -> SizeAttr | None:
    """The polynomial that a number is known to be."""
    op = value.owner
    if isinstance(op, ix.SizeOp):
        return op.size
    if isinstance(op, ix.OrdOp):
        return ix.ordinal(op.index)
    return ix.ordinal(value) if isinstance(value.type, ix.IdxType) else None


def line_of(op: Operation) -> int:
    """The line of the user's source that an op comes from; 0 if it has none."""
    return op.location.line.data if isinstance(op.location, FileLineColLoc) else 0


def where(op: Operation, what: str) -> str:
    """`if at line 7`; what no line of the source says is the compiler's own."""
    line = line_of(op)
    return f"{what} at line {line}" if line else f"a hidden {what}"


def shown(size: SizeAttr) -> str:
    """A size without the numbers of its symbols, where these are not needed to tell them apart."""
    names = Counter(symbol.split(".")[0] for symbol in set(size.symbols()))
    short = {s: SizeAttr.of(s.split(".")[0]) for s in size.symbols() if names[s.split(".")[0]] == 1}
    return str(size.substitute(short))
