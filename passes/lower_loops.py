"""Loops and branches: `ix.for`, `eff.loop`, `eff.while`, `scf.if`.

Tables of an `ix.for` are written row by row where they are wanted. A sequential loop that makes a new version of a
carried table in place keeps one buffer; otherwise it has two, passed on as carried values and swapped each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.dialects import scf
from xdsl.ir import Block, SSAValue

from pydex.dialects import eff, ix
from pydex.passes import ix_own
from pydex.passes.lower import Frame, Lowering, is_table, terminator
from pydex.passes.lower_reduce import BLOCK, Reduction
from pydex.passes.lower_text import Idx, Val, add, minimum, sub

# ------------------------------------------------------------------------------------------------- ix.for


def order_free(low: Lowering, op: ix.ForOp) -> None:
    """`ix.for`: in parallel where the target says so, else one loop (two, around long f32 sums)."""
    prepare_results(low, op)
    if not low.target.parallel(low, op):
        reductions = reductions_of(low, op)
        trips = low.size(op.size)
        finish_reductions(low, op, reductions, run_range(low, op, reductions, 0, trips))
    for block_arg, result in zip(op.body.block.args[1:], ix_own.new_versions(op), strict=True):
        low.places[result] = low.places[block_arg]


def prepare_results(low: Lowering, op: ix.ForOp) -> None:
    """Places for the tables that the loop makes, and for those that it owns."""
    for kind, result in zip(op.kind_names, op.results_, strict=True):
        if kind == "tab":
            low.places[result] = low.result(result)
    for position, (table, arg) in enumerate(zip(op.owned, op.body.block.args[1:], strict=True)):
        result = ix_own.new_versions(op)[position]
        low.places[arg] = take_over(low, table, result, ix_own.in_place(op)[position])


def take_over(low: Lowering, table: SSAValue, version: SSAValue, in_place: bool) -> Any:
    """The place of a new version of a table: that of the old one, or a copy of it."""
    if in_place:
        return low.places[table]
    place = low.result(version)
    low.copy(table.type, low.places[table], place)
    return place


def reductions_of(low: Lowering, op: ix.ForOp) -> list[Reduction]:
    return [
        Reduction(low.code, kind, low.target.spell(value.type))
        for kind, value in zip(op.kind_names, op.yielded, strict=True)
        if kind in ix.REDUCTIONS
    ]


def run_range(low: Lowering, op: ix.ForOp, reductions: Sequence[Reduction], lo: Idx, hi: Idx) -> list[Val]:
    """The iterations lo … hi; the values that the reductions carry at the end."""
    long = not (isinstance(lo, int) and isinstance(hi, int) and hi - lo <= BLOCK)
    if not (long and any(r.wide for r in reductions)):
        start = [v for r in reductions for v in r.start(low.code, wide=False)]
        return low.loop(lo, hi, start, lambda i, carried: iteration(low, op, reductions, i, carried))

    def block(b: Val, sums: list[Val]) -> list[Val]:
        start = [v for r in reductions for v in r.start(low.code, wide=False)]
        end = minimum(low.code, add(low.code, b, BLOCK), hi)
        part = low.loop(b, end, start, lambda i, carried: iteration(low, op, reductions, i, carried))
        return join_all(low, reductions, sums, part)

    return low.loop(lo, hi, [v for r in reductions for v in r.start(low.code, wide=True)], block, step=BLOCK)


def join_all(low: Lowering, reductions: Sequence[Reduction], a: Sequence[Val], b: Sequence[Val]) -> list[Val]:
    """The values of two parts of the iterations, joined reduction by reduction."""
    joined: list[Val] = []
    for r in reductions:
        at = len(joined)
        joined += r.join(low.code, a[at : at + r.width], b[at : at + r.width])
    return joined


def finish_reductions(low: Lowering, op: ix.ForOp, reductions: Sequence[Reduction], carried: Sequence[Val]) -> None:
    """Makes the carried values the loop's results."""
    results = [r for r, k in zip(op.results_, op.kind_names, strict=True) if k in ix.REDUCTIONS]
    at = 0
    for reduction, result in zip(reductions, results, strict=True):
        low.values[result] = reduction.finish(low.code, carried[at : at + reduction.width])
        at += reduction.width


def iteration(
    low: Lowering, op: ix.ForOp, reductions: Sequence[Reduction], i: Val, carried: Sequence[Val]
) -> list[Val]:
    """One iteration: elements are stored, reductions go on."""
    bind(low, op, i)
    rows = [
        (value, low.target.view(low, low.places[result], [i]))
        for kind, value, result in zip(op.kind_names, op.yielded, op.results_, strict=True)
        if kind == "tab"
    ]
    for value, row in rows:
        if is_table(value):
            low.want(value, row)
    low.run(op.body.block)
    for value, row in rows:
        put(low, value, row)
    for arg, value in zip(op.body.block.args[1:], kept(op, "own"), strict=True):
        low.deliver(value, low.places[arg])
    following: list[Val] = []
    for reduction, value in zip(reductions, reduced(op), strict=True):
        at = len(following)
        following += reduction.step(low.code, carried[at : at + reduction.width], low.values[value], i)
    return following


def bind(low: Lowering, op: ix.ForOp | eff.LoopOp, i: Val) -> None:
    """The index of a loop, as a value and (if it has a name) as a size symbol."""
    low.values[op.index] = i
    if op.symbol is not None:
        low.define(op.symbol.data, i)


def kept(op: ix.ForOp, kind: str) -> list[SSAValue]:
    return [v for k, v in zip(op.kind_names, op.yielded, strict=True) if k == kind]


def reduced(op: ix.ForOp) -> list[SSAValue]:
    return [v for k, v in zip(op.kind_names, op.yielded, strict=True) if k in ix.REDUCTIONS]


def put(low: Lowering, value: SSAValue, place: Any) -> None:
    """A scalar is stored, a table delivered."""
    if is_table(value):
        low.deliver(value, place)
    else:
        low.target.store(low, place, [], low.values[value])


# ----------------------------------------------------------------------------------------- carried values


class Carried:
    """The carried values of a sequential loop: scalars, and tables in one buffer or two.

    The text carries scalars as they are; of a table with two buffers both places.
    """

    def __init__(
        self, low: Lowering, op: eff.LoopOp | eff.WhileOp, args: Sequence[SSAValue], yielded: Sequence[SSAValue]
    ):
        self.low = low
        self.args = args
        self.yielded = yielded
        self.results = op.results_[: len(args)]
        self.spares: dict[SSAValue, Any] = {}
        flags = iter(ix_own.in_place(op))
        self.tables: dict[SSAValue, tuple[Any, Any | None]] = {}
        self.first: list[Val] = []
        self.widths: dict[SSAValue, int] = {}
        for arg, value, initial, result in zip(args, yielded, op.initial, self.results, strict=True):
            if is_table(arg):
                place = take_over(low, initial, result, next(flags))
                kept = ix_own.origin(value) is arg
                spare = None if kept else low.target.beside(place, low.allocate(arg.type))
                self.tables[arg] = place, spare
                self._carry(arg, place, spare)
            else:
                self.first.append(low.values[initial])

    def _carry(self, arg: SSAValue, place: Any, spare: Any | None) -> None:
        if spare is not None:
            values = self.low.target.carried(self.low, place)
            self.widths[arg] = len(values)
            self.first += [*values, *self.low.target.carried(self.low, spare)]

    def bind(self, args: Sequence[SSAValue], values: Sequence[Val]) -> None:
        """From here on `args`, those of the body or of a condition, have the carried values."""
        rest = list(values)
        for arg, own in zip(args, self.args, strict=True):
            if own in self.tables:
                self.low.places[arg], self.spares[own] = self._places(own, rest)
            else:
                self.low.values[arg] = rest.pop(0)

    def want(self) -> None:
        """Asks for the new versions of tables in the buffers that are free."""
        for arg, value in zip(self.args, self.yielded, strict=True):
            if self.spares.get(arg) is not None:
                self.low.want(value, self.spares[arg])

    def _places(self, arg: SSAValue, rest: list[Val]) -> tuple[Any, Any | None]:
        """The current and the spare place of a table; takes their values from the front of `rest`."""
        place, spare = self.tables[arg]
        if spare is None:
            return place, None
        found: list[Any] = []
        for like in (place, spare):
            found.append(self.low.target.place_of(self.low, like, rest[: self.widths[arg]]))
            del rest[: self.widths[arg]]
        return found[0], found[1]

    def next(self) -> list[Val]:
        """What the text carries on."""
        following: list[Val] = []
        for arg, value in zip(self.args, self.yielded, strict=True):
            if arg not in self.tables:
                following.append(self.low.values[value])
            elif (spare := self.spares[arg]) is not None:
                self.low.deliver(value, spare)
                for place in (spare, self.low.places[arg]):
                    following += self.low.target.carried(self.low, place)
        return following

    def finish(self, values: Sequence[Val]) -> None:
        """After the loop: its results."""
        rest = list(values)
        for arg, result in zip(self.args, self.results, strict=True):
            if arg in self.tables:
                self.low.places[result] = self._places(arg, rest)[0]
            else:
                self.low.values[result] = rest.pop(0)


def sequential(low: Lowering, op: eff.LoopOp) -> None:
    """`eff.loop`: a loop with carried values; further yielded values are elements of tables."""
    carried = Carried(low, op, op.carried, op.yielded[: len(op.initial)])
    outputs = list(zip(op.yielded[len(op.initial) :], op.results_[len(op.initial) :], strict=True))
    for _, result in outputs:
        low.places[result] = low.result(result)
    trips = low.size(op.size)

    def body(count: Val, values: list[Val]) -> list[Val]:
        i = count
        if op.reverse:
            i = low.code.number(sub(low.code, sub(low.code, trips, 1), count))
        bind(low, op, i)
        rows = [(value, low.target.view(low, low.places[result], [i])) for value, result in outputs]
        carried.bind(op.carried, values)
        carried.want()
        for value, row in rows:
            if is_table(value):
                low.want(value, row)
        low.run(op.body.block)
        for value, row in rows:
            put(low, value, row)
        return carried.next()

    carried.finish(low.loop(0, trips, carried.first, body))


def while_(low: Lowering, op: eff.WhileOp) -> None:
    """`eff.while`: `scf.while`, which counts its trips."""
    code = low.code
    carried = Carried(low, op, op.body.block.args, terminator(op.body.block))
    before = code.slot()
    initial = [*carried.first, code.number(0)]
    types = [v.type for v in initial]
    all_types = ", ".join(types)
    args = [code.fresh(t) for t in types]
    header = ", ".join(f"{a.name} = {code.use(v)}" for a, v in zip(args, initial, strict=True))
    results = code.let_many(types, f"scf.while ({header}) : ({all_types}) -> ({all_types}) {{")
    with low.frame(before) as frame:
        start = code.slot()
        carried.bind(op.condition.block.args, args[:-1])
        low.run(op.condition.block)
        low.target.leave(low, frame, start)
        last = op.condition.block.last_op
        assert isinstance(last, eff.ConditionOp)
        names = ", ".join(a.name for a in args)
        code.do(f"scf.condition({{}}) {names} : {all_types}", low.values[last.condition])
    code.do("}} do {{")
    with low.frame(before) as frame:
        body_args = [code.fresh(t) for t in types]
        code.do(f"^bb0({', '.join(f'{a.name}: {a.type}' for a in body_args)}):")
        start = code.slot()
        carried.bind(op.body.block.args, body_args[:-1])
        carried.want()
        low.run(op.body.block)
        following = [*carried.next(), code.number(add(code, body_args[-1], 1))]
        low.target.leave(low, frame, start)
        code.do(f"scf.yield {', '.join(['{}'] * len(types))} : {all_types}", *following)
    code.do("}}")
    carried.finish(results[:-1])
    low.values[op.trips] = results[-1]


# ----------------------------------------------------------------------------------------------- branches


def branch(low: Lowering, op: scf.IfOp) -> None:
    """`scf.if`. Its tables are made, by every branch, in one place: that of an older table which all branches update
    in place, or where the result is wanted."""
    target, code = low.target, low.code
    blocks = [r.block for r in (op.true_region, op.false_region) if r.blocks]
    plans = [_plan(low, op, k) for k in range(len(op.results))]
    types: list[str] = []
    for result, plan in zip(op.results, plans, strict=True):
        types += [target.spell(result.type)] if plan is None else []
    results = code.let_many(types, _header(low, op, types))
    for number, block in enumerate(blocks):
        if number:
            code.do("}} else {{")
        with low.frame() as frame:
            _run_branch(low, block, plans, types, frame)
    code.do("}}")
    rest = iter(results)
    for result, plan in zip(op.results, plans, strict=True):
        if plan is None:
            low.values[result] = next(rest)
        else:
            low.places[result] = plan


def _header(low: Lowering, op: scf.IfOp, types: Sequence[str]) -> str:
    arrow = f" -> ({', '.join(types)})" if types else ""
    return f"scf.if {low.code.use(low.values[op.cond])}{arrow} {{"


def _plan(low: Lowering, op: scf.IfOp, position: int) -> Any:
    """None for a scalar; the place of a table."""
    result = op.results[position]
    if not is_table(result):
        return None
    first = ix_own.origin(result)
    return low.places[first] if first is not result else low.result(result)


def _run_branch(low: Lowering, block: Block, plans: Sequence[Any], types: Sequence[str], frame: Frame) -> None:
    start = low.code.slot()
    yielded = terminator(block) if block.last_op is not None else []
    for value, plan in zip(yielded, plans, strict=True):
        if plan is not None:
            low.want(value, plan)
    low.run(block)
    scalars = []
    for value, plan in zip(yielded, plans, strict=True):
        if plan is None:
            scalars.append(low.values[value])
        else:
            low.deliver(value, plan)
    low.target.leave(low, frame, start)
    if types:
        low.code.do(f"scf.yield {', '.join(['{}'] * len(types))} : {', '.join(types)}", *scalars)
