"""A program and its machine code: what Python calls, for arguments of given types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pydex import broken, cache, pipeline, runtime
from pydex.code import Code, raiser
from pydex.diagnostics import DexNameError, Diagnostic
from pydex.frontend.entry import Program
from pydex.frontend.marshal import flatten_argument, is_plain, rebuild_result
from pydex.restored import restored_code
from pydex.runtime.call import Refused, bind
from pydex.runtime.signature import Undetermined
from pydex.signatures import quotients_of, signatures_of
from pydex.sizes import Symbol
from pydex.types import TupleType, Type


def _passed(type: Type, name: str) -> Callable[[Any], Sequence[Any]]:
    """What makes the flat arguments of a value of a type."""
    return (lambda value: (value,)) if is_plain(type) else partial(flatten_argument, type, where=name)


class Compilation:
    """Machine code for arguments of given types."""

    def __init__(self, program: Program, explain: Callable[[Any], BaseException], key: str | None = None):
        """key: what the code is called in the cache."""
        try:
            with broken.step("calling this program", passes=(Undetermined,)):
                self.signature, self.without_quotients = signatures_of(program)
                self.quotients = quotients_of(program)
        except Undetermined as error:
            help = "add a parameter that is the size: `size: dx.Size[n]`"
            raise DexNameError(Diagnostic(str(error), help=help)) from None
        self.params, self.result = program.params, program.result
        self.constants = list(program.unit.constants.values())
        self.outside = [hidden.outside for hidden in program.instance.hidden]
        guards = [constant.guard() for constant in self.constants]
        self.guards = tuple(guard for guard in guards if guard is not None)
        plain = len(self.guards) == len(guards) and not (self.outside or self.quotients)
        self.is_plain = plain and self._passes_values_as_they_are()  # the native function is all of a call
        self.passed = [_passed(type, name) for type, name in zip(self.params, program.names, strict=True)]
        code = restored_code(key, program) or self._build(program, key)
        on_raise = raiser(code.sites, code.any_strides)
        self.native = runtime.function(code.address, self.signature, on_raise, code, explain)

    def _build(self, program: Program, key: str | None) -> Code:
        code = pipeline.build(program.module, program.entry)
        if key is not None:
            cache.keep(key, code, self.signature, self.is_plain)
        return code

    def _passes_values_as_they_are(self) -> bool:
        results = self.result.items if isinstance(self.result, TupleType) else (self.result,)
        alone = isinstance(self.result, TupleType) and len(results) < 2
        return all(map(is_plain, (*self.params, *results))) and not alone

    def is_valid(self) -> bool:
        """Whether what it was compiled for is still what the names outside stand for."""
        return all(c.holds() for c in self.constants) and all(outside.fits() for outside in self.outside)

    def call(self, args: Sequence[Any]) -> Any:
        """The result for arguments in the order of the parameters."""
        if self.is_plain:
            return self.native(*args)
        flat = [x for passed, value in zip(self.passed, args, strict=True) for x in passed(value)]
        flat += [outside.read() for outside in self.outside]
        if self.quotients:
            flat += self._quotients(flat)
        found = self.native(*flat)
        results = iter((found,) if len(self.signature.results) == 1 else found or ())
        return rebuild_result(self.result, results, lambda: self._sizes(flat))

    def _quotients(self, flat: list[Any]) -> list[int]:
        """The sizes that are quotients of others; zeros for arguments that do not fit, which the runtime explains."""
        try:
            sizes = bind(self.without_quotients, flat, {})[1]
        except Refused:
            return [0] * len(self.quotients)
        return [quotient(sizes) for quotient in self.quotients]

    def _sizes(self, flat: list[Any]) -> Any:
        return {Symbol(name): value for name, value in bind(self.signature, flat, {})[1].items()}
