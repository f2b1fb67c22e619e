"""Sequential loops: `eff.loop` and `eff.while`.

A loop that makes the new version of a carried table in place keeps one buffer; otherwise it has two, passed on as
carried values and swapped each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from xdsl.ir import SSAValue

from pydex.dialects import eff
from pydex.passes import ix_own
from pydex.passes.carried_chain import early_products
from pydex.passes.lower import Lowering, is_table, terminator
from pydex.passes.lower_text import Val, add, sub

Loop: TypeAlias = eff.LoopOp | eff.WhileOp


class Carried:
    """The carried values of a sequential loop: scalars, and tables in one buffer or two.

    The text carries scalars as they are; of a table with two buffers both places.
    """

    def __init__(self, low: Lowering, op: Loop, args: Sequence[SSAValue], yielded: Sequence[SSAValue]):
        self.low = low
        low.unfused |= early_products(op.body.block, op.carried if isinstance(op, eff.LoopOp) else op.body.block.args)
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
                place = low.take_over(initial, result, next(flags))
                kept = ix_own.origin(value) is arg
                spare = None
                if not kept:
                    place, spare = low.target.beside(place, low.allocate(arg.type))
                self.tables[arg] = place, spare
                self._carry(arg, place, spare)
            else:
                self.first.append(low.handed_on(initial, arg))

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
                following.append(self.low.handed_on(value, arg))
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
    count = len(op.initial)
    carried = Carried(low, op, op.carried, op.yielded[:count])
    outputs = list(zip(op.yielded[count:], op.results_[count:], strict=True))
    for _, result in outputs:
        low.places[result] = low.result(result)
    carried.finish(steps(low, op, carried, outputs))


def steps(low: Lowering, op: eff.LoopOp, carried: Carried, outputs: Sequence[tuple[SSAValue, SSAValue]]) -> list[Val]:
    """The loop over all steps; what it carries at the end. outputs: elements, and the tables that they are put in."""
    trips = low.size(op.size)

    def body(count: Val, values: list[Val]) -> list[Val]:
        i = count
        if op.reverse:
            i = low.code.number(sub(low.code, sub(low.code, trips, 1), count))
        low.bind(op, i)
        rows = [(value, low.target.view(low, low.places[result], [i])) for value, result in outputs]
        carried.bind(op.carried, values)
        carried.want()
        for value, row in rows:
            if is_table(value):
                low.want(value, row)
        low.run(op.body.block)
        for value, row in rows:
            low.put(value, row)
        return carried.next()

    return low.loop(0, trips, carried.first, body)


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
        code.do(f"scf.condition({{}}) {names} : {all_types}", low.value(last.condition))
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
