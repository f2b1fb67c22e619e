"""Random programs of the IR: loops, accumulations, branches and checks over indices that are affine in each other.

`random_module(seed)` has one function @f over the sizes n and m. Every program is valid: sizes are polynomials, and an
index is made only where its range follows from those of its parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from xdsl.dialects import arith, math, scf
from xdsl.dialects.builtin import FloatAttr, ModuleOp, StringAttr, f64, i1
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Operation, Region, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr
from pydex.passes.affine import in_range, never_empty

n, m = SizeAttr.of("n"), SizeAttr.of("m")
SIZES = [n, m, n + 1, SizeAttr.of(3), SizeAttr.of(1)]


@dataclass
class Scope:
    """What a block may use; inner scopes see the outer ones."""

    block: Block
    scalars: list[SSAValue] = field(default_factory=list)
    tables: list[SSAValue] = field(default_factory=list)
    indices: list[SSAValue] = field(default_factory=list)
    accumulators: list[SSAValue] = field(default_factory=list)

    def inner(self, block: Block) -> Scope:
        return Scope(block, [*self.scalars], [*self.tables], [*self.indices], [*self.accumulators])

    def put(self, op: Operation) -> SSAValue:
        self.block.add_op(op)
        return op.results[0]


class Writer:
    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        self.names = 0
        self.budget = 60

    def pick(self, items):
        return items[int(self.rng.integers(len(items)))]

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    # ------------------------------------------------------------------------------------------- expressions

    def scalar(self, s: Scope) -> SSAValue:
        """An old scalar, or a new one."""
        kind = self.pick(["old", "old", "binary", "unary", "read", "read", "constant", "select"])
        if kind == "read" and (value := self.read(s)) is not None:
            return value
        a, b = self.pick(s.scalars), self.pick(s.scalars)
        if kind == "binary":
            value = s.put(self.pick([arith.AddfOp, arith.SubfOp, arith.MulfOp, arith.MaximumfOp])(a, b))
        elif kind == "unary":
            value = s.put(self.pick([math.SinOp, math.CosOp, arith.NegfOp, math.AbsFOp])(a))
        elif kind == "constant":
            value = s.put(arith.ConstantOp(FloatAttr(self.pick([0.0, -0.0, 1.0, -1.0, 2.0, 0.5]), f64)))
        elif kind == "select":
            value = s.put(arith.SelectOp(self.condition(s), a, b))
        else:
            return a
        if isinstance(value.owner, arith.MulfOp | arith.AddfOp):
            value = s.put(math.SinOp(value))  # keeps numbers small
        s.scalars.append(value)
        return value

    def condition(self, s: Scope) -> SSAValue:
        return s.put(arith.CmpfOp(self.pick(s.scalars), self.pick(s.scalars), self.pick(["olt", "oge"])))

    def index(self, s: Scope, size: SizeAttr) -> SSAValue | None:
        """An index of a set of this size: one that is there, or an affine combination proved by types."""
        known = [i for i in s.indices if i.type == ix.IdxType(size)]
        if known and self.chance(0.6):
            return self.pick(known)
        for _ in range(6):
            parts = [self.pick(s.indices) for _ in range(self.pick([1, 1, 2]))] if s.indices else []
            coefs = [self.pick([1, 1, -1]) for _ in parts]
            offset = SizeAttr.of(self.pick([0, 0, 1, 2]))
            for part, coef in zip(parts, coefs, strict=True):
                offset = offset + (part.type.size - 1 if coef < 0 else 0)
            op = ix.IndexOp(parts, coefs, offset, size)
            if (parts or size.constant) and in_range(op):
                return s.put(op)
        return self.pick(known) if known else None

    def cell(self, s: Scope, type, count: int) -> list[SSAValue] | None:
        """Indices for the first axes of a table."""
        found: list[SSAValue] = []
        for _ in range(count):
            index = self.index(s, type.sizes.data[0])
            if index is None:
                return None
            found.append(index)
            position = ix.ordinal(index)
            if position is None and any("#0" in z.symbols() for z in type.sizes.data[1:]):
                return None
            type = type.under(position or SizeAttr.of(0))
        return found

    def read(self, s: Scope) -> SSAValue | None:
        tables = [t for t in s.tables if t.type.element == f64]
        table = self.pick(tables)
        if any(ix.axis_dependent(z) for z in table.type.sizes):
            return None
        indices = self.cell(s, table.type, table.type.rank)
        if indices is None:
            return None
        value = s.put(ix.AtOp(table, indices))
        s.scalars.append(value)
        return value

    # -------------------------------------------------------------------------------------------- statements

    def fill(self, s: Scope, depth: int) -> None:
        """A few statements."""
        for _ in range(int(self.rng.integers(1, 4))):
            self.budget -= 1
            kinds = ["scalar", "add", "add", "update"]
            if depth < 3 and self.budget > 0:
                kinds += ["for", "for", "for", "loop", "accum", "accum", "if", "check"]
            getattr(self, f"do_{self.pick(kinds)}")(s, depth)

    def do_scalar(self, s: Scope, depth: int) -> None:
        self.scalar(s)

    def do_check(self, s: Scope, depth: int) -> None:
        if self.chance(0.2):
            s.block.add_op(eff.CheckOp(self.condition(s), "ValueError", f"check {self.budget}"))

    def do_update(self, s: Scope, depth: int) -> None:
        table = self.pick(s.tables)
        if table.type.element == f64 and (indices := self.cell(s, table.type, table.type.rank)) is not None:
            s.tables.append(s.put(ix.UpdateOp(table, indices, self.scalar(s))))

    def do_add(self, s: Scope, depth: int) -> None:
        if not s.accumulators:
            return
        accumulator = self.pick(s.accumulators)
        content = accumulator.type.content
        indices = self.cell(s, content, content.rank) if isinstance(content, ix.TableType) else []
        if indices is not None:
            s.block.add_op(eff.AddOp(accumulator, indices, self.scalar(s)))

    def size(self, s: Scope) -> SizeAttr:
        named = [p for i in s.indices if (p := ix.ordinal(i)) is not None and len(p.data) == 1]
        if named and self.chance(0.3):
            return self.pick(named) + self.pick([0, 1])
        return self.pick(SIZES)

    def name(self) -> str | None:
        self.names += 1
        return f"i{self.names}" if self.chance(0.5) else None

    def do_for(self, s: Scope, depth: int) -> None:
        size, symbol = self.size(s), self.name()
        loop = ix.ForOp(size, [], [], symbol=symbol)
        s.block.add_op(loop)
        body = s.inner(loop.body.block)
        body.indices.append(loop.index)
        self.fill(body, depth + 1)
        kinds, values = [], []
        for _ in range(self.pick([1, 1, 2])):
            tables = [t for t in body.tables if t not in s.tables and t.type.rank == 1]
            if tables and self.chance(0.5):
                kinds, values = [*kinds, "tab"], [*values, self.pick(tables)]
            else:
                winners = ["max", "min"] if never_empty(size) else []
                kinds, values = [*kinds, self.pick(["tab", "add", "add", *winners])], [*values, self.scalar(body)]
        body.block.add_op(ix.YieldOp(values))
        types = [loop.result_type(k, v.type) for k, v in zip(kinds, values, strict=True)]
        loop.detach()
        made = ix.ForOp(size, kinds, types, symbol=symbol, body=loop.detach_region(0))
        s.block.add_op(made)
        self.keep(s, made.results)

    def keep(self, s: Scope, results) -> None:
        for result in results:
            (s.tables if isinstance(result.type, ix.TableType) else s.scalars).append(result)

    def do_loop(self, s: Scope, depth: int) -> None:
        size, symbol, reverse = self.size(s), self.name(), self.chance(0.5)
        initial = [self.scalar(s)]
        loop = eff.LoopOp(size, initial, (), reverse, symbol)
        s.block.add_op(loop)
        body = s.inner(loop.body.block)
        body.indices.append(loop.index)
        body.scalars += loop.carried
        self.fill(body, depth + 1)
        values = [self.scalar(body), self.scalar(body)]
        body.block.add_op(eff.YieldOp(values))
        tables = [loop.table_type(f64)]
        loop.detach()
        made = eff.LoopOp(size, initial, tables, reverse, symbol, loop.detach_region(0))
        s.block.add_op(made)
        self.keep(s, made.results)

    def do_accum(self, s: Scope, depth: int) -> None:
        start = self.pick(s.tables) if self.chance(0.7) else self.scalar(s)
        if isinstance(start.type, ix.TableType):
            if start.type.element != f64:
                return
            if self.chance(0.7):
                zero = s.put(arith.ConstantOp(FloatAttr(0.0, f64)))
                start = s.put(ix.FillOp(zero, start.type))
        accum = eff.AccumOp([start], [self.pick(["add", "add", "add", "max", "mul"])])
        s.block.add_op(accum)
        body = s.inner(accum.body.block)
        body.accumulators.append(accum.accumulators[0])
        self.fill(body, depth)
        self.do_for(body, depth + 1)
        body.block.add_op(eff.YieldOp())
        self.keep(s, accum.results)

    def do_if(self, s: Scope, depth: int) -> None:
        blocks = []
        condition = self.condition(s)
        branch = scf.IfOp(condition, [f64], Region(Block()), Region(Block()))
        s.block.add_op(branch)
        for region in branch.regions:
            inner = s.inner(region.block)
            self.fill(inner, depth + 1)
            region.block.add_op(scf.YieldOp(self.scalar(inner)))
            blocks.append(region)
        s.scalars.append(branch.results[0])


def random_module(seed: int) -> ModuleOp:
    """A module with the function @f; about one to a hundred ops."""
    writer = Writer(seed)
    types = [ix.TableType.of(z, f64) for z in ([n], [n + 1], [n, m], [m, 3], [n, n])]
    indices = ix.TableType.of([n], ix.IdxType(m + 1))
    flags = ix.TableType.of([n], i1)
    block = Block(arg_types=[*types, f64, indices, flags])
    block.add_op(ix.SizesOp(["n", "m"]))
    scope = Scope(block, [block.args[5]], [*block.args[:5]])
    for _ in range(3):
        writer.fill(scope, 0)
        writer.do_for(scope, 0)
        writer.do_accum(scope, 0)
    results = [v for v in (*scope.scalars, *scope.tables) if v not in block.args]
    kept = [v for v in results if writer.chance(0.6)] or results[-1:]
    block.add_op(ReturnOp(*kept))
    function = FuncOp("f", ([a.type for a in block.args], [v.type for v in kept]), Region(block))
    function.properties["sym_name"] = StringAttr("f")
    return ModuleOp([function])
