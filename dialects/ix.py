"""The `ix` dialect: index sets, tables over them, and the order-free loop.

Types
    !ix.idx<n>              an index: one of n ordinals, proved to be in range
    !ix.tab<[n, #0 + 1], f32>   a total map from a telescope of index sets to elements; a value, never aliased

A set is known to the IR by its size alone (which set of that size it is, the frontend has checked); sizes are the
polynomials of `sizes.py`. Ops here are pure, except that the body of `ix.for` may write accumulators or raise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, IndexType, IntegerType, StringAttr, SymbolRefAttr
from xdsl.ir import Attribute, Block, BlockArgument, Dialect, ParametrizedAttribute, Region, SSAValue, TypeAttribute
from xdsl.irdl import (
    AnyAttr,
    IRDLOperation,
    VarConstraint,
    base,
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import AttrParser, Parser
from xdsl.printer import Printer
from xdsl.traits import IsTerminator, Pure
from xdsl.utils.exceptions import VerifyException

from .sizes import SizeAttr, SizeListAttr, parse_size

# ------------------------------------------------------------------------------------------------- types


@irdl_attr_definition
class IdxType(ParametrizedAttribute, TypeAttribute):
    """An index of a set of `size` elements; its value is the ordinal, 0 <= ordinal < size."""

    name = "ix.idx"
    size: SizeAttr

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            return [parse_size(parser)]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(str(self.size))


@irdl_attr_definition
class TableType(ParametrizedAttribute, TypeAttribute):
    """A table over a telescope of sets: the size of an axis may mention earlier axes as `#k`."""

    name = "ix.tab"
    sizes: ArrayAttr[SizeAttr]
    element: Attribute

    @staticmethod
    def of(sizes: Sequence[SizeAttr | int | str], element: Attribute) -> Attribute:
        """The table type; the element type itself when there is no axis."""
        return TableType(ArrayAttr(SizeAttr.of(s) for s in sizes), element) if sizes else element

    @property
    def rank(self) -> int:
        return len(self.sizes)

    def under(self, index: SizeAttr) -> Attribute:
        """The type of `t[i]`: the first axis removed, its ordinal `#0` replaced by `index`."""
        return TableType.of([shift(s, -1, index) for s in self.sizes.data[1:]], self.element)

    @staticmethod
    def over(size: SizeAttr, symbol: str | None, inner: Attribute) -> TableType:
        """The type of `for i in size. inner`: sizes of `inner` that mention the loop's symbol now mention `#0`."""
        sizes, element = (inner.sizes.data, inner.element) if isinstance(inner, TableType) else ((), inner)
        outer = {symbol: SizeAttr.of("#0")} if symbol else {}
        return TableType(ArrayAttr([size, *(shift(s, 1).substitute(outer) for s in sizes)]), element)

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            sizes = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, lambda: parse_size(parser))
            parser.parse_punctuation(",")
            return [ArrayAttr(sizes), parser.parse_type()]

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string("[" + ", ".join(map(str, self.sizes)) + "], ")
            printer.print_attribute(self.element)

    def verify(self) -> None:
        if not self.sizes.data:
            raise VerifyException("a table has at least one axis")
        if isinstance(self.element, TableType):
            raise VerifyException("a table's element is not a table: give the axes in one list")
        for axis, size in enumerate(self.sizes):
            for symbol in size.symbols():
                if symbol.startswith("#") and int(symbol[1:]) >= axis:
                    raise VerifyException(f"axis {axis} mentions {symbol}, which is not an earlier axis")


def shift(size: SizeAttr, by: int, index: SizeAttr | None = None) -> SizeAttr:
    """Renumber the axis references of a size; one that would fall below #0 becomes `index`."""
    values: dict[str, SizeAttr] = {}
    for symbol in size.symbols():
        if symbol.startswith("#"):
            axis = int(symbol[1:]) + by
            values[symbol] = SizeAttr.of(f"#{axis}") if axis >= 0 else (index or SizeAttr.of(symbol))
    return size.substitute(values)


def axis_dependent(size: SizeAttr) -> bool:
    """Does the size mention an earlier axis?"""
    return any(s.startswith("#") for s in size.symbols())


def bounding_sizes(table: TableType) -> list[SizeAttr]:
    """Extents of the smallest box that holds the table: every `#k` at the end of its range that makes the size largest.

    Raises ValueError where a dependent size is not affine in `#k` with coefficients of known sign.
    """
    box: list[SizeAttr] = []
    for size in table.sizes:
        for symbol in sorted({s for s in size.symbols() if s.startswith("#")}, reverse=True):
            zero, one = (size.substitute({symbol: SizeAttr.of(v)}) for v in (0, 1))
            slope = (one - zero).constant
            if slope is None or size != zero + SizeAttr.of(symbol) * slope:
                raise ValueError(f"{size} is not affine in {symbol}")
            size = zero if slope < 0 else zero + (box[int(symbol[1:])] - 1) * slope
        box.append(size)
    return box


# --------------------------------------------------------------------------------------------------- ops


@irdl_op_definition
class SizesOp(IRDLOperation):
    """Header of a function: the size symbols it is polymorphic in. Their values come with the call."""

    name = "ix.sizes"
    symbols = prop_def(ArrayAttr[StringAttr])
    assembly_format = "$symbols attr-dict"

    def __init__(self, symbols: Sequence[str]):
        super().__init__(properties={"symbols": ArrayAttr(StringAttr(s) for s in symbols)})


@irdl_op_definition
class SizeOp(IRDLOperation):
    """The value of a size as a number. Derivative: none."""

    name = "ix.size_of"
    size = prop_def(SizeAttr)
    result = result_def(IndexType())
    traits = traits_def(Pure())
    assembly_format = "$size attr-dict"

    def __init__(self, size: SizeAttr):
        super().__init__(properties={"size": size}, result_types=[IndexType()])


@irdl_op_definition
class OpenOp(IRDLOperation):
    """Makes a run-time number a size symbol, for the ops that follow. The number is not negative.

    What the compiler opens may say how it follows from other sizes, for costs (`cost_rules`): rule "sqrt" <n>,
    "log" <n>, "rest" <n, k>, "quotient" <n, k, rest>, "again" <n>, "slots" <k>.
    """

    name = "ix.open"
    value = operand_def(IndexType())
    symbol = prop_def(StringAttr)
    rule = opt_prop_def(StringAttr)
    of = opt_prop_def(SizeListAttr)
    assembly_format = "$value `as` $symbol (`rule` $rule^ $of)? attr-dict"

    def __init__(self, value: SSAValue, symbol: str, rule: str | None = None, of: Sequence[SizeAttr] = ()):
        properties: dict[str, Attribute] = {"symbol": StringAttr(symbol)}
        if rule is not None:
            properties |= {"rule": StringAttr(rule), "of": SizeListAttr(tuple(of))}
        super().__init__(operands=[value], properties=properties)


@irdl_op_definition
class NameOp(IRDLOperation):
    """The same index, whose ordinal is now also a size symbol (so that sets may depend on it)."""

    name = "ix.name"
    T: ClassVar = VarConstraint("T", base(IdxType))
    index = operand_def(T)
    symbol = prop_def(StringAttr)
    result = result_def(T)
    traits = traits_def(Pure())
    assembly_format = "$index `as` $symbol attr-dict `:` type($result)"

    def __init__(self, index: SSAValue, symbol: str):
        super().__init__(
            operands=[index], properties={"symbol": StringAttr(symbol)}, result_types=[SSAValue.get(index).type]
        )


@irdl_op_definition
class OrdOp(IRDLOperation):
    """The ordinal of an index. Derivative: none."""

    name = "ix.ord"
    index = operand_def(IdxType)
    result = result_def(IndexType())
    traits = traits_def(Pure())
    assembly_format = "$index attr-dict `:` type($index)"

    def __init__(self, index: SSAValue):
        super().__init__(operands=[index], result_types=[IndexType()])


@irdl_op_definition
class IndexOp(IRDLOperation):
    """The index with ordinal  sum_k coefs[k]*operand[k] + offset,  already proved to be in range.

    Operands are indices (taken by ordinal) or numbers of type index. Derivative: none.
    """

    name = "ix.index"
    operands_ = var_operand_def(AnyAttr())
    coefs = prop_def(ArrayAttr[SizeAttr])
    offset = prop_def(SizeAttr)
    result = result_def(IdxType)
    traits = traits_def(Pure())

    def __init__(
        self,
        operands: Sequence[SSAValue],
        coefs: Sequence[SizeAttr | int],
        offset: SizeAttr | int,
        size: SizeAttr | int,
    ):
        super().__init__(
            operands=[operands],
            properties={"coefs": ArrayAttr(SizeAttr.of(c) for c in coefs), "offset": SizeAttr.of(offset)},
            result_types=[IdxType(SizeAttr.of(size))],
        )

    def verify_(self) -> None:
        if len(self.coefs) != len(self.operands_):
            raise VerifyException(f"{len(self.coefs)} coefficients for {len(self.operands_)} operands")
        for operand in self.operands_:
            if not isinstance(operand.type, IdxType | IndexType):
                raise VerifyException(f"operands are indices or numbers of type index, found {operand.type}")

    def print(self, printer: Printer) -> None:
        def term(operand: SSAValue, coef: SizeAttr) -> None:
            printer.print_ssa_value(operand)
            printer.print_string(f" * {coef} : ")
            printer.print_attribute(operand.type)

        printer.print_string(" ")
        with printer.in_parens():
            printer.print_list(list(zip(self.operands_, self.coefs, strict=True)), lambda oc: term(*oc))
        printer.print_string(f" + {self.offset} : ")
        printer.print_attribute(self.result.type)
        printer.print_op_attributes(self.attributes)

    @classmethod
    def parse(cls, parser: Parser) -> IndexOp:
        def term() -> tuple[SSAValue, SizeAttr]:
            operand = parser.parse_unresolved_operand()
            parser.parse_punctuation("*")
            coef = parse_size(parser)
            parser.parse_punctuation(":")
            return parser.resolve_operand(operand, parser.parse_type()), coef

        terms = parser.parse_comma_separated_list(parser.Delimiter.PAREN, term)
        parser.parse_punctuation("+")
        offset = parse_size(parser)
        parser.parse_punctuation(":")
        type = parser.parse_type()
        if not isinstance(type, IdxType):
            parser.raise_error(f"the result is an index, !ix.idx<size>, found {type}")
        op = cls([o for o, _ in terms], [c for _, c in terms], offset, type.size)
        op.attributes.update(parser.parse_optional_attr_dict())
        return op


def ordinal(index: SSAValue) -> SizeAttr | None:
    """The ordinal of an index as a size, if every part of it is a symbol or a constant."""
    if isinstance(index, BlockArgument):
        loop = index.block.parent_op()
        symbol = getattr(loop, "symbol", None)
        return SizeAttr.of(symbol.data) if isinstance(symbol, StringAttr) and index.index == 0 else None
    op = index.owner
    if isinstance(op, NameOp):
        return SizeAttr.of(op.symbol.data)
    if not isinstance(op, IndexOp):
        return None
    total = op.offset
    for coef, operand in zip(op.coefs, op.operands_, strict=True):
        part = ordinal(operand)
        if part is None:
            return None
        total = total + coef * part
    return total


def element_type(table: Attribute, indices: Sequence[SSAValue]) -> Attribute:
    """The type of `table[indices...]`; raises VerifyException where an index is not of its axis' set."""
    for axis, index in enumerate(indices):
        if not isinstance(table, TableType):
            raise VerifyException(f"{len(indices)} indices for a table of {axis} axes")
        if index.type != IdxType(table.sizes.data[0]):
            raise VerifyException(f"axis {axis} is indexed by !ix.idx<{table.sizes.data[0]}>, found {index.type}")
        position = ordinal(index)
        if position is None and any("#0" in s.symbols() for s in table.sizes.data[1:]):
            raise VerifyException(f"a later axis depends on index {axis}, which needs a name (ix.name)")
        table = table.under(position if position is not None else SizeAttr.of("#0"))
    return table


#: An attribute of updates: the table is a direction of a derivative, 1 there and 0 elsewhere.
SEED = "seed"

#: An attribute of reads: the element is to be read, and not to be computed again.
AS_MADE = "as_made"


@irdl_op_definition
class AtOp(IRDLOperation):
    """`t[i, j]`: an element, or (fewer indices than axes) the sub-table. Transpose: accumulate into t's cotangent."""

    name = "ix.at"
    table = operand_def(TableType)
    indices = var_operand_def(IdxType)
    result = result_def(AnyAttr())
    traits = traits_def(Pure())
    assembly_format = "$table `[` $indices `:` type($indices) `]` attr-dict `:` type($table) `->` type($result)"

    def __init__(self, table: SSAValue, indices: Sequence[SSAValue]):
        super().__init__(operands=[table, indices], result_types=[element_type(SSAValue.get(table).type, indices)])

    def verify_(self) -> None:
        expected = element_type(self.table.type, self.indices)
        if self.result.type != expected:
            raise VerifyException(f"the element read is {expected}, found {self.result.type}")


@irdl_op_definition
class UpdateOp(IRDLOperation):
    """The table that equals `t` but for `v` at `[i, j]` (v a sub-table where indices are fewer than axes).

    Transpose: the cotangent of v is read at the place, which is then zero in the cotangent of t.
    """

    name = "ix.update"
    table = operand_def(TableType)
    indices = var_operand_def(IdxType)
    value = operand_def(AnyAttr())
    result = result_def(TableType)
    traits = traits_def(Pure())
    assembly_format = (
        "$table `[` $indices `:` type($indices) `]` `,` $value attr-dict `:` type($table) `,` type($value)"
        " `->` type($result)"
    )

    def __init__(self, table: SSAValue, indices: Sequence[SSAValue], value: SSAValue):
        super().__init__(operands=[table, indices, value], result_types=[SSAValue.get(table).type])

    def verify_(self) -> None:
        expected = element_type(self.table.type, self.indices)
        if self.value.type != expected:
            raise VerifyException(f"the element written is {expected}, found {self.value.type}")
        if self.result.type != self.table.type:
            raise VerifyException(f"updates a {self.table.type} to a {self.result.type}")


@irdl_op_definition
class FillOp(IRDLOperation):
    """The table whose every element is `value`. Transpose: the sum of the cotangent."""

    name = "ix.fill"
    value = operand_def(AnyAttr())
    result = result_def(TableType)
    traits = traits_def(Pure())
    assembly_format = "$value attr-dict `:` type($value) `->` type($result)"

    def __init__(self, value: SSAValue, type: TableType):
        super().__init__(operands=[value], result_types=[type])

    def verify_(self) -> None:
        assert isinstance(self.result.type, TableType)
        if self.value.type != self.result.type.element:
            raise VerifyException(f"fills a table of {self.result.type.element} with a {self.value.type}")


@irdl_op_definition
class PackOp(IRDLOperation):
    """The table over Fin(k) of k values of one type: `[a, b, c]`; tables give one more axis in front."""

    name = "ix.pack"
    values = var_operand_def(AnyAttr())
    result = result_def(TableType)
    traits = traits_def(Pure())
    assembly_format = "$values attr-dict `:` type($values) `->` type($result)"

    def __init__(self, values: Sequence[SSAValue]):
        inner = SSAValue.get(values[0]).type
        super().__init__(operands=[values], result_types=[TableType.over(SizeAttr.of(len(values)), None, inner)])

    def verify_(self) -> None:
        if not self.values:
            raise VerifyException("packs at least one value")
        expected = TableType.over(SizeAttr.of(len(self.values)), None, self.values[0].type)
        if self.result.type != expected or any(v.type != self.values[0].type for v in self.values):
            raise VerifyException(f"packs values into a {expected}, found {self.result.type}")


#: How a result of `ix.for` is made of the values its iterations yield, besides "tab" and "own".
#: argmax/argmin: the least index attaining it, NaN first. max/min propagate NaN. umax/umin: unsigned integers. The best
#: of nothing is not asked for; but of long integers, the greatest is the least that there is.
REDUCTIONS = ("add", "mul", "max", "min", "umax", "umin", "and", "or", "argmax", "argmin")
RESULT_KINDS = ("tab", "own", *REDUCTIONS)


def is_long(type: Attribute) -> bool:
    """Is it an integer of more than 64 bits? AD makes them: a value and who offers it."""
    return isinstance(type, IntegerType) and type.width.data > 64


@irdl_op_definition
class YieldOp(IRDLOperation):
    """The values of one iteration of `ix.for`, one a result."""

    name = "ix.yield"
    values = var_operand_def(AnyAttr())
    traits = traits_def(IsTerminator())
    assembly_format = "attr-dict ($values^ `:` type($values))?"

    def __init__(self, values: Sequence[SSAValue] = ()):
        super().__init__(operands=[values])


@irdl_op_definition
class ForOp(IRDLOperation):
    """The order-free loop over one set. Each result is

    * `tab`: the table of the yielded values;
    * a reduction (`add`, `max`, …) of the yielded scalars, in any association; the set is not empty where the
      reduction has no identity (max, min, argmax, argmin); argmax/argmin yield the value and give its index;
    * `own`: a table passed in (`own`), of which each iteration reads and updates only the part that belongs to its
      own index, and yields the new version.

    The body may write accumulators and raise (the first failure in index order wins). Transpose: an `ix.for`.
    """

    name = "ix.for"
    owned = var_operand_def(TableType)
    symbol = opt_prop_def(StringAttr)
    kinds = prop_def(ArrayAttr[StringAttr])
    results_ = var_result_def(AnyAttr())
    body = region_def("single_block")

    def __init__(
        self,
        size: SizeAttr,
        kinds: Sequence[str],
        result_types: Sequence[Attribute],
        owned: Sequence[SSAValue] = (),
        symbol: str | None = None,
        body: Region | None = None,
    ):
        block_types = [IdxType(size), *(SSAValue.get(t).type for t in owned)]
        super().__init__(
            operands=[owned],
            properties={
                "kinds": ArrayAttr(StringAttr(k) for k in kinds),
                **({"symbol": StringAttr(symbol)} if symbol else {}),
            },
            result_types=[result_types],
            regions=[body or Region(Block(arg_types=block_types))],
        )

    @property
    def index(self) -> BlockArgument:
        return self.body.block.args[0]

    @property
    def size(self) -> SizeAttr:
        assert isinstance(self.index.type, IdxType)
        return self.index.type.size

    @property
    def kind_names(self) -> list[str]:
        return [k.data for k in self.kinds]

    @property
    def yielded(self) -> Sequence[SSAValue]:
        assert isinstance(self.body.block.last_op, YieldOp)
        return self.body.block.last_op.values

    def result_type(self, kind: str, value: Attribute) -> Attribute:
        """The type of a result of this kind, when iterations yield `value`."""
        if kind == "tab":
            return TableType.over(self.size, self.symbol.data if self.symbol else None, value)
        return IdxType(self.size) if kind in ("argmax", "argmin") else value

    def verify_(self) -> None:
        block = self.body.block
        if not block.args or not isinstance(block.args[0].type, IdxType):
            raise VerifyException("the first argument of the body is the index")
        if [a.type for a in block.args[1:]] != [t.type for t in self.owned]:
            raise VerifyException("the body takes the index and the owned tables")
        if not isinstance(block.last_op, YieldOp):
            raise VerifyException("the body ends with ix.yield")
        if not len(self.kinds) == len(self.yielded) == len(self.results_):
            raise VerifyException(
                f"{len(self.results_)} results of {len(self.kinds)} kinds from {len(self.yielded)} yielded values"
            )
        owned = iter(self.owned)
        for kind, value, result in zip(self.kind_names, self.yielded, self.results_, strict=True):
            if kind not in RESULT_KINDS:
                raise VerifyException(f"'{kind}' is not a kind of result: {', '.join(RESULT_KINDS)}")
            if kind in REDUCTIONS and isinstance(value.type, TableType):
                raise VerifyException(f"'{kind}' reduces scalars, found {value.type}")
            if kind == "own" and getattr(next(owned, None), "type", None) != result.type:
                raise VerifyException("each 'own' result has the type of its owned table, in order")
            expected = self.result_type(kind, value.type)
            if result.type != expected:
                raise VerifyException(f"a '{kind}' of {value.type} is a {expected}, found {result.type}")
        if next(owned, None) is not None:
            raise VerifyException("there are more owned tables than 'own' results")

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        print_header(printer, self.index, self.symbol)
        if self.owned:
            printer.print_string(" own ")
            print_carried(printer, self.body.block.args[1:], self.owned)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False)
        print_results(printer, self.kind_names, self.result_types)
        printer.print_op_attributes(self.attributes)

    @classmethod
    def parse(cls, parser: Parser) -> ForOp:
        index, symbol = parse_header(parser)
        names, owned = parse_carried(parser) if parser.parse_optional_keyword("own") else ([], [])
        arguments = [index, *(n.resolve(t.type) for n, t in zip(names, owned, strict=True))]
        body = parser.parse_region(arguments)
        results = parse_results(parser)
        attributes = parser.parse_optional_attr_dict()
        op = cls(index.type.size, [k for k, _ in results], [t for _, t in results], owned, symbol, body)  # pyright: ignore
        op.attributes.update(attributes)
        return op


def print_results(printer: Printer, kinds: Sequence[str], types: Sequence[Attribute]) -> None:
    """` -> (tab !ix.tab<[n], f32>, add f32)`"""

    def one(result: tuple[str, Attribute]) -> None:
        printer.print_string(f"{result[0]} ")
        printer.print_attribute(result[1])

    if kinds:
        printer.print_string(" -> ")
        with printer.in_parens():
            printer.print_list(list(zip(kinds, types, strict=True)), one)


def parse_results(parser: Parser) -> list[tuple[str, Attribute]]:
    """Kinds and types of results, if there are any."""
    if not parser.parse_optional_punctuation("->"):
        return []
    return parser.parse_comma_separated_list(
        parser.Delimiter.PAREN, lambda: (parser.parse_identifier("kind of result"), parser.parse_type())
    )


# ------------------------------------------------------------ syntax shared by the loops of `ix` and `eff`


def print_header(printer: Printer, index: BlockArgument, symbol: StringAttr | None) -> None:
    """`%i "i" : !ix.idx<n>` (the name only where sets depend on the index)."""
    printer.print_ssa_value(index)
    if symbol is not None:
        printer.print_string(" ")
        printer.print_attribute(symbol)
    printer.print_string(" : ")
    printer.print_attribute(index.type)


def parse_header(parser: Parser) -> tuple[Parser.Argument, str | None]:
    name = parser.parse_argument(expect_type=False)
    symbol = parser.parse_optional_str_literal()
    parser.parse_punctuation(":")
    type = parser.parse_type()
    if not isinstance(type, IdxType):
        parser.raise_error(f"a loop runs over the indices of a set, !ix.idx<size>, found {type}")
    return name.resolve(type), symbol


def print_carried(printer: Printer, arguments: Sequence[SSAValue], values: Sequence[SSAValue]) -> None:
    """`(%c = %c0 : f32, ...)`"""

    def pair(both: tuple[SSAValue, SSAValue]) -> None:
        printer.print_ssa_value(both[0])
        printer.print_string(" = ")
        printer.print_ssa_value(both[1])
        printer.print_string(" : ")
        printer.print_attribute(both[1].type)

    with printer.in_parens():
        printer.print_list(list(zip(arguments, values, strict=True)), pair)


def parse_carried(parser: Parser) -> tuple[list[Parser.UnresolvedArgument], list[SSAValue]]:
    def pair() -> tuple[Parser.UnresolvedArgument, SSAValue]:
        name = parser.parse_argument(expect_type=False)
        parser.parse_punctuation("=")
        value = parser.parse_unresolved_operand()
        parser.parse_punctuation(":")
        return name, parser.resolve_operand(value, parser.parse_type())

    pairs = parser.parse_comma_separated_list(parser.Delimiter.PAREN, pair)
    return [n for n, _ in pairs], [v for _, v in pairs]


@irdl_op_definition
class CallOp(IRDLOperation):
    """Calls a function; `sizes` are its size symbols (its `ix.sizes`, in order) in the caller's terms."""

    name = "ix.call"
    arguments = var_operand_def(AnyAttr())
    callee = prop_def(SymbolRefAttr)
    sizes = prop_def(SizeListAttr)
    results_ = var_result_def(AnyAttr())
    assembly_format = "$callee $sizes `(` $arguments `)` attr-dict `:` functional-type($arguments, $results_)"

    def __init__(
        self, callee: str, sizes: Sequence[SizeAttr], arguments: Sequence[SSAValue], result_types: Sequence[Attribute]
    ):
        super().__init__(
            operands=[arguments],
            properties={"callee": SymbolRefAttr(callee), "sizes": SizeListAttr(tuple(sizes))},
            result_types=[result_types],
        )


def free_symbols(type: Attribute) -> set[str]:
    """The size symbols a type mentions (axis references not counted)."""
    if isinstance(type, IdxType):
        return {s for s in type.size.symbols()}
    if isinstance(type, TableType):
        own = {s for size in type.sizes for s in size.symbols() if not s.startswith("#")}
        return own | free_symbols(type.element)
    return set()


Ix = Dialect(
    "ix",
    [SizesOp, SizeOp, OpenOp, NameOp, OrdOp, IndexOp, AtOp, UpdateOp, FillOp, PackOp, YieldOp, ForOp, CallOp],
    [SizeAttr, SizeListAttr, IdxType, TableType],
)
