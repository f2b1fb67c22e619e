"""Scalar ops as text: `arith` stays `arith`, with `contract` on floats and nothing else; index numbers change their
type.

What MLIR leaves undefined, and pydex defines, is spelt out here: MIN // -1 wraps, and a float that does not fit an
integer saturates (NaN gives 0). Division by zero has been checked before.
"""

from __future__ import annotations

import struct
from functools import cache

from xdsl.dialects import arith
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, FloatAttr, IntegerAttr, IntegerType
from xdsl.ir import Attribute, Operation

from pydex.passes import lower_vectors as vectors
from pydex.passes.fold_scalar import is_natural
from pydex.passes.lower import Lowering, is_index
from pydex.passes.lower_text import Val
from pydex.passes.lower_vectors import Spread, element, with_element

FLOAT_FORMATS = {"f16": ("e", "H"), "f32": ("f", "I"), "f64": ("d", "Q")}


def float_literal(value: float, type: str) -> str:
    """The exact number, in hexadecimal (decimal would be rounded twice, and has no NaN)."""
    if type == "bf16":
        return f"0x{struct.unpack('<I', struct.pack('<f', value))[0] >> 16:04X}"
    as_float, as_int = FLOAT_FORMATS[type]
    number = struct.unpack(f"<{as_int}", struct.pack(f"<{as_float}", value))[0]
    return f"0x{number:0{2 * struct.calcsize(as_int)}X}"


def constant(low: Lowering, op: arith.ConstantOp) -> None:
    """`arith.constant`; a float keeps its bits."""
    type = low.target.spell(op.result.type)
    match op.value:
        case FloatAttr():
            literal = float_literal(op.value.value.data, type)
        case IntegerAttr():
            literal = str(op.value.value.data)
            if type == "i1":
                literal = "true" if op.value.value.data else "false"
        case DenseIntOrFPElementsAttr() | _:
            raise ValueError(f"a constant of type {op.result.type} is not a scalar")
    low.values[op.result] = low.code.constant(literal, type)


def same_type(low: Lowering, op: Operation) -> None:
    """An op whose operands and result have one type."""
    operands = low.operands(op)
    if op.name in UNSIGNED_DIVISIONS:
        operands[1] = safe_divisor(low, operands[1])
    type = operands[0].type
    contracted = ("fastmath" in op.properties or op.name in CONTRACTED) and op not in low.unfused
    flags = " fastmath<contract>" if contracted else ""
    line = f"{op.name} {', '.join(['{}'] * len(operands))}{flags} : {type}"
    low.values[op.results[0]] = low.code.let(type, line, *operands)


UNSIGNED_DIVISIONS = {"arith.divui", "arith.remui", "arith.ceildivui"}
CONTRACTED = {"arith.addf", "arith.subf", "arith.mulf", "arith.divf", "arith.negf"}

PREDICATES_I = ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge")
PREDICATES_F = (
    *("false", "oeq", "ogt", "oge", "olt", "ole", "one", "ord"),
    *("ueq", "ugt", "uge", "ult", "ule", "une", "uno", "true"),
)


def compare_integers(low: Lowering, op: arith.CmpiOp) -> None:
    if (outcome := low.known.get(op)) is not None:
        low.values[op.result] = low.code.constant("true" if outcome else "false", "i1")
        return
    _compare(low, op, "arith.cmpi", PREDICATES_I[op.predicate.value.data])


def compare_floats(low: Lowering, op: arith.CmpfOp) -> None:
    _compare(low, op, "arith.cmpf", PREDICATES_F[op.predicate.value.data])


def _compare(low: Lowering, op: arith.CmpiOp | arith.CmpfOp, name: str, predicate: str) -> None:
    lhs, rhs = low.operands(op)
    type = with_element(lhs.type, "i1")
    low.values[op.result] = low.code.let(type, f"{name} {predicate}, {{}}, {{}} : {lhs.type}", lhs, rhs)


def select(low: Lowering, op: arith.SelectOp) -> None:
    low.values[op.result] = vectors.select(low.code, *(low.value(o) for o in op.operands))


def cast(low: Lowering, op: Operation) -> None:
    """A cast between types that the text keeps apart."""
    value = low.value(op.operands[0])
    type = with_element(value.type, low.target.spell(op.results[0].type))
    low.values[op.results[0]] = low.code.let(type, f"{op.name} {{}} : {value.type} to {type}", value)


def index_cast(low: Lowering, op: Operation) -> None:
    """Between index numbers and integers: where both have one spelling, nothing."""
    value, type = low.values[op.operands[0]], low.target.spell(op.results[0].type)
    same = isinstance(value, Spread) and type == low.code.index
    unsigned = op.name == "arith.index_castui"
    low.values[op.results[0]] = value if same else convert_index(low, low.value(op.operands[0]), type, unsigned)


def convert_index(low: Lowering, value: Val, type: str, unsigned: bool) -> Val:
    """An integer or index number as the other."""
    given, result = element(value.type), with_element(value.type, type)
    if given == type:
        return value
    if "index" in (given, type):
        return low.code.let(type, f"arith.index_cast{'ui' * unsigned} {{}} : {given} to {type}", value)
    wider = int(type[1:]) > int(given[1:])
    name = ("extui" if unsigned or given == "i1" else "extsi") if wider else "trunci"
    return low.code.let(result, f"arith.{name} {{}} : {value.type} to {result}", value)


def float_to_integer(low: Lowering, op: arith.FPToSIOp | arith.FPToUIOp) -> None:
    """Rounds towards zero; what does not fit becomes the nearest that does, NaN becomes 0."""
    value = low.value(op.operands[0])
    code, source, truth = low.code, value.type, with_element(value.type, "i1")
    type = with_element(source, low.target.spell(op.results[0].type))
    unsigned, bits = isinstance(op, arith.FPToUIOp), int(element(type)[1:])
    least, most = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    result = code.let(type, f"{op.name} {{}} : {source} to {type}", value)
    natural = is_natural(op.operands[0])
    for predicate, bound, instead in (("oge", most + 1, most), ("ole", least, least))[: 1 if natural else 2]:
        limit = code.constant(float_literal(float(bound), element(source)), source)
        beyond = code.let(truth, f"arith.cmpf {predicate}, {{}}, {{}} : {source}", value, limit)
        chosen = code.constant(str(instead if instead < 2 ** (bits - 1) else -1), type)
        result = vectors.select(code, beyond, chosen, result)
    if not natural:
        nan = code.let(truth, f"arith.cmpf uno, {{}}, {{}} : {source}", value, value)
        result = vectors.select(code, nan, code.constant("0", type), result)
    low.values[op.results[0]] = result


def signed_division(low: Lowering, op: Operation) -> None:
    """x op -1 is computed as 0 - x (quotients) or 0 (remainders): the machine would trap on MIN op -1."""
    lhs, rhs = low.operands(op)
    code, type = low.code, lhs.type
    rhs = safe_divisor(low, rhs)
    minus_one, one, zero = (code.constant(n, type) for n in ("-1", "1", "0"))
    if rhs.literal is not None and rhs.literal != "-1":
        low.values[op.results[0]] = code.let(type, f"{op.name} {{}}, {{}} : {type}", lhs, rhs)
        return
    special = code.let(with_element(type, "i1"), f"arith.cmpi eq, {{}}, {{}} : {type}", rhs, minus_one)
    divisor = vectors.select(code, special, one, rhs)
    usual = code.let(type, f"{op.name} {{}}, {{}} : {type}", lhs, divisor)
    negated = zero if op.name == "arith.remsi" else code.let(type, f"arith.subi {{}}, {{}} : {type}", zero, lhs)
    low.values[op.results[0]] = vectors.select(code, special, negated, usual)


def safe_divisor(low: Lowering, divisor: Val) -> Val:
    """The divisor, and 1 in lanes that are off, where nobody has checked that it is not 0.

    One that all lanes share is 1 where they all are off: no lane takes the branch. Beyond the end they never all are.
    """
    group, code = low.group, low.code
    if group is None or group.on is None or divisor.literal is not None:
        return divisor
    shared = not vectors.lanes_of(divisor.type)
    if shared and group.branch is None:
        return divisor
    on = vectors.in_any_lane(code, group.on) if shared else group.on
    return vectors.select(code, on, divisor, code.constant("1", divisor.type))


def math(low: Lowering, op: Operation) -> None:
    """An elementary function: the target knows how to call it."""
    low.values[op.results[0]] = low.target.math(low, op)


@cache
def scalar_type(type: Attribute, index: str) -> str:
    """How the text spells the type of a scalar."""
    if is_index(type):
        return index
    if isinstance(type, IntegerType):
        return f"i{type.width.data}"
    text = str(type)
    if text not in (*FLOAT_FORMATS, "bf16"):
        raise ValueError(f"{type} is not the type of a scalar")
    return text
