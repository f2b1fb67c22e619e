"""`grad`, `jvp`, `vjp`, … in compiled code: each becomes an `ad` op on an instance of the function.

What is differentiated is called with its flat arguments; tangents exist for the float leaves of the arguments in `wrt`.
Their meaning is that of pydex/reference/derivatives.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xdsl.ir import SSAValue

from pydex.dialects import ad
from pydex.frontend.callable import Compiled
from pydex.frontend.calls import call
from pydex.frontend.functions import Closure, CompileTime
from pydex.frontend.instances import operands, require_preconditions, size_arguments
from pydex.frontend.lift import lift
from pydex.frontend.structure import ir_types, rebuild
from pydex.frontend.tangents import to_leaves
from pydex.frontend.targets import (
    Wrt,
    by_place,
    check_differentiable,
    emit_jvp,
    emit_vjp,
    one,
    parameter_names,
    places_of,
    shaped,
    target,
)
from pydex.frontend.values import Int, Literal, Static, Tuple, Value
from pydex.policies import POLICY_HELP, Policy, is_policy, refused_policy

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator
    from pydex.frontend.frame import Frame


class Transformed(Compiled):
    """A function made of another one: `dx.grad(f)`, `dx.jacobian(f)`, …"""

    def __init__(
        self, transform: str, function: Any, wrt: Wrt = 0, mode: str | None = None, policy: Policy | None = None
    ):
        self.transform, self.function, self.wrt, self.mode, self.policy = transform, function, wrt, mode, policy
        inner = getattr(function, "__name__", None) or getattr(function, "name", "function")
        self.__name__ = f"{transform}_{inner}" if transform != "checkpoint" else inner

    def value_of(self, el: Elaborator) -> Value:
        """The function it is made of."""
        return self.function if isinstance(self.function, Value) else lift(el, self.function)

    def parameter_names(self) -> list[str]:
        inner = self.function
        if not isinstance(inner, Value):
            from pydex.frontend.source import function_syntax

            if isinstance(inner, Compiled):
                inner = Static(inner)
            else:
                source, node = function_syntax(inner)
                inner = Closure(node, None, inner.__name__, source, inner)
        return parameter_names(inner)

    def apply(self, el: Elaborator, args: list[Value], kwargs: dict[str, Value]) -> Value:
        from pydex.frontend.jacobians import HIGHER

        return {**APPLY, **HIGHER}[self.transform](el, self, self.value_of(el), args, kwargs)


def apply_grad(el: Elaborator, this: Transformed, f: Value, args: list[Value], kwargs: dict[str, Value]) -> Value:
    value = apply_value_and_grad(el, this, f, args, kwargs)
    assert isinstance(value, Tuple)
    return value.items[1]


def apply_value_and_grad(
    el: Elaborator, this: Transformed, f: Value, args: list[Value], kwargs: dict[str, Value]
) -> Value:
    at = target(el, f, args, kwargs)
    places = places_of(el, f, this.wrt, len(at.args))
    check_differentiable(el, at, places, f)
    result, found = emit_vjp(el, at, places, one(el, at, this.transform))
    return Tuple((result, shaped(this.wrt, found)))


def apply_checkpoint(el: Elaborator, this: Transformed, f: Value, args: list[Value], kwargs: dict[str, Value]) -> Value:
    at = target(el, f, args, kwargs)
    require_preconditions(el, at.instance, at.sizes)
    flat, types = operands(el, at.instance, at.args), ir_types(el.frame, at.result)
    policy = None if this.policy is None else str(this.policy)
    op = ad.CheckpointOp(at.instance.name, size_arguments(el, at.instance, at.sizes), flat, types, policy)
    el.frame.emit(op)
    return rebuild(el, at.result, list(op.results))


def apply_jvp(el: Elaborator, this: Transformed, f: Value, args: list[Value], kwargs: dict[str, Value]) -> Value:
    if len(args) != 2:
        el.fail("jvp(f) takes a tuple of arguments and a tuple of tangents")
    return jvp(el, f, *args)


APPLY: dict[str, Callable[..., Value]] = {
    "grad": apply_grad,
    "value_and_grad": apply_value_and_grad,
    "checkpoint": apply_checkpoint,
    "jvp": apply_jvp,
    "vjp": lambda el, this, f, args, kwargs: vjp(el, f, *args),
    "linearize": lambda el, this, f, args, kwargs: linearize(el, f, *args),
    "transpose": lambda el, this, f, args, kwargs: transpose(el, f, *args),
    "pull_back": lambda el, this, f, args, kwargs: pull_back(el, f, args[:-1], args[-1:]),
    "transposed": lambda el, this, f, args, kwargs: _transposed(el, f, args[:-1], args[-1:]),
    "linearized": lambda el, this, f, args, kwargs: push_forward(el, f, args[: len(args) // 2], args[len(args) // 2 :])[
        1
    ],
}
"""What a call of `dx.grad(f)` and its like does; the last three are what Python gets from `dx.vjp(f, *args)`, …:
functions of the arguments and then of cotangents or tangents."""


@dataclass(frozen=True, eq=False)
class Deferred(CompileTime):
    """A function that remembers values of the frame it was made in."""

    name: str
    frame: Frame
    function: Value
    args: list[Value]
    run: Callable[..., Value]

    def remembered(self, el: Elaborator) -> list[Value]:
        from pydex.frontend.capture import import_value

        return self.args if el.frame is self.frame else [import_value(el, a, self.frame) for a in self.args]

    def apply(self, el: Elaborator, args: list[Value]) -> Value:
        return self.run(el, self.function, self.remembered(el), args)


def jvp(el: Elaborator, f: Value, args: Value | None = None, tangents: Value | None = None) -> Value:
    """`dx.jvp(f, args, tangents)`."""
    if args is None or tangents is None:
        return Static(Transformed("jvp", f))
    if not isinstance(args, Tuple) or not isinstance(tangents, Tuple) or len(args.items) != len(tangents.items):
        el.fail("jvp takes a tuple of arguments and a tuple of as many tangents")
    return Tuple(push_forward(el, f, list(args.items), list(tangents.items)))


def push_forward(el: Elaborator, f: Value, args: list[Value], tangents: list[Value]) -> tuple[Value, Value]:
    """The result and its tangent."""
    at = target(el, f, args, {})
    seeds: dict[int, list[SSAValue]] = {}
    for place, tangent in enumerate(tangents):
        if isinstance(tangent, Static) and tangent.value is None:
            continue
        flat = to_leaves(el, tangent, at.types[place], f"tangent {place}")
        if flat:
            seeds[place] = flat
    return emit_jvp(el, at, seeds)


def linearize(el: Elaborator, f: Value, *args: Value) -> Value:
    """`dx.linearize(f, *args)`: the value, and the linear function of tangents."""
    if not args:
        return Static(Transformed("linearize", f))

    def run(el: Elaborator, f: Value, args: list[Value], tangents: list[Value]) -> Value:
        if len(tangents) != len(args):
            el.fail(f"the linear function takes {len(args)} tangents, found {len(tangents)}")
        return push_forward(el, f, args, tangents)[1]

    return Tuple((call(el, f, list(args), {}), Deferred("linearized", el.frame, f, list(args), run)))


def vjp(el: Elaborator, f: Value, *args: Value) -> Value:
    """`dx.vjp(f, *args)`: the value, and the function from its cotangent to those of the arguments."""
    if not args:
        return Static(Transformed("vjp", f))
    return Tuple((call(el, f, list(args), {}), Deferred("pull_back", el.frame, f, list(args), pull_back)))


def pull_back(el: Elaborator, f: Value, args: list[Value], cotangents: list[Value]) -> Value:
    """The cotangents of the arguments: one bare, several a tuple."""
    if len(cotangents) != 1:
        el.fail(f"it takes the cotangent of the result, found {len(cotangents)} arguments")
    at = target(el, f, args, {})
    seeds = to_leaves(el, cotangents[0], at.result, "the cotangent")
    _, found = emit_vjp(el, at, list(range(len(args))), seeds)
    return found[0] if len(found) == 1 else Tuple(tuple(found))


def transpose(el: Elaborator, f: Value, *args: Value) -> Value:
    """`dx.transpose(f, *args)`: the transpose of a linear function at arguments that only give the shapes."""
    if not args:
        return Static(Transformed("transpose", f))
    return Deferred("transposed", el.frame, f, list(args), _transposed)


def _transposed(el: Elaborator, f: Value, args: list[Value], cotangents: list[Value]) -> Value:
    if len(cotangents) != 1:
        el.fail(f"it takes the cotangent of the result, found {len(cotangents)} arguments")
    at = target(el, f, args, {})
    places = list(range(len(args)))
    positions = at.positions(places)
    seeds = to_leaves(el, cotangents[0], at.result, "the cotangent")
    require_preconditions(el, at.instance, at.sizes)
    flat = operands(el, at.instance, at.args)
    others = [ssa for k, ssa in enumerate(flat) if k not in positions]
    sizes = size_arguments(el, at.instance, at.sizes)
    types = [flat[k].type for k in positions]
    op = ad.TransposeOp(at.instance.name, sizes, positions, others, seeds, types)
    el.frame.emit(op)
    found = by_place(el, at, places, list(op.results))
    return found[0] if len(found) == 1 else Tuple(tuple(found))


# --------------------------------------------------------------------------------------------- as the user calls


def constant_option(el: Elaborator, value: Value | None, what: str) -> Any:
    """A compile-time constant: a string, an integer, a tuple of them."""
    if value is None:
        return None
    if isinstance(value, Tuple):
        return tuple(constant_option(el, item, what) for item in value.items)
    if isinstance(value, Static | Literal):
        return value.value
    if isinstance(value, Int) and value.form.constant is not None:
        return value.form.constant
    el.fail(f"{what} is a constant")


def _making(transform: str) -> Callable[..., Value]:
    def make(el: Elaborator, f: Value, wrt: Value | None = None, mode: Value | None = None) -> Value:
        chosen = constant_option(el, wrt, "wrt")
        return Static(Transformed(transform, f, 0 if chosen is None else chosen, constant_option(el, mode, "mode")))

    return make


def checkpointed(el: Elaborator, function: Value, policy: Value | None = None) -> Value:
    """`dx.checkpoint(f, policy)`."""
    chosen = constant_option(el, policy, "policy")
    if not is_policy(chosen):
        el.fail(refused_policy(chosen), help=POLICY_HELP)
    return Static(Transformed("checkpoint", function, policy=chosen))


TRANSFORMS: dict[str, Callable[..., Value]] = {
    **{name: _making(name) for name in ("grad", "value_and_grad", "jacobian", "hessian", "hvp")},
    "jvp": jvp,
    "vjp": vjp,
    "linearize": linearize,
    "transpose": transpose,
    "checkpoint": checkpointed,
    "jit": lambda el, f: f,
}
"""What the functions of the public API do when they are called in compiled code."""
