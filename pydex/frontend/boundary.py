"""Between Python and compiled code: the entry of a module, its flat parameters, what the runtime must check.

Indices come as integers and are checked where they enter; they leave as integers.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import arith
from xdsl.dialects.builtin import IndexType as IRIndex
from xdsl.dialects.builtin import i64 as ir_i64

from pydex.dialects import eff, ix
from pydex.frontend import kinds
from pydex.frontend.callable import Compiled
from pydex.frontend.elaborator import Elaborator
from pydex.frontend.functions import parameter_node
from pydex.frontend.instances import Instance, build
from pydex.frontend.kinds import StructOf, leaves, root
from pydex.frontend.nests import tabulate
from pydex.frontend.scope import Scope
from pydex.frontend.setvalues import require_bound
from pydex.frontend.structure import index_value
from pydex.frontend.tables import with_axes
from pydex.frontend.values import Int, Record, Scalar, Struct, Table, Tuple, Value
from pydex.sets import Axis, Fin, IndexSet
from pydex.types import IndexType, RecordType, TableType, TupleType, Type, i64


def entry_instance(
    el: Elaborator, function: Compiled, types: Sequence[Type] | None
) -> tuple[Instance, list[str], list[Type]]:
    """The instance that Python calls, the names of its parameters, and their types in the program's terms."""
    from pydex.frontend.entries import body_of_entry, entry_parameters

    names, declared = entry_parameters(el, function, types)
    el.scope = Scope(_source(function), None)  # type: ignore[arg-type]
    outer = [external(type) for type in declared]

    def body(args: list[Value]) -> Value:
        el.scope = root_scope(el, function)
        inside = []
        for value, type, name in zip(args, declared, names, strict=True):
            el.visit(parameter_node(_closure(function), name))
            inside.append(enter(el, value, type, name))
        el.visit(_closure(function).node)
        result = body_of_entry(el, function, inside, declared)
        el.unit.result = result.type
        return leave(el, result)

    direct = direct_instance(el, function, types, outer == declared)
    if direct is not None:
        return direct, names, declared
    return build(el, function.__name__, outer, body), names, declared


def direct_instance(el: Elaborator, function: Compiled, types, plain: bool) -> Instance | None:
    """The function's own instance, if Python can call it as it is."""
    from pydex.frontend.jit import Function

    if types is not None or not plain or not isinstance(function, Function):
        return None
    el.scope = Scope(_source(function), None)  # type: ignore[arg-type]
    instance = function.instance(el)
    return instance if external(instance.result) == instance.result else None


def _closure(function: Compiled):
    from pydex.frontend.entries import innermost

    return innermost(function)


def _source(function: Compiled):
    return _closure(function).source


def root_scope(el: Elaborator, function: Compiled) -> Scope:
    closure = _closure(function)
    return Scope(closure.source, el.frame, python=closure.python)


# ------------------------------------------------------------------------------------------------- in and out


def external(type: Type) -> Type:
    """The type of what Python passes for a value of a type: integers for indices."""
    match type:
        case IndexType(set):
            parts = kinds.factors_of(set)
            return i64 if parts is None else TupleType(tuple(external(IndexType(part)) for part in parts))
        case TableType(axes, element):
            return TableType(tuple(map(_flat_axis, axes)), external(element))
        case TupleType(items):
            return TupleType(tuple(map(external, items)))
        case RecordType(fields):
            return RecordType(tuple((name, external(field)) for name, field in fields))
        case StructOf(cls, fields):
            return StructOf(cls, tuple((name, external(field)) for name, field in fields))
    return type


def _flat_axis(axis: Axis) -> Axis:
    """Python's arrays have one axis for a product of sets."""
    return axis if kinds.factors_of(axis) is None else Fin(kinds.size_of(axis))


def enter(el: Elaborator, value: Value, type: Type, where: str) -> Value:
    """A value of the external type as one of the type; integers are checked to be indices."""
    if external(type) == type:
        return value
    match type, value:
        case IndexType(set), Scalar():
            return _checked_index(el, value, set, where)
        case IndexType(set), Tuple(items):
            parts = kinds.factors_of(set) or ()
            from pydex.frontend.structure import index_of_parts

            made = tuple(enter(el, v, IndexType(p), where) for p, v in zip(parts, items, strict=True))
            return index_of_parts(set, made)
        case TableType(), Table():
            return _enter_table(el, with_axes(el, value, type.axes), type, where)
        case TupleType(types), Tuple(items):
            return Tuple(tuple(enter(el, v, t, where) for v, t in zip(items, types, strict=True)))
        case RecordType(types), Record(fields):
            return Record({name: enter(el, fields[name], t, f"{where}[{name!r}]") for name, t in types})
        case StructOf(cls, types), Struct(_, fields):
            return Struct(cls, {name: enter(el, fields[name], t, f"{where}.{name}") for name, t in types})
    raise AssertionError(f"{value} does not enter as {type!r}")


def _enter_table(el: Elaborator, table: Table, type: TableType, where: str) -> Value:
    from pydex.frontend.iteration import item

    def at(part: Value, of: Type, forms: list[Int]) -> Value:
        if isinstance(of, TableType):
            rest = of.axes[1:]
            return tabulate(el, part.axes[0], lambda index: at(  # type: ignore[union-attr]
                item(el, part, index),  # type: ignore[arg-type]
                TableType(kinds.renumber(rest, -1, index.form), of.element) if rest else of.element,  # type: ignore
                [*forms, index]))  # type: ignore[list-item]  # fmt: skip
        return enter(el, part, of, where)

    return at(table, type, []) if _has_indices(type) else table


def _has_indices(type: Type) -> bool:
    return any(isinstance(leaf.element, IndexType) for leaf in leaves(type))


def _checked_index(el: Elaborator, value: Scalar, index_set: IndexSet, where: str) -> Value:
    base = root(index_set)
    require_bound(el, base)
    number = el.emit(arith.IndexCastOp(value.ssa, IRIndex()))
    size = el.frame.number(kinds.size_of(base))
    ok = el.emit(arith.CmpiOp(number, size, "ult"))  # negative numbers are large as unsigned ones
    el.emit(eff.CheckOp(ok, "IndexError", f"{where}: {{0}} is not an index of {base!r}, whose size is {{1}}",
                        [number, size]))  # fmt: skip
    ssa = el.emit(ix.IndexOp([number], [1], 0, el.frame.attr(kinds.size_of(base))))
    return index_value(el, ssa, index_set)


def leave(el: Elaborator, value: Value) -> Value:
    """A result with integers for indices."""
    if external(value.type) == value.type or (isinstance(value, Table) and not _has_indices(value.type)):
        return value
    match value:
        case Int(form):
            return Scalar(el.emit(arith.IndexCastOp(el.frame.number(form), ir_i64)), i64)
        case Tuple(items):
            return Tuple(tuple(leave(el, item) for item in items))
        case Record(fields):
            return Record({name: leave(el, field) for name, field in fields.items()})
        case Struct(_, fields):
            return Tuple(tuple(leave(el, field) for field in fields.values()))
        case Table():
            from pydex.frontend.iteration import item

            return tabulate(el, value.axes[0], lambda index: leave(el, item(el, value, index)))
    raise AssertionError(f"{value} does not leave")
