"""What is differentiated: an instance of a function, its arguments here, and the `ad` ops on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xdsl.dialects import arith
from xdsl.dialects.builtin import FloatAttr
from xdsl.ir import SSAValue

from pydex.dialects import ad
from pydex.frontend.callable import Compiled
from pydex.frontend.calls import bind_arguments, call
from pydex.frontend.functions import BoundMethod, Closure
from pydex.frontend.instances import Instance, build, operands, require_preconditions, size_arguments
from pydex.frontend.kinds import Sizes, leaves, substitute
from pydex.frontend.structure import ir_types, rebuild
from pydex.frontend.tangents import float_leaves, float_types, from_leaves
from pydex.frontend.values import Literal, Static, Tuple, Value
from pydex.types import Type

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator

Wrt = Any


@dataclass
class Target:
    """A function to differentiate: its instance, and its arguments here."""

    instance: Instance
    args: list[Value]
    sizes: Sizes

    @property
    def types(self) -> list[Type]:
        return [substitute(type, self.sizes) for type in self.instance.params]

    @property
    def result(self) -> Type:
        return substitute(self.instance.result, self.sizes)

    def positions(self, places: Sequence[int]) -> list[int]:
        """The flat arguments that the float leaves of these parameters are."""
        found, at = [], 0
        for place, type in enumerate(self.instance.params):
            for is_float in float_leaves(type):
                if place in places and is_float:
                    found.append(at)
                at += 1
        return found


def target(el: Elaborator, function: Value, args: list[Value], kwargs: dict[str, Value]) -> Target:
    """The instance of a function for these arguments."""
    from pydex.frontend.conform import conform_all
    from pydex.frontend.jit import Function, is_compile_time

    if isinstance(function, Static) and isinstance(function.value, Function):
        jit = function.value
        bound = bind_arguments(el, jit.closure, args, kwargs)
        params = jit.parameters_in(el)
        if all(p.annotation is not None for p in params) and not any(map(is_compile_time, bound.values())):
            sizes: dict = {}
            what = [f"argument {p.name}" for p in params]
            types = [p.annotation for p in params]
            made = conform_all(el, [bound[p.name] for p in params], types, sizes, what)  # type: ignore[arg-type]
            return Target(jit.instance(el), made, sizes)
    return _local_target(el, function, args, kwargs)


def _local_target(el: Elaborator, function: Value, args: list[Value], kwargs: dict[str, Value]) -> Target:
    """An instance for this call only, in the sizes of the caller."""
    names = list(kwargs)
    values = [_differentiable(value) for value in [*args, *kwargs.values()]]
    outer = el.scope

    def body(inside: list[Value]) -> Value:
        from pydex.frontend.scope import Scope

        el.scope = Scope(outer.source, el.frame, {}, outer, outer.python if outer.parent is None else None)
        positional, named = inside[: len(args)], dict(zip(names, inside[len(args) :], strict=True))
        return call(el, function, positional, named)

    name = getattr(function, "name", None) or getattr(getattr(function, "value", None), "__name__", "function")
    instance = build(el, name, [value.type for value in values], body, el.frame)
    return Target(instance, values, {})


def _differentiable(value: Value) -> Value:
    return Literal(float(value.value)) if isinstance(value, Literal) and type(value.value) is int else value


def parameter_names(function: Value) -> list[str]:
    """The names of a function's parameters, as far as they are known."""
    if isinstance(function, Closure):
        spec = function.node.args
        return [a.arg for a in spec.posonlyargs + spec.args]
    if isinstance(function, Static) and isinstance(function.value, Compiled):
        return function.value.parameter_names()
    if isinstance(function, BoundMethod):
        return parameter_names(function.function)[1:]
    return []


def places_of(el: Elaborator, function: Value, wrt: Wrt, count: int) -> list[int]:
    """The positions of the arguments that `wrt` names."""
    names = parameter_names(function)
    places = []
    for name in wrt if isinstance(wrt, tuple | list) else (wrt,):
        if isinstance(name, str) and name not in names:
            el.fail(f"wrt names {name!r}, but the parameters are {', '.join(names)}", kind=ValueError)
        if not isinstance(name, str | int) or isinstance(name, bool):
            el.fail(f"wrt is the position or the name of an argument, or a tuple of these, found {name!r}")
        place = names.index(name) if isinstance(name, str) else name
        if not 0 <= place < max(count, len(names)):
            arguments = f"is {count} argument" if count == 1 else f"are {count} arguments"
            el.fail(f"wrt is {place}, but there {arguments}", kind=ValueError)
        places.append(place)
    return places


def shaped(wrt: Wrt, found: list[Value]) -> Value:
    """One result for one argument, a tuple for a tuple of arguments."""
    return Tuple(tuple(found)) if isinstance(wrt, tuple | list) else found[0]


def emit_vjp(el: Elaborator, at: Target, places: list[int], seeds: list[SSAValue]) -> tuple[Value, list[Value]]:
    """Reverse mode: the result, and the cotangent of each parameter in `places`."""
    require_preconditions(el, at.instance, at.sizes)
    flat = operands(el, at.instance, at.args)
    positions = at.positions(places)
    primal = ir_types(el.frame, at.result)
    types = [*primal, *(flat[k].type for k in positions)]
    op = ad.VjpOp(at.instance.name, size_arguments(el, at.instance, at.sizes), positions, flat, seeds, types)
    el.frame.emit(op)
    results = list(op.results)
    return rebuild(el, at.result, results[: len(primal)]), by_place(el, at, places, results[len(primal) :])


def by_place(el: Elaborator, at: Target, places: list[int], flat: Sequence[SSAValue]) -> list[Value]:
    """Cotangents, which come in the order of the parameters, in the order of `places`."""
    stream = iter(flat)
    made = {place: from_leaves(el, at.types[place], stream) for place in sorted(set(places))}
    return [made[place] for place in places]


def emit_jvp(el: Elaborator, at: Target, tangents: dict[int, list[SSAValue]]) -> tuple[Value, Value]:
    """Forward mode: the result and its tangent, for tangents of the parameters."""
    require_preconditions(el, at.instance, at.sizes)
    flat = operands(el, at.instance, at.args)
    places = sorted(tangents)
    primal = ir_types(el.frame, at.result)
    types = [*primal, *float_types(el, at.result)]
    seeds = [ssa for place in places for ssa in tangents[place]]
    sizes = size_arguments(el, at.instance, at.sizes)
    op = ad.JvpOp(at.instance.name, sizes, at.positions(places), flat, seeds, types)
    el.frame.emit(op)
    results = list(op.results)
    return rebuild(el, at.result, results[: len(primal)]), from_leaves(el, at.result, iter(results[len(primal) :]))


def one(el: Elaborator, at: Target, what: str) -> list[SSAValue]:
    """The seed of a gradient. Fails unless the result is one float."""
    parts = leaves(at.result)
    if len(parts) != 1 or parts[0].dims or not float_leaves(at.result)[0]:
        el.fail(f"{what} needs a function whose result is one float, found {at.result!r}", help="use dx.jacobian")
    (type,) = ir_types(el.frame, at.result)
    return [el.emit(arith.ConstantOp(FloatAttr(1.0, type)))]  # type: ignore[arg-type]


def check_differentiable(el: Elaborator, at: Target, places: list[int], function: Value) -> None:
    """Fails where an argument to differentiate by has no floats."""
    names = parameter_names(function)
    for place in places:
        if not any(float_leaves(at.types[place])):
            shown = names[place] if place < len(names) else f"argument {place}"
            others = [n for n, type in zip(names, at.types, strict=False) if any(float_leaves(type))]
            help = f"say by which argument: wrt={others[0]!r}" if others else ""
            arguments = getattr(getattr(el.node, "args", None), "args", [])
            declared = [a for a in arguments if getattr(a, "arg", "") == shown]
            node = declared[0] if declared else None  # where Python calls the derivative, el is at the function
            el.fail(f"{shown} has no floats to differentiate by: it is {at.types[place]!r}", node, help=help)
