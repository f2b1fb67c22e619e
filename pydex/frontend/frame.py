"""The IR function that is being built: its size symbols, its arguments, what it has to know about sizes.

A frame names every frontend symbol that its types mention. A symbol is a size given by the caller, or the ordinal of
an index (of a loop, of an argument, read from a table). A symbol of an enclosing frame is passed in when it is used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, count
from typing import TYPE_CHECKING

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType as IRIndex
from xdsl.dialects.builtin import IntegerAttr, LocationAttr, StringAttr
from xdsl.ir import Attribute, Block, BlockArgument, Operation, SSAValue

from pydex.diagnostics import Span
from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr
from pydex.frontend.kinds import is_axis_symbol
from pydex.sizes import FloorDiv, Size, Symbol

if TYPE_CHECKING:
    from pydex.frontend.hidden import Hidden

_uids = count(1)


def new_symbol(name: str) -> Symbol:
    """A symbol that nothing else uses."""
    return Symbol(name, next(_uids))


@dataclass
class SymbolInfo:
    """What a symbol is in a frame: its name in the IR; if it is an index, its value and the size of its range."""

    name: str
    index: SSAValue | None = None
    bound: Size | None = None
    named: bool = False  # whether the IR already has an op that defines the name


@dataclass
class Captured:
    """A value of an enclosing frame, and the argument that it is inside."""

    value: SSAValue
    argument: BlockArgument
    owner: Frame


@dataclass
class Precondition:
    """size >= at_least must hold when the function is called."""

    size: Size
    at_least: int
    message: str
    span: Span | None = None


@dataclass
class Frame:
    """One func.func under construction. `entry` is its block, `block` where ops are added now."""

    name: str
    entry: Block
    block: Block
    outer: Frame | None = None
    symbols: dict[Symbol, SymbolInfo] = field(default_factory=dict)
    sizes: list[Symbol] = field(default_factory=list)
    captured: list[Captured] = field(default_factory=list)
    preconditions: list[Precondition] = field(default_factory=list)
    location: LocationAttr | None = None
    names: set[str] = field(default_factory=set)
    hidden: list[Hidden] = field(default_factory=list)
    log: list[Operation] = field(default_factory=list)
    divisions: dict[Symbol, FloorDiv] = field(default_factory=dict)

    def emit(self, op: Operation) -> Operation:
        """Adds an op here."""
        if self.location is not None:
            op.location = self.location
        self.block.add_op(op)
        self.log.append(op)
        return op

    # ---------------------------------------------------------------------------------------------- symbols

    def ir_name(self, symbol: Symbol) -> str:
        base = "".join(c if c.isalnum() or c in "_" else "_" for c in symbol.name)
        name = base if base[:1].isalpha() or base[:1] == "_" else f"s{base}"
        name = next(n for n in chain([name], (f"{name}.{k}" for k in count(2))) if n not in self.names)
        self.names.add(name)
        return name

    def add_size(self, symbol: Symbol) -> None:
        """A size symbol that the caller gives."""
        if symbol not in self.symbols:
            self.symbols[symbol] = SymbolInfo(self.ir_name(symbol), named=True)
            self.sizes.append(symbol)

    def add_opened(self, symbol: Symbol, number: SSAValue) -> None:
        """A number, not negative, that is a size from here on."""
        info = self.symbols[symbol] = SymbolInfo(self.ir_name(symbol), named=True)
        self.emit(ix.OpenOp(number, info.name))

    def add_index(self, symbol: Symbol, index: SSAValue, bound: Size) -> None:
        """An index; `bound` is the size of its IR type."""
        self.symbols[symbol] = SymbolInfo(self.ir_name(symbol), index, bound)

    def info(self, symbol: Symbol) -> SymbolInfo:
        """What the symbol is here; one of an enclosing frame is passed in."""
        if symbol not in self.symbols:
            self._import(symbol)
        return self.symbols[symbol]

    def _import(self, symbol: Symbol) -> None:
        if self.outer is None:
            raise KeyError(symbol)
        outer = self.outer.info(symbol)
        if outer.index is None:
            self.add_size(symbol)
            return
        assert outer.bound is not None
        type = ix.IdxType(self.attr(outer.bound))
        self.add_index(symbol, self.capture(outer.index, type, self.outer), outer.bound)

    def knows(self, symbol: Symbol) -> bool:
        return symbol in self.symbols or (self.outer is not None and self.outer.knows(symbol))

    def capture(self, value: SSAValue, type: Attribute, owner: Frame) -> SSAValue:
        """A value of the enclosing frame `owner`, as an argument of this one."""
        for known in self.captured:
            if known.value is value:
                return known.argument
        argument = self.entry.insert_arg(type, len(self.entry.args))
        self.captured.append(Captured(value, argument, owner))
        return argument

    def operand(self, captured: Captured) -> SSAValue:
        """What this frame passes to a frame inside it for a captured value."""
        if captured.owner is self:
            return captured.value
        return self.capture(captured.value, captured.argument.type, captured.owner)

    # ------------------------------------------------------------------------------------------------ sizes

    def attr(self, size: Size) -> SizeAttr:
        """A size as IR types write it; an index it mentions gets its name in the IR."""
        terms: dict[tuple[str, ...], int] = {}
        for monomial, coefficient in size.terms:
            names = tuple(sorted(self._name(atom) for atom in monomial))
            terms[names] = terms.get(names, 0) + coefficient
        return SizeAttr.from_terms(terms)

    def _name(self, atom: Symbol | FloorDiv) -> str:
        if isinstance(atom, FloorDiv):
            return self._opened_division(atom)
        if is_axis_symbol(atom):
            return atom.name
        info = self.info(atom)
        if not info.named:
            assert info.index is not None
            self._define_name(info, info.index)
        return info.name

    def _define_name(self, info: SymbolInfo, index: SSAValue) -> None:
        info.named = True
        if isinstance(index, BlockArgument) and isinstance(loop := index.block.parent_op(), ix.ForOp | eff.LoopOp):
            if index.index == 0:
                loop.properties["symbol"] = StringAttr(info.name)
                return
        op = ix.NameOp(index, info.name)
        if isinstance(index, BlockArgument):
            first = index.block.first_op
            while isinstance(first, ix.SizesOp):
                first = first.next_op
            index.block.insert_op_before(op, first) if first else index.block.add_op(op)
        else:
            assert isinstance(index.owner, Operation) and index.owner.parent is not None
            index.owner.parent.insert_op_after(op, index.owner)
        info.index = op.result

    def _opened_division(self, atom: FloorDiv) -> str:
        """The name of an opaque size, computed where the function begins."""
        symbol = division_symbol(atom)
        if symbol not in self.symbols:
            here, self.block, logged = self.block, Block(), len(self.log)
            info = self.symbols[symbol] = SymbolInfo(self.ir_name(Symbol("half")), named=True)
            self.emit(ix.OpenOp(self.number(Size.of(atom)), info.name))
            ops = list(self.block.ops)
            for op in ops:
                op.detach()
            self.block = here
            del self.log[logged:]  # an attempt that fails leaves them
            first = self.entry.first_op
            self.entry.insert_ops_before(ops, first) if first else self.entry.add_ops(ops)
        return self.symbols[symbol].name

    def demand_division(self, atom: FloorDiv) -> None:
        """An opaque size that the result has is given by the caller, which has to know it too."""
        name = self._opened_division(atom)
        symbol = division_symbol(atom)
        if symbol not in self.divisions:
            self.divisions[symbol] = atom
            self.sizes.append(symbol)
            opened = next(op for op in self.entry.ops if isinstance(op, ix.OpenOp) and op.symbol.data == name)
            opened.detach()
            opened.erase()

    # -------------------------------------------------------------------------------------------- integers

    def constant(self, value: int) -> SSAValue:
        return self.emit(arith.ConstantOp(IntegerAttr(value, IRIndex()))).results[0]

    def number(self, form: Size) -> SSAValue:
        """The integer as an SSA value of type index."""
        sizes_only = all(self.is_size(s) for s in form.symbols()) and not _has_division(form)
        if sizes_only:
            constant = form.constant
            return self.constant(constant) if constant is not None else self.emit(ix.SizeOp(self.attr(form))).results[0]
        total: SSAValue | None = None
        for monomial, coefficient in form.terms:
            term = self._product(monomial, coefficient)
            total = term if total is None else self.emit(arith.AddiOp(total, term)).results[0]
        assert total is not None
        return total

    def _product(self, monomial: tuple[Symbol | FloorDiv, ...], coefficient: int) -> SSAValue:
        product = self.constant(coefficient) if coefficient != 1 or not monomial else None
        for atom in monomial:
            factor = self._atom(atom)
            product = factor if product is None else self.emit(arith.MuliOp(product, factor)).results[0]
        assert product is not None
        return product

    def _atom(self, atom: Symbol | FloorDiv) -> SSAValue:
        if isinstance(atom, FloorDiv):
            divisor = self.constant(atom.divisor)
            return self.emit(arith.FloorDivSIOp(self.number(atom.dividend), divisor)).results[0]
        index = self.info(atom).index
        return self.number(Size.of(atom)) if index is None else self.emit(ix.OrdOp(index)).results[0]

    def index(self, form: Size, size: Size) -> SSAValue:
        """The index with this ordinal, which has been proved to be below `size`."""
        target = self.attr(size)
        operands: list[SSAValue] = []
        coefficients: list[Size] = []
        offset = Size.of(0)
        for monomial, coefficient in form.terms:
            loops = [a for a in monomial if isinstance(a, FloorDiv) or self.info(a).index is not None]
            rest = Size.of(coefficient)
            for atom in monomial:
                rest = rest if atom in loops else rest * Size.of(atom)
            if not loops:
                offset = offset + rest
                continue
            index = self.info(loops[0]).index if len(loops) == 1 and isinstance(loops[0], Symbol) else None
            operands.append(self._product(tuple(loops), 1) if index is None else index)
            coefficients.append(rest)
        if len(operands) == 1 and coefficients[0] == Size.of(1) and offset == Size.of(0):
            if operands[0].type == ix.IdxType(target):
                return operands[0]
        op = ix.IndexOp(operands, [self.attr(c) for c in coefficients], self.attr(offset), target)
        return self.emit(op).results[0]

    def is_size(self, symbol: Symbol) -> bool:
        """Whether a symbol is a size here, not the ordinal of an index."""
        return is_axis_symbol(symbol) or self.info(symbol).index is None

    def sizes_op(self) -> ix.SizesOp:
        return ix.SizesOp([self.symbols[s].name for s in self.sizes])


def division_symbol(atom: FloorDiv) -> Symbol:
    """The symbol that stands for an opaque size in the IR."""
    return Symbol(f"({atom!r})")


def divisions_in(size: Size) -> list[FloorDiv]:
    """The opaque parts of a size."""
    return [atom for monomial, _ in size.terms for atom in monomial if isinstance(atom, FloorDiv)]


def _has_division(form: Size) -> bool:
    return bool(divisions_in(form))
