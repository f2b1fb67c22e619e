"""Static guarantees: `dx.explain(f)` prints what a function costs before it runs, `dx.Guarantee` demands it.

Costs are those of the program after the pipeline, what really runs, as formulas in the sizes of its arguments; how they
are found is in `passes/cost.py`.
"""

from __future__ import annotations

from typing import Any


def explain(function: Any, *args: Any) -> None:
    """Prints the work, memory, span and allocations of a compiled function, its loops, and its gradient.

    A function whose types come from the call needs example arguments. Raises what compiling it would raise.
    """
    print(explained(function, args))


def explained(function: Any, args: tuple[Any, ...] = ()) -> str:
    """The text that `explain` prints."""
    from pydex.calling import CompiledFunction
    from pydex.compiling import one_at_a_time
    from pydex.diagnostics import DexError, DexTypeError
    from pydex.explaining.analysis import analyse, beside
    from pydex.explaining.text import page

    if not isinstance(function, CompiledFunction):
        raise DexTypeError(f"dx.explain takes a compiled function, found {function!r}: decorate it with @dx.jit")
    with one_at_a_time():
        types = function._arguments(args, {})[1] if args else None
        view = function.__pydex_compiled__
        itself = analyse(view, types)
        try:
            return page(itself, beside(view, types, itself))
        except DexError as error:
            return page(itself, None, error.diagnostic.message)
