"""How long a function takes on any number of processors, and how much memory at once: bounds on its span and peak.

    span   float operations one after the other, if all iterations of order-free loops run at once and reductions are
           trees:  for i in n: total += f(x[i])  ==>  span(f) + log2(n)
    peak   bytes of tables at once, results left out: what a loop's body allocates is free again when an iteration
           ends; loops that are shared out take it once for each of the threads

Both are bounds from above: of two branches, or two tables that are not alive at once, the larger terms count, an index
stands for that of its values that gives most, and a `while` for the most trips that it makes.
"""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects import scf
from xdsl.ir import Block, Operation

from pydex.dialects import eff, ix
from pydex.dialects.blocks import BlocksOp
from pydex.dialects.contract import ContractOp
from pydex.passes.cost_bounds import larger
from pydex.passes.cost_formula import Formula
from pydex.passes.cost_memory import Memory
from pydex.passes.cost_ops import OpCosts
from pydex.passes.cost_rules import in_a_block
from pydex.passes.cost_scope import Scope, shown
from pydex.passes.cost_units import is_float, reduced_by


class Span(OpCosts):
    """The span of blocks."""

    def block(self, block: Block) -> Formula:
        """Ops of a block run one after the other."""
        total = Formula({})
        for op in block.ops:
            total = total + self.op(op)
        return _bare(self, total)

    def op(self, op: Operation) -> Formula:
        """The op, and its regions."""
        if isinstance(op, ix.OpenOp | ix.NameOp):
            self.scope.define(op)
        match op:
            case ix.ForOp():
                return _most(self, op, self.block) + self.tree(op)
            case eff.LoopOp():
                return self.scope.extent(op, op.size) * _most(self, op, self.block)
            case eff.WhileOp():
                trips, asked = Formula.of(f"most_{self.scope.trips(op).label}"), self.block(op.condition.block)
                return trips * (self.block(op.body.block) + asked) + asked
            case BlocksOp():  # sums over points are trees, in blocks and of those
                whole, points = self.scope.whole(op), str(op.points)
                trees = {f"log2({shown(op.points)})": Formula.of(f"log2({shown(whole)})")}
                return self.block(op.body.block).substitute({**trees, points: self.scope.formula(whole)})
            case ContractOp():
                places = {s for place in op.out_place.data for s in place.symbols()}
                summed = [size for k, size in enumerate(op.sizes.data) if f"#{k}" not in places]
                return sum((Formula.of(f"log2({shown(size)})") for size in summed), Formula.of(1))
            case scf.IfOp():
                return larger(*(self.together(r.blocks) for r in op.regions))
            case ix.YieldOp() | ix.FillOp():
                return Formula({})
            case _:
                return self.own(op)["flops"] + self.together([b for r in op.regions for b in r.blocks])

    def together(self, blocks: object) -> Formula:
        return sum((self.block(b) for b in blocks), Formula({}))  # type: ignore[attr-defined]

    def tree(self, op: ix.ForOp) -> Formula:
        """The depth of the tree in which the iterations' floats are combined."""
        last = op.body.block.last_op
        reduces = last is not None and any(is_float(value.type) for value in reduced_by(last))
        adds = any(isinstance(child, eff.AddOp) and is_float(child.value.type) for child in op.walk())
        most = self.scope.extreme(op.size, 1) or op.size
        return Formula.of(f"log2({shown(most)})") if reduces or adds else Formula({})


class Peak(OpCosts):
    """The memory of blocks: what is still there after one, and the most there was."""

    def block(self, block: Block) -> tuple[Formula, Formula]:
        kept, most = Formula({}), Formula({})
        for op in block.ops:
            if isinstance(op, ix.OpenOp | ix.NameOp):
                self.scope.define(op)
            kept = kept + self.made(op)
            stays, inner = self.regions(op)
            most = larger(most, kept + inner)
            kept = kept + stays
        return _bare(self, kept), _bare(self, larger(most, kept))

    def made(self, op: Operation) -> Formula:
        """The bytes of the tables made in front of an op; those of a chunk are free again when it ends."""
        total = Formula({})
        for made in self.memory.allocated.get(op, ()):
            often = "threads" if made.times == "chunk" else self.often(made, op)
            total = total + self.size(made) * Formula.of(often)
        return total

    def regions(self, op: Operation) -> tuple[Formula, Formula]:
        """What regions leave, and the most they had."""
        blocks = [b for r in op.regions for b in r.blocks]
        match op:
            case ix.ForOp() if op in self.memory.unrolled:
                kept = self.scope.extent(op, op.size) * _most(self, op, lambda block: self.block(block)[0])
                return kept, kept + _most(self, op, lambda block: self.block(block)[1])
            case ix.ForOp() | eff.LoopOp():
                each = Formula.of("threads") if op in self.memory.shared else Formula.of(1)
                return Formula({}), each * _most(self, op, lambda block: self.block(block)[1])
            case BlocksOp():
                rule = self.scope.blocks[str(op.length)]
                return Formula({}), in_a_block(self.block(op.body.block)[1], str(op.points), rule, self.scope.formula)
            case eff.WhileOp():
                return Formula({}), larger(*(self.block(b)[1] for b in blocks))
            case scf.IfOp():
                left, most = Formula({}), Formula({})
                for block in blocks:
                    kept, had = self.block(block)
                    left, most = larger(left, kept), larger(most, had)
                return left, most
            case _:
                left, most = Formula({}), Formula({})
                for block in blocks:
                    kept, had = self.block(block)
                    left, most = left + kept, larger(most, left + had)
                return left, most


def span(block: Block, memory: Memory, scope: Scope) -> Formula:
    """A bound on the float operations that follow each other in a function's body."""
    return Span(scope, memory).block(block)


def peak(block: Block, memory: Memory, scope: Scope) -> Formula:
    """A bound on the bytes that a function's body allocates at once."""
    return Peak(scope, memory).block(block)[1]


def _most(costs: OpCosts, op: ix.ForOp | eff.LoopOp, of: Callable[[Block], Formula]) -> Formula:
    """The cost of the dearest iteration: an index stands for 0 or for the last one, term by term."""
    symbol = op.symbol.data if op.symbol is not None else None
    if symbol is None:
        return of(op.body.block)
    costs.scope.indices[symbol] = op.size
    body, last = of(op.body.block), costs.scope.extent(op, op.size) - 1
    del costs.scope.indices[symbol]
    falling = body.part(lambda _, coef: coef < 0).substitute({symbol: Formula({})})
    return body.part(lambda _, coef: coef > 0).substitute({symbol: last}) + falling


def _bare(costs: OpCosts, formula: Formula) -> Formula:
    """Numbers known at run time only stand for the most that they are; they are multiplied like sizes."""
    total = Formula({})
    for monomial, coef in formula.terms.items():
        product = Formula({(): coef})
        for atom in monomial:
            product = product * Formula.of(atom if isinstance(atom, str) else str(atom))
        total = total + product
    return total.substitute(costs.scope.most)
