"""The machine: one method an op, values as NumPy arrays and scalars, nothing in place.

It checks what the compiler assumes: every index is within its set, every table has the extents of its type. It can
run the iterations of `ix.for` in any order, and counts how often each op is evaluated.
"""

from __future__ import annotations

import builtins
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from xdsl.dialects import func
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, ModuleOp
from xdsl.ir import Attribute, Block, Operation, SSAValue

from pydex.dialects import ad, eff, ix
from pydex.dialects.blocks import BlocksOp, differing
from pydex.dialects.contract import ContractOp
from pydex.dialects.sizes import SizeAttr
from pydex.interpreter.scalars import MONOID_OPS, SCALAR_OPS, better, dtype_of, identity, scalar
from pydex.interpreter.tally import Tally

Order: TypeAlias = Literal["forward", "reverse", "random"]
Symbols: TypeAlias = dict[str, int]


class InterpreterError(Exception):
    """The IR broke one of its own promises: a bug in pydex, never in the user's program."""


@dataclass
class Machine:
    """Runs functions of a module.

    `order`: the order of iterations in `ix.for`. `counts`: evaluations by (op name, location). `tally`: what counts
    work and memory, if that is asked for.
    """

    module: ModuleOp
    order: Order = "forward"
    seed: int = 0
    executed: Counter[Operation] = field(default_factory=Counter)
    tally: Tally | None = None

    def __post_init__(self) -> None:
        self.functions = {f.sym_name.data: f for f in self.module.walk() if isinstance(f, func.FuncOp)}
        self.random = random.Random(self.seed)

    @property
    def counts(self) -> Counter[tuple[str, str]]:
        """Evaluations by op name and location."""
        counts: Counter[tuple[str, str]] = Counter()
        for op, count in self.executed.items():
            counts[op.name, str(op.location)] += count
        return counts

    def call(self, name: str, arguments: Sequence[Any], symbols: Symbols) -> list[Any]:
        """Results of a function; `symbols` are the values of its `ix.sizes`."""
        block = self.functions[name].body.block
        frame = Frame(self, dict(symbols))
        for parameter, argument in zip(block.args, arguments, strict=True):
            frame.bind(parameter, argument)
        with np.errstate(all="ignore"):
            return frame.run(block)

    def iterations(self, count: int) -> Iterable[int]:
        """The ordinals of an order-free loop, in this machine's order."""
        ordinals = list(range(count))
        if self.order == "random":
            self.random.shuffle(ordinals)
        return reversed(ordinals) if self.order == "reverse" else ordinals


@dataclass
class Frame:
    """Values and symbols of one function call."""

    machine: Machine
    symbols: Symbols
    values: dict[SSAValue, Any] = field(default_factory=dict)

    def size(self, size: SizeAttr, axes: Mapping[str, int] | None = None) -> int:
        try:
            number = size.evaluate({**self.symbols, **(axes or {})})
        except KeyError as missing:
            raise InterpreterError(f"size symbol {missing} has no value") from None
        return max(number, 0)

    def box(self, type: ix.TableType) -> tuple[int, ...]:
        """Extents of the array that holds a table of this type."""
        return tuple(self.size(s) for s in ix.bounding_sizes(type))

    def bind(self, name: SSAValue, value: Any) -> None:
        """Give a value to an SSA name, checking it against the type.

        Index 0 may be of an empty set: it is what a variable holds that is assigned only if a loop finds something.
        Nothing can be read with it.
        """
        type: Any = name.type
        kind = type.__class__
        if kind is ix.IdxType and not 0 <= value < max(self.size(type.size), 1):
            raise InterpreterError(f"index {value} is not in a set of {self.size(type.size)}: {name}")
        if kind is ix.TableType and value.shape != self.box(type):
            raise InterpreterError(f"a table of shape {value.shape} for {type} = {self.box(type)}")
        self.values[name] = value

    def get(self, values: Sequence[SSAValue]) -> list[Any]:
        return [self.values[v] for v in values]

    def run(self, block: Block) -> list[Any]:
        """Run a block; the operands of its terminator."""
        for op in block.ops:
            if op.next_op is None:
                if self.machine.tally is not None:
                    self.machine.tally.count(self, op)
                return self.get(op.operands)
            self.execute(op)
        raise InterpreterError("a block has no terminator")

    def execute(self, op: Operation) -> None:
        self.machine.executed[op] += 1
        if op.name in SCALAR_OPS:
            result, name = SCALAR_OPS[op.name](op, *self.get(op.operands)), op.results[0]
            self.bind(name, scalar(result, name.type))
        elif op.name in HANDLERS:
            for name, value in zip(op.results, HANDLERS[op.name](self, op), strict=True):
                self.bind(name, value)
        else:
            raise InterpreterError(f"the interpreter does not know {op.name}")
        if self.machine.tally is not None:
            self.machine.tally.count(self, op)

    def empty(self, type: ix.TableType) -> np.ndarray[Any, Any]:
        """An array for a table that will be filled; floats start as NaN, so that a hole shows."""
        dtype = dtype_of(type.element)
        return np.full(self.box(type), np.nan if dtype.kind == "f" else 0, dtype)

    def dtype(self, type: Attribute) -> np.dtype[Any]:
        return dtype_of(type.element if isinstance(type, ix.TableType) else type)

    def row(self, table: np.ndarray[Any, Any], indices: Sequence[int], type: Attribute) -> Any:
        """`table[indices]`, cut to the extents of its type."""
        part = table[tuple(indices)]
        return part[self.cut(type)] if isinstance(type, ix.TableType) else scalar(part, type)

    def cut(self, type: Attribute) -> tuple[slice, ...]:
        return tuple(slice(0, n) for n in self.box(type)) if isinstance(type, ix.TableType) else ()


def _constant(frame: Frame, op: Any) -> list[Any]:
    value = op.value
    if isinstance(value, FloatAttr | IntegerAttr):
        return [scalar(value.value.data, op.result.type)]
    raise InterpreterError(f"a constant {value}")


def _index(frame: Frame, op: ix.IndexOp) -> list[Any]:
    terms = zip(op.coefs, frame.get(op.operands_), strict=True)
    return [sum((c.evaluate(frame.symbols) * v for c, v in terms), op.offset.evaluate(frame.symbols))]


def _open(frame: Frame, op: ix.OpenOp) -> list[Any]:
    value = frame.values[op.value]
    if value < 0:
        raise InterpreterError(f"size {op.symbol.data} is {value}")
    frame.symbols[op.symbol.data] = value
    return []


def _name(frame: Frame, op: ix.NameOp) -> list[Any]:
    frame.symbols[op.symbol.data] = frame.values[op.index]
    return [frame.values[op.index]]


def _at(frame: Frame, op: ix.AtOp) -> list[Any]:
    return [frame.row(frame.values[op.table], frame.get(op.indices), op.result.type)]


def _update(frame: Frame, op: ix.UpdateOp) -> list[Any]:
    table = frame.values[op.table].copy()
    table[(*frame.get(op.indices), *frame.cut(op.value.type))] = frame.values[op.value]
    return [table]


def _fill(frame: Frame, op: ix.FillOp) -> list[Any]:
    assert isinstance(op.result.type, ix.TableType)
    return [np.full(frame.box(op.result.type), frame.values[op.value], dtype_of(op.result.type.element))]


def _pack(frame: Frame, op: ix.PackOp) -> list[Any]:
    assert isinstance(op.result.type, ix.TableType)
    return [np.array(frame.get(op.values), dtype_of(op.result.type.element))]


def _reduced(kind: str, type: Attribute, yielded: dict[int, Any]) -> Any:
    """The reduction of the yielded values, in the order they came."""
    if kind in ("argmax", "argmin"):
        winner = min(yielded)
        for i in sorted(yielded):
            winner = i if better(kind, yielded[i], yielded[winner]) else winner
        return winner
    total = identity(kind, type)
    for value in yielded.values():
        total = value if total is None else scalar(MONOID_OPS[kind](total, value), type)
    if total is None:
        raise InterpreterError(f"'{kind}' over an empty set")
    return total


def _for(frame: Frame, op: ix.ForOp) -> list[Any]:
    block = op.body.block
    owned = frame.get(op.owned)
    yielded: list[dict[int, Any]] = [{} for _ in op.results_]
    tables = [i for i, k in enumerate(op.kind_names) if k == "own"]
    outputs: dict[int, np.ndarray[Any, Any]] = {
        i: frame.empty(op.results_[i].type)  # pyright: ignore[reportArgumentType]
        for i, k in enumerate(op.kind_names)
        if k == "tab"
    }
    for i in frame.machine.iterations(frame.size(op.size)):
        values = _iteration(frame, op, block, i, owned)
        owned = [values[k] for k in tables]
        for k, value in enumerate(values):
            if k in outputs:
                outputs[k][(i, *frame.cut(op.yielded[k].type))] = value
            elif k not in tables:
                yielded[k][i] = value
    final = dict(zip(tables, owned, strict=True)) | outputs
    return [
        final[k] if k in final else _reduced(kind, op.yielded[k].type, yielded[k])
        for k, kind in enumerate(op.kind_names)
    ]


def _blocks(frame: Frame, op: BlocksOp) -> list[Any]:
    results: list[Any] = [
        frame.empty(r.type) if kind == "rows" else {}  # pyright: ignore[reportArgumentType]
        for r, kind in zip(op.results_, op.kind_names, strict=True)
    ]
    for b in frame.machine.iterations(frame.size(op.size)):
        start = b * op.length.evaluate(frame.symbols)
        for k, value in enumerate(_iteration(frame, op, op.body.block, b, ())):
            if op.kind_names[k] == "rows":
                (axis,) = differing(op.yielded[k].type, op.results_[k].type)  # pyright: ignore[reportArgumentType]
                results[k][(slice(None),) * axis + (slice(start, start + value.shape[axis]),)] = value
            else:
                results[k][b] = value
    kinds = zip(op.kind_names, op.yielded, results, strict=True)
    return [_summed(kind, value.type, found) for kind, value, found in kinds]


def _summed(kind: str, type: Attribute, found: Any) -> Any:
    """The rows of all blocks, or what is combined of them, in the order they came."""
    match kind:
        case "rows":
            return found
        case "sum":
            return sum(found.values())
        case _:
            return _reduced(kind, type, found)


def _iteration(frame: Frame, op: Any, block: Block, i: int, carried: Sequence[Any]) -> list[Any]:
    if op.symbol is not None:
        frame.symbols[op.symbol.data] = i
    for argument, value in zip(block.args, [i, *carried], strict=True):
        frame.bind(argument, value)
    return frame.run(block)


def _loop(frame: Frame, op: eff.LoopOp) -> list[Any]:
    carried = frame.get(op.initial)
    tables = [frame.empty(r.type) for r in op.results_[len(carried) :]]  # pyright: ignore[reportArgumentType]
    ordinals = range(frame.size(op.size))
    for i in reversed(ordinals) if op.reverse else ordinals:
        values = _iteration(frame, op, op.body.block, i, carried)
        rows = zip(tables, values[len(carried) :], op.yielded[len(carried) :], strict=True)
        for table, value, name in rows:
            table[(i, *frame.cut(name.type))] = value
        carried = values[: len(carried)]
    return [*carried, *tables]


def _while(frame: Frame, op: eff.WhileOp) -> list[Any]:
    carried, trips = frame.get(op.initial), 0
    while True:
        for argument, value in zip(op.condition.block.args, carried, strict=True):
            frame.bind(argument, value)
        if not frame.run(op.condition.block)[0]:
            return [*carried, trips]
        for argument, value in zip(op.body.block.args, carried, strict=True):
            frame.bind(argument, value)
        carried, trips = frame.run(op.body.block), trips + 1


def _accum(frame: Frame, op: eff.AccumOp) -> list[Any]:
    for accumulator, initial in zip(op.accumulators, frame.get(op.initial), strict=True):
        assert isinstance(accumulator.type, eff.AccType)
        frame.values[accumulator] = np.array(initial, frame.dtype(accumulator.type.content))
    yielded = frame.run(op.body.block)
    contents = [
        c if c.ndim else scalar(c[()], i.type) for c, i in zip(frame.get(op.accumulators), op.initial, strict=True)
    ]
    return [*contents, *yielded]


def _add(frame: Frame, op: eff.AddOp) -> list[Any]:
    assert isinstance(op.accumulator.type, eff.AccType)
    combine = MONOID_OPS[op.accumulator.type.monoid.data]
    cells = frame.values[op.accumulator]
    place = (*frame.get(op.indices), *frame.cut(op.value.type))
    element = op.value.type.element if isinstance(op.value.type, ix.TableType) else op.value.type
    value = frame.values[op.value]
    if not isinstance(value, np.ndarray):
        cells[place] = scalar(combine(scalar(cells[place], element), value), element)
    else:
        part = cells[place]
        for at in np.ndindex(value.shape):
            part[at] = scalar(combine(scalar(part[at], element), scalar(value[at], element)), element)
    return []


def _contract(frame: Frame, op: ContractOp) -> list[Any]:
    assert isinstance(op.result.type, ix.TableType)
    total = np.zeros(frame.box(op.result.type), dtype_of(op.result.type.element))
    for indices in np.ndindex(*map(frame.size, op.sizes.data)):
        here = frame.symbols | {f"#{k}": i for k, i in enumerate(indices)}
        left, right, out = (tuple(p.evaluate(here) for p in place) for _, place in op.places)
        for (table, _), place in zip(op.places, (left, right, out), strict=True):
            if not all(0 <= i < n for i, n in zip(place, frame.box(table.type), strict=True)):  # pyright: ignore
                raise InterpreterError(f"{place} is not a place in {table.type}")
        total[out] += frame.values[op.lhs][left] * frame.values[op.rhs][right]
    return [total]


def _check(frame: Frame, op: eff.CheckOp) -> list[Any]:
    if not frame.values[op.condition]:
        exception = getattr(builtins, op.exception.data, RuntimeError)
        raise exception(op.message.data.format(*frame.get(op.operands_)))
    return []


def _if(frame: Frame, op: Any) -> list[Any]:
    region = op.true_region if frame.values[op.cond] else op.false_region
    return frame.run(region.block) if region.blocks else []


def _call(frame: Frame, op: ix.CallOp | ad.CheckpointOp) -> list[Any]:
    name = op.callee.root_reference.data
    header = frame.machine.functions[name].body.block.first_op
    names = [s.data for s in header.symbols] if isinstance(header, ix.SizesOp) else []
    symbols = {n: s.evaluate(frame.symbols) for n, s in zip(names, op.sizes.data, strict=True)}
    return frame.machine.call(name, frame.get(op.arguments), symbols)


HANDLERS: dict[str, Callable[[Frame, Any], list[Any]]] = {
    "arith.constant": _constant,
    "scf.if": _if,
    "func.call": lambda frame, op: frame.machine.call(op.callee.root_reference.data, frame.get(op.arguments), {}),
    "ix.sizes": lambda frame, op: [],
    "ix.size_of": lambda frame, op: [op.size.evaluate(frame.symbols)],
    "ix.open": _open,
    "ix.name": _name,
    "ix.ord": lambda frame, op: [frame.values[op.index]],
    "ix.index": _index,
    "ix.at": _at,
    "ix.update": _update,
    "ix.fill": _fill,
    "ix.pack": _pack,
    "ix.for": _for,
    "ix.call": _call,
    "ix.contract": _contract,
    "ix.blocks": _blocks,
    "eff.loop": _loop,
    "eff.while": _while,
    "eff.accum": _accum,
    "eff.add": _add,
    "eff.check": _check,
    "ad.stop": lambda frame, op: [frame.values[op.value]],
    "ad.checkpoint": _call,
}
