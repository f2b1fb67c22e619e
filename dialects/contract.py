"""`ix.contract`: sums of products of two tables, over a box of indices; what a library of linear algebra computes.

    %c = ix.contract [n, m, k] %a[#0, #2], %b[#2, #1] -> [#0, #1] : !ix.tab<[n, k], f32>, !ix.tab<[k, m], f32>
         -> !ix.tab<[n, m], f32>

`#0`, `#1`, … are the indices of the box. An op of the dialect `ix`, in a file of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import ArrayAttr, Float32Type, Float64Type
from xdsl.ir import SSAValue
from xdsl.irdl import IRDLOperation, irdl_op_definition, operand_def, prop_def, result_def, traits_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from .ix import TableType
from .sizes import SizeAttr, SizeListAttr, parse_size


def step(place: SizeAttr, axis: int) -> SizeAttr:
    """By how much the place, affine in the indices `#k`, moves with index `#axis`."""
    return _at(place, axis) - _at(place, None)


def start(place: SizeAttr) -> SizeAttr:
    """The place at index 0, 0, …"""
    return _at(place, None)


def _at(place: SizeAttr, axis: int | None) -> SizeAttr:
    return place.substitute({s: SizeAttr.of(int(s == f"#{axis}")) for s in place.symbols() if s.startswith("#")})


@irdl_op_definition
class ContractOp(IRDLOperation):
    """`c[out] = Σ lhs[φ] · rhs[ψ]`, over all indices of the box `sizes` whose place `out` is that cell; 0 where there
    is none. The terms of a cell are added in any order. Places are affine in the indices, and in range (proved before).

    Made after differentiation, which sees the loops. Derivative: none.
    """

    name = "ix.contract"
    lhs = operand_def(TableType)
    rhs = operand_def(TableType)
    sizes = prop_def(SizeListAttr)
    lhs_place = prop_def(SizeListAttr)
    rhs_place = prop_def(SizeListAttr)
    out_place = prop_def(SizeListAttr)
    result = result_def(TableType)
    traits = traits_def(Pure())

    def __init__(
        self,
        sizes: Sequence[SizeAttr],
        lhs: tuple[SSAValue, Sequence[SizeAttr]],
        rhs: tuple[SSAValue, Sequence[SizeAttr]],
        out: tuple[TableType, Sequence[SizeAttr]],
    ):
        super().__init__(
            operands=[lhs[0], rhs[0]],
            properties={
                "sizes": SizeListAttr(tuple(sizes)),
                "lhs_place": SizeListAttr(tuple(lhs[1])),
                "rhs_place": SizeListAttr(tuple(rhs[1])),
                "out_place": SizeListAttr(tuple(out[1])),
            },
            result_types=[out[0]],
        )

    @property
    def places(self) -> list[tuple[SSAValue, Sequence[SizeAttr]]]:
        """The tables lhs, rhs and result, with their places."""
        properties = (self.lhs_place, self.rhs_place, self.out_place)
        return [(t, p.data) for t, p in zip((self.lhs, self.rhs, self.result), properties, strict=True)]

    @property
    def box(self) -> TableType:
        """The type of a table of all terms, which nobody makes."""
        return TableType(ArrayAttr(self.sizes.data), self.result.type.element)  # pyright: ignore

    def verify_(self) -> None:
        elements = set()
        for table, place in self.places:
            assert isinstance(table.type, TableType)
            elements.add(table.type.element)
            if len(place) != table.type.rank:
                raise VerifyException(f"{len(place)} places for a table of {table.type.rank} axes")
            for part in place:
                self._verify_place(part)
        if len(elements) != 1 or not all(isinstance(e, Float32Type | Float64Type) for e in elements):
            raise VerifyException(f"contracts tables of f32 or of f64, found {', '.join(sorted(map(str, elements)))}")

    def _verify_place(self, place: SizeAttr) -> None:
        total = start(place)
        for axis in range(len(self.sizes.data)):
            total = total + step(place, axis) * f"#{axis}"
        if total != place or any(s.startswith("#") for s in start(place).symbols()):
            raise VerifyException(f"the place {place} is not affine in the {len(self.sizes.data)} indices")

    def print(self, printer: Printer) -> None:
        def places(listed: Sequence[SizeAttr]) -> None:
            printer.print_string("[" + ", ".join(map(str, listed)) + "]")

        printer.print_string(" ")
        places(self.sizes.data)
        for separator, (table, place) in zip((" ", ", "), self.places, strict=False):
            printer.print_string(separator)
            printer.print_ssa_value(table)
            places(place)
        printer.print_string(" -> ")
        places(self.out_place.data)
        printer.print_string(" : ")
        printer.print_list([self.lhs.type, self.rhs.type], printer.print_attribute)
        printer.print_string(" -> ")
        printer.print_attribute(self.result.type)
        printer.print_op_attributes(self.attributes)

    @classmethod
    def parse(cls, parser: Parser) -> ContractOp:
        def places() -> list[SizeAttr]:
            return parser.parse_comma_separated_list(parser.Delimiter.SQUARE, lambda: parse_size(parser))

        sizes = places()
        lhs, lhs_place = parser.parse_unresolved_operand(), places()
        parser.parse_punctuation(",")
        rhs, rhs_place = parser.parse_unresolved_operand(), places()
        parser.parse_punctuation("->")
        out_place = places()
        parser.parse_punctuation(":")
        lhs_value = parser.resolve_operand(lhs, parser.parse_type())
        parser.parse_punctuation(",")
        rhs_value = parser.resolve_operand(rhs, parser.parse_type())
        parser.parse_punctuation("->")
        type = parser.parse_type()
        if not isinstance(type, TableType):
            parser.raise_error(f"the result is a table, found {type}")
        op = cls(sizes, (lhs_value, lhs_place), (rhs_value, rhs_place), (type, out_place))
        op.attributes.update(parser.parse_optional_attr_dict())
        return op
