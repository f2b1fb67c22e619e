"""argmax and argmin of numbers that can be read again: first the best one, then where it is.

    best, k = for i { yield x[i], x[i] } -> max, argmax
    ==>  best = for i { yield x[i] } -> max;    for each block, until one has it:  k = min over i of (i if x[i] = best)

Both are loops that LLVM vectorises, the first is that of a plain maximum, and a maximum that is asked for as well comes
with it. Only numbers that are the same bits when they are read a second time, and from tables that the loop leaves
alone: what is computed may be rounded otherwise, and then nobody has won. Others are kept, block by block (`Winner`).
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith
from xdsl.ir import SSAValue

from pydex.dialects import ix
from pydex.passes.fuse_inline import body_slice
from pydex.passes.lower import Lowering
from pydex.passes.lower_iteration import Combine, Loop, reduced, run_loop
from pydex.passes.lower_position import first_position
from pydex.passes.lower_reductions import Reduction, Reductions, Winner
from pydex.passes.lower_text import Idx, Val, add, minimum, sub
from pydex.passes.needs import needs

#: Iterations among which the index is looked for at a time.
BLOCK = 1024

EXACT = (ix.AtOp, ix.IndexOp, arith.ConstantOp, arith.NegfOp)


def searches(op: ix.ForOp, reductions: Reductions) -> bool:
    """Does the loop look for winners, all of them among numbers that can be read again?"""
    winners = [v for r, v in zip(reductions.all, reduced(op), strict=True) if isinstance(r, Winner) and r.block]
    few = op.size.constant is not None and reductions.block(op.size.constant) is None
    alone = set(op.kind_names) <= set(ix.REDUCTIONS) and needs(op).pure
    return bool(winners) and not few and alone and all(_is_exact(op, v) for v in winners)


def _is_exact(op: ix.ForOp, value: SSAValue) -> bool:
    return all(isinstance(o, EXACT) for o in body_slice(op, value))


def run_search(low: Lowering, op: ix.ForOp, reductions: Reductions, lo: Idx, hi: Idx, loop: Loop) -> list[Val]:
    """The iterations lo … hi of such a loop, which `loop` runs; the values that the reductions carry at the end."""
    yielded = reduced(op)
    kinds = [r.monoid if isinstance(r, Winner) else r.kind for r in reductions.all]
    keys = list(zip(kinds, yielded, strict=True))
    places = [keys.index(key) for key in dict.fromkeys(keys)]
    plain = Reductions([Reduction(kinds[k], reductions.all[k].type) for k in places])

    def once(lo: Idx, hi: Idx, first: Sequence[Val], combine: Combine) -> list[Val]:
        return loop(lo, hi, first, lambda now, values, i: combine(now, [values[k] for k in places], i))

    found = dict(zip(dict.fromkeys(keys), run_loop(low, op, plain, lo, hi, once), strict=True))
    carried: list[Val] = []
    for r, key in zip(reductions.all, keys, strict=True):
        carried.append(found[key])
        if isinstance(r, Winner):
            carried.append(_position(low, op, r, key[1], found[key], lo, hi))
    return carried


def _position(low: Lowering, op: ix.ForOp, winner: Winner, value: SSAValue, best: Val, lo: Idx, hi: Idx) -> Val:
    """The first iteration whose value is the best, or NaN."""
    code, index, ops = low.code, low.code.index, body_slice(op, value)
    nowhere = code.number(-1)

    def read(start: Val, j: Val) -> Val:
        with low.again(op.body):
            low.bind(op, code.number(add(code, start, j)))
            for each in ops:
                low.rules[type(each)](low, each)
            return low.value(value)

    def look(start: Val) -> Val:
        count = sub(code, minimum(code, add(code, start, BLOCK), hi), start)
        position = first_position(low, winner.monoid, best, count, BLOCK, lambda j: read(start, j))
        missed = code.let("i1", f"arith.cmpi eq, {{}}, {{}} : {index}", position, BLOCK)
        found = code.number(add(code, start, position))
        return code.let(index, f"arith.select {{}}, {{}}, {{}} : {index}", missed, nowhere, found)

    def block(start: Val, now: list[Val]) -> list[Val]:
        missing = code.let("i1", f"arith.cmpi slt, {{}}, {{}} : {index}", now[0], 0)
        result = code.let(index, f"scf.if {{}} -> ({index}) {{{{", missing)
        with low.frame():
            code.do(f"scf.yield {{}} : {index}", look(start))
        code.do("}} else {{")
        with low.frame():
            code.do(f"scf.yield {{}} : {index}", now[0])
        code.do("}}")
        return [result]

    found = low.loop(lo, hi, [nowhere], block, step=BLOCK)[0]
    return code.let(index, f"arith.maxsi {{}}, {{}} : {index}", found, 0)
