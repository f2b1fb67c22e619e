"""What Python can call: the parameters of each kind of compiled function, and what a call of it means."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from xdsl.ir import Block

from pydex.frontend.callable import Compiled
from pydex.frontend.derivatives import Transformed
from pydex.frontend.frame import Frame
from pydex.frontend.functions import Closure
from pydex.frontend.jit import Function
from pydex.frontend.scope import Scope
from pydex.frontend.tangents import tangent_type
from pydex.frontend.targets import parameter_names, places_of
from pydex.frontend.values import Static, Value
from pydex.types import TupleType, Type

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator


def innermost(function: Compiled) -> Closure:
    """The Python function that everything else is made of."""
    inner = function
    while isinstance(inner, Transformed):
        made = inner.function
        if not isinstance(made, Compiled):
            inner = Function(made)
        else:
            inner = made
    assert isinstance(inner, Function)
    return inner.closure


def entry_parameters(el: Elaborator, function: Compiled, types: Sequence[Type] | None) -> tuple[list[str], list[Type]]:
    """Names and types of the parameters. Without `types` all must be annotated."""
    closure = innermost(function)
    el.scope = Scope(closure.source, None, python=closure.python)  # type: ignore[arg-type]
    names = names_of(el, function)
    if types is None:
        declared = declared_parameters(el, function)
        known = [type for type in declared if type is not None]
        if len(known) != len(declared):
            el.fail(f"the types of {function.__name__} come from its calls", closure.node,
                    help="annotate its parameters, call it first, or give arguments: ir(args=(…))")  # fmt: skip
        return names, known
    return (names + [f"argument {k}" for k in range(len(types))])[: len(types)], list(types)


def names_of(el: Elaborator, function: Compiled) -> list[str]:
    if isinstance(function, Function):
        return [p.name for p in function.parameters_in(el)]
    assert isinstance(function, Transformed)
    names = parameter_names(Static(function))
    extra = {"hvp": ["direction"], "pull_back": ["cotangent"], "transposed": ["cotangent"]}
    if function.transform == "linearized":
        return names + [f"tangent {name}" for name in names]
    return ["arguments", "tangents"] if function.transform == "jvp" else names + extra.get(function.transform, [])


def declared_parameters(el: Elaborator, function: Compiled) -> list[Type | None]:
    """The annotated types of all parameters; None for each whose type comes from the call."""
    if isinstance(function, Function):
        return [p.annotation for p in function.parameters_in(el)]
    assert isinstance(function, Transformed)
    inner = function.function if isinstance(function.function, Compiled) else Function(function.function)
    return _with_tangents(el, function, declared_parameters(el, inner))


def _with_tangents(el: Elaborator, function: Transformed, types: list[Type | None]) -> list[Type | None]:
    if function.transform == "hvp":
        (place,) = places_of(el, Static(function.function), function.wrt, len(types))
        return [*types, types[place]]
    if function.transform in ("pull_back", "transposed"):
        return [*types, declared_result(el, function.function)]
    tangents = [None if t is None else tangent_type(t) for t in types]
    if function.transform == "linearized":
        return [*types, *tangents]
    if function.transform == "jvp":
        return [_tuple_of(types), _tuple_of(tangents)]
    return types


def _tuple_of(types: list[Type | None]) -> Type | None:
    known = tuple(t for t in types if t is not None)
    return TupleType(known) if len(known) == len(types) else None


def declared_result(el: Elaborator, function: object) -> Type | None:
    """The annotated type of a function's result, as that of its cotangents."""
    if not isinstance(function, Function):
        return None
    declared = function.declared(el).get("return")
    return None if declared is None else tangent_type(declared)


def body_of_entry(el: Elaborator, function: Compiled, args: list[Value], types: list[Type]) -> Value:
    """A call with these arguments, in the frame of the entry."""
    if isinstance(function, Function):
        return function.elaborate_body(el, args, types)
    from pydex.frontend.kinds import symbols_of
    from pydex.sizes import Size

    el.scope.sizes = {symbol: Size.of(symbol) for type in types for symbol in symbols_of(type)}
    return function.apply(el, args, {})


# --------------------------------------------------------------------------------------- asked before compiling


@functools.cache
def _elaborator() -> Elaborator:
    from pydex.frontend.elaborator import Elaborator
    from pydex.frontend.unit import Unit

    return Elaborator(Unit())


def _asking(function: Compiled) -> Elaborator:
    closure = innermost(function)
    el = _elaborator()
    el.frame = Frame("signature", Block(), Block())
    el.scope = Scope(closure.source, el.frame, python=closure.python)
    el.visit(closure.node)
    return el


def remembered(ask: Callable[..., Any]) -> Callable[..., Any]:
    """Asks once for each function and further arguments: an answer costs as much as typing the annotations."""

    @functools.wraps(ask)
    def answer(function: Compiled, *args: Any) -> Any:
        answers = function.__dict__.setdefault("_answers", {})
        key = (ask.__name__, *args)
        if key not in answers:
            answers[key] = ask(function, *args)
        return answers[key]

    return answer


@remembered
def python_names(function: Compiled) -> list[str] | None:
    """The names of the parameters, for a call from Python; None where they have none."""
    if isinstance(function, Transformed) and function.transform not in NAMED:
        return None
    return names_of(_asking(function), function)


NAMED = ("grad", "value_and_grad", "jacobian", "hessian", "checkpoint")


@remembered
def defaults_of(function: Compiled) -> dict[str, object]:
    """The defaults of the parameters."""
    inner = function
    while isinstance(inner, Transformed):
        inner = inner.function if isinstance(inner.function, Compiled) else Function(inner.function)
    assert isinstance(inner, Function)
    return {p.name: p.default for p in inner.parameters_in(_asking(function))}


def is_generic(function: Compiled) -> bool:
    """Whether the type of a parameter comes from the call."""
    return None in declared_parameters(_asking(function), function)


@remembered
def annotated_parameters(function: Compiled, count: int) -> list[Type | None]:
    """The annotated types of the parameters of a call with `count` arguments, None for each that has none."""
    el = _asking(function)
    if isinstance(function, Function):
        return [p.annotation for p in function.parameters_in(el)]
    declared = declared_parameters(el, function)
    return declared if len(declared) == count else [None] * count
