"""Static guarantees: `dx.check(f)` types a function without calling it, `dx.explain(f)` prints what it costs before it
runs, `dx.Guarantee` demands it.

Costs are those of the program after the pipeline, what really runs, as formulas in the sizes of its arguments; how they
are found is in `passes/cost.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydex.frontend.callable import Compiled
    from pydex.types import Type


def check(function: Any, *args: Any) -> None:
    """Prints the type of a compiled function with its effects and preconditions. Raises whatever compiling it would.

    So no error comes later, for whatever sizes, but of a precondition, or what the type says that it may raise. A
    function whose types come from the call needs example arguments.
    """
    from pydex.compiling import one_at_a_time
    from pydex.explaining.analysis import analyse
    from pydex.explaining.demand import demand
    from pydex.frontend.show import show_type

    with one_at_a_time():
        view, types = _typed(function, args, "check")
        itself = analyse(view, types)
        if function.guarantee is not None:
            demand(view, types, function.guarantee)
        print(show_type(itself.program))


def explain(function: Any, *args: Any) -> None:
    """Prints the work, memory, span and allocations of a compiled function, its loops, and its gradient.

    A function whose types come from the call needs example arguments. Raises what compiling it would raise.
    """
    print(explained(function, args))


def explained(function: Any, args: tuple[Any, ...] = ()) -> str:
    """The text that `explain` prints."""
    from pydex.compiling import one_at_a_time
    from pydex.diagnostics import DexError
    from pydex.explaining.analysis import analyse, beside
    from pydex.explaining.text import page

    with one_at_a_time():
        view, types = _typed(function, args, "explain")
        itself = analyse(view, types)
        try:
            return page(itself, beside(view, types, itself))
        except DexError as error:
            return page(itself, None, error.diagnostic.message)


def _typed(function: Any, args: tuple[Any, ...], name: str) -> tuple[Compiled, tuple[Type, ...] | None]:
    """The frontend's view of a function, and the types of example arguments."""
    from pydex.calling import CompiledFunction
    from pydex.diagnostics import DexTypeError

    if not isinstance(function, CompiledFunction):
        raise DexTypeError(f"dx.{name} takes a compiled function, found {function!r}: decorate it with @dx.jit")
    return function.__pydex_compiled__, function._arguments(args, {})[1] if args else None
