"""Compiled functions as Python objects: which compilation a call needs, its arguments and its results.

A function whose parameters are all annotated is compiled once. Others are compiled for the types of their arguments,
which do not include sizes. Integers and the like outside of the program are compiled in: when one
changes, so does the code.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pydex.compiling import one_at_a_time
from pydex.diagnostics import DexError, DexNameError, DexRecursionError, DexTypeError, Diagnostic
from pydex.runtime import Dispatcher

if TYPE_CHECKING:
    from pydex.frontend.callable import Compiled
    from pydex.frontend.entry import Program
    from pydex.runtime import Function
    from pydex.types import Type


class Compilation:
    """Machine code for arguments of given types."""

    def __init__(self, program: Program, explain: Callable[[Any], BaseException]):
        from pydex import broken, pipeline
        from pydex.runtime.signature import Undetermined
        from pydex.signatures import quotients_of, signatures_of

        try:
            with broken.step("calling this program", passes=(Undetermined,)):
                self.signature, self.without_quotients = signatures_of(program)
                self.quotients = quotients_of(program)
        except Undetermined as error:
            help = "add a parameter that is the size: `size: dx.Size[n]`"
            raise DexNameError(Diagnostic(str(error), help=help)) from None
        self.native = pipeline.compile(program.module, program.entry, self.signature, explain=explain)
        self.params, self.names, self.result = program.params, program.names, program.result
        self.constants = list(program.unit.constants.values())
        self.outside = [hidden.outside for hidden in program.instance.hidden]
        self.is_plain = not (self.constants or self.outside or self.quotients) and self._passes_values_as_they_are()

    def _passes_values_as_they_are(self) -> bool:
        from pydex.frontend.marshal import is_plain
        from pydex.types import TupleType

        results = self.result.items if isinstance(self.result, TupleType) else (self.result,)
        alone = isinstance(self.result, TupleType) and len(results) < 2
        return all(map(is_plain, (*self.params, *results))) and not alone

    def is_valid(self) -> bool:
        """Whether what it was compiled for is still what the names outside stand for."""
        return all(c.holds() for c in self.constants) and all(outside.fits() for outside in self.outside)

    def call(self, args: Sequence[Any]) -> Any:
        """The result for arguments in the order of the parameters."""
        from pydex.frontend.marshal import flatten_argument, rebuild_result

        if self.is_plain:
            return self.native(*args)
        given = zip(self.params, args, self.names, strict=True)
        flat = [x for type, value, name in given for x in flatten_argument(type, value, name)]
        flat += [outside.read() for outside in self.outside]
        if self.quotients:
            flat += self._quotients(flat)
        found = self.native(*flat)
        results = iter((found,) if len(self.signature.results) == 1 else found or ())
        return rebuild_result(self.result, results, lambda: self._sizes(flat))

    def _quotients(self, flat: list[Any]) -> list[int]:
        """The sizes that are quotients of others; zeros for arguments that do not fit, which the runtime explains."""
        from pydex.runtime.call import Refused, bind

        try:
            sizes = bind(self.without_quotients, flat, {})[1]
        except Refused:
            return [0] * len(self.quotients)
        return [quotient(sizes) for quotient in self.quotients]

    def _sizes(self, flat: list[Any]) -> Any:
        from pydex.runtime.call import bind
        from pydex.sizes import Symbol

        return {Symbol(name): value for name, value in bind(self.signature, flat, {})[1].items()}


class CompiledFunction(Dispatcher):
    """What `@dx.jit` and the derivatives make: it can be called from Python and from compiled code."""

    def __init__(self, function: Any):
        self.function = function
        self._compilations: dict[Any, Compilation] = {}
        self.__name__ = getattr(function, "__name__", "function")

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    @functools.cached_property
    def __pydex_compiled__(self) -> Compiled:
        """The frontend's view of this function."""
        return self._view()

    def _view(self) -> Compiled:
        raise NotImplementedError(f"{type(self).__name__} must give the frontend's view")

    def __pydex_reference__(self) -> Callable[..., Any]:
        """What runs it in the reference execution."""
        raise NotImplementedError(f"{type(self).__name__} must give its reference")

    def reference(self, *args: Any, **kwargs: Any) -> Any:
        """The result by the reference execution, which is slow and obvious."""
        from pydex.reference import reference_call

        return reference_call(self, args, kwargs)

    # ------------------------------------------------------------------------------------------------- calls

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call that Dispatcher knows no compilation for."""
        try:
            with one_at_a_time():
                values, types = self._arguments(args, kwargs)
                compilation = self._compilation(types)
                if compilation.is_plain:
                    self._remember(compilation.native, types, values)
            return compilation.call(values)
        except DexError as error:
            from pydex.refusals import located

            raise located(error, self.__pydex_compiled__).with_traceback(None) from None
        except RecursionError:
            from pydex.refusals import located

            error = DexRecursionError("the arguments are nested too deeply")
            raise located(error, self.__pydex_compiled__) from None

    def _remember(self, native: Function, types: tuple[Type, ...] | None, values: list[Any]) -> None:
        """Later calls go to the compilation directly."""
        if types is None:
            self.settle(native)
        else:
            self.specialise(native, tuple(values))

    def _out_of_memory(self, error: MemoryError) -> DexError:
        from pydex.refusals import out_of_memory

        return out_of_memory(error, self.__pydex_compiled__)

    def _arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], tuple[Type, ...] | None]:
        """The arguments in order, and their types if these come from the call."""
        from pydex.frontend.argtypes import in_order, types_of_call

        values = in_order(self.__pydex_compiled__, args, kwargs)
        return values, types_of_call(self.__pydex_compiled__, values)

    def _compilation(self, types: tuple[Type, ...] | None) -> Compilation:
        found = self._compilations.get(types)
        if found is None or not found.is_valid():
            found = self._compilations[types] = self._compile(types)
        return found

    def _compile(self, types: tuple[Type, ...] | None) -> Compilation:
        from pydex.frontend.entry import elaborate
        from pydex.refusals import explainer

        program = elaborate(self.__pydex_compiled__, types)
        return Compilation(program, explainer(self.__pydex_compiled__, program.instance.frame.preconditions))

    # --------------------------------------------------------------------------------------------- inspection

    @property
    def is_generic(self) -> bool:
        """Whether types of its parameters come from the call."""
        from pydex.frontend.entries import is_generic

        return is_generic(self.__pydex_compiled__)

    @property
    def type(self) -> str:
        """The type of the function with its effects and preconditions, as text.

        If the types of arguments come from the calls: the type for each kind of call there was.
        """
        from pydex.frontend.entry import elaborate
        from pydex.frontend.show import show_type

        called = list(self._compilations) or [None]
        return "\n".join(show_type(elaborate(self.__pydex_compiled__, types)) for types in called)

    def ir(self, stage: str = "cpu", after: str | None = None, args: tuple[Any, ...] = ()) -> str:
        """The IR as text: what the "frontend" made, or after the pipeline `stage`, or only up to its pass `after`.

        "mlir" is the text that MLIR is given, "llvm" what its passes make of it. A function whose types come from the
        call needs example arguments `args`.
        """
        from pydex.frontend.entry import elaborate
        from pydex.listing import listing

        types = self._arguments(args, {})[1] if args else None
        program = elaborate(self.__pydex_compiled__, types)
        return listing(program.module, program.entry, stage, after)


class Jit(CompiledFunction):
    """A Python function, compiled."""

    def __init__(self, function: Callable[..., Any]):
        if not isinstance(function, types.FunctionType):
            raise DexTypeError(f"dx.jit takes a function written in Python, found {function!r}")
        super().__init__(function)
        functools.update_wrapper(self, function, updated=())

    def _view(self) -> Compiled:
        from pydex.frontend.jit import Function

        return Function(self.function)

    def __pydex_reference__(self) -> Callable[..., Any]:
        from pydex.reference import reference_function

        return reference_function(self.function)

    def __repr__(self) -> str:
        return f"<pydex function {self.__name__}>"


class DerivativeOf(CompiledFunction):
    """`dx.grad(f)` and its like."""

    def __init__(self, transform: str, function: Any, wrt: Any = 0, mode: str | None = None):
        if not callable(function):
            raise DexTypeError(f"dx.{transform} takes a function, found {function!r}")
        super().__init__(function)
        self.transform, self.wrt, self.mode = transform, wrt, mode
        self.__name__ = f"{transform}_{self.__name__}"

    def _view(self) -> Compiled:
        from pydex.frontend.derivatives import Transformed

        inner = getattr(self.function, "__pydex_compiled__", self.function)
        return Transformed(self.transform, inner, self.wrt, self.mode)

    def __pydex_reference__(self) -> Callable[..., Any]:
        from pydex.reference import derivatives, reference_function

        inner = reference_function(self.function)
        options: dict[str, tuple[Any, ...]] = dict.fromkeys(("grad", "value_and_grad", "hessian", "hvp"), (self.wrt,))
        options["jacobian"] = (self.wrt, self.mode)
        return getattr(derivatives, self.transform)(inner, *options.get(self.transform, ()))

    def __repr__(self) -> str:
        return f"<pydex function {self.__name__}>"


