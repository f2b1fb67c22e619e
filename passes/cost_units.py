"""What is counted: float operations, table elements loaded and stored, and their bytes. One line a rule.

    flops        each float addition, multiplication, division, negation, minimum, function of `math`; fma counts 2.
                 Each value that a reduction or accumulator combines. Not: comparisons, selections, conversions.
    elementary   those of them that are functions like exp, which cost as much as ten others
    loads        elements read from tables: each `x[i]`, both sides of `acc[i] += v`, each element that is copied
    stores       elements written to tables, those of results too
    bytes        of the loads and stores

Scalars, scalar accumulators among them, are in registers and count nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects import scf
from xdsl.dialects.builtin import AnyFloat
from xdsl.ir import Attribute, Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.blocks import BlocksOp
from pydex.dialects.contract import ContractOp
from pydex.passes.lower_cells import size_of
from pydex.passes.lower_scalars import scalar_type

#: Float ops of `arith` that count one.
ARITHMETIC = {f"arith.{op}f" for op in "add sub mul div rem neg maximum minimum maxnum minnum".split()}

#: Functions of `math` that the machine has an instruction for, or nearly.
PLAIN = {f"math.{op}" for op in "absf copysign ceil floor round roundeven trunc sqrt rsqrt fma".split()}

UNITS = ("flops", "elementary", "loads", "stores", "bytes")


def is_elementary(op: Operation) -> bool:
    """Whether it is one of the functions that take a polynomial to compute."""
    return op.name.startswith("math.") and op.name not in PLAIN and is_float(op.results[0].type)


def flops(op: Operation) -> int:
    """The float operations of a scalar op."""
    if op.name == "math.fma":
        return 2
    counts = op.name in ARITHMETIC or op.name.startswith("math.")
    return int(counts and is_float(op.results[0].type))


def is_float(type: Attribute) -> bool:
    """Whether it is a float, or a table of floats."""
    return isinstance(element(type), AnyFloat)


def element(type: Attribute) -> Attribute:
    """The type of the elements, or of the scalar."""
    return type.element if isinstance(type, ix.TableType) else type


def bytes_of(type: Attribute) -> int:
    """The bytes of an element in memory."""
    scalar = scalar_type(element(type), "i64")
    return 1 if scalar == "i1" else size_of(scalar)


def stored_by(terminator: Operation) -> Iterator[SSAValue]:
    """The scalars that become elements of tables when an iteration ends."""
    loop = terminator.parent_op()
    match loop:
        case ix.ForOp():
            values = [v for v, kind in zip(loop.yielded, loop.kind_names, strict=True) if kind == "tab"]
        case eff.LoopOp():
            values = list(loop.yielded[len(loop.initial) :])
        case _:
            values = []
    return (v for v in values if not isinstance(v.type, ix.TableType))


def reduced_by(terminator: Operation) -> Iterator[SSAValue]:
    """The scalars that reductions combine when an iteration ends."""
    loop = terminator.parent_op()
    if isinstance(loop, ix.ForOp | BlocksOp):
        yield from (v for v, kind in zip(loop.yielded, loop.kind_names, strict=True) if kind in ix.REDUCTIONS)


def summed_by(terminator: Operation) -> Iterator[SSAValue]:
    """The tables that are added to others when a block of points ends; contractions add by themselves."""
    loop = terminator.parent_op()
    if isinstance(loop, BlocksOp):
        pairs = zip(loop.yielded, loop.kind_names, strict=True)
        yield from (v for v, kind in pairs if kind == "sum" and not isinstance(v.owner, ContractOp))


def has_cells(op: eff.AddOp) -> bool:
    """Whether the accumulator is a table in memory."""
    accumulator = op.accumulator.type
    return isinstance(accumulator, eff.AccType) and isinstance(accumulator.content, ix.TableType)


def is_branch(op: Operation) -> bool:
    """Whether its regions are alternatives."""
    return isinstance(op, scf.IfOp)
