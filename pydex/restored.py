"""Functions whose code was found in the cache: nothing is elaborated until something needs what the frontend knows.

That is the code for arguments that are not contiguous, and the texts of errors about arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pydex import cache, runtime
from pydex.code import AnyStrides, Code, raiser

if TYPE_CHECKING:
    from pydex.cache.entry import Entry
    from pydex.calling import CompiledFunction
    from pydex.frontend.constants import Guard


Restored = tuple[runtime.Function, bool, "tuple[Guard, ...]"]  # code, whether for arguments of all types, and how long


def restored(function: CompiledFunction, args: Sequence[Any]) -> Restored | None:
    """The code of a function for these arguments, from the cache."""
    for given in (None, args):
        key = cache.key(function, given)
        entry = None if key is None else cache.find(key.text)
        if key is not None and entry is not None and entry.plain:
            return _function(function, entry, given), given is None, key.guards
    return None


def restored_code(key: str | None, program: Any) -> Code | None:
    """The code of an elaborated program, from the cache."""
    entry = None if key is None else cache.find(key)
    return None if entry is None else code_of(entry, lambda: program)


def _function(function: CompiledFunction, entry: Entry, args: Sequence[Any] | None) -> runtime.Function:
    examples = None if args is None else [_shapeless(arg) for arg in args]
    code = code_of(entry, lambda: _program(function, examples))

    def slow_path(native: runtime.Function, args: tuple, kwargs: dict[str, Any]) -> Any:
        from pydex.cache.entry import signature_of
        from pydex.refusals import explainer
        from pydex.runtime.call import call_slowly

        def explain(problem: Any) -> BaseException:
            program = _program(function, examples)
            return explainer(function.__pydex_compiled__, program.instance.frame.preconditions)(problem)

        return call_slowly(signature_of(entry.signature), explain, native, args, kwargs)

    return runtime.Function(code.address, entry.program, slow_path, raiser(code.sites, code.any_strides), code)


def _shapeless(argument: Any) -> Any:
    """Something of the same type that keeps no memory."""
    return np.empty((0,) * argument.ndim, argument.dtype) if isinstance(argument, np.ndarray) else argument


def _program(function: CompiledFunction, args: Sequence[Any] | None) -> Any:
    from pydex.frontend.argtypes import types_of_call
    from pydex.frontend.entry import elaborate

    compiled = function.__pydex_compiled__
    return elaborate(compiled, None if args is None else types_of_call(compiled, args))


def code_of(entry: Entry, program: Callable[[], Any]) -> Code:
    """The code of an entry in memory; `program` elaborates it, for arguments that are not contiguous."""
    from pydex.cache.entry import load

    def for_any_strides(strides: AnyStrides) -> Any:
        from pydex import pipeline

        made = program()
        pipeline.prepare(made.module, made.entry)
        return pipeline.for_any_strides(made.module, made.entry, strides)

    strides = AnyStrides(for_any_strides, _refusal)
    address, owner = load(entry.image, {**runtime.addresses(entry.image.imports), "pdx_any_strides": strides.symbol})
    return Code(address, entry.sites, strides, owner)


def _refusal() -> int:
    from pydex import pipeline

    return pipeline.refusal()
