"""What every result is held against before it is timed: the independent implementations, in float64."""

import functools
import importlib
from typing import Any

import numpy as np

from benchmarks.inputs import inputs


def _double(value: Any) -> Any:
    return value.astype(np.float64) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value


def flatten(result: Any) -> list[np.ndarray]:
    """The arrays of a result, whatever tuples and lists they are nested in, as NumPy holds them."""
    if isinstance(result, (tuple, list)):
        return [leaf for part in result for leaf in flatten(part)]
    return [np.asarray(result)]


def answers(workload: str, arguments: tuple) -> dict[str, list[np.ndarray] | None]:
    """The oracle's results, "objective" and "gradient"; None for a gradient that the workload does not have."""
    module = importlib.import_module(f"independent.{workload}")
    doubled = [_double(value) for value in arguments]
    functions = {"objective": module.objective, "gradient": module.gradient}
    return {name: None if function is None else flatten(function(*doubled)) for name, function in functions.items()}


@functools.lru_cache(maxsize=1)
def cached(workload: str, size: str) -> dict[str, list[np.ndarray] | None]:
    """The answers for a workload's inputs, kept until another's are asked for: each number of threads asks again."""
    return answers(workload, inputs(workload, size))


def limits(workload: str, arguments: tuple) -> tuple[float, float]:
    """(How far a float may be off, relative to the largest of its result; the share of integers that may differ).

    The first follows from the precision of the inputs; the second is 0, unless the independent implementation says
    why it is not.
    """
    single = any(isinstance(value, np.ndarray) and value.dtype == np.float32 for value in arguments)
    module = importlib.import_module(f"independent.{workload}")
    return 1e-4 if single else 1e-9, getattr(module, "DIFFERING", 0.0)


def disagreement(found: list[np.ndarray], expected: list[np.ndarray], limits: tuple[float, float]) -> str | None:
    """What is wrong with `found`, in words; None if it agrees."""
    tolerance, differing = limits
    if len(found) != len(expected):
        return f"gives {len(found)} arrays where the oracle gives {len(expected)}"
    for position, (f, e) in enumerate(zip(found, expected, strict=True)):
        if f.shape != e.shape:
            return f"result {position} has the shape {f.shape}, the oracle's {e.shape}"
        if e.dtype.kind in "biu":
            share = np.mean(f != e) if e.size else 0.0
            if not share <= differing:
                return f"result {position} differs from the oracle's at {share:.1e} of its elements"
            continue
        scale = np.abs(e).max(initial=0)
        error = np.abs(f - e).max(initial=0) / (scale or 1)
        if not error <= tolerance:
            return f"result {position} differs from the oracle's by {error:.1e} of its largest element"
    return None
