"""Accumulators: variables that a loop only combines into, with one monoid.

A scalar is combined into a partial result that starts at the identity and becomes a reduction of the loop; a table, and
max and min, into the reference of an `eff.accum`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xdsl.ir import SSAValue

from pydex.dialects import eff
from pydex.frontend import elementwise, overloads
from pydex.frontend.effects import MONOID_OPERATORS, accumulated_target, accumulation, base_name
from pydex.frontend.indexing import locate
from pydex.frontend.kinds import StaticType
from pydex.frontend.operators import SYMBOLS
from pydex.frontend.scalars import common
from pydex.frontend.structure import Mismatch, bring, flatten, unify
from pydex.frontend.values import NUMBERS, Literal, Scalar, Table, Value
from pydex.types import TableType, Type

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator

COMBINE = {"add": "+", "mul": "*", "or": "|", "and": "&"}
IDENTITY = {"add": 0, "mul": 1, "or": False, "and": True}


@dataclass(frozen=True, eq=False)
class Identity(Literal):
    """The partial result of a reduction into which nothing has been combined."""

    monoid: str


@dataclass(frozen=True, eq=False)
class Accumulator(Value):
    """The reference that a loop combines into; one SSA value for each leaf of `content`."""

    name: str
    monoid: str
    leaves: tuple[SSAValue, ...]
    content: Type

    @property
    def type(self) -> Type:
        return StaticType(self)

    def describe(self) -> str:
        return "an accumulator"


@dataclass(frozen=True, eq=False)
class Monoidal(Value):
    """What `dx.accum(T, monoid)` makes: `+=` combines into it with the monoid; read, it is what it holds."""

    content: Value
    monoid: str

    @property
    def type(self) -> Type:
        return self.content.type


class Retype(Exception):
    """A variable needs another type than it begins with; the loop is elaborated again."""

    def __init__(self, name: str, type: Type):
        self.name, self.new_type = name, type


def identity(monoid: str) -> Identity:
    return Identity(IDENTITY[monoid], monoid)


def combine(el: Elaborator, monoid: str, left: Value, right: Value) -> Value:
    """`left ⊕ right`; an identity vanishes."""
    if isinstance(left, Identity):
        return right
    if isinstance(right, Identity):
        return left
    if _is_neutral(left, monoid, right):
        return right
    if monoid in ("max", "min"):
        return elementwise.extremum(el, monoid, left, right)  # type: ignore[arg-type]
    return overloads.binary(el, COMBINE[monoid], left, right)


def _is_neutral(left: Value, monoid: str, right: Value) -> bool:
    """Whether `left` is a literal 0 for +, or 1 for ·, that does not change the type of `right`."""
    if not isinstance(left, Literal) or IDENTITY.get(monoid) != left.value or not isinstance(right, Scalar):
        return False
    return common(left.type, right.dtype) == right.dtype  # type: ignore[arg-type]


def accumulate(el: Elaborator, node: ast.stmt) -> bool:
    """Executes a statement that combines into an accumulator or partial result; False if it is no such statement."""
    found = accumulation(node) or _reading_itself(el, node)
    if found is None:
        return False
    monoid, target, expression, operator = found
    name = base_name(target)
    current = el.scope.names.get(name or "")
    if isinstance(current, Identity) or (isinstance(target, ast.Name) and name in el.partials):
        return _into_partial(el, target, monoid, expression, operator)
    if isinstance(current, Monoidal):
        _check_operation(el, node, current.monoid, monoid)
        _into_content(el, current, target, expression, operator)
        return True
    if isinstance(current, Accumulator):
        _check_operation(el, node, current.monoid, monoid)
        _into_reference(el, current, target, expression, operator)
        return True
    return False


def _check_operation(el: Elaborator, node: ast.stmt, monoid: str, written: str) -> None:
    """`+=` is the accumulator's own monoid; any other statement has to be that monoid as it is written."""
    adds = isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add)
    if not adds and written != monoid:
        name = base_name(accumulated_target(node))
        el.fail(f"{name} accumulates by {monoid}, not by {written}", node, help=f"write `{name} += …` for {monoid}")


def _reading_itself(el: Elaborator, node: ast.stmt) -> tuple[str, ast.expr, ast.expr, str] | None:
    """As `accumulation`, of `acc += f(acc)` where acc is an accumulator; an error for `acc /= e` and the like."""
    name = base_name(node.target) if isinstance(node, ast.AugAssign) else None
    current = el.scope.names.get(name or "")
    if not isinstance(node, ast.AugAssign) or not isinstance(current, Monoidal | Accumulator):
        return None
    monoid = MONOID_OPERATORS.get(type(node.op))
    if monoid is None:
        _check_operation(el, node, current.monoid, SYMBOLS[type(node.op)])
        return None
    return monoid, node.target, node.value, "-" if isinstance(node.op, ast.Sub) else monoid


def _into_content(el: Elaborator, current: Monoidal, target: ast.expr, expression: ast.expr, operator: str) -> None:
    """`acc += e` outside of the loops that accumulate: an update."""
    from pydex.frontend.indexing import read_place
    from pydex.frontend.updates import updated

    name, content, keys = base_name(target), current.content, subscript_keys(target)
    assert name is not None
    value = el.value(expression)
    value = overloads.unary(el, "-", value) if operator == "-" else value
    if not keys:
        made = combine_values(el, current.monoid, content, value)
    else:
        assert isinstance(content, Table)
        place = locate(el, content.type, [el.value(key) for key in keys], keys, ast.Name(name, ast.Load()))
        made = updated(el, content, place, combine_values(el, current.monoid, read_place(el, content, place), value))
    el.scope.names[name] = Monoidal(made, current.monoid)


def combine_values(el: Elaborator, monoid: str, left: Value, right: Value) -> Value:
    """`left ⊕ right` of numbers or, element by element, of tables."""
    if isinstance(left, Table) or isinstance(right, Table):
        from pydex.frontend.tables import elementwise as over_elements

        return over_elements(el, [left, right], lambda x, y: combine_values(el, monoid, x, y), "+=")
    return combine(el, monoid, left, right)


def _into_partial(el: Elaborator, target: ast.expr, monoid: str, expression: ast.expr, operator: str) -> bool:
    if not isinstance(target, ast.Name):
        return False
    value = el.value(expression)
    value = overloads.unary(el, "-", value) if operator == "-" else value
    current = el.scope.names[target.id]
    el.scope.names[target.id] = combine(el, monoid, current, value)
    return True


def _into_reference(
    el: Elaborator, accumulator: Accumulator, target: ast.expr, expression: ast.expr, operator: str
) -> None:
    keys: list[ast.expr] = subscript_keys(target)
    content = accumulator.content
    if keys:
        if not isinstance(content, TableType):
            el.fail(f"{accumulator.name} is a number, not a table", target)
        values = [el.value(key) for key in keys]
        place = locate(el, content, values, keys, ast.Name(accumulator.name, ast.Load()))
        indices, cell = place.indices, place.type
    else:
        indices, cell = [], content
    value = el.value(expression)
    value = overloads.unary(el, "-", value) if operator == "-" else value
    for leaf, ssa in zip(accumulator.leaves, _fitting(el, accumulator, value, cell), strict=True):
        el.frame.emit(eff.AddOp(leaf, indices, ssa))


def _fitting(el: Elaborator, accumulator: Accumulator, value: Value, cell: Type) -> list[SSAValue]:
    try:
        common = unify(cell, value.type)
    except Mismatch:
        if isinstance(cell, TableType) and isinstance(value, NUMBERS):
            from pydex.frontend.tables import fill

            element = cell.element
            return flatten(el, fill(el, cell, bring(el, value, unify(element, value.type))))
        el.fail(f"{value.type!r} cannot be accumulated into a {cell!r}")
    if common != cell:
        raise Retype(accumulator.name, retyped(accumulator.content, common))
    return flatten(el, bring(el, value, common))


def retyped(content: Type, cell: Type) -> Type:
    """The type of a table like `content` whose elements are those of `cell`."""
    element = cell.element if isinstance(cell, TableType) else cell
    return TableType(content.axes, element) if isinstance(content, TableType) else element


def subscript_keys(target: ast.expr) -> list[ast.expr]:
    """`[i, j, k]` of `x[i][j, k]`."""
    keys: list[ast.expr] = []
    while isinstance(target, ast.Subscript):
        keys = [*(target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]), *keys]
        target = target.value
    return keys


def content_type(value: Value) -> Type:
    """The type of what an accumulator holds that begins with a value."""
    return value.type if isinstance(value, Table) else value.type
