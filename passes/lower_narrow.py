"""Loops that make indices of floats, `n.clamp(int(x))`: in 32 bits, where the bound is small.

    for i { k = min(i64(x), hi) }                                    where x ≥ 0
    ==>  if hi ≤ MOST { for i { k = i32(min(x, f32(hi))) } } else { for i { k = min(i64(x), hi) } }

Up to MOST, all integers are numbers of the float's type. So min(x, hi) rounds towards zero to what min(i64(x), hi) is:
to hi if x is greater, else to what x does. A vector holds twice as many indices then, and the machine converts them at
once. The second loop hardly ever runs, and is not vectorised. Histograms keep their offsets in 32 bits, too
(`lower_scatter.py`), if no accumulator has more cells than MOST.

Only where the bound is known before the loop, in loops without others inside.
"""

from __future__ import annotations

from collections.abc import Callable

from xdsl.dialects import arith
from xdsl.dialects.builtin import Float32Type, Float64Type, i64
from xdsl.ir import Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.passes import lower_scalars
from pydex.passes.fold_scalar import is_natural
from pydex.passes.lower import Lowering
from pydex.passes.lower_text import Idx, Val, mul
from pydex.passes.lower_vectors import select

#: The integers up to here are f32 numbers.
MOST = 2**24


def narrow_indices(op: ix.ForOp) -> dict[Operation, SSAValue]:
    """The conversions of a loop's body that can be done in 32 bits, and the minima after them, with the bounds."""
    found: dict[Operation, SSAValue] = {}
    if not any(o.regions for o in op.body.block.ops):
        for child in op.body.block.ops:
            if isinstance(child, arith.FPToSIOp) and (least := _minimum(op, child)) is not None:
                found |= {child: least.rhs, least: least.rhs}
    return found


def _minimum(loop: ix.ForOp, op: arith.FPToSIOp) -> arith.MinSIOp | None:
    """min(i64(x), hi), if it is all that becomes of the conversion."""
    known = isinstance(op.input.type, Float32Type | Float64Type) and op.result.type == i64
    if not known or not is_natural(op.input):
        return None
    user = _only_user(op.result)
    user = _only_user(user.result) if isinstance(user, arith.IndexCastOp) else user
    # `fold` puts what is constant, and the frontend what is known, on the right.
    return user if isinstance(user, arith.MinSIOp) and not _is_inside(loop, user.rhs) else None


def _only_user(value: SSAValue) -> Operation | None:
    uses = list(value.uses)
    return uses[0].operation if len(uses) == 1 else None


def _is_inside(loop: ix.ForOp, value: SSAValue) -> bool:
    return loop.body.block.is_ancestor(value.owner)


def in_32_bits(
    low: Lowering, op: ix.ForOp, found: dict[Operation, SSAValue], run: Callable[[], list[Val]]
) -> list[Val]:
    """The loop that `run` writes, twice; what it gives."""
    code = low.code
    fits = _fits(low, [*map(low.value, dict.fromkeys(found.values())), *_cells(low, op)])
    header = code.slot()
    with low.frame():
        low.narrow = found
        narrow = run()
        low.narrow = {}
        _hand_on(low, narrow)
    types = [v.type for v in narrow]
    with code.at(header):
        arrow = f" -> ({', '.join(types)})" if types else ""
        results = code.let_many(types, f"scf.if {code.use(fits)}{arrow} {{")
    code.do("}} else {{")
    with low.frame(), low.again(op.body):
        low.seldom = True
        _hand_on(low, run())
        low.seldom = False
    code.do("}}")
    return results


def _hand_on(low: Lowering, values: list[Val]) -> None:
    if values:
        low.code.do(f"scf.yield {', '.join(['{}'] * len(values))} : {', '.join(v.type for v in values)}", *values)


def _cells(low: Lowering, op: ix.ForOp) -> list[Idx]:
    """How many cells the accumulators have that the loop adds to."""
    contents = {o.accumulator.type.content for o in op.body.block.ops if isinstance(o, eff.AddOp)}  # pyright: ignore
    found = list[Idx]()
    for content in contents:
        total: Idx = 1
        for size in ix.bounding_sizes(content) if isinstance(content, ix.TableType) else ():
            total = mul(low.code, total, low.size(size))
        found.append(total)
    return found


def _fits(low: Lowering, numbers: list[Idx]) -> Val:
    """Are the numbers, none of them negative, at most MOST?"""
    code, whole = low.code, low.code.constant("true", "i1")
    for number in dict.fromkeys(numbers):
        value = code.number(number)
        most = code.constant(str(MOST), value.type)
        small = code.let("i1", f"arith.cmpi ule, {{}}, {{}} : {value.type}", value, most)
        whole = code.let("i1", "arith.andi {}, {} : i1", whole, small)
    return whole


def to_signed(low: Lowering, op: arith.FPToSIOp) -> None:
    """`arith.fptosi`; of a loop in 32 bits it gives what the minimum after it does, of an x that is not negative."""
    if op not in low.narrow:
        lower_scalars.float_to_integer(low, op)
        return
    code, value, bound = low.code, low.value(op.input), low.value(low.narrow[op])
    type = value.type
    most = code.let(type, f"arith.sitofp {{}} : {bound.type} to {type}", bound)
    below = code.let("i1", f"arith.cmpf olt, {{}}, {{}} : {type}", value, most)
    number = code.let("i32", f"arith.fptosi {{}} : {type} to i32", select(code, below, value, most))
    # It is not negative; extended by its sign, LLVM can gather by offsets of 32 bits.
    low.values[op.result] = code.let("i64", "arith.extsi {} : i32 to i64", number)


def minimum(low: Lowering, op: arith.MinSIOp) -> None:
    """`arith.minsi`, which a conversion in 32 bits has done already."""
    if op in low.narrow:
        low.values[op.result] = low.value(op.lhs)
    else:
        lower_scalars.same_type(low, op)
