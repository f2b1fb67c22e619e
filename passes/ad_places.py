"""The places of what is added to an accumulator: integers that tell contributions apart, in the order of the loops.

    for i in n { for j in m { add a[φ], x; add a[ψ], y } }      x: (i * m + j) * 2, y: (i * m + j) * 2 + 1

Where the size of a loop is only known inside of another, the ordinals from there on are a digit of their own: i, j of
`for i in n { for j in z[i] { … } }` is i * 2**64 + j.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerType, i64
from xdsl.ir import Block, BlockArgument, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr
from pydex.passes.symbols import defined_symbols

from .ad_emit import Emitter
from .ad_errors import no_rule
from .ad_numbers import Number

#: The bits of a digit, which holds the ordinal of any iteration.
DIGIT = 64

Loop = ix.ForOp | eff.LoopOp


@dataclass(frozen=True)
class Places:
    """The form of the places of an accumulator's contributions. cuts: for each of them, how many of the loops around
    it make each digit."""

    cuts: Sequence[Sequence[int]]
    digits: int

    @staticmethod
    def of(accumulator: BlockArgument) -> Places:
        """Raises an error at what has no place."""
        found, root = writes(accumulator), accumulator.block
        owner = root.parent_op()
        assert owner is not None
        nests = [_loops(write, root) for write in found]
        own = {loop.symbol.data for nest in nests for loop in nest if loop.symbol is not None}
        changing = frozenset(defined_symbols(owner) - own)
        cuts = [_cuts(nest, changing) for nest in nests]
        digits = max(map(len, cuts), default=1)
        room = 1 << digits.bit_length()  # value and place together: as many digits as a power of two
        return Places(cuts, room - 1)

    @property
    def type(self) -> IntegerType:
        return IntegerType(DIGIT * self.digits)

    def here(self, emit: Emitter, write: eff.AddOp, number: int, root: Block) -> SSAValue:
        """The place of an add (or of a copy), the `number`-th in the text."""
        loops, cuts = _loops(write, root), [*self.cuts[number], *[0] * self.digits][: self.digits]
        ends = list(accumulate(cuts))
        *leading, last = [_ordinal(emit, loops[end - cut : end]) for end, cut in zip(ends, cuts, strict=True)]
        total = _wide(emit, last * len(self.cuts) + number, self.type)
        for k, digit in enumerate(reversed(leading)):
            shift = emit.constant(DIGIT * (k + 1), self.type)
            shifted = emit.insert(arith.ShLIOp(_wide(emit, digit, self.type), shift)).result
            total = emit.insert(arith.OrIOp(shifted, total)).result
        return total


def writes(accumulator: BlockArgument) -> list[eff.AddOp]:
    """What is added to an accumulator, in the order of the text."""
    owner = accumulator.block.parent_op()
    assert owner is not None
    found = [op for op in owner.walk() if isinstance(op, eff.AddOp) and op.accumulator is accumulator]
    for write in found:
        if isinstance(write.value.type, ix.TableType):
            raise no_rule(write, "accumulate the elements of a table one by one where the monoid is not +")
    return found


def _loops(write: eff.AddOp, root: Block) -> list[Loop]:
    """The loops between a contribution and the body of the accumulation, from the outside."""
    loops: list[Loop] = []
    block = write.parent
    while block is not None and block is not root:
        parent = block.parent_op()
        if isinstance(parent, eff.WhileOp):
            raise no_rule(write, "in a while loop, a maximum has no index: carry it instead")
        if isinstance(parent, ix.ForOp | eff.LoopOp):
            loops.insert(0, parent)
        block = block.parent_block()
    return loops


def _cuts(loops: Sequence[Loop], changing: frozenset[str]) -> list[int]:
    """The lengths of the parts of a nest, cut in front of loops whose size is only known inside of the ones before."""
    cuts = [0]
    for loop in loops:
        if cuts[-1] and not changing.isdisjoint(loop.size.symbols()):
            cuts.append(0)
        cuts[-1] += 1
    return cuts


def _ordinal(emit: Emitter, loops: Sequence[Loop]) -> Number:
    """The ordinals of the loops in one number, that of their box."""
    total = Number(emit.constant(0, i64), emit)
    for loop, extent in zip(loops, _box(loops), strict=True):
        ordinal = _integer(emit, emit.insert(ix.OrdOp(loop.index)).result)
        size = _integer(emit, emit.insert(ix.SizeOp(extent)).result)
        total = total * Number(size, emit) + Number(ordinal, emit)
    return total


def _box(loops: Sequence[Loop]) -> list[SizeAttr]:
    """Extents of a box that holds all iterations of a nest, whose inner sizes may depend on outer indices."""
    axes = {loop.symbol.data: SizeAttr.of(f"#{k}") for k, loop in enumerate(loops) if loop.symbol}
    if not loops:
        return []
    type = ix.TableType.of([loop.size.substitute(axes) for loop in loops], i64)
    assert isinstance(type, ix.TableType)
    return ix.bounding_sizes(type)


def _integer(emit: Emitter, value: SSAValue) -> SSAValue:
    return emit.insert(arith.IndexCastOp(value, i64)).result


def _wide(emit: Emitter, number: Number, type: IntegerType) -> SSAValue:
    return number.value if number.type == type else emit.insert(arith.ExtUIOp(number.value, type)).result
