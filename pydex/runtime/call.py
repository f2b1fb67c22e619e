"""The Python half of a call: `bind` does slowly, with errors, what the native fast path does quickly without."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from pydex.runtime import _native
from pydex.runtime.convert import Refused, convert
from pydex.runtime.problems import (
    Binding,
    NoSuchSize,
    Place,
    PreconditionFailed,
    Problem,
    SizeConflict,
    TooLarge,
    WrongCount,
    argument_error,
)
from pydex.runtime.signature import Poly, Signature, Step, evaluate, numpy_dtype, symbols_of

LARGEST = np.iinfo(np.int64).max


def function(
    entry: int,
    signature: Signature,
    on_raise: Callable[[int, int, int], BaseException],
    keep: object = None,
    explain: Callable[[Problem], BaseException] = argument_error,
) -> _native.Function:
    """The compiled code at `entry` as a Python callable over flat arguments.

    It returns the only result, or a tuple of all. f64, i64 and bool scalars are Python numbers, other scalars NumPy's,
    tables are new row-major arrays. on_raise(site, a, b) makes the exception of code that raised at a site; explain
    makes the one for arguments that do not fit. `keep` is what owns the code: it lives as long as the callable.
    """

    def slow_path(native: _native.Function, args: tuple, kwargs: dict[str, Any]) -> Any:
        return call_slowly(signature, explain, native, args, kwargs)

    return _native.Function(entry, signature.encode(), slow_path, on_raise, keep)


def call_slowly(
    signature: Signature,
    explain: Callable[[Problem], BaseException],
    native: _native.Function,
    args: tuple,
    kwargs: dict[str, Any],
) -> Any:
    """A call whose arguments have to be converted, or refused."""
    try:
        converted, _ = bind(signature, args, kwargs)
    except Refused as refused:
        problem = refused.problem
    else:
        return native.retry(*converted)
    raise explain(problem)


def bind(signature: Signature, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[list[Any], dict[str, int]]:
    """The converted arguments, in order, and the value of each size symbol. Raises Refused with the first problem."""
    given = _in_order(signature, args, kwargs)
    converted = [convert(param, argument) for param, argument in zip(signature.params, given, strict=True)]
    bindings: dict[str, Binding] = {}
    for step in signature.steps:
        _apply(signature, step, converted, bindings)
    sizes = {name: binding.value for name, binding in bindings.items()}
    for condition in signature.preconditions:
        if evaluate(condition.poly, sizes) < condition.at_least:
            raise Refused(PreconditionFailed(condition.message, _because(condition.poly, bindings)))
    _check_results(signature, sizes)
    return converted, sizes


def _in_order(signature: Signature, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
    names = tuple(param.name for param in signature.params)
    given = dict(zip(names, args, strict=False))
    problem = WrongCount(
        names,
        given=len(args) + len(kwargs),
        missing=tuple(name for name in names if name not in given and name not in kwargs),
        unknown=tuple(name for name in kwargs if name not in names),
        twice=tuple(name for name in kwargs if name in given),
    )
    if len(args) > len(names) or problem.missing or problem.unknown or problem.twice:
        raise Refused(problem)
    return [given[name] if name in given else kwargs[name] for name in names]


def _because(poly: Poly, bindings: Mapping[str, Binding]) -> tuple[Binding, ...]:
    return tuple(bindings[symbol] for symbol in sorted(symbols_of(poly)) if symbol in bindings)


def _apply(signature: Signature, step: Step, arguments: list[Any], bindings: dict[str, Binding]) -> None:
    """Lets one extent bind its symbol, or compares it."""
    param, argument = signature.params[step.param], arguments[step.param]
    place = Place(param, step.axis)
    extent = param.extents[step.axis or 0]
    found = argument if step.axis is None else argument.shape[step.axis]
    sizes = {name: binding.value for name, binding in bindings.items()}
    rest, because = evaluate(step.rest, sizes), _because(extent, bindings)
    if step.symbol is None:
        if found != rest:
            raise Refused(SizeConflict(place, extent, found, rest, because))
        return
    coefficient = evaluate(step.coefficient, sizes)
    size = (found - rest) // coefficient if coefficient else -1
    if size < 0 or size * coefficient + rest != found:
        raise Refused(NoSuchSize(place, extent, found, step.symbol, because))
    bindings[step.symbol] = Binding(step.symbol, size, place)


def _check_results(signature: Signature, sizes: Mapping[str, int]) -> None:
    for result in signature.results:
        shape = tuple(evaluate(extent, sizes) for extent in result.extents)
        if any(size < 0 for size in shape):
            message = f"the result {result.type_text()} would have shape {shape}"
            bindings = {name: value for name, value in sizes.items()}
            raise Refused(PreconditionFailed(f"{message}, with {bindings}", ()))
        if prod(size for size in shape if size) * numpy_dtype(result.dtype).itemsize > LARGEST:
            raise Refused(TooLarge(result, shape))
