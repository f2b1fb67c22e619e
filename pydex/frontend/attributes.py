"""`value.name`: of modules, sets, tables, structs, records, types."""

from __future__ import annotations

import types as python_types
from collections.abc import Callable
from typing import TYPE_CHECKING

from pydex.diagnostics import did_you_mean
from pydex.frontend import overloads
from pydex.frontend.constants import is_replaceable
from pydex.frontend.functions import BoundMethod, Closure, Intrinsic
from pydex.frontend.lift import lift
from pydex.frontend.setvalues import as_set, size_value
from pydex.frontend.values import Int, Literal, Record, Static, Struct, Table, Tuple, Value
from pydex.types import IndexType

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator


def attribute_of(el: Elaborator, value: Value, name: str) -> Value:
    """`value.name`. Fails if there is no such attribute."""
    if isinstance(value, Struct):
        if name in value.fields:
            return value.fields[name]
        method = method_of(value, name)
        if method is not None:
            return method
        if isinstance(getter := getattr(value.cls, name, None), property):
            return _property(el, value, getter)
        help = did_you_mean(name, dir(value.cls), value.fields)
        el.fail(f"{value.cls.__name__} has no field or method {name}", kind=AttributeError, help=help)
    if isinstance(value, Table):
        return _of_table(el, value, name)
    if isinstance(value, Record) and name in ("items", "keys", "values"):
        return Intrinsic(name, lambda el: _record_view(value, name))
    index_set = as_set(el, value)
    if index_set is not None:
        found = _of_set(el, index_set, name)
        if found is not None:
            return found
    if isinstance(value, Static):
        return _of_python(el, value, name)
    if isinstance(value, Record) and name in value.fields:
        help = f"its names are keys: [{name!r}]"
        el.fail(f"a record has no attribute {name}", kind=AttributeError, help=help)
    if isinstance(value, Int) and name == "size":
        el.fail("an index has no size; the size of its set is `n.size`", kind=AttributeError)
    el.fail(f"{overloads.describe(value)} has no attribute {name}", kind=AttributeError)


def _record_view(record: Record, name: str) -> Value:
    keys = tuple(Static(key) for key in record.fields)
    values = tuple(record.fields.values())
    if name == "keys":
        return Tuple(keys)
    return Tuple(values if name == "values" else tuple(map(lambda *pair: Tuple(pair), keys, values)))


def _of_python(el: Elaborator, value: Static, name: str) -> Value:
    try:
        found = getattr(value.value, name)
    except AttributeError:
        what = getattr(value.value, "__name__", None) or repr(value.value)
        help = did_you_mean(name, dir(value.value))
        el.fail(f"{what} has no attribute {name}", kind=AttributeError, help=help)
    if isinstance(found, bool | int | float) or is_replaceable(found):
        el.unit.depends_on_attribute(value.value, name, found)
    return lift(el, found, f"{getattr(value.value, '__name__', 'object')}.{name}")


def method_of(value: Value, name: str) -> Value | None:
    """A method of a struct, bound; None if its class has none of this name."""
    if not isinstance(value, Struct):
        return None
    found = getattr(value.cls, name, None)
    if name == "replace":
        return Intrinsic("replace", lambda el, **changes: _replaced(el, value, changes))
    compiled = getattr(found, "__pydex_compiled__", None)
    if compiled is not None:
        return BoundMethod(value, Static(compiled))
    if not isinstance(found, python_types.FunctionType) or found.__module__ == "dataclasses" or _generated(found):
        return None
    from pydex.frontend.source import function_syntax

    source, node = function_syntax(found)
    return BoundMethod(value, Closure(node, None, found.__name__, source, found))


def _property(el: Elaborator, value: Struct, getter: property) -> Value:
    """The value of a property, which is a method called at once."""
    from pydex.frontend.calls import call
    from pydex.frontend.source import function_syntax

    assert isinstance(getter.fget, python_types.FunctionType)
    source, node = function_syntax(getter.fget)
    return call(el, Closure(node, None, getter.fget.__name__, source, getter.fget), [value], {})


def _generated(function: python_types.FunctionType) -> bool:
    """Whether dataclasses made this method; its meaning is built in."""
    file = function.__code__.co_filename
    return file == "<string>" or file.endswith("dataclasses.py")


def _replaced(el: Elaborator, value: Struct, changes: dict[str, Value]) -> Value:
    unknown = [name for name in changes if name not in value.fields]
    if unknown:
        el.fail(f"{value.cls.__name__} has no field {unknown[0]}", kind=AttributeError)
    return Struct(value.cls, {**value.fields, **changes})


# ---------------------------------------------------------------------------------------------------- tables


def _of_table(el: Elaborator, table: Table, name: str) -> Value:
    from pydex.frontend import tables

    if name == "T":
        return tables.transpose(el, table)
    if name == "shape":
        return Tuple(tuple(size_value(axis) for axis in table.axes))
    if name == "size":
        total: Value = Literal(1)
        for axis in table.axes:
            total = overloads.binary(el, "*", total, size_value(axis))
        return total
    if name == "ndim":
        return Literal(len(table.axes))
    if name in METHODS:
        return Intrinsic(name, lambda el, *args, **kwargs: _call_method(el, table, name, args, kwargs))
    if isinstance(table.element, kinds_struct()) and name in dict(table.element.fields):  # type: ignore[union-attr]
        return field_table(el, table, name)
    help = did_you_mean(name, ("T", "shape", "size", "ndim", *METHODS))
    el.fail(f"a table has no attribute {name}", kind=AttributeError, help=help)


def kinds_struct():
    from pydex.frontend.kinds import StructOf

    return StructOf


def field_table(el: Elaborator, table: Table, name: str) -> Value:
    """`points.x`: the table of one field."""
    from pydex.frontend.iteration import item
    from pydex.frontend.nests import tabulate

    return tabulate(el, table.axes[0], lambda index: attribute_of(el, item(el, table, index), name))


def _call_method(el: Elaborator, table: Table, name: str, args: tuple[Value, ...], kwargs: dict[str, Value]) -> Value:
    from pydex.frontend.calls import apply

    if "axis" in kwargs:
        help = f"say over which axis: [{name}(x[i, j] for j in m) for i in n]"
        el.fail(f"{name} takes no axis: it reduces a whole table", help=help)
    return apply(el, f"the method {name}", METHODS[name], [table, *args], kwargs, bound=1)


def _reduction(name: str) -> Callable[..., Value]:
    def method(el: Elaborator, table: Table) -> Value:
        from pydex.frontend.tables import reduce_all

        return reduce_all(el, name, table)

    return method


def copy(el: Elaborator, table: Table) -> Value:
    """The same table, owned by nobody else (tables are values, so there is nothing to do)."""
    return Table(table.leaves, table.type)


def get(el: Elaborator, table: Table, *args: Value) -> Value:
    """`x.get(i, default)`."""
    from pydex.frontend.conversions import get as get_element

    if len(args) < 2:
        el.fail("get takes an index and what to give where there is none: x.get(i, 0.0)")
    return get_element(el, table, *args)


METHODS: dict[str, Callable[..., Value]] = {
    **{name: _reduction(name) for name in ("sum", "prod", "max", "min", "any", "all", "mean", "argmax", "argmin")},
    "copy": copy,
    "get": get,
}


def _of_set(el: Elaborator, index_set, name: str) -> Value | None:
    from pydex.frontend import conversions

    if name == "size":
        return size_value(index_set)
    if name == "Index":
        return Static(IndexType(index_set))
    if name in conversions.CONVERSIONS:
        convert = conversions.CONVERSIONS[name]
        return Intrinsic(name, lambda el, value: convert(el, index_set, value))
    return None
