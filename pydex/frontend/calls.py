"""Calls: of compiled functions, of local functions and lambdas (elaborated in place), of types, of built-ins."""

from __future__ import annotations

import ast
import types as python_types
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from pydex.builtins import Builtin
from pydex.diagnostics import DexRecursionError, Diagnostic, Note
from pydex.frontend import overloads, scalars
from pydex.frontend.callable import Compiled
from pydex.frontend.functions import BoundMethod, Closure, Intrinsic
from pydex.frontend.lift import lift
from pydex.frontend.scope import Scope
from pydex.frontend.stores import Store, given_to_caller, stored
from pydex.frontend.values import NONE, NUMBERS, Record, Static, Struct, Table, Tuple, Value
from pydex.sets import Ragged
from pydex.structs import struct_fields
from pydex.types import ElementType

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator


def call(el: Elaborator, callee: Value, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """`callee(*args, **kwargs)`."""
    from pydex.frontend.derivatives import Deferred

    if isinstance(callee, Closure):
        return call_closure(el, callee, args, kwargs)
    if isinstance(callee, BoundMethod):
        return call(el, callee.function, [callee.owner, *args], kwargs)
    if isinstance(callee, Deferred):
        return callee.apply(el, args)
    if isinstance(callee, Intrinsic):
        return apply(el, callee.name, callee.apply, args, kwargs)
    if isinstance(callee, Struct):
        from pydex.frontend.attributes import method_of

        method = method_of(callee, "__call__")
        if method is not None:
            return call(el, method, args, kwargs)
    if not isinstance(callee, Static):
        el.fail(f"{overloads.describe(callee)} cannot be called")
    return _call_static(el, callee.value, args, kwargs)


def _call_static(el: Elaborator, object: Any, args: list[Value], kwargs: dict[str, Value]) -> Value:
    from pydex.frontend.intrinsics import BUILTINS, FOREIGN

    if isinstance(object, Compiled):
        return object.apply(el, args, kwargs)
    if isinstance(object, Builtin):
        return apply(el, f"dx.{object.name}", BUILTINS[object.name], args, kwargs)
    if isinstance(object, ElementType):
        return convert(el, object, args)
    if isinstance(object, python_types.FunctionType) and _key(object) not in FOREIGN:
        return call(el, lift(el, object), args, kwargs)  # an argument of the entry
    if isinstance(object, Ragged):
        from pydex.frontend.slices import dependent_set

        return dependent_set(el, object.kind, args)
    if isinstance(object, type) and struct_fields(object) is not None:
        return construct(el, object, args, kwargs)
    name = FOREIGN.get(_key(object))
    if name is not None:
        return apply(el, name, BUILTINS[name], args, kwargs)
    if isinstance(object, type):
        from pydex.frontend.slices import call_type

        return call_type(el, object, args, kwargs)
    shown = getattr(object, "__qualname__", None) or repr(object)
    module = getattr(object, "__module__", None)
    full = f"{module}.{shown}" if module and module != "builtins" else shown
    help = "use a function of pydex, or write it as a loop"
    if object is print:
        help = "return what is to be printed, and print it in Python"
    el.fail(f"{full} cannot be called in a compiled function", help=help)


def _key(object: Any) -> Any:
    try:
        hash(object)
    except TypeError:
        return None
    kinds = type | python_types.BuiltinFunctionType | python_types.FunctionType | np.ufunc
    return object if isinstance(object, kinds) else None


def apply(
    el: Elaborator, name: str, function: Any, args: list[Value], kwargs: dict[str, Value], bound: int = 0
) -> Value:
    """A function of the elaborator on these arguments; a wrong number of them is the user's mistake.

    The first `bound` of them are not written in the call.
    """
    import inspect

    signature = inspect.signature(function)
    try:
        signature.bind(el, *args, **kwargs)
    except TypeError as error:
        parameters = list(signature.parameters.values())[1 + bound :]
        if kwargs or any(p.kind is p.VAR_POSITIONAL for p in parameters):
            el.fail(f"{name}: {error}")
        needed = sum(p.default is p.empty for p in parameters)
        least = "" if needed == len(parameters) else f"{needed} to "
        el.fail(f"{name} takes {least}{count(len(parameters), 'argument')}, found {len(args) - bound}")
    return function(el, *args, **kwargs)


def convert(el: Elaborator, dtype: ElementType, args: list[Value]) -> Value:
    """`f32(x)`."""
    if len(args) != 1:
        el.fail(f"{dtype} converts one value, found {len(args)}")
    (value,) = args
    if isinstance(value, NUMBERS):
        return scalars.cast(el, value, dtype)
    if isinstance(value, Table):
        from pydex.frontend.tables import cast_elements

        return cast_elements(el, value, dtype)
    el.fail(f"{dtype} converts numbers and tables, found {overloads.describe(value)}")


def construct(el: Elaborator, cls: type, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """`Point(x, y)`: a struct with these fields; annotated fields take their types."""
    import dataclasses

    from pydex.frontend.annotations import annotated
    from pydex.frontend.conform import conform

    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    annotations = dict(struct_fields(cls) or ())
    if len(args) > len(fields) or any(name not in fields for name in kwargs):
        el.fail(f"{cls.__name__} has the fields {', '.join(fields)}")
    given = {**dict(zip(fields, args, strict=False)), **kwargs}
    values: dict[str, Value] = {}
    for name, field in fields.items():
        if name not in given:
            if field.default is dataclasses.MISSING:
                el.fail(f"{cls.__name__} is made without its field {name}")
            given[name] = lift(el, field.default)
        declared = annotated(el, annotations[name])
        values[name] = given[name] if declared is None else conform(el, given[name], declared, {}, f"the field {name}")
    return Struct(cls, values)


# ---------------------------------------------------------------------------------------- functions in place


def call_closure(el: Elaborator, closure: Closure, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """A local or plain Python function, elaborated in place."""
    key = (closure.node, closure.scope and id(closure.scope))
    if el.unit.active.count(key) >= 1:
        message = f"{closure.name} calls itself; recursion is not supported"
        raise DexRecursionError(Diagnostic(message, el.span(), help="write a `while` or `for` loop"))
    el.unit.active.append(key)
    saved_scope, saved_node, saved_location = el.scope, el.node, el.frame.location
    scope = Scope(closure.source, el.frame, {}, closure.scope, closure.python)
    try:
        values = bind_arguments(el, closure, args, kwargs)
        el.scope = scope
        for name, value in values.items():
            scope.names[name] = stored(value, Store(name, el.span(closure.node)))
        _conform_parameters(el, closure, scope)
        result = _conform_result(el, closure, scope, run_function(el, closure.node))
        return given_to_caller(result, scope, saved_scope)
    finally:
        el.unit.active.pop()
        el.scope, el.node, el.frame.location = saved_scope, saved_node, saved_location


def _conform_parameters(el: Elaborator, closure: Closure, scope: Scope) -> None:
    from pydex.frontend.annotations import declared_types
    from pydex.frontend.conform import conform_all

    declared = declared_types(el, closure)
    names = [name for name in declared if name != "return" and name in scope.names]
    made = conform_all(
        el, [scope.names[n] for n in names], [declared[n] for n in names], scope.sizes, [f"argument {n}" for n in names]
    )
    scope.names.update(zip(names, made, strict=True))


def _conform_result(el: Elaborator, closure: Closure, scope: Scope, result: Value) -> Value:
    from pydex.frontend.annotations import declared_types
    from pydex.frontend.conform import conform

    declared = declared_types(el, closure).get("return")
    if declared is None:
        return result
    require_result(el, result, closure.name)
    return conform(el, result, declared, scope.sizes, "the result")


def require_result(el: Elaborator, result: Value, name: str) -> None:
    """A function whose result is declared ends with `return`."""
    if isinstance(result, Static) and result.value is None:
        el.fail(f"{name} returns nothing, but its result is declared", help="end it with `return …`")


def run_function(el: Elaborator, node: ast.FunctionDef | ast.Lambda) -> Value:
    """The body of a function, its parameters being bound in the scope."""
    from pydex.frontend.statements import run_body

    el.scope.node = node
    if isinstance(node, ast.Lambda):
        return el.value(node.body)
    result = run_body(el, node)
    return NONE if result is None else result


def bind_arguments(el: Elaborator, closure: Closure, args: list[Value], kwargs: dict[str, Value]) -> dict[str, Value]:
    """The values of a function's parameters, by Python's rules."""

    def fail(message: str) -> NoReturn:
        el.fail(message, notes=(Note(f"{closure.name} is defined here", closure.source.span(closure.node)),))

    spec = closure.node.args
    names = [a.arg for a in spec.posonlyargs + spec.args]
    bound = dict(zip(names, args, strict=False))
    extra = args[len(names) :]
    if spec.vararg is not None:
        bound[spec.vararg.arg] = Tuple(tuple(extra))
    elif extra:
        fail(f"{closure.name} takes {count(len(names), 'argument')}, found {len(args)}")
    rest = dict(kwargs)
    for name in [*names, *(a.arg for a in spec.kwonlyargs)]:
        if name in rest:
            if name in bound:
                fail(f"{closure.name} got two values for {name}")
            bound[name] = rest.pop(name)
    if spec.kwarg is not None:
        bound[spec.kwarg.arg] = Record(rest)
    elif rest:
        fail(f"{closure.name} has no parameter {next(iter(rest))}")
    defaults = _defaults(el, closure)
    for name in [*names, *(a.arg for a in spec.kwonlyargs)]:
        if name not in bound:
            if name not in defaults:
                fail(f"{closure.name} is called without its argument {name}")
            bound[name] = defaults[name]
    return bound


def count(number: int, noun: str) -> str:
    """`1 argument`, `2 arguments`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _defaults(el: Elaborator, closure: Closure) -> dict[str, Value]:
    spec = closure.node.args
    names = [a.arg for a in spec.posonlyargs + spec.args]
    if closure.python is not None:
        made = dict(zip(names[::-1], (closure.python.__defaults__ or ())[::-1], strict=False))
        return {name: lift(el, value) for name, value in {**made, **(closure.python.__kwdefaults__ or {})}.items()}
    assert closure.scope is not None
    saved, el.scope = el.scope, closure.scope
    try:
        made = {name: el.value(node) for name, node in zip(names[::-1], spec.defaults[::-1], strict=False)}
        for argument, node in zip(spec.kwonlyargs, spec.kw_defaults, strict=True):
            if node is not None:
                made[argument.arg] = el.value(node)
    finally:
        el.scope = saved
    return made
