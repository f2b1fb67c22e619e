"""Branches: both arms are elaborated, and what differs between them afterwards becomes a result of one `scf.if`.

An arm may return a value (of the function, or of an expression), fall through, or diverge (`raise`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.dialects import arith, scf
from xdsl.ir import Block, Operation, Region, SSAValue

from pydex import types
from pydex.dialects import ix
from pydex.frontend.elaborator import Elaborator
from pydex.frontend.kinds import WeakType
from pydex.frontend.scope import Gone
from pydex.frontend.stores import stores_of, with_stores
from pydex.frontend.structure import Mismatch, bring, flatten, ir_types, rebuild, unify
from pydex.frontend.values import Int, Literal, Scalar, Static, Value
from pydex.types import ElementType, Type

Body = Callable[[], "Value | None"]


class Diverged(Value):
    """The outcome of code that always raises."""


DIVERGED = Diverged()


@dataclass
class Arm:
    """One elaborated branch: its ops, the names as it leaves them, and what it returned (None: it fell through)."""

    block: Block
    names: dict[str, Value]
    result: Value | None


def choose(el: Elaborator, condition: Literal | Scalar, yes: Body, no: Body) -> Value:
    """`yes if condition else no`."""
    result = fork(el, condition, yes, no)
    assert result is not None
    return result


def fork(el: Elaborator, condition: Literal | Scalar, yes: Body, no: Body) -> Value | None:
    """Elaborates both branches (one, if the condition is known); names are merged; the result is the arms'."""
    if isinstance(condition, Literal):
        return yes() if condition.value else no()
    then, otherwise = _arm(el, yes), _arm(el, no)
    return _merge(el, condition.ssa, then, otherwise)


def _arm(el: Elaborator, body: Body) -> Arm:
    node, location = el.node, el.frame.location
    el.conditions += 1
    with el.inside(Block()) as block, el.names():
        result = body()
        arm = Arm(block, dict(el.scope.names), result)
    el.conditions -= 1
    el.node, el.frame.location = node, location
    return arm


def _merge(el: Elaborator, condition: SSAValue, then: Arm, otherwise: Arm) -> Value | None:
    outputs: list[tuple[str | None, Type]] = []
    arms = (then, otherwise)
    for name in {**then.names, **otherwise.names}:
        outputs += _output(el, name, arms)
    result = _result(el, arms)
    if isinstance(result, list):
        outputs += result
    values = _emit(el, condition, arms, [type for _, type in outputs], [name for name, _ in outputs])
    for (name, _), value in zip(outputs, values, strict=True):
        if name is None:
            return with_stores(value, stores_of(then.result) | stores_of(otherwise.result))
        stores = stores_of(then.names.get(name)) | stores_of(otherwise.names.get(name))
        el.scope.names[name] = with_stores(value, stores)
    return None if isinstance(result, list) else result


def _output(el: Elaborator, name: str, arms: tuple[Arm, Arm]) -> list[tuple[str | None, Type]]:
    """Whether a name differs after the arms; names without one value afterwards are set here."""
    if any(isinstance(arm.result, Diverged) for arm in arms):
        live = next((arm for arm in arms if not isinstance(arm.result, Diverged)), arms[0])
        values = [live.names.get(name)]
        values *= 2
    else:
        values = [arm.names.get(name) for arm in arms]
    left, right = values
    before = el.scope.names.get(name)
    if left is right and left is before:
        return []
    if left is None or right is None or isinstance(left, Gone) or isinstance(right, Gone):
        why = f"{name} may have no value here: not every branch assigns it"
        el.scope.names[name] = Gone(why, f"assign {name} before the `if`")
        return []
    if same_static(left, right):
        el.scope.names[name] = left
        return []
    try:
        return [(name, unify(left.type, right.type))]
    except Mismatch:
        why = f"{name} is {left.type!r} after one branch and {right.type!r} after the other"
        el.scope.names[name] = Gone(why, "give it one type in both branches")
        return []


def same_static(left: Value, right: Value) -> bool:
    """Whether both are the same value, known now."""
    if left is right and not ir_leaves(left):
        return True
    if isinstance(left, Literal) and isinstance(right, Literal):
        return type(left.value) is type(right.value) and repr(left.value) == repr(right.value)
    if isinstance(left, Int) and isinstance(right, Int):
        return left.form == right.form and left.set == right.set
    return not ir_leaves(left) and not ir_leaves(right) and left.type == right.type


def ir_leaves(value: Value) -> bool:
    """Whether a value exists at run time."""
    from pydex.frontend.kinds import leaves

    return bool(leaves(value.type))


def _result(el: Elaborator, arms: tuple[Arm, Arm]) -> list[tuple[None, Type]] | Value | None:
    left, right = (arm.result for arm in arms)
    if left is right:
        return left
    if isinstance(left, Diverged) or isinstance(right, Diverged):
        live = right if isinstance(left, Diverged) else left
        if live is None or isinstance(live, Diverged) or not ir_leaves(live):
            return live
        return [(None, live.type)]
    if left is None and right is None:
        return None
    assert left is not None and right is not None, "one arm returns, the other falls through"
    if same_static(left, right):
        return left
    try:
        return [(None, unify(left.type, right.type))]
    except Mismatch:
        no_value = any(isinstance(v, Static) and v.value is None for v in (left, right))
        help = "return a value on every path" if no_value else "give both branches one type"
        el.fail(f"one branch gives {left.type!r}, the other {right.type!r}", help=help)


def _emit(
    el: Elaborator, condition: SSAValue, arms: tuple[Arm, Arm], outputs: list[Type], names: list[str | None]
) -> list[Value]:
    target = [t for type in outputs for t in ir_types(el.frame, type)]
    yields = [_yielded(el, arm, outputs, names) for arm in arms]
    if not outputs and not any(arm.block.ops for arm in arms):
        return []
    if _can_select(arms, outputs):
        flat = _select(el, condition, arms, yields)
    else:
        for arm, values in zip(arms, yields, strict=True):
            with el.inside(arm.block):
                el.frame.emit(scf.YieldOp(*values))
        op = scf.IfOp(condition, target, Region(arms[0].block), Region(arms[1].block))
        flat = list(el.frame.emit(op).results)
    result: list[Value] = []
    for type in outputs:
        count = len(ir_types(el.frame, type))
        result.append(rebuild(el, type, flat[:count]))
        flat = flat[count:]
    return result


def _yielded(el: Elaborator, arm: Arm, outputs: list[Type], names: list[str | None]) -> list[SSAValue]:
    values: list[SSAValue] = []
    with el.inside(arm.block):
        for type, name in zip(outputs, names, strict=True):
            if isinstance(arm.result, Diverged):
                values += placeholder(el, type)
                continue
            value = arm.result if name is None else arm.names[name]
            assert value is not None
            values += flatten(el, bring(el, value, type))
    return values


def placeholder(el: Elaborator, type: Type) -> list[SSAValue]:
    """Some value of the type, for a place that is never read."""
    from pydex.frontend.tables import zero

    return [zero(el, t) for t in ir_types(el.frame, type)]


#: Ops cheap and harmless enough to be computed whether needed or not.
CHEAP = (
    arith.CmpfOp, arith.CmpiOp, arith.AndIOp, arith.OrIOp, arith.XOrIOp, arith.AddfOp, arith.SubfOp, arith.MulfOp,
    arith.NegfOp, arith.AddiOp, arith.SubiOp, arith.MuliOp, arith.SelectOp, ix.OrdOp, ix.SizeOp, ix.AtOp, ix.IndexOp,
)  # fmt: skip


def _can_select(arms: tuple[Arm, Arm], outputs: list[Type]) -> bool:
    """Whether `arith.select` does: for bools of cheap ops, and for scalars that cost nothing."""
    if not outputs or not all(isinstance(type, ElementType | WeakType) for type in outputs):
        return False
    ops = [op for arm in arms for op in arm.block.ops if not isinstance(op, arith.ConstantOp)]
    return not ops or (outputs == [types.bool_] and all(_is_cheap(op) for op in ops))


def _is_cheap(op: Operation) -> bool:
    return isinstance(op, CHEAP) and not any(isinstance(r.type, ix.TableType) for r in op.results)


def _select(el: Elaborator, condition: SSAValue, arms: tuple[Arm, Arm], yields: list[list[SSAValue]]) -> list[SSAValue]:
    for arm in arms:
        for op in list(arm.block.ops):
            op.detach()
            el.frame.block.add_op(op)
    return [el.emit(arith.SelectOp(condition, a, b)) for a, b in zip(*yields, strict=True)]
