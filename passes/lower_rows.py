"""Rows side by side: iterations of a loop whose loop inside runs in lanes, and adds to cells that all of them share.

    for i in n. { for j in i. { a[j] += f(i, j);  g(i, j) -> add } }
    ==>  for i in 0 … n step 2 { for j in 0 … i + 1 step 16 { a[j …] += f(i, j …) + f(i + 1, j …);  … } }

What the rows add to a cell is loaded and stored once, what they read of j is read once. The turns that fill all lanes
in every row come first; in those after them, lanes beyond the end of their own row are off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from xdsl.dialects.builtin import Float32Type, Float64Type

from pydex.dialects import eff, ix
from pydex.passes.lower import Lowering
from pydex.passes.lower_copies import Copy
from pydex.passes.lower_cost import weight
from pydex.passes.lower_group import Group
from pydex.passes.lower_iteration import Combine, begin, finish, reduced, reductions_of, run_loop
from pydex.passes.lower_jam_choice import grows, is_scalar
from pydex.passes.lower_lane_choice import cell, distance, width_of
from pydex.passes.lower_lane_legal import obstacle
from pydex.passes.lower_monoids import across
from pydex.passes.lower_reductions import Reduction, Reductions
from pydex.passes.lower_text import Idx, Val, add, maximum, minimum, mul, quotient, sub
from pydex.passes.lower_varying import Varying
from pydex.passes.lower_vectors import Spread, counting, select, splat, vector

#: Rows that run side by side; and the operations of a turn, at least: of shorter ones LLVM makes as good a loop.
MANY, LEAST = 2, 12


@dataclass(frozen=True)
class Rows:
    """A loop whose iterations are rows, and the loop inside that runs through a row in lanes."""

    op: ix.ForOp
    inner: ix.ForOp
    varying: Varying
    width: int


def rows(op: ix.ForOp) -> Rows | None:
    """Are the iterations of the loop rows that had better run side by side?"""
    inner = [o for o in op.body.block.ops if isinstance(o, ix.ForOp)]
    if len(inner) != 1 or not _is_simple(op, inner[0]):
        return None
    varying, width = Varying(inner[0]), width_of(inner[0])
    if op.size.constant is not None and op.size.constant < MANY * width:
        return None
    if sum(weight(o) for o in inner[0].body.block.ops if cell(o) is None) < LEAST:
        return None
    if obstacle(inner[0], varying) is not None or not _all_near(inner[0], varying):
        return None
    return Rows(op, inner[0], varying, width)


def _is_simple(op: ix.ForOp, inner: ix.ForOp) -> bool:
    """Is it made of scalar ops but for the loop inside, and that of such ops, some of which add to neighbours?"""
    body = list(inner.body.block.ops)
    if set(op.kind_names) - {"add", "tab"} or grows(inner, op) is None or any(o.regions for o in body):
        return False
    handed = zip(inner.kind_names, inner.yielded, strict=True)
    sums = all(k == "add" and isinstance(v.type, Float32Type | Float64Type) for k, v in handed)
    shares = any(isinstance(o, eff.AddOp) for o in body) or grows(inner, op)
    return sums and bool(shares) and all(map(is_scalar, (*op.body.block.ops, *body)))


def _all_near(inner: ix.ForOp, varying: Varying) -> bool:
    """Does every access find its cells side by side, or one for all lanes, and every add the former?"""
    for op in inner.body.block.ops:
        accessed = cell(op)
        if accessed is not None:
            where = distance(accessed[1], varying)
            if where == "far" or (where == "same" and isinstance(op, eff.AddOp)):
                return False
    return True


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
        self.sizes: list[Idx] = []
        parts = []
        for copy, on in zip(copies, tests, strict=True):
            with copy.current(low):
                size = low.code.number(low.size(found.inner.size))
                self.sizes.append(size if on is None else select(low.code, on, size, low.code.number(0)))
                parts.append(reductions_of(low, found.inner))
        self.parts = parts
        self.every = Reductions([r for part in parts for r in part.all])
        self.wide = Reductions([Reduction(r.kind, vector(found.width, r.type)) for r in self.every.all])

    def run(self) -> None:
        """All turns; the sums are the results of the loop, row by row."""
        code, lanes = self.low.code, self.found.width
        least = self.sizes[0]
        for size in self.sizes[1:]:
            least = code.number(minimum(code, least, size))
        whole = code.number(mul(code, quotient(code, least, lanes), lanes))
        most = self.sizes[0]
        for size in self.sizes[1:]:
            most = code.number(maximum(code, most, size))
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
        low, lanes = self.low, self.found.width
        now = low.loop(start, whole, self.wide.first(low), lambda j, now: self._turn(j, now, False), step=lanes)
        with low.again(self.found.inner.body):
            now = low.loop(whole, end, now, lambda j, now: self._turn(j, now, True), step=lanes)
        return [across(low.code, r.kind, v) for r, v in zip(self.every.all, now, strict=True)]

    def _turn(self, j: Val, now: Sequence[Val], partly: bool) -> list[Val]:
        """One turn in all rows: what is carried after it."""
        low, inner, groups = self.low, self.found.inner, []
        for copy, size in zip(self.copies, self.sizes, strict=True):
            groups.append(self._group(j, size, partly))
            with copy.current(low):
                low.group = groups[-1]
                low.bind(inner, Spread(j, 1))
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

    def _group(self, j: Val, size: Idx, partly: bool) -> Group:
        """The lanes of a row from j on: all of them, or those before its end."""
        code, group = self.low.code, Group(self.found.width, self.found.varying)
        if not partly:
            group.begin(group.width - 1, None)
            return group
        left = code.number(sub(code, size, j))
        numbers, many = counting(code, group.width), splat(code, left, group.width)
        on = code.let(vector(group.width, "i1"), f"arith.cmpi slt, {{}}, {{}} : {numbers.type}", numbers, many)
        group.begin(sub(code, left, 1), on)
        group.branch = on  # not even the first lane need be in the row
        return group
