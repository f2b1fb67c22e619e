"""`ix.blocks`: an order-free loop over blocks of points. What stands between loops over points dies with the block.

    %y, %w, %s = ix.blocks %b "b" : !ix.idx<m> by k { … ix.yield %r, %c, %x : … }
                 -> (rows !ix.tab<[n, o], f32>, sum !ix.tab<[d, o], f32>, add f32)

Block b begins with point k*b; all but the last have k points. An op of the dialect `ix`, in a file of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, StringAttr
from xdsl.ir import Attribute, Block, BlockArgument, Region, SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def, region_def, var_result_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from .ix import (
    REDUCTIONS,
    IdxType,
    OpenOp,
    TableType,
    YieldOp,
    parse_header,
    parse_results,
    print_header,
    print_results,
)
from .sizes import SizeAttr, parse_size


def differing(part: TableType, whole: TableType) -> list[int]:
    """The axes in which two types differ: of rows and the table of all, there is one."""
    return [axis for axis, (a, b) in enumerate(zip(part.sizes, whole.sizes, strict=True)) if a != b]


@irdl_op_definition
class BlocksOp(IRDLOperation):
    """Iterations in any order, at least one. Each result is

    * `rows`: the table of the rows of all blocks, each of which yields a table of those from k*b on; along the axis in
      which the two types differ;
    * `sum`: the sum of the tables that they yield, which `ix.contract` has made;
    * a reduction of scalars other than argmax and argmin, as those of `ix.for`.

    The body may write accumulators. Made after differentiation. Derivative: none.
    """

    name = "ix.blocks"
    symbol = prop_def(StringAttr)
    length = prop_def(SizeAttr)
    kinds = prop_def(ArrayAttr[StringAttr])
    results_ = var_result_def()
    body = region_def("single_block")

    def __init__(
        self,
        count: SizeAttr,
        symbol: str,
        length: SizeAttr,
        kinds: Sequence[str] = (),
        result_types: Sequence[Attribute] = (),
        body: Region | None = None,
    ):
        super().__init__(
            properties={
                "symbol": StringAttr(symbol),
                "length": length,
                "kinds": ArrayAttr(StringAttr(k) for k in kinds),
            },
            result_types=[result_types],
            regions=[body or Region(Block(arg_types=[IdxType(count)]))],
        )

    @property
    def index(self) -> BlockArgument:
        return self.body.block.args[0]

    @property
    def size(self) -> SizeAttr:
        """How many blocks there are."""
        assert isinstance(self.index.type, IdxType)
        return self.index.type.size

    @property
    def start(self) -> SizeAttr:
        """The first point of a block."""
        return self.length * self.symbol.data

    @property
    def points(self) -> SizeAttr:
        """How many points a block has: a size that the body opens."""
        return SizeAttr.of(next(op.symbol.data for op in self.body.block.ops if isinstance(op, OpenOp)))

    @property
    def kind_names(self) -> list[str]:
        return [k.data for k in self.kinds]

    @property
    def yielded(self) -> Sequence[SSAValue]:
        assert isinstance(self.body.block.last_op, YieldOp)
        return self.body.block.last_op.values

    def verify_(self) -> None:
        if len(self.body.block.args) != 1 or not isinstance(self.index.type, IdxType):
            raise VerifyException("the body takes the index")
        if not isinstance(self.body.block.last_op, YieldOp):
            raise VerifyException("the body ends with ix.yield")
        if not len(self.kinds) == len(self.yielded) == len(self.results_):
            raise VerifyException(
                f"{len(self.results_)} results of {len(self.kinds)} kinds from {len(self.yielded)} yielded values"
            )
        for kind, value, result in zip(self.kind_names, self.yielded, self.results_, strict=True):
            self._verify_result(kind, value.type, result.type)

    def _verify_result(self, kind: str, value: Attribute, result: Attribute) -> None:
        if kind not in ("rows", "sum", *REDUCTIONS) or kind.startswith("arg"):
            raise VerifyException(f"'{kind}' is not a kind of result of blocks")
        if isinstance(value, TableType) != (kind in ("rows", "sum")):
            raise VerifyException(f"'{kind}' of {value}")
        if kind == "rows" and isinstance(value, TableType) and isinstance(result, TableType):
            if value.rank != result.rank or value.element != result.element or len(differing(value, result)) != 1:
                raise VerifyException(f"rows of {value} are not those of {result}")
        elif result != value:
            raise VerifyException(f"a '{kind}' of {value} is one, too, found {result}")

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        print_header(printer, self.index, self.symbol)
        printer.print_string(f" by {self.length} ")
        printer.print_region(self.body, print_entry_block_args=False)
        print_results(printer, self.kind_names, self.result_types)
        printer.print_op_attributes(self.attributes)

    @classmethod
    def parse(cls, parser: Parser) -> BlocksOp:
        index, symbol = parse_header(parser)
        parser.parse_keyword("by")
        length = parse_size(parser)
        body = parser.parse_region([index])
        results = parse_results(parser)
        if symbol is None or not isinstance(index.type, IdxType):
            parser.raise_error("blocks have a name")
        op = cls(index.type.size, symbol, length, [k for k, _ in results], [t for _, t in results], body)
        op.attributes.update(parser.parse_optional_attr_dict())
        return op
