"""The reference execution: a pydex function run by CPython from its own source, slow and obvious on purpose.

It is the first of the four executions of law 1, and over dual numbers the oracle of derivatives. It knows no IR.

An object of the public API that stands for a function takes part by a method `__pydex_reference__()`: it gives a
callable of a reference execution's values, such as `ReferenceFunction(python_function)` or
`derivatives.grad(reference_function(f), wrt)`. Names of `pydex.api` that are functions (`grad`, …) are known by name.
"""

from __future__ import annotations

from typing import Any

from pydex.reference import derivatives
from pydex.reference.binding import all_floats_in_f64
from pydex.reference.entering import enter_any
from pydex.reference.functions import ReferenceFunction, reference_call, reference_function
from pydex.reference.leaving import leave

__all__ = ["ReferenceFunction", "all_floats_in_f64", "jvp", "reference_call", "reference_function"]


def jvp(function: Any, args: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
    """`function(*args)` and its derivative in the direction `tangents`, by dual numbers.

    Arrays and numbers in and out; a tangent has the structure of its argument, or is None for no motion.
    """
    run = reference_function(function)
    if not isinstance(run, ReferenceFunction):
        return leave(derivatives.jvp(run, tuple(map(enter_any, args)), tangents))
    binding, values = run.bind(args, {}, enter_any)
    found = derivatives.jvp(
        lambda *moved: run.run(binding, dict(zip(values, moved, strict=True))), tuple(values.values()), tangents
    )
    return leave(found)
