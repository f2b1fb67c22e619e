"""The `eff` dialect: what a loop does to the world around it: carry state, accumulate, fail.

State is values: `eff.loop` and `eff.while` carry them. The only references are accumulators: `eff.accum` makes
them, `eff.add` writes them, nobody reads them before the region ends. `eff.check` may raise.
`effects(op)` is the effect row of an op; passes ask it and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import IndexType, StringAttr, UnitAttr, i1
from xdsl.ir import (
    Attribute,
    Block,
    BlockArgument,
    Dialect,
    Operation,
    ParametrizedAttribute,
    Region,
    SSAValue,
    TypeAttribute,
)
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import AttrParser, Parser
from xdsl.printer import Printer
from xdsl.traits import IsTerminator
from xdsl.utils.exceptions import VerifyException

from . import ix
from .sizes import SizeAttr, SizeListAttr

#: Monoids of accumulators.
MONOIDS = ("add", "mul", "max", "min", "umax", "umin", "and", "or")


@irdl_attr_definition
class AccType(ParametrizedAttribute, TypeAttribute):
    """A reference to an accumulator: a scalar or table of cells that can only be combined into, by one monoid."""

    name = "eff.acc"
    monoid: StringAttr
    content: Attribute

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            monoid = parser.parse_identifier("monoid")
            parser.parse_punctuation(",")
            return [StringAttr(monoid), parser.parse_type()]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(f"{self.monoid.data}, ")
            printer.print_attribute(self.content)

    def verify(self) -> None:
        if self.monoid.data not in MONOIDS:
            raise VerifyException(f"'{self.monoid.data}' is not a monoid: {', '.join(MONOIDS)}")


@irdl_op_definition
class YieldOp(IRDLOperation):
    """Ends the regions of `eff` ops."""

    name = "eff.yield"
    values = var_operand_def(AnyAttr())
    traits = traits_def(IsTerminator())
    assembly_format = "attr-dict ($values^ `:` type($values))?"

    def __init__(self, values: Sequence[SSAValue] = ()):
        super().__init__(operands=[values])


@irdl_op_definition
class LoopOp(IRDLOperation):
    """The sequential loop over a set, in order or in reverse. It carries values: results are the last ones, followed
    by one table for each further yielded value. Transpose: the loop in the other direction.

    linear: AD wrote it, and what it carries are cotangents, in which each step is linear. Then it may be computed in
    another way (`ad_split`).

    keep <k, m, r>: of r steps and then m segments of k steps, reverse mode keeps what is carried at the start of each
    segment, not of each step; `keep halving`: at k of these at a time.
    """

    name = "eff.loop"
    initial = var_operand_def(AnyAttr())
    symbol = opt_prop_def(StringAttr)
    reverse = opt_prop_def(UnitAttr)
    linear = opt_prop_def(UnitAttr)
    keep = opt_prop_def(SizeListAttr)
    halving = opt_prop_def(UnitAttr)
    results_ = var_result_def(AnyAttr())
    body = region_def("single_block")

    def __init__(
        self,
        size: SizeAttr,
        initial: Sequence[SSAValue],
        table_types: Sequence[Attribute] = (),
        reverse: bool = False,
        symbol: str | None = None,
        body: Region | None = None,
    ):
        carried = [SSAValue.get(c).type for c in initial]
        super().__init__(
            operands=[initial],
            properties={
                **({"symbol": StringAttr(symbol)} if symbol else {}),
                **({"reverse": UnitAttr()} if reverse else {}),
            },
            result_types=[[*carried, *table_types]],
            regions=[body or Region(Block(arg_types=[ix.IdxType(size), *carried]))],
        )

    @property
    def index(self) -> BlockArgument:
        return self.body.block.args[0]

    @property
    def size(self) -> SizeAttr:
        assert isinstance(self.index.type, ix.IdxType)
        return self.index.type.size

    @property
    def carried(self) -> Sequence[BlockArgument]:
        return self.body.block.args[1:]

    @property
    def yielded(self) -> Sequence[SSAValue]:
        """The next carried values, then the elements of the tables."""
        assert isinstance(self.body.block.last_op, YieldOp)
        return self.body.block.last_op.values

    def table_type(self, value: Attribute) -> ix.TableType:
        """The type of the output table of iterations that yield `value`."""
        return ix.TableType.over(self.size, self.symbol.data if self.symbol else None, value)

    def verify_(self) -> None:
        block = self.body.block
        if not block.args or not isinstance(block.args[0].type, ix.IdxType):
            raise VerifyException("the first argument of the body is the index")
        carried = [c.type for c in self.initial]
        if [a.type for a in block.args[1:]] != carried:
            raise VerifyException("the body takes the index and the carried values")
        if not isinstance(block.last_op, YieldOp):
            raise VerifyException("the body ends with eff.yield")
        yielded = [v.type for v in self.yielded]
        expected = [*carried, *(self.table_type(t) for t in yielded[len(carried) :])]
        if yielded[: len(carried)] != carried or [r.type for r in self.results_] != expected:
            raise VerifyException(
                f"yields ({', '.join(map(str, yielded))}) to results ({', '.join(str(r.type) for r in self.results_)})"
            )
        if self.keep is not None and len(self.keep.data) != 3:
            raise VerifyException("keeps segments: their length, their number, and the steps before them")

    def print(self, printer: Printer) -> None:
        printer.print_string(" linear" if self.linear else "")
        printer.print_string(" reverse " if self.reverse else " ")
        ix.print_header(printer, self.index, self.symbol)
        if self.initial:
            printer.print_string(" carry ")
            ix.print_carried(printer, self.carried, self.initial)
        if self.keep is not None:
            printer.print_string(" keep halving " if self.halving else " keep ")
            self.keep.print_parameter(printer)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False)
        tables = self.result_types[len(self.initial) :]
        if tables:
            printer.print_string(" -> ")
            with printer.in_parens():
                printer.print_list(tables, printer.print_attribute)
        printer.print_op_attributes(self.attributes)

    @classmethod
    def parse(cls, parser: Parser) -> LoopOp:
        linear = parser.parse_optional_keyword("linear") is not None
        reverse = parser.parse_optional_keyword("reverse") is not None
        index, symbol = ix.parse_header(parser)
        names, initial = ix.parse_carried(parser) if parser.parse_optional_keyword("carry") else ([], [])
        keep = parser.parse_optional_keyword("keep") is not None
        halving = keep and parser.parse_optional_keyword("halving") is not None
        sizes = SizeListAttr.parse_parameter(parser) if keep else None
        body = parser.parse_region([index, *(n.resolve(c.type) for n, c in zip(names, initial, strict=True))])
        tables: list[Attribute] = []
        if parser.parse_optional_punctuation("->"):
            tables = list(parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type))
        attributes = parser.parse_optional_attr_dict()
        op = cls(index.type.size, initial, tables, reverse, symbol, body)  # pyright: ignore
        op.attributes.update(attributes)
        op.linear = UnitAttr() if linear else None
        op.keep = None if sizes is None else SizeListAttr(sizes)
        op.halving = UnitAttr() if halving else None
        return op


@irdl_op_definition
class ConditionOp(IRDLOperation):
    """Ends the condition of `eff.while`: go on while it is true."""

    name = "eff.condition"
    condition = operand_def(i1)
    traits = traits_def(IsTerminator())
    assembly_format = "$condition attr-dict"

    def __init__(self, condition: SSAValue):
        super().__init__(operands=[condition])


@irdl_op_definition
class WhileOp(IRDLOperation):
    """`while condition(carried): carried = body(carried)`. Results: the last carried values, and the number of trips.

    Transpose: the trips are counted, and the loop becomes an `eff.loop` over that many.
    """

    name = "eff.while"
    initial = var_operand_def(AnyAttr())
    results_ = var_result_def(AnyAttr())
    condition = region_def("single_block")
    body = region_def("single_block")

    def __init__(self, initial: Sequence[SSAValue], condition: Region | None = None, body: Region | None = None):
        carried = [SSAValue.get(c).type for c in initial]
        super().__init__(
            operands=[initial],
            result_types=[[*carried, IndexType()]],
            regions=[condition or Region(Block(arg_types=carried)), body or Region(Block(arg_types=carried))],
        )

    @property
    def trips(self) -> SSAValue:
        return self.results_[-1]

    def verify_(self) -> None:
        carried = [c.type for c in self.initial]
        if [r.type for r in self.results_] != [*carried, IndexType()]:
            raise VerifyException("results are the carried values and the number of trips")
        for region in (self.condition, self.body):
            if [a.type for a in region.block.args] != carried:
                raise VerifyException("both regions take the carried values")
        if not isinstance(self.condition.block.last_op, ConditionOp):
            raise VerifyException("the condition ends with eff.condition")
        last = self.body.block.last_op
        if not isinstance(last, YieldOp) or [v.type for v in last.values] != carried:
            raise VerifyException("the body yields the carried values")

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        ix.print_carried(printer, self.condition.block.args, self.initial)
        printer.print_string(" ")
        printer.print_region(self.condition, print_entry_block_args=False)
        printer.print_string(" do ")
        printer.print_region(self.body)
        printer.print_op_attributes(self.attributes)

    @classmethod
    def parse(cls, parser: Parser) -> WhileOp:
        names, initial = ix.parse_carried(parser)
        condition = parser.parse_region([n.resolve(c.type) for n, c in zip(names, initial, strict=True)])
        parser.parse_keyword("do")
        body = parser.parse_region()
        if not body.blocks:
            body = Region(Block())
        attributes = parser.parse_optional_attr_dict()
        op = cls(initial, condition, body)
        op.attributes.update(attributes)
        return op


@irdl_op_definition
class AccumOp(IRDLOperation):
    """Runs its region with accumulators that start at `initial`; results: their final contents, then what the region
    yields. Transpose (of `add`): the contents' cotangents, readable inside."""

    name = "eff.accum"
    initial = var_operand_def(AnyAttr())
    results_ = var_result_def(AnyAttr())
    body = region_def("single_block")

    def __init__(
        self,
        initial: Sequence[SSAValue],
        monoids: Sequence[str],
        yielded_types: Sequence[Attribute] = (),
        body: Region | None = None,
    ):
        contents = [SSAValue.get(c).type for c in initial]
        accumulators = [AccType(StringAttr(m), c) for m, c in zip(monoids, contents, strict=True)]
        super().__init__(
            operands=[initial],
            result_types=[[*contents, *yielded_types]],
            regions=[body or Region(Block(arg_types=accumulators))],
        )

    @property
    def accumulators(self) -> Sequence[BlockArgument]:
        return self.body.block.args

    @property
    def monoids(self) -> list[str]:
        return [a.type.monoid.data for a in self.accumulators if isinstance(a.type, AccType)]

    @property
    def yielded(self) -> Sequence[SSAValue]:
        assert isinstance(self.body.block.last_op, YieldOp)
        return self.body.block.last_op.values

    def verify_(self) -> None:
        contents = [c.type for c in self.initial]
        arguments = [a.type for a in self.accumulators]
        if [a.content if isinstance(a, AccType) else None for a in arguments] != contents:
            raise VerifyException("the region takes one accumulator for each initial value")
        if not isinstance(self.body.block.last_op, YieldOp):
            raise VerifyException("the region ends with eff.yield")
        expected = [*contents, *(v.type for v in self.yielded)]
        if [r.type for r in self.results_] != expected:
            raise VerifyException("results are the accumulators' contents and the yielded values")

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_string(", ".join(self.monoids) + " ")
        ix.print_carried(printer, self.accumulators, self.initial)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False)
        others = self.result_types[len(self.initial) :]
        if others:
            printer.print_string(" -> ")
            with printer.in_parens():
                printer.print_list(others, printer.print_attribute)
        printer.print_op_attributes(self.attributes)

    @classmethod
    def parse(cls, parser: Parser) -> AccumOp:
        monoids = parser.parse_comma_separated_list(parser.Delimiter.NONE, lambda: parser.parse_identifier("monoid"))
        names, initial = ix.parse_carried(parser)
        if len(monoids) != len(names):
            parser.raise_error(f"{len(monoids)} monoids for {len(names)} accumulators")
        types = [AccType(StringAttr(m), c.type) for m, c in zip(monoids, initial, strict=True)]
        body = parser.parse_region([n.resolve(t) for n, t in zip(names, types, strict=True)])
        others: list[Attribute] = []
        if parser.parse_optional_punctuation("->"):
            others = list(parser.parse_comma_separated_list(parser.Delimiter.PAREN, parser.parse_type))
        attributes = parser.parse_optional_attr_dict()
        op = cls(initial, monoids, others, body)
        op.attributes.update(attributes)
        return op


@irdl_op_definition
class AddOp(IRDLOperation):
    """`acc[i, j] ⊕= v`; v is a sub-table where indices are fewer than axes. Transpose (of +): v̄ = āc̄c̄[i, j].

    linear: AD wrote it, of a value that is linear in cotangents. Then Σ a x may be computed as a Σ x.
    """

    name = "eff.add"
    accumulator = operand_def(AccType)
    indices = var_operand_def(ix.IdxType)
    value = operand_def(AnyAttr())
    linear = opt_prop_def(UnitAttr)
    assembly_format = (
        "(`linear` $linear^)? $accumulator `[` ($indices^ `:` type($indices))? `]` `,` $value attr-dict"
        " `:` type($accumulator) `,` type($value)"
    )

    def __init__(self, accumulator: SSAValue, indices: Sequence[SSAValue], value: SSAValue, linear: bool = False):
        super().__init__(operands=[accumulator, indices, value], properties={"linear": UnitAttr()} if linear else {})

    def verify_(self) -> None:
        assert isinstance(self.accumulator.type, AccType)
        expected = ix.element_type(self.accumulator.type.content, self.indices)
        if self.value.type != expected:
            raise VerifyException(f"the cell is {expected}, found {self.value.type}")


@irdl_op_definition
class CheckOp(IRDLOperation):
    """Raises the Python exception `exception` with `message` unless `condition`. `{0}`, `{1}` in the message are the
    operands (at most two numbers of type index). Derivative: none; it stays with the primal."""

    name = "eff.check"
    condition = operand_def(i1)
    operands_ = var_operand_def(IndexType())
    exception = prop_def(StringAttr)
    message = prop_def(StringAttr)
    assembly_format = "$condition `,` $exception $message (`(` $operands_^ `)`)? attr-dict"

    def __init__(self, condition: SSAValue, exception: str, message: str, operands: Sequence[SSAValue] = ()):
        super().__init__(
            operands=[condition, operands],
            properties={"exception": StringAttr(exception), "message": StringAttr(message)},
        )

    def verify_(self) -> None:
        if len(self.operands_) > 2:
            raise VerifyException("a message prints at most two numbers")


_ROWS = {
    "eff.add": frozenset({"accum"}),
    "eff.check": frozenset({"except"}),
    "ix.open": frozenset({"symbol"}),
    "ix.sizes": frozenset({"symbol"}),
    "ix.call": frozenset({"except"}),
    "ad.checkpoint": frozenset({"except"}),
    "ad.jvp": frozenset({"except"}),
    "ad.vjp": frozenset({"except"}),
    "ad.transpose": frozenset({"except"}),
}


def effects(op: Operation) -> frozenset[str]:
    """The effect row: "accum" (writes an accumulator made outside), "except" (may raise), "symbol" (defines a size).

    Empty: the op may be deleted, duplicated, hoisted. "except" forbids all three; "accum" allows to move the op
    within the accumulator's region; "symbol" to clone it under a fresh name. Calls are answered as "except" until
    they are inlined.
    """
    if not op.regions:
        return _ROWS.get(op.name, frozenset())
    inner: set[str] = set()
    for block in (b for r in op.regions for b in r.blocks):
        for child in block.ops:
            inner |= effects(child)
    inner.discard("symbol")
    if "accum" in inner and not _writes_outer_accumulator(op):
        inner.discard("accum")
    return frozenset(inner)


def _writes_outer_accumulator(op: Operation) -> bool:
    return any(isinstance(child, AddOp) and not op.is_ancestor(child.accumulator.owner) for child in op.walk())


Eff = Dialect("eff", [YieldOp, LoopOp, ConditionOp, WhileOp, AccumOp, AddOp, CheckOp], [AccType])
