"""verify-scope: the check that xDSL lacks.

    every operand is defined before its use, in the same block or one around it: no value escapes its region
    every size symbol has exactly one definition in its function, and that dominates every type, size and
    attribute that mentions it

The error names the op, the value or symbol, and the place. Changes nothing.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr, SymbolRefAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Block, BlockArgument, Operation, SSAValue
from xdsl.passes import ModulePass

from pydex.dialects import ix
from pydex.dialects.text import IRError, error_at

from .needs import defined_symbol, mentioned

#: Attributes of these types mention no symbol and are met most often.
_PLAIN = (StringAttr, SymbolRefAttr)


class VerifyScope(ModulePass):
    name: ClassVar[str] = "verify-scope"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        check_scope(op)


def check_scope(root: Operation) -> None:
    """Raises IRError at the first op that uses what is not in scope."""
    walk = _Walk()
    for block in (b for r in root.regions for b in r.blocks):
        walk.block(block, root)


class _Walk:
    def __init__(self) -> None:
        self.values: set[int] = set()  # ids of the values in scope
        self.symbols: set[str] = set()  # symbols in scope
        self.defined: set[str] = set()  # symbols of the function so far, in scope or not
        self.mentions: dict[int, tuple[Attribute, tuple[str, ...]]] = {}

    def block(self, block: Block, parent: Operation) -> None:
        """Check a block; nothing that it defines is in scope afterwards."""
        values, symbols = self.values, set(self.symbols)
        added = [id(a) for a in block.args]
        values.update(added)
        for arg in block.args:
            self._check_symbols(arg.type, parent)
        for op in block.ops:
            for operand in op._operands:  # pyright: ignore[reportPrivateUsage]  (the property builds a view)
                if id(operand) not in values:
                    raise self._out_of_scope(operand, op)
            self._op(op)
            for result in op.results:
                values.add(id(result))
                added.append(id(result))
        values.difference_update(added)
        self.symbols = symbols

    def _op(self, op: Operation) -> None:
        if isinstance(op, FuncOp):
            self._function(op)
            return
        symbol = None
        if op.properties:
            for key, attribute in op.properties.items():
                if key == "symbol":
                    symbol = defined_symbol(op)
                elif not isinstance(attribute, _PLAIN):
                    self._check_symbols(attribute, op)
        for result in op.results:
            self._check_symbols(result.type, op)
        if symbol is not None:
            self._define(symbol, op)
        for region in op.regions:
            for block in region.blocks:
                self.block(block, op)
        if symbol is not None and op.regions:
            self.symbols.discard(symbol)

    def _function(self, op: FuncOp) -> None:
        """A function is a scope of its own; its header may come after its arguments' types."""
        outer = self.values, self.symbols, self.defined
        self.values, self.symbols, self.defined = set(), set(), set()
        blocks = list(op.body.blocks)
        first = blocks[0].first_op if blocks else None
        if isinstance(first, ix.SizesOp):
            for symbol in first.symbols:
                self._define(symbol.data, first)
        if blocks:
            self._check_symbols(op.function_type, op)
        for block in blocks:
            self.block(block, op)
        self.values, self.symbols, self.defined = outer

    def _define(self, symbol: str, op: Operation) -> None:
        if symbol in self.defined:
            raise error_at(op, f"'{op.name}': size symbol '{symbol}' is defined a second time")
        self.defined.add(symbol)
        self.symbols.add(symbol)

    def _check_symbols(self, attr: Attribute, op: Operation) -> None:
        known = self.mentions.get(id(attr))
        if known is None:
            known = self.mentions[id(attr)] = (attr, mentioned(attr))
        for symbol in known[1]:
            if symbol not in self.symbols:
                where = "defined elsewhere" if symbol in self.defined else "not defined before"
                raise error_at(op, f"'{op.name}': size symbol '{symbol}' in {_text(attr)} is {where}")

    def _out_of_scope(self, value: SSAValue, op: Operation) -> IRError:
        name = f"%{value.name_hint}" if value.name_hint else "a value"
        argument = isinstance(value, BlockArgument)
        what = "an argument of another region" if argument else f"the result of '{_owner(value)}'"
        return error_at(op, f"'{op.name}': {name}, {what}, is used where it is not in scope")


def _owner(value: SSAValue) -> str:
    return value.owner.name if isinstance(value.owner, Operation) else "a block"


def _text(attr: Attribute) -> str:
    return ", ".join(map(str, attr.data)) if isinstance(attr, ArrayAttr) else str(attr)
