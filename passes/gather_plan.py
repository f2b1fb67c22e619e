"""The plan of a gather (see `accum_gather`): loops solved for the axes, ranges, tests, and where each op goes.

The nest `for i in n { for j in i { add a[j], e } }` has the plan: j solved for the axis, j = p; i summed, and from
j < i follows that i runs from p + 1: levels p in n, k in n - p - 1 with i = k + p + 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Attribute, Block, BlockArgument, Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import Monomial, SizeAttr

from .affine import ONE, ZERO, affine, at_least
from .fuse_inline import op_cost
from .needs import defined_symbol, needs
from .symbols import Sizes, Values, fresh

#: What may be computed in more loops than before: so many operations and loads.
CHEAP = 8
#: In so many iterations a test may be mostly false.
FEW = 64


@dataclass
class Level:
    """A loop of the new nest. Its index has the ordinal `symbol`; that of the old loop that it stands for, if it does,
    is `old` = symbol + first. `size`: of the axis, or of the old loop's set; `end`: after the last old ordinal."""

    symbol: str
    size: SizeAttr
    loop: ix.ForOp | None = None
    old: str = ""
    first: SizeAttr = ZERO
    end: SizeAttr = ZERO

    @property
    def count(self) -> SizeAttr:
        return self.size if self.loop is None else self.end - self.first

    @property
    def name(self) -> str:
        """The ordinal that sizes are expressed in while the plan is made."""
        return self.old or self.symbol

    @property
    def range(self) -> tuple[SizeAttr, SizeAttr]:
        return (ZERO, self.size) if self.loop is None else (self.first, self.end)


@dataclass(eq=False)
class GatherPlan:
    add: eff.AddOp
    root: Block
    loops: list[ix.ForOp]  # the old nest, from the outside
    levels: list[Level] = field(default_factory=list)  # the new one: axes, then summed loops
    axes: dict[ix.ForOp, int] = field(default_factory=dict)  # the axis of each solved loop
    sizes: Sizes = field(default_factory=dict)  # the old loops' symbols in terms of the new levels
    conditions: dict[int, list[SizeAttr]] = field(default_factory=dict)  # by level: what must not be negative
    level_of: dict[ix.ForOp, int] = field(default_factory=dict)  # where an old index is known
    ops: dict[int, list[Operation]] = field(default_factory=dict)  # by level: what is computed there, in order
    stored: list[SSAValue] = field(default_factory=list)  # values of the outermost old loop to be kept in tables
    originals: Values = field(default_factory=dict)  # of tables that old loops own -> what they were before the nest

    @staticmethod
    def of(add: eff.AddOp, root: Block, store: bool) -> GatherPlan | None:
        """The plan, or None if the gather is refused. `store`: may values of the outermost loop be kept in tables?"""
        loops = _nest(add, root)
        if not loops:
            return None
        plan = GatherPlan(add, root, loops)
        if not (plan._solve() and plan._bound() and plan._place(store)) or plan._breaks_rows():
            return None
        plan._finish()
        return plan

    @cached_property
    def monoid(self) -> str:
        assert isinstance(self.add.accumulator.type, eff.AccType)
        return self.add.accumulator.type.monoid.data

    def value_type(self, k: int) -> Attribute:
        """The type of what is collected inside level k (-1: the whole table)."""
        assert isinstance(self.add.accumulator.type, eff.AccType)
        type = self.add.accumulator.type.content
        for level in self.levels[: k + 1]:
            if level.loop is None:
                assert isinstance(type, ix.TableType)
                type = type.under(SizeAttr.of(level.symbol))
        return type

    def replace_outermost(self, loop: ix.ForOp) -> None:
        """The outermost old loop has been rebuilt."""
        self.level_of[loop] = self.level_of.pop(self.loops[0])
        self.loops[0] = loop

    # ------------------------------------------------------------------------------------------------- solve

    def _solve(self) -> bool:
        """Choose a loop for each axis; the others are summed, in their order."""
        for axis, index in enumerate(self.add.indices):
            type, form = self.value_type(axis - 1), position(index)
            assert isinstance(type, ix.TableType)
            if form is None or not self._solve_axis(axis, form.substitute(self.sizes), type.sizes.data[0]):
                return False
        for loop in self.loops:
            if loop not in self.axes:
                size = loop.size.substitute(self.sizes)
                if not self._known(size):
                    return False
                level = Level(fresh(symbol_of(loop)), size, loop, fresh(symbol_of(loop)), ZERO, size)
                self.levels.append(level)
                self._answer(loop, SizeAttr.of(level.old))
        return all(self._known(self.sizes[symbol_of(loop)]) for loop in self.loops)

    def _solve_axis(self, axis: int, form: SizeAttr, size: SizeAttr) -> bool:
        """p = form  ==>  i = ±(p - rest), for the loop i that fits best."""
        found = []
        for loop in self.loops:
            parts = linear(form, symbol_of(loop)) if loop not in self.axes else None
            if parts is not None and parts[0].constant in (1, -1):
                misfit = _misfit(loop, parts[1], size) + 10 * self._circular(loop, parts[1])
                found.append((misfit, len(found), loop, *parts))
        if not found:
            return False
        _, _, loop, coef, rest = min(found)
        cell = Level(fresh("p"), size)
        self.levels.append(cell)
        self.axes[loop] = axis
        self._answer(loop, (SizeAttr.of(cell.symbol) - rest) * coef)
        return True

    def _circular(self, loop: ix.ForOp, rest: SizeAttr) -> bool:
        """Would the loop be solved for an index whose own range depends on the loop?"""
        others = [o for o in self.loops if symbol_of(o) in rest.symbols()]
        return any(symbol_of(loop) in other.size.symbols() for other in others)

    def _answer(self, loop: ix.ForOp, form: SizeAttr) -> None:
        answer: Sizes = {symbol_of(loop): form}
        self.sizes = {k: v.substitute(answer) for k, v in self.sizes.items()} | answer

    def _known(self, size: SizeAttr) -> bool:
        """Is the size made of nothing that the old nest defines?"""
        return self._defined.isdisjoint(size.symbols())

    @cached_property
    def _defined(self) -> set[str]:
        return {s for op in self.loops[0].walk() if (s := defined_symbol(op)) is not None}

    # ------------------------------------------------------------------------------------------------- ranges

    def _bound(self) -> bool:
        """Drop the tests of solved indices that always hold, shorten loops by others; False if one is mostly false."""
        for loop in self.axes:
            index, size = self.sizes[symbol_of(loop)], loop.size.substitute(self.sizes)
            at = max(self._level(index), self._level(size))
            for condition in (index, size - 1 - index):
                if self._never_negative(condition):
                    continue
                k = max(self._level(condition), len(self.axes) - 1)
                if self._shorten(k, condition):
                    continue
                if k >= len(self.axes) and not self._mostly(loop):
                    return False
                self.conditions.setdefault(k, []).append(condition)
                at = max(at, k)
            self.level_of[loop] = at
        for k, level in enumerate(self.levels):
            if level.loop is not None:
                self.level_of[level.loop] = k
        return True

    def _level(self, size: SizeAttr) -> int:
        """The innermost level that a size mentions."""
        symbols = set(size.symbols())
        return max((k for k, level in enumerate(self.levels) if level.name in symbols), default=-1)

    def _never_negative(self, size: SizeAttr) -> bool:
        """Is the size at least 0 wherever all levels are in their ranges?"""
        for level in reversed(self.levels):
            parts = linear(size, level.name)
            if parts is None:
                return False
            coef, rest = parts
            first, end = level.range
            if at_least(coef, 0):
                size = rest + coef * first
            elif at_least(-coef, 0):
                size = rest + coef * (end - 1)
            else:
                return False
        return at_least(size, 0)

    def _shorten(self, k: int, condition: SizeAttr) -> bool:
        """condition = r + c  ==>  r runs from -c;  c - r  ==>  r runs to c + 1;  where that is within its range"""
        level, parts = self.levels[k], linear(condition, self.levels[k].name)
        if level.loop is None or parts is None:
            return False
        coef, rest = parts[0].constant, parts[1]
        if coef == 1 and self._never_negative(-rest - level.first):
            level.first = -rest
        elif coef == -1 and self._never_negative(level.end - rest - 1):
            level.end = rest + 1
        else:
            return False
        return True

    def _mostly(self, loop: ix.ForOp) -> bool:
        """Does a test of this solved loop fail in at most a constant number of cells, or of iterations of few?"""
        trips = ONE
        for level in self.levels[len(self.axes) :]:
            trips = trips * level.size
        few = trips.constant is not None and trips.constant <= FEW
        return few or (self.levels[self.axes[loop]].size - loop.size).constant is not None

    # ------------------------------------------------------------------------------------------------- placement

    def _place(self, store: bool) -> bool:
        """Put each op that the added value needs at its level; False if that is too much work."""
        wanted: set[SSAValue] = {self.add.value}
        symbols = {s for loop in self.loops for s in loop.size.symbols()}
        found: list[tuple[Operation, int]] = []  # with the number of old loops around it
        child: Operation = self.add
        depth = len(self.loops)
        while child.parent is not None:
            op = child.prev_op
            while op is not None:
                if any(r in wanted for r in op.results) or defined_symbol(op) in symbols and not op.regions:
                    if depth == 1 and store and self._store(op, wanted):
                        op = op.prev_op
                        continue
                    inside = needs(op)
                    if not inside.row <= {"symbol"}:
                        return False
                    wanted |= inside.values
                    symbols |= inside.symbols
                    if child.parent is not self.root:
                        found.append((op, depth))
                op = op.prev_op
            if child.parent is self.root:
                break
            parent = child.parent.parent_op()
            assert parent is not None
            for argument in child.parent.args[isinstance(parent, ix.ForOp) :]:
                if argument in wanted and not self._read_before(parent, argument, [op for op, _ in found]):
                    return False
                wanted |= {self.originals[argument]} if argument in wanted else set()
            depth -= isinstance(parent, ix.ForOp)
            child = parent
        return self._levels_of(found[::-1])

    def _read_before(self, loop: Operation, argument: BlockArgument, placed: Sequence[Operation]) -> bool:
        """Can the table that the loop owns be read as it was before the nest? An iteration reads no more than its own
        part, and no other iteration makes a new version of that."""
        if not isinstance(loop, ix.ForOp):
            return False
        inside = [u for u in argument.uses if any(op.is_ancestor(u.operation) for op in placed)]
        if self.stored or not all(isinstance(u.operation, ix.AtOp) and u.index == 0 for u in inside):
            return False
        original = loop.owned[argument.index - 1]
        self.originals |= {a: original for a, o in self.originals.items() if o is argument} | {argument: original}
        return True

    def _store(self, op: Operation, wanted: set[SSAValue]) -> bool:
        """May the results of an op of the outermost loop be kept in a table?"""
        outer = self.loops[0]
        results = [r for r in op.results if r in wanted]
        scalar = not any(isinstance(r.type, ix.TableType | ix.IdxType) for r in results)
        small = any(level.size == outer.size for level in self.levels[: len(self.axes)])
        if not scalar or not small or self.originals:
            return False
        if outer.parent is not self.root or op.parent is not outer.body.block:
            return False
        if op_cost(op) == 0 or isinstance(op, ix.AtOp):
            return False
        if self._new_loops(self.level_of[outer]) <= {outer}:
            return False
        self.stored += results
        return True

    def _levels_of(self, found: list[tuple[Operation, int]]) -> bool:
        depends: dict[SSAValue, set[ix.ForOp]] = {loop.index: {loop} for loop in self.loops}
        depends |= {value: {self.loops[0]} for value in self.stored}
        names: dict[str, set[ix.ForOp]] = {symbol_of(loop): {loop} for loop in self.loops}
        again = 0.0
        for op, depth in found:
            inside = needs(op)
            on = {x for v in inside.values for x in depends.get(v, ())} | {
                x for s in inside.symbols for x in names.get(s, ())
            }
            depends |= {r: on for r in op.results}
            if (symbol := defined_symbol(op)) is not None and not op.regions:
                names[symbol] = on
            level = max((self.level_of[loop] for loop in on), default=-1)
            if not self._new_loops(level) <= set(self.loops[:depth]):
                again += op_cost(op)
            self.ops.setdefault(level, []).append(op)
        return again <= CHEAP

    def _breaks_rows(self) -> bool:
        """Does the nest run along rows of what it reads, and would it jump from row to row for good?

        for i { for j in i { for k in j { add a[j, k], x[i, k] } } }    with the loops of cells inside of summed ones

        Without tests around the sums, `ix-interchange` makes it run along rows again.
        """
        if not self.conditions:
            return False
        summed = [loop for loop in self.loops if loop not in self.axes]
        if not summed or any(loop in self.axes for loop in self.loops[: len(summed)]):
            return False
        last, row = self.levels[-1].loop, self.loops[-1]
        assert last is not None
        reads = [op for ops in self.ops.values() for op in ops if isinstance(op, ix.AtOp)]
        return any(_runs_along(op, row) and _jumps(op, last) for op in reads)

    def _new_loops(self, k: int) -> set[ix.ForOp]:
        """The old loops that levels up to k stand for."""
        solved = {axis: loop for loop, axis in self.axes.items()}
        return {level.loop or solved[i] for i, level in enumerate(self.levels[: k + 1])}

    def _finish(self) -> None:
        """Express everything in the ordinals of the new loops."""
        shifted: Sizes = {}
        for level in self.levels:
            if level.loop is not None:
                level.first, level.end = level.first.substitute(shifted), level.end.substitute(shifted)
                shifted[level.old] = level.first + SizeAttr.of(level.symbol)
        self.sizes = {k: v.substitute(shifted) for k, v in self.sizes.items()}
        self.conditions = {k: [c.substitute(shifted) for c in cs] for k, cs in self.conditions.items()}


def _runs_along(op: ix.AtOp, loop: ix.ForOp) -> bool:
    """Do iterations that follow each other read neighbours?"""
    return affine(op.indices[-1]).terms.get(loop.index) == ONE and not isinstance(op.result.type, ix.TableType)


def _jumps(op: ix.AtOp, loop: ix.ForOp) -> bool:
    """Do iterations that follow each other read from rows whose length only the run tells?"""
    assert isinstance(op.table.type, ix.TableType)
    rows = [k for k, index in enumerate(op.indices) if loop.index in affine(index).terms]
    return any(size.constant is None for k in rows for size in op.table.type.sizes.data[k + 1 :])


def _nest(add: eff.AddOp, root: Block) -> list[ix.ForOp] | None:
    """The loops around an add, from the outside; None if anything else but accumulations is around it."""
    loops: list[ix.ForOp] = []
    block = add.parent
    while block is not root:
        assert block is not None
        op = block.parent_op()
        if isinstance(op, ix.ForOp):
            symbol_of(op)
            loops.append(op)
        elif not isinstance(op, eff.AccumOp):
            return None
        assert op is not None
        block = op.parent
    return loops[::-1]


def symbol_of(loop: ix.ForOp | eff.LoopOp) -> str:
    """The name of a loop's index, which it gets if it has none."""
    if loop.symbol is None:
        loop.properties["symbol"] = StringAttr(fresh("i"))
    assert loop.symbol is not None
    return loop.symbol.data


def position(index: SSAValue) -> SizeAttr | None:
    """The ordinal of an index in terms of the names of loops, if it is made of their indices alone."""
    form = affine(index)
    total = form.offset
    for term, coef in form.terms.items():
        loop = term.block.parent_op() if isinstance(term, BlockArgument) and term.index == 0 else None
        if not isinstance(loop, ix.ForOp | eff.LoopOp):
            return None
        total = total + coef * SizeAttr.of(symbol_of(loop))
    return total


def linear(size: SizeAttr, symbol: str) -> tuple[SizeAttr, SizeAttr] | None:
    """(c, rest) of size = c * symbol + rest; None if the symbol occurs in a product with itself."""
    coef: dict[Monomial, int] = {}
    rest: dict[Monomial, int] = {}
    for monomial, c in size.data:
        if (times := monomial.count(symbol)) > 1:
            return None
        if times:
            factor = list(monomial)
            factor.remove(symbol)
            coef[tuple(factor)] = c
        else:
            rest[monomial] = c
    return SizeAttr.from_terms(coef), SizeAttr.from_terms(rest)


def _misfit(loop: ix.ForOp, rest: SizeAttr, axis: SizeAttr) -> int:
    """How badly a loop fits an axis: 0 if it runs through it, then by how alike the sizes are."""
    if rest == ZERO and loop.size == axis:
        return 0
    if (axis - loop.size).constant is not None:
        return 1
    return 2 if set(axis.symbols()) & set(loop.size.symbols()) else 3
