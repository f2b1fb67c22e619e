"""How many iterations of a loop inside of lanes run side by side: `side_by_side(low, op)`.

    for a in d. { …; for b in a. l[a, b] * y[b] -> add }

Iterations that share what the loops inside of them read (y[b]) are jammed: FOUR at a time, it is read once for all. As
many as the registers have room for: what the iterations carry through the inner loop, and take into it, stays in them.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import Float32Type, Float64Type, IntegerType
from xdsl.ir import Operation, SSAValue

from pydex.dialects import eff, ix
from pydex.dialects.sizes import SizeAttr
from pydex.passes.lower import Lowering
from pydex.passes.lower_accum import shared_term
from pydex.passes.lower_varying import Varying

#: So many iterations may be jammed, the better first.
MANY = (4, 2)

#: The turns of a loop inside that are one tile.
TURNS = 4

#: The vector registers that jammed iterations may fill, of 32; and the bits of each.
ROOM, BITS = 20, 512


def side_by_side(low: Lowering, op: ix.ForOp) -> int:
    """How many iterations of a loop inside of lanes are jammed; 1: one runs after the other."""
    inner = [o for o in op.body.block.ops if isinstance(o, ix.ForOp)]
    if low.group is None or not inner or not _is_simple(op):
        return 1
    varying = Varying(op)
    if not any(_shares(o, varying) for o in inner):
        return 1
    most = max(_registers(low, o, varying) for o in inner)
    trips = op.size.constant
    return next((m for m in MANY if m * most <= ROOM and (trips is None or trips >= m)), 1)


def grows(inner: ix.ForOp, op: ix.ForOp) -> bool | None:
    """Does the loop have one turn more in each iteration of `op`, from none or more on? None: it changes otherwise."""
    if op.symbol is None or op.symbol.data not in inner.size.symbols():
        return False
    rest = inner.size - SizeAttr.of(op.symbol.data)
    steady = op.symbol.data not in rest.symbols() and all(coef >= 0 for _, coef in rest.data)
    return True if steady else None


def row_adds(low: Lowering, op: ix.ForOp, adds: Sequence[eff.AddOp]) -> list[eff.AddOp]:
    """The adds of a loop inside to cells that lie side by side from turn to turn, if turns may be tiled: if it holds no
    loops and reduces nothing. adds: those to cells that all lanes share."""
    trips = op.size.constant
    if op.results_ or any(o.regions for o in op.body.block.ops) or trips is not None and trips < TURNS:
        return []
    varying = Varying(op)

    def is_row(add: eff.AddOp) -> bool:
        *outer, last = map(varying.slope, add.indices)
        factors, term = shared_term(low, add)
        near = last == 1 and not any(slope != 0 for slope in outer)
        return near and not factors and term in varying and _bits(add.value) <= 64

    return [add for add in adds if add.indices and is_row(add)]


def fits_tiles(op: ix.ForOp, outer: ix.ForOp, many: int) -> bool:
    """Has a loop inside a whole number of tiles in the first of so many iterations of the outer one, from 0 on?"""
    trips = op.size.constant
    own = outer.symbol is not None and op.size == SizeAttr.of(outer.symbol.data)
    return trips is not None and trips % TURNS == 0 or own and many % TURNS == 0


def _is_simple(op: ix.ForOp) -> bool:
    """Is it a loop of scalar ops and of loops, to any depth, of scalar ops that only reduce and accumulate?"""
    made = [v for k, v in zip(op.kind_names, op.yielded, strict=True) if k == "tab"]
    if "own" in op.kind_names or any(isinstance(v.type, ix.TableType) for v in made):
        return False
    inside = [o for o in op.body.walk() if isinstance(o, ix.ForOp)]
    if not all(set(o.kind_names) <= set(ix.REDUCTIONS) and grows(o, op) is not None for o in inside):
        return False
    return all(is_scalar(o) for block in (op.body.block, *(i.body.block for i in inside)) for o in block.ops)


def is_scalar(op: Operation) -> bool:
    """Does it make and add numbers, no tables?"""
    if isinstance(op, eff.AddOp):
        return not isinstance(op.value.type, ix.TableType)
    if isinstance(op, ix.ForOp | ix.AtOp):
        return True
    plain = not op.regions and not isinstance(op, eff.CheckOp | ix.UpdateOp | ix.OpenOp | ix.NameOp)
    return plain and not any(isinstance(r.type, ix.TableType) for r in op.results)


def _shares(inner: ix.ForOp, varying: Varying) -> bool:
    """Does the inner loop read, iteration by iteration, what is the same in all iterations of the outer one?"""
    own = Varying(inner)
    read = [o.result for o in inner.body.block.ops if isinstance(o, ix.AtOp) and _is_number(o.result)]
    return any(r in own and r not in varying for r in read)


def _is_number(value: SSAValue) -> bool:
    return isinstance(value.type, Float32Type | Float64Type | IntegerType)


def _registers(low: Lowering, inner: ix.ForOp, varying: Varying) -> int:
    """The vectors of an iteration of the outer loop that stay in registers during the inner one."""
    group = low.group
    assert group is not None
    used = {v for o in inner.body.walk() for v in o.operands if v.owner is not inner.body.block}
    taken = [v for v in used if v in group.varying and v in varying and _is_outside(v, inner) and _is_number(v)]
    carried = [v for v in inner.yielded if v in group.varying]
    return sum(registers_of(v, group.width) for v in (*taken, *carried))


def registers_of(value: SSAValue, lanes: int) -> int:
    """How many registers the value of so many lanes fills."""
    return -(-lanes * _bits(value) // BITS)


def _is_outside(value: SSAValue, inner: ix.ForOp) -> bool:
    owner = value.owner
    block = owner.parent if isinstance(owner, Operation) else owner
    return block is not inner.body.block


def _bits(value: SSAValue) -> int:
    match value.type:
        case Float64Type():
            return 64
        case IntegerType():
            return max(8, value.type.width.data)
        case _:
            return 32
