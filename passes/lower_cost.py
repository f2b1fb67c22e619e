"""How much a block of the program computes, as a polynomial in its size symbols: enough to decide about threads.

An op counts 1, a division or root 4, an elementary function 10. What is not known before a block runs is estimated
from above: a loop's own symbol by its last value, a size that is opened inside by 16, the trips of a `while` by 32.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import reduce
from operator import mul

from xdsl.dialects import arith
from xdsl.ir import Block, Operation

from pydex.dialects import eff, ix
from pydex.dialects.blocks import BlocksOp
from pydex.dialects.contract import ContractOp
from pydex.dialects.sizes import SizeAttr
from pydex.passes.edit import ops_inside

FREE = {
    *("arith.constant", "ix.sizes", "ix.size_of", "ix.ord", "ix.name", "ix.open"),
    *("ix.yield", "eff.yield", "scf.yield"),
}
WEIGHTS = {"arith.divf": 4, "arith.divsi": 8, "arith.remsi": 8, "arith.floordivsi": 8, "math.sqrt": 4, "math.absf": 1}
INNER = 3
SIMPLE = 16
OPENED = SizeAttr.of(16)
TRIPS = SizeAttr.of(32)
ONE = SizeAttr.of(1)


def work(block: Block, only: Collection[Operation] | None = None) -> SizeAttr:
    """The estimated number of operations of one run of a block, or of some of its ops."""
    simple, total = 0, SizeAttr.of(0)
    for op in block.ops if only is None else [o for o in block.ops if o in only]:
        if op.regions or isinstance(op, ix.FillOp | eff.AddOp | ContractOp):
            total = total + _work_of(op)
        elif not (isinstance(op, ix.AtOp) and isinstance(op.result.type, ix.TableType)):
            simple += weight(op)
    return (total + simple).substitute(_defined(block))


def weight(op: Operation) -> int:
    """The scalar operations that an op without regions stands for."""
    return WEIGHTS.get(op.name, 10 if op.name.startswith("math.") else 0 if op.name in FREE else 1)


#: So many xors make a hash: the loop vectoriser of LLVM 24 takes time exponential in the length of such a chain.
HASH = 16


def vector_hint(op: ix.ForOp) -> str:
    """How LLVM is asked to vectorise the loop: "" as it likes, "masks" for few iterations, "scalar" not at all.

    (Loops that the lowering adds may be "rare": neither vectorised nor unrolled, which saves LLVM the time.)"""
    if hashes(op):
        return "scalar"
    return "masks" if is_short(op) else ""


def hashes(op: ix.ForOp) -> bool:
    """Does the body compute random bits?"""
    return sum(isinstance(inner, arith.XOrIOp) for inner in ops_inside(op)) >= HASH


def is_short(op: ix.ForOp) -> bool:
    """Is it better to vectorise the loop with masks, for few iterations, than for many?

    2.5 times as fast for 14 iterations, 15 to 40 % slower for 1000. Guessed, for an innermost loop with neighbours in
    memory: inside a sequential loop, which tends to run over time and contain vectors of state; or over a set that
    depends on loops around it, where there are at least INNER.
    """
    if any(child.regions for child in op.body.block.ops) or not _reads_neighbours(op):
        return False
    around, parent = [], op.parent_op()
    while parent is not None:
        around.append(parent)
        parent = parent.parent_op()
    names = {o.symbol.data for o in around if isinstance(o, ix.ForOp | eff.LoopOp) and o.symbol is not None}
    deep = sum(isinstance(o, ix.ForOp | eff.LoopOp | eff.WhileOp) for o in around) >= INNER
    sequential = any(isinstance(o, eff.LoopOp | eff.WhileOp) for o in around)
    return sequential or (deep and not names.isdisjoint(op.size.symbols()))


def is_simple(op: ix.ForOp) -> bool:
    """Does an iteration do so few operations that it waits for the sum of the one before?"""
    return sum(map(weight, op.body.block.ops)) <= SIMPLE


def _reads_neighbours(op: ix.ForOp) -> bool:
    """Do iterations that follow each other touch cells that follow each other (or the same one)?"""
    touched = [c.indices for c in op.body.block.ops if isinstance(c, ix.AtOp | ix.UpdateOp | eff.AddOp)]
    return not any(op.index in indices[:-1] for indices in touched)


def _work_of(op: Operation) -> SizeAttr:
    """The work of an op that works on tables, or has regions."""
    if isinstance(op, ix.FillOp):
        return _cells(op.result.type)
    if isinstance(op, eff.AddOp):
        return _cells(op.value.type) * 2
    if isinstance(op, ContractOp):
        return reduce(mul, op.sizes.data, ONE)
    inner = SizeAttr.of(0)
    for block in (b for region in op.regions for b in region.blocks):
        inner = inner + work(block)
    if isinstance(op, BlocksOp):
        return op.size * inner.substitute({op.symbol.data: op.size - 1})
    if isinstance(op, ix.ForOp | eff.LoopOp):
        last = {op.symbol.data: op.size - 1} if op.symbol is not None else {}
        return op.size * (inner + 1).substitute(last)
    return TRIPS * inner if isinstance(op, eff.WhileOp) else inner


def _cells(type: object) -> SizeAttr:
    total = SizeAttr.of(1)
    for size in ix.bounding_sizes(type) if isinstance(type, ix.TableType) else ():
        total = total * size
    return total


def _defined(block: Block) -> dict[str, SizeAttr]:
    """Estimates of the symbols that ops of the block define."""
    return {op.symbol.data: _estimate(op) for op in block.ops if isinstance(op, ix.OpenOp | ix.NameOp)}


def _estimate(op: ix.OpenOp | ix.NameOp) -> SizeAttr:
    """Of points in blocks, it does not matter how many blocks there are: one has all."""
    match op.rule.data if isinstance(op, ix.OpenOp) and op.rule is not None else "":
        case "block" | "points":
            return op.of.data[0]  # pyright: ignore
        case "blocks":
            return ONE
        case _:
            return OPENED
