"""Operators on any values: numbers, tables element by element, tuples, structs with methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydex import types
from pydex.frontend import operators, scalars
from pydex.frontend.kinds import StaticType
from pydex.frontend.values import NUMBERS, Int, Literal, Record, Scalar, Static, Struct, Table, Tuple, Value

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator

METHODS = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul",
    "&": "and", "|": "or", "^": "xor", "<<": "lshift", ">>": "rshift",
}  # fmt: skip
COMPARING = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def describe(value: Value) -> str:
    """What kind of thing a value is, in an error."""
    match value:
        case Literal() | Int() | Scalar():
            return "a number"
        case Table():
            return "a table"
        case Tuple():
            return "a tuple"
        case Record():
            return "a record"
        case Struct(cls, _):
            return f"a {cls.__name__}"
        case Static(None):
            return "None"
    return repr(value.type) if isinstance(value.type, StaticType) else f"a value of type {value.type!r}"


def binary(el: Elaborator, op: str, left: Value, right: Value) -> Value:
    """`left op right`."""
    if isinstance(left, NUMBERS) and isinstance(right, NUMBERS):
        return operators.binary(el, op, left, right)
    if isinstance(left, Struct) or isinstance(right, Struct):
        return _method(el, op, left, right, METHODS[op])
    if isinstance(left, Table) or isinstance(right, Table):
        from pydex.frontend.tables import elementwise, matmul

        if op == "@":
            return matmul(el, left, right)
        return elementwise(el, [left, right], lambda x, y: binary(el, op, x, y), f"'{op}'")
    if op == "+" and isinstance(left, Tuple) and isinstance(right, Tuple):
        return Tuple(left.items + right.items)
    if isinstance(left, Static) or isinstance(right, Static):
        return _on_statics(el, op, left, right)
    el.fail(f"'{op}' is not defined on {describe(left)} and {describe(right)}")


def _on_statics(el: Elaborator, op: str, left: Value, right: Value) -> Value:
    """Index sets and sizes: `n + 1`, `n * m`, `2 * n`."""
    from pydex.frontend.lift import lift
    from pydex.frontend.setvalues import python_operand

    node = next(kind for kind, symbol in operators.SYMBOLS.items() if symbol == op)
    a, b = python_operand(left), python_operand(right)
    if a is None or b is None:
        el.fail(f"'{op}' is not defined on {describe(left)} and {describe(right)}")
    try:
        return lift(el, eval(_CODE[node], {"a": a, "b": b}))
    except Exception as error:  # what pydex.sets says about these operands
        el.fail_with(error)


_CODE = {kind: compile(f"a {symbol} b", "<operator>", "eval") for kind, symbol in operators.SYMBOLS.items()}


def _method(el: Elaborator, op: str, left: Value, right: Value, name: str) -> Value:
    from pydex.frontend.attributes import method_of
    from pydex.frontend.calls import call

    own = method_of(left, f"__{name}__")
    if own is not None:
        return call(el, own, [right], {})
    other = method_of(right, f"__{COMPARING[MIRRORED[op]]}__" if op in COMPARING else f"__r{name}__")
    if other is not None:
        return call(el, other, [left], {})
    owner = left if isinstance(left, Struct) else right
    el.fail(
        f"'{op}' is not defined on {describe(left)} and {describe(right)}",
        help=f"give {owner.cls.__name__} a method __{name}__",  # type: ignore[attr-defined]
    )


def compare(el: Elaborator, op: str, left: Value, right: Value) -> Value:
    """`left op right`, for a comparison."""
    if isinstance(left, NUMBERS) and isinstance(right, NUMBERS):
        return operators.compare(el, op, left, right)
    if isinstance(left, Struct) or isinstance(right, Struct):
        return _compare_structs(el, op, left, right)
    if isinstance(left, Table) or isinstance(right, Table):
        from pydex.frontend.tables import elementwise

        return elementwise(el, [left, right], lambda x, y: compare(el, op, x, y), f"'{op}'")
    if isinstance(left, Tuple) and isinstance(right, Tuple):
        return _compare_tuples(el, op, left, right)
    if isinstance(left, Static) and isinstance(right, Static) and op in ("==", "!="):
        return Literal((left.value == right.value) == (op == "=="))
    if op in ("==", "!=") and (isinstance(left, Static) or isinstance(right, Static)):
        return Literal(op == "!=")
    el.fail(f"'{op}' is not defined on {describe(left)} and {describe(right)}")


def _compare_structs(el: Elaborator, op: str, left: Value, right: Value) -> Value:
    from pydex.frontend.attributes import method_of

    name = COMPARING[op]
    defined = method_of(left, f"__{name}__") or method_of(right, f"__{COMPARING[MIRRORED[op]]}__")
    both = isinstance(left, Struct) and isinstance(right, Struct) and left.cls is right.cls
    if defined is None and both and op in ("==", "!="):
        return _compare_tuples(el, op, Tuple(tuple(left.fields.values())), Tuple(tuple(right.fields.values())))  # type: ignore[union-attr]
    return _method(el, op, left, right, name)


def _compare_tuples(el: Elaborator, op: str, left: Tuple, right: Tuple) -> Value:
    """Tuples compare as in Python: by the first items that differ."""
    if op in ("==", "!="):
        if len(left.items) != len(right.items):
            return Literal(op == "!=")
        result: Value = Literal(True)
        for a, b in zip(left.items, right.items, strict=True):
            equal = compare(el, "==", a, b)
            result = equal if isinstance(result, Literal) and result.value is True else binary(el, "&", result, equal)
        if op == "==":
            return result
        return operators.compare(el, "==", result, Literal(False))  # type: ignore[arg-type]
    if not left.items or not right.items:
        return Literal(operators.PYTHON_COMPARISONS[op](len(left.items), len(right.items)))
    strict = compare(el, op[0], left.items[0], right.items[0])
    equal = compare(el, "==", left.items[0], right.items[0])
    rest = _compare_tuples(el, op, Tuple(left.items[1:]), Tuple(right.items[1:]))
    return binary(el, "|", strict, binary(el, "&", equal, rest))


def unary(el: Elaborator, op: str, value: Value) -> Value:
    """`op value` for `-`, `+` and `~`."""
    if isinstance(value, Table):
        from pydex.frontend.tables import elementwise

        return elementwise(el, [value], lambda x: unary(el, op, x), f"'{op}'")
    if isinstance(value, Struct):
        from pydex.frontend.attributes import method_of
        from pydex.frontend.calls import call

        name = {"-": "__neg__", "+": "__pos__", "~": "__invert__"}[op]
        method = method_of(value, name)
        if method is None:
            el.fail(f"'{op}' is not defined on {describe(value)}", help=f"give {value.cls.__name__} a method {name}")
        return call(el, method, [], {})
    if not isinstance(value, NUMBERS):
        el.fail(f"'{op}' is not defined on {describe(value)}")
    if op == "-":
        return operators.negate(el, value)
    if op == "+":
        return value
    if scalars.dtype_of(value) == types.bool_:
        return operators.binary(el, "^", value, Literal(True))
    return operators.binary(el, "-", operators.negate(el, value), Literal(1))
