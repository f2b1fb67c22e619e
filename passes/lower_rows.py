"""Rows side by side: iterations of a loop whose loop inside runs in lanes, and adds to cells that all of them share.

    for i in n. { for j in i. { a[j] += f(i, j);  g(i, j) -> add } }
    ==>  for i in 0 … n step 2 { for j in 0 … i + 1 step 16 { a[j …] += f(i, j …) + f(i + 1, j …);  … } }

What the rows add to a cell is loaded and stored once, what they read of j is read once. The turns that fill all lanes
in every row come first; in those after them, lanes beyond the ends of their own row are off. Where rows begin one after
the other (j from i + 1 on), the lanes are those of the first row, so that they have the same j in all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pydex.dialects import eff
from pydex.passes.lower import Lowering
from pydex.passes.lower_copies import Copy
from pydex.passes.lower_group import Group
from pydex.passes.lower_iteration import Combine, begin, finish, reduced, reductions_of, run_loop
from pydex.passes.lower_monoids import across
from pydex.passes.lower_reductions import Reduction, Reductions
from pydex.passes.lower_rows_choice import MANY, Rows
from pydex.passes.lower_text import Idx, Val, add, maximum, minimum, mul, quotient, sub
from pydex.passes.lower_vectors import Spread, both, counting, select, splat, vector


def run_rows(low: Lowering, found: Rows, reductions: Reductions, lo: Idx, hi: Idx) -> list[Val]:
    """The iterations lo … hi; the values that the reductions carry at the end."""

    def loop(lo: Idx, hi: Idx, first: Sequence[Val], combine: Combine) -> list[Val]:
        def turn(i: Val, now: Sequence[Val]) -> Sequence[Val]:
            for index, on, values in _together(low, found, i, hi):
                new = combine(now, values, index)
                now = new if on is None else [select(low.code, on, x, y) for x, y in zip(new, now, strict=True)]
            return now

        return low.loop(lo, hi, first, turn, step=MANY)

    return run_loop(low, found.op, reductions, lo, hi, loop)


def _together(low: Lowering, found: Rows, i: Val, hi: Idx) -> list[tuple[Val, Val | None, list[Val]]]:
    """The rows from i on, side by side: their indices, whether they are before the end (None: yes), and what they hand
    to the reductions. Rows beyond the end are empty, and add nothing."""
    op, code = found.op, low.code
    last = code.number(sub(code, hi, 1))
    numbers = [i, *(code.number(add(code, i, k)) for k in range(1, MANY))]
    tests = [None, *(code.let("i1", f"arith.cmpi sle, {{}}, {{}} : {code.index}", n, last) for n in numbers[1:])]
    copies = [Copy.of(low, code.number(minimum(code, n, last)), None) for n in numbers]
    copies[0].index = i
    low.manifold.update([op.symbol.data] if op.symbol is not None else [])
    made = []
    for copy in copies:
        with copy.current(low):
            made.append(begin(low, op, copy.index))
    _in_step(low, found, copies, tests)
    values = []
    for copy, on, elements in zip(copies, tests, made, strict=True):
        with copy.current(low), _where(low, on):
            for value, place in elements:
                low.put(value, place)
        with copy.current(low):
            values.append((copy.index, on, [low.value(v) for v in reduced(op)]))
    low.manifold.difference_update([op.symbol.data] if op.symbol is not None else [])
    return values


def _in_step(low: Lowering, found: Rows, copies: Sequence[Copy], tests: Sequence[Val | None]) -> None:
    """The ops of the rows, each for all of them."""
    for child in found.op.body.block.ops:
        if child is found.inner:
            _Row(low, found, copies, tests).run()
        elif child is not found.op.body.block.last_op:
            for copy, on in zip(copies, tests, strict=True):
                with copy.current(low), _where(low, on if isinstance(child, eff.AddOp) else None):
                    low.rules[type(child)](low, child)


@contextmanager
def _where(low: Lowering, condition: Val | None) -> Iterator[None]:
    """What is written inside happens only where the condition holds; None: always."""
    if condition is None:
        yield
        return
    low.code.do("scf.if {} {{", condition)
    with low.frame():
        yield
    low.code.do("}}")


class _Row:
    """The loop inside, of all rows at once."""

    def __init__(self, low: Lowering, found: Rows, copies: Sequence[Copy], tests: Sequence[Val | None]):
        self.low, self.found, self.copies = low, found, copies
        self.starts = [k * found.lean for k in range(len(copies))]
        self.ends: list[Idx] = []
        parts = []
        for copy, on, start in zip(copies, tests, self.starts, strict=True):
            with copy.current(low):
                end = low.code.number(add(low.code, low.size(found.inner.size), start))
                self.ends.append(end if on is None else select(low.code, on, end, low.code.number(0)))
                parts.append(reductions_of(low, found.inner))
        self.parts = parts
        self.every = Reductions([r for part in parts for r in part.all])
        self.wide = Reductions([Reduction(r.kind, vector(found.width, r.type)) for r in self.every.all])

    def run(self) -> None:
        """All turns; the sums are the results of the loop, row by row."""
        code, lanes = self.low.code, self.found.width
        least = most = self.ends[0]
        for end in self.ends[1:]:
            least, most = code.number(minimum(code, least, end)), code.number(maximum(code, most, end))
        whole = code.number(mul(code, quotient(code, least, lanes), lanes))
        size = self.every.block(None)
        now = self._range(0, whole, most) if size is None else self._blocks(size * lanes, whole, most)
        width = len(now) // len(self.copies)
        for k, (copy, part) in enumerate(zip(self.copies, self.parts, strict=True)):
            with copy.current(self.low):
                finish(self.low, self.found.inner, part, now[k * width : (k + 1) * width])

    def _blocks(self, size: int, whole: Idx, most: Idx) -> list[Val]:
        """The turns in blocks of so many iterations."""
        low, code = self.low, self.low.code

        def block(start: Val, before: list[Val]) -> list[Val]:
            end = code.number(add(code, start, size))
            values = self._range(start, minimum(code, maximum(code, whole, start), end), minimum(code, most, end))
            return self.every.close_block(low, before, values, start, end)

        return low.loop(0, most, self.every.first(low, wide=True), block, step=size)

    def _range(self, start: Idx, whole: Idx, end: Idx) -> list[Val]:
        """The turns from one on that fill all lanes, up to `whole`, and those that do not, up to the end."""
        low, code, lanes = self.low, self.low.code, self.found.width
        first, rest, begins = start, whole, None
        if self.found.lean:  # the first turn of all, too: it takes the place of one before the rest
            begins = code.let("i1", f"arith.cmpi eq, {{}}, {{}} : {code.index}", code.number(start), code.number(0))
            first = select(code, begins, code.number(lanes), code.number(start))
            rest = sub(code, maximum(code, whole, first), select(code, begins, code.number(lanes), code.number(0)))

        def partly(j: Val, now: list[Val]) -> list[Val]:
            if begins is not None:
                at_first = code.let("i1", f"arith.cmpi eq, {{}}, {{}} : {code.index}", j, code.number(rest))
                at_first = code.let("i1", "arith.andi {}, {} : i1", at_first, begins)
                j = select(code, at_first, code.number(0), j)
            return self._turn(j, now, True)

        now = low.loop(first, whole, self.wide.first(low), lambda j, now: self._turn(j, now, False), step=lanes)
        with low.again(self.found.inner.body):
            now = low.loop(rest, end, now, partly, step=lanes)
        return [across(low.code, r.kind, v) for r, v in zip(self.every.all, now, strict=True)]

    def _turn(self, j: Val, now: Sequence[Val], partly: bool) -> list[Val]:
        """One turn in all rows: what is carried after it."""
        low, inner, groups = self.low, self.found.inner, []
        for copy, start, end in zip(self.copies, self.starts, self.ends, strict=True):
            groups.append(self._group(j, start, end, partly))
            with copy.current(low):
                low.group = groups[-1]
                low.bind(inner, Spread(self._begin(copy, j), 1))
        for child in inner.body.block.ops:
            if child is not inner.body.block.last_op:
                for copy, group in zip(self.copies, groups, strict=True):
                    with copy.current(low):
                        low.group = group
                        low.rules[type(child)](low, child)
        values, masks = [], []
        for copy, group in zip(self.copies, groups, strict=True):
            with copy.current(low):
                low.group = group
                handed = [splat(low.code, low.value(v), group.width) for v in reduced(inner)]
            values += handed
            masks += [group.on] * len(handed)
        following = self.wide.step(low, now, values, j)
        kept = zip(following, now, masks, strict=True)
        return [new if on is None else select(low.code, on, new, old) for new, old, on in kept]

    def _begin(self, copy: Copy, j: Val) -> Idx:
        """Where the row is when the first one is at j: so that LLVM sees that index and place in the row, which add up
        to the same in all rows, do."""
        if not self.found.lean or copy is self.copies[0]:
            return j
        return sub(self.low.code, add(self.low.code, self.copies[0].index, j), copy.index)

    def _group(self, j: Val, start: int, end: Idx, partly: bool) -> Group:
        """The lanes of a row from j on: all of them, or those from its start to its end."""
        code, group = self.low.code, Group(self.found.width, self.found.varying)
        if not partly:
            group.begin(group.width - 1, None)
            return group
        left, numbers = code.number(sub(code, end, j)), counting(code, group.width)
        on = self._compared("slt", numbers, left)
        if start:
            on = both(code, on, self._compared("sge", numbers, code.number(sub(code, start, j))))
        group.begin(sub(code, left, 1), on)
        group.branch = on  # not even the first lane need be in the row
        return group

    def _compared(self, relation: str, numbers: Val, with_: Val) -> Val:
        width, code = self.found.width, self.low.code
        line = f"arith.cmpi {relation}, {{}}, {{}} : {numbers.type}"
        return code.let(vector(width, "i1"), line, numbers, splat(code, with_, width))
