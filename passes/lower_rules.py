"""One line an op: who lowers it. A missing line is an error that names the op."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xdsl.dialects import arith, math, scf
from xdsl.ir import Operation

from pydex.dialects import eff, ix
from pydex.dialects.blocks import BlocksOp
from pydex.dialects.contract import ContractOp
from pydex.dialects.remainder import RemfOp
from pydex.passes import (
    lower_accum,
    lower_blocks,
    lower_branch,
    lower_contract,
    lower_for,
    lower_lane_while,
    lower_narrow,
    lower_scalars,
    lower_sweep,
    lower_tables,
)
from pydex.passes.lower import Lowering

Rule = Callable[[Lowering, Any], None]


class Rules(dict[type[Operation], Rule]):
    def __missing__(self, op: type[Operation]) -> Rule:
        raise NotImplementedError(f"{op.name} cannot be lowered: a pass before should have removed it")


#: Ops with operands and result of one type, written alike.
SAME_TYPE = (
    *(arith.AddfOp, arith.SubfOp, arith.MulfOp, arith.DivfOp, arith.NegfOp, RemfOp),
    *(arith.MaximumfOp, arith.MinimumfOp, arith.MaxnumfOp, arith.MinnumfOp),
    *(arith.AddiOp, arith.SubiOp, arith.MuliOp, arith.DivUIOp, arith.RemUIOp, arith.CeilDivUIOp),
    *(arith.AndIOp, arith.OrIOp, arith.XOrIOp, arith.ShLIOp, arith.ShRSIOp, arith.ShRUIOp),
    *(arith.MaxSIOp, arith.MinSIOp, arith.MaxUIOp, arith.MinUIOp),
)

#: Casts whose types differ in the text.
CASTS = (
    *(arith.ExtFOp, arith.TruncFOp, arith.SIToFPOp, arith.UIToFPOp),
    *(arith.ExtSIOp, arith.ExtUIOp, arith.TruncIOp, arith.BitcastOp),
)

RULES = Rules(
    {op: lower_scalars.same_type for op in SAME_TYPE}
    | {op: lower_scalars.cast for op in CASTS}
    | {op: lower_scalars.math for op in math.Math.operations}
    | {
        arith.MinSIOp: lower_narrow.minimum,
        arith.ConstantOp: lower_scalars.constant,
        arith.CmpiOp: lower_scalars.compare_integers,
        arith.CmpfOp: lower_scalars.compare_floats,
        arith.SelectOp: lower_scalars.select,
        arith.IndexCastOp: lower_scalars.index_cast,
        arith.FPToSIOp: lower_narrow.to_signed,
        arith.FPToUIOp: lower_scalars.float_to_integer,
        arith.DivSIOp: lower_scalars.signed_division,
        arith.RemSIOp: lower_scalars.signed_division,
        arith.FloorDivSIOp: lower_scalars.signed_division,
        arith.CeilDivSIOp: lower_scalars.signed_division,
        ix.SizesOp: lower_tables.nothing,
        ix.SizeOp: lower_tables.size_of,
        ix.OpenOp: lower_tables.open_,
        ix.NameOp: lower_tables.name,
        ix.OrdOp: lower_tables.ordinal,
        ix.IndexOp: lower_tables.index,
        ix.AtOp: lower_tables.at,
        ix.UpdateOp: lower_tables.update,
        ix.FillOp: lower_tables.fill,
        ix.PackOp: lower_tables.pack,
        ix.ForOp: lower_for.order_free,
        ContractOp: lower_contract.contract,
        BlocksOp: lower_blocks.blocks,
        eff.LoopOp: lower_sweep.loop,
        eff.WhileOp: lower_lane_while.while_,
        eff.AccumOp: lower_accum.accumulate,
        eff.AddOp: lower_accum.add,
        eff.CheckOp: lambda low, op: low.target.check(low, op),
        scf.IfOp: lower_branch.branch,
    }
)
