"""A nest of order-free loops: what a value in it depends on, and the value's table in front of the nest.

    for i { … for j { … v … } }   ==>   t = for i { … for j { … v } -> tab } -> tab;  for i { … for j { … t[i, j] … } }

The loops are order-free and their bodies have no effect that v needs, so its slice can be computed in loops of its own:
over those loops of the nest that v depends on, each op in the outermost of them that it can be in.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.ir import Attribute, Block, BlockArgument, Operation, SSAValue

from pydex.dialects import ix
from pydex.dialects.sizes import SizeAttr

from .edit import insert
from .licm import harmless
from .needs import mentioned, needs
from .symbols import Sizes, Values, clone, defined_symbols, fresh


class Refused(Exception):
    """The program only resembles a contraction, or one that is worth it."""


class Nest:
    """Loops, each around the next one; between them there may be accumulations (`eff.accum`)."""

    def __init__(self, loops: Sequence[ix.ForOp]):
        self.loops = list(loops)
        self.root = self.loops[0]
        self.blocks = _blocks(self.root, self.loops[-1])
        self.symbols = defined_symbols(self.root)
        self._level = {loop.body.block: k for k, loop in enumerate(self.loops)}
        self._known: dict[SSAValue, frozenset[int]] = {}
        self._known_ops: dict[Operation, frozenset[int]] = {}
        self._names = self._named()

    def _named(self) -> dict[str, SSAValue]:
        """What the symbols that the nest defines stand for."""
        found: dict[str, SSAValue] = {x.symbol.data: x.index for x in self.loops if x.symbol is not None}
        for op in (o for block in self.blocks for o in block.ops):
            if isinstance(op, ix.NameOp):
                found[op.symbol.data] = op.index
        return found

    def depends(self, value: SSAValue) -> frozenset[int]:
        """The loops, by number, that the value depends on. Raises Refused if it is not pure."""
        if value not in self._known:
            self._known[value] = self._find(value)
        return self._known[value]

    def _find(self, value: SSAValue) -> frozenset[int]:
        if isinstance(value, BlockArgument):
            if value.block not in self.blocks:
                return frozenset()
            if value.block in self._level and value.index == 0:
                return frozenset({self._level[value.block]})
            raise Refused("a table that the loop owns, or an accumulator")
        op = value.owner
        if not isinstance(op, Operation) or op.parent not in self.blocks:
            return frozenset()
        return self.depends_op(op)

    def depends_op(self, op: Operation) -> frozenset[int]:
        """The loops that an op of one of the nest's blocks depends on."""
        if op not in self._known_ops:
            self._known_ops[op] = self._find_of(op)
        return self._known_ops[op]

    def _find_of(self, op: Operation) -> frozenset[int]:
        found = needs(op)
        if not found.pure:
            raise Refused(f"{op.name} has effects")
        levels: set[int] = set()
        for operand in found.values:
            levels |= self.depends(operand)
        for symbol in found.symbols & self.symbols:
            if symbol not in self._names:
                raise Refused(f"size {symbol} is made in the nest")
            levels |= self.depends(self._names[symbol])
        return frozenset(levels)

    def around(self, block: Block) -> frozenset[int]:
        """The loops that a block of the nest is in."""
        outer = self.blocks[: self.blocks.index(block) + 1]
        return frozenset(self._level[b] for b in outer if b in self._level)

    # ------------------------------------------------------------------------------------------------- hoisting

    def hoisted(self, value: SSAValue) -> tuple[SSAValue, list[int]]:
        """A table of the value, in front of the nest, and the loops that are its first axes; the nest reads it."""
        levels = sorted(self.depends(value))
        if not levels or self.symbols & set(mentioned(value.type)):
            raise Refused("a table whose type depends on the nest")
        ops = self._slice(value)
        for op in ops:
            kept = frozenset(levels[: self._depth(op, levels)])
            if not self.around(op.parent) <= kept and not harmless(op):  # pyright: ignore[reportArgumentType]
                raise Refused(f"{op.name} may not run where it would not have run")
        table = self._build(value, levels, ops)
        self._read(value, table, levels)
        return table, levels

    def _slice(self, value: SSAValue) -> list[Operation]:
        """The ops of the nest's blocks that the value is made by, in order."""
        found: set[Operation] = set()
        work = [value]
        while work:
            op = work.pop().owner
            if isinstance(op, Operation) and op.parent in self.blocks and op not in found:
                found.add(op)
                inside = needs(op)
                work += [*inside.values, *(self._names[s] for s in inside.symbols if s in self._names)]
                found |= {use.operation for s in inside.symbols for use in self._naming(s)}
        return [op for block in self.blocks for op in block.ops if op in found]

    def _naming(self, symbol: str):
        """The `ix.name` that defines a symbol, as a use of what it names."""
        named = self._names.get(symbol)
        uses = [] if named is None else named.uses
        return [u for u in uses if isinstance(u.operation, ix.NameOp) and u.operation.symbol.data == symbol]

    def _depth(self, op: Operation, levels: Sequence[int]) -> int:
        """In how many of the new loops the op goes."""
        wanted = self.depends_op(op)
        return max((levels.index(k) + 1 for k in wanted), default=0)

    def _build(self, value: SSAValue, levels: Sequence[int], ops: Sequence[Operation]) -> SSAValue:
        """The loops over `levels`, with the ops in them."""
        values: Values = {}
        sizes: Sizes = {}
        depths = [self._depth(op, levels) for op in ops]
        types = [value.type]
        for level in reversed(levels):
            types.insert(0, ix.TableType.over(self.loops[level].size, None, types[0]))
        loops = [self._copy(level, type) for level, type in zip(levels, types, strict=False)]
        for depth in range(len(loops) + 1):
            if depth:
                old, new = self.loops[levels[depth - 1]], loops[depth - 1]
                values[old.index] = new.index
                if old.symbol is not None and new.symbol is not None:
                    sizes[old.symbol.data] = SizeAttr.of(new.symbol.data)
            for op in (o for o, d in zip(ops, depths, strict=True) if d == depth):
                self._put(clone(op, values, sizes), loops, depth)
        inner: SSAValue = values.get(value, value)
        for depth in reversed(range(len(loops))):
            last = ix.YieldOp([inner])
            last.location = loops[depth].location
            loops[depth].body.block.add_op(last)
            self._put(loops[depth], loops, depth)
            if depth:
                inner = loops[depth].results[0]
        return loops[0].results[0]

    def _copy(self, level: int, type: Attribute) -> ix.ForOp:
        """An empty loop like that of the nest, which makes a table."""
        old = self.loops[level]
        if self.symbols & set(old.size.symbols()):
            raise Refused("a loop whose size depends on the nest")
        symbol = None if old.symbol is None else fresh(old.symbol.data)
        loop = ix.ForOp(old.size, ["tab"], [type], symbol=symbol)
        loop.location = old.location
        return loop

    def _put(self, op: Operation, loops: Sequence[ix.ForOp], depth: int) -> None:
        """At the end of the loop of this depth, or in front of the nest."""
        if depth:
            loops[depth - 1].body.block.add_op(op)
        else:
            insert(op, self.root)

    def _read(self, value: SSAValue, table: SSAValue, levels: Sequence[int]) -> None:
        """Every use of the value reads its table."""
        op = value.owner
        assert isinstance(op, Operation) and op.parent is not None
        read = ix.AtOp(table, [self.loops[k].index for k in levels])
        read.location = op.location
        op.parent.insert_op_after(read, op)
        value.replace_all_uses_with(read.result)
        self._known[read.result] = frozenset(levels)


def _blocks(root: ix.ForOp, innermost: ix.ForOp) -> list[Block]:
    """The blocks from the body of `root` to that of `innermost`."""
    found = [innermost.body.block]
    while found[0] is not root.body.block:
        outer = found[0].parent_block()
        assert outer is not None
        found.insert(0, outer)
    return found
