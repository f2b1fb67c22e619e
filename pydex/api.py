"""The public functions that make functions: `@dx.jit`, `dx.grad` and its like, and what their results can do.

A compiled function is called like any Python function. It is compiled at the first call with arguments of new types;
sizes are not part of a type.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from pydex.asked import fastmath_flags, is_deterministic
from pydex.calling import CompiledFunction, DerivativeOf, Jit
from pydex.diagnostics import DexTypeError, Diagnostic
from pydex.explaining.guarantee import Guarantee
from pydex.policies import POLICY_HELP, Policy, is_policy, refused_policy


def jit(
    function: Callable[..., Any] | None = None,
    *,
    require: Guarantee | None = None,
    fastmath: bool | Collection[str] | None = None,
    deterministic: bool | None = None,
) -> Any:
    """Compiles a function: `@dx.jit`.

    require: a dx.Guarantee, which promises what a call costs.
    fastmath: flags of LLVM for all float operations (`True`: all flags); by default arithmetic is IEEE's, but for sums.
    deterministic: a promise that results do not depend on the number of threads.

    Both hold for all code that this function is compiled to, that of functions it calls too, and for its derivatives.

    Raises: DexTypeError, DexValueError for options that are none.
    """
    if require is not None and not isinstance(require, Guarantee):
        raise DexTypeError(f"require is a dx.Guarantee, found {require!r}")
    options: dict[str, Any] = {}
    if fastmath is not None:
        options["fastmath"] = fastmath_flags(fastmath)
    if deterministic is not None:
        options["deterministic"] = is_deterministic(deterministic)
    if function is None:
        return lambda function: jit(function, require=require, fastmath=fastmath, deterministic=deterministic)
    made = function if isinstance(function, CompiledFunction) else Jit(function)
    made = made.asking(replace(made.asked, **options)) if options else made
    return made if require is None else made.promising(require)


def grad(function: Callable[..., Any], wrt: Any = 0) -> Any:
    """The gradient of a function whose result is one float, by the arguments `wrt` (position, name, or a tuple)."""
    return DerivativeOf("grad", function, wrt)


def value_and_grad(function: Callable[..., Any], wrt: Any = 0) -> Any:
    """The value and the gradient, computed together."""
    return DerivativeOf("value_and_grad", function, wrt)


def jacobian(function: Callable[..., Any], wrt: Any = 0, mode: str | None = None) -> Any:
    """For each float of the result, its gradient; mode: "forward", "reverse" or, None, what takes fewer runs."""
    return DerivativeOf("jacobian", function, wrt, mode)


def hessian(function: Callable[..., Any], wrt: Any = 0) -> Any:
    """The Jacobian of the gradient."""
    return DerivativeOf("hessian", function, wrt)


def hvp(function: Callable[..., Any], wrt: Any = 0) -> Any:
    """`hvp(f)(*args, v)`: the derivative of the gradient in the direction v."""
    return DerivativeOf("hvp", function, wrt)


def jvp(function: Callable[..., Any], args: tuple | None = None, tangents: tuple | None = None) -> Any:
    """`jvp(f, args, tangents)`: f(*args) and its derivative in the direction; `jvp(f)` is that function of the two."""
    made = DerivativeOf("jvp", function)
    if args is None or tangents is None:
        return made
    if isinstance(args, tuple) and isinstance(tangents, tuple):
        tangents = tuple(_no_motion(a) if t is None else t for a, t in zip(args, tangents, strict=False))
    return made(args, tangents)


def _no_motion(argument: Any) -> Any:
    """The tangent of an argument that does not move."""
    import numpy as np

    if isinstance(argument, float):
        return 0.0
    return np.zeros_like(argument) if isinstance(argument, np.ndarray) and argument.dtype.kind == "f" else None


def vjp(function: Callable[..., Any], *args: Any) -> Any:
    """`vjp(f, *args)`: f(*args), and the function from a cotangent of it to those of the arguments."""
    if not args:
        return lambda *args: vjp(function, *args)
    pull_back = DerivativeOf("pull_back", function)
    return jit(function)(*args), lambda cotangent: pull_back(*args, cotangent)


def linearize(function: Callable[..., Any], *args: Any) -> Any:
    """`linearize(f, *args)`: f(*args), and the linear function of tangents of the arguments."""
    if not args:
        return lambda *args: linearize(function, *args)
    linearized = DerivativeOf("linearized", function)
    return jit(function)(*args), lambda *tangents: linearized(*args, *tangents)


def transpose(function: Callable[..., Any], *args: Any) -> Any:
    """`transpose(f, *args)`: the transpose of a linear function, at arguments that only give the shapes."""
    if not args:
        return lambda *args: transpose(function, *args)
    transposed = DerivativeOf("transposed", function)
    return lambda cotangent: transposed(*args, cotangent)


def checkpoint(function: Callable[..., Any], policy: Policy | None = None) -> Any:
    """The function, of which reverse mode keeps the arguments only, and runs it again when it comes back to it.

    With a policy only its sequential loops are run again, piece by piece. Of n states such a loop keeps about √n
    ("sqrt"; each step is evaluated once more), log2 n ("log"; about ½ log2 n times more), or every k-th (a number k).

    Raises: DexTypeError for another policy.
    """
    if not is_policy(policy):
        raise DexTypeError(Diagnostic(refused_policy(policy), help=POLICY_HELP))
    return DerivativeOf("checkpoint", function, policy=policy)


for _function in (checkpoint, jit, grad, value_and_grad, jacobian, hessian, hvp, jvp, vjp, linearize, transpose):
    _function.__pydex_transform__ = _function.__name__  # type: ignore[attr-defined] - known inside compiled code


def set_num_threads(n: int) -> None:
    """Later parallel loops run on n threads; 0: on all processors."""
    from pydex import runtime

    runtime.set_threads(n)


def get_num_threads() -> int:
    """How many threads parallel loops use."""
    from pydex import runtime

    return runtime.get_threads()
