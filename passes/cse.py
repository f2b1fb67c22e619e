"""cse: the same computation is done once.

    %a = exp %x ... %b = exp %x   ==>   %b := %a          if the first dominates the second
    for i. f i  ...  for j. f j   ==>   one loop          loops are compared up to the names of what they define
    for i. (v, v) -> add, add     ==>   one result

An op that may raise is merged too: the second would raise only where the first has. Two names of one index, and two
sizes opened from one number, become one symbol. What writes an accumulator is not merged. Nor is `ix.fill`, which each
user may update in place; but ops whose operands are equal fills are.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from xdsl.context import Context
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Block, Operation, OpResult, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr

from .edit import blocks, ops_of, replace, terminator
from .needs import defined_symbol, mentioned
from .symbols import Sizes, rename_in_place, substitute

Key: TypeAlias = tuple[Hashable, ...]

#: Ops whose two operands may change places.
COMMUTATIVE = {
    *(arith.AddfOp, arith.MulfOp, arith.MaximumfOp, arith.MinimumfOp),
    *(arith.AddiOp, arith.MuliOp, arith.AndIOp, arith.OrIOp, arith.XOrIOp),
    *(arith.MaxSIOp, arith.MinSIOp, arith.MaxUIOp, arith.MinUIOp),
}


class Cse(ModulePass):
    name: ClassVar[str] = "cse"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        cse(op)


def cse(root: Operation) -> None:
    """Merge equal ops inside `root`, each function by itself."""
    functions = [op for b in blocks(root) for op in b.ops if isinstance(op, FuncOp)]
    for op in functions or [root]:
        scopes = _Scopes()
        for block in blocks(op):
            scopes.block(block)
        if scopes.renamed:
            rename_in_place(op, scopes.renamed)


@dataclass(slots=True)
class _Candidate:
    """An op with regions, and its key once it has been asked for."""

    op: Operation
    key: Key | None = None


class _Scopes:
    """The walk. `seen`: ops in the blocks around, by key. `alike`: ops with regions, by what is cheap to compare."""

    def __init__(self) -> None:
        self.seen: dict[Key, Operation] = {}
        self.alike: dict[Key, list[_Candidate]] = {}
        self.keys = _Keys()

    @property
    def renamed(self) -> Sizes:
        return self.keys.renamed

    def block(self, block: Block) -> set[str]:
        """Merge ops of a block; the effects of what is left."""
        seen: list[Key] = []
        alike: list[list[_Candidate]] = []
        row: set[str] = set()
        for op in ops_of(block):
            effects = self._effects(op)
            row |= effects
            if op.next_op is None or not effects <= {"except", "symbol"} or isinstance(op, ix.FillOp):
                continue
            if op.regions:
                rough = self.keys.rough(op)
                others = self.alike.setdefault(rough, [])
                candidate = _Candidate(op)
                first = self._equal(candidate, others)
                if first is None:
                    others.append(candidate)
                    alike.append(others)
            else:
                key = self.keys.key(op, {}, {})
                first = self.seen.get(key)
                if first is None:
                    self.seen[key] = op
                    seen.append(key)
            if first is not None:
                self._merge(op, first)
        for key in seen:
            del self.seen[key]
        for others in reversed(alike):
            others.pop()
        row.discard("symbol")
        return row

    def _effects(self, op: Operation) -> set[str]:
        """The effect row; the op's regions are walked first."""
        if not op.regions:
            row = set(eff.effects(op))
            if "except" in row and any(isinstance(o.type, eff.AccType) for o in op.operands):
                row.add("accum")
            return row
        row = {e for block in blocks(op) for e in self.block(block)}
        _merge_results(op)
        if "accum" in row and "accum" not in eff.effects(op):
            row.discard("accum")
        return row

    def _equal(self, candidate: _Candidate, others: list[_Candidate]) -> Operation | None:
        for one in (candidate, *others) if others else ():
            if one.key is None:
                one.key = self.keys.key(one.op, {}, {})
        return next((o.op for o in others if o.key == candidate.key), None)

    def _merge(self, op: Operation, first: Operation) -> None:
        symbol, kept = defined_symbol(op), defined_symbol(first)
        if symbol is not None and kept is not None and not op.regions:
            self.renamed[symbol] = SizeAttr.of(kept)
        replace(op, first.results)


class _Keys:
    """Keys of ops: equal keys mean equal computations. What an op's regions define is numbered in order."""

    def __init__(self) -> None:
        self.renamed: Sizes = {}
        self.numbers: dict[Attribute, int] = {}
        self.closed: dict[int, tuple[Attribute, int]] = {}  # by id: attributes that mention no symbol
        self.fills: dict[Key, SSAValue] = {}

    def rough(self, op: Operation) -> Key:
        """What equal ops with regions have in common: their type, number of ops, and operands."""
        return (type(op), len(op.results), *(len(ops_of(b)) for b in blocks(op)), *map(self.outer, op.operands))

    def key(self, op: Operation, values: dict[SSAValue, int], symbols: Sizes) -> Key:
        """The key, where `values` and `symbols` are what the regions around define; adds what `op` defines."""
        kind = op.__class__
        operands = [values.get(v) or self.outer(v) for v in op._operands]  # pyright: ignore[reportPrivateUsage]
        if kind is eff.CheckOp:
            return (kind, operands[0])  # the messages do not matter: the second never fails
        if kind in COMMUTATIVE:
            operands = self.square_of_difference(op, values) or sorted(operands)
        types = [self.number(r.type, symbols) for r in op.results]
        if (symbol := defined_symbol(op)) is not None:
            symbols = symbols if not op.regions else dict(symbols)
            symbols[symbol] = SizeAttr.of(f"@{len(symbols)}")
        attributes = [(name, self.number(a, symbols)) for name, a in op.properties.items() if name != "symbol"]
        attributes += [(name, self.number(a, symbols)) for name, a in op.attributes.items()]
        if len(attributes) > 1:
            attributes.sort()
        if not op.regions:
            _number(op.results, values)
            return (kind, tuple(operands), tuple(types), tuple(attributes))
        inner: list[Key] = []
        for block in blocks(op):
            local = dict(values)
            inner.append(tuple(self.number(a.type, symbols) for a in block.args))
            _number(block.args, local)
            inner += [self.key(child, local, symbols) for child in ops_of(block)]
        _number(op.results, values)
        return (kind, tuple(operands), tuple(types), tuple(attributes), tuple(inner))

    def square_of_difference(self, op: Operation, values: dict[SSAValue, int]) -> list[int]:
        """(x - y) * (x - y) has the key of (y - x) * (y - x), which is the same number."""
        x, y = op.operands
        if x is not y or not isinstance(op, arith.MulfOp) or not isinstance(difference := x.owner, arith.SubfOp):
            return []
        return [0, *sorted(values.get(v) or self.outer(v) for v in difference.operands)]

    def outer(self, value: SSAValue) -> int:
        """A number for a value that is not numbered locally; equal fills, which are not merged, have the same."""
        if value.__class__ is not OpResult or value.owner.__class__ is not ix.FillOp:
            return id(value)
        key = (id(value.owner.operands[0]), self.number(value.type, {}))  # pyright: ignore[reportAttributeAccessIssue]
        return id(self.fills.setdefault(key, value))

    def number(self, attr: Attribute, symbols: Sizes) -> int:
        """A number for an attribute, the same for equal ones."""
        known = self.closed.get(id(attr))
        if known is not None:
            return known[1]
        if mentions := mentioned(attr):
            if self.renamed and not self.renamed.keys().isdisjoint(mentions):
                attr = substitute(attr, self.renamed)
            return self.numbers.setdefault(substitute(attr, symbols), len(self.numbers))
        number = self.numbers.setdefault(attr, len(self.numbers))
        self.closed[id(attr)] = attr, number
        return number


def _merge_results(op: Operation) -> None:
    """for i. (v, v) -> add, add  ==>  the second result := the first (dce removes it)"""
    if isinstance(op, ix.ForOp):
        made = [(k.data, v) for k, v in zip(op.kinds, op.yielded, strict=True)]
    elif isinstance(op, scf.IfOp) and op.false_region.blocks:
        made = list(zip(*(terminator(b).operands for b in blocks(op)), strict=True))
    else:
        return
    first: dict[Hashable, SSAValue] = {}
    for how, result in zip(made, op.results, strict=True):
        if how[0] != "own":
            same = first.setdefault(how, result)
            result.replace_all_uses_with(same)


def _number(defined: Iterable[SSAValue], values: dict[SSAValue, int]) -> None:
    for value in defined:
        values[value] = -1 - len(values)
