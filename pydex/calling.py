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

from pydex.asked import Asked
from pydex.compiling import one_at_a_time
from pydex.diagnostics import DexError, DexRecursionError, DexTypeError
from pydex.runtime import Dispatcher

if TYPE_CHECKING:
    from pydex.compilation import Compilation
    from pydex.explaining.guarantee import Guarantee
    from pydex.frontend.callable import Compiled
    from pydex.frontend.constants import Guard
    from pydex.policies import Policy
    from pydex.runtime import Function
    from pydex.types import Type


class CompiledFunction(Dispatcher):
    """What `@dx.jit` and the derivatives make: it can be called from Python and from compiled code."""

    guarantee: Guarantee | None = None
    asked: Asked = Asked()

    def __init__(self, function: Any):
        self.function = function
        self._compilations: dict[Any, Compilation] = {}
        self.__name__ = getattr(function, "__name__", "function")

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    @functools.cached_property
    def __pydex_compiled__(self) -> Compiled:
        """The frontend's view of this function."""
        view = self._view()
        view.asked = self.asked
        return view

    def _view(self) -> Compiled:
        raise NotImplementedError(f"{type(self).__name__} must give the frontend's view")

    def __pydex_reference__(self) -> Callable[..., Any]:
        """What runs it in the reference execution."""
        raise NotImplementedError(f"{type(self).__name__} must give its reference")

    def parts_of_program(self) -> tuple[Any, ...]:
        """All that decides which program this is (pydex/cache/fingerprint.py)."""
        raise NotImplementedError(f"{type(self).__name__} must give its parts")

    def reference(self, *args: Any, **kwargs: Any) -> Any:
        """The result by the reference execution, which is slow and obvious."""
        from pydex.reference import reference_call

        return reference_call(self, args, kwargs)

    # ------------------------------------------------------------------------------------------------- calls

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call that Dispatcher knows no compilation for."""
        try:
            with one_at_a_time():
                native = self._restore(args, kwargs)
                if native is None:
                    values, types = self._arguments(args, kwargs)
                    compilation = self._compilation(types, values)
                    if compilation.is_plain:
                        self._remember(compilation.native, types is None, values, compilation.guards)
            return compilation.call(values) if native is None else native(*args)
        except DexError as error:
            from pydex.refusals import located

            raise located(error, self.__pydex_compiled__).with_traceback(None) from None
        except RecursionError:
            from pydex.refusals import located

            error = DexRecursionError("the arguments are nested too deeply")
            raise located(error, self.__pydex_compiled__) from None

    def _restore(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Function | None:
        """The code for these arguments from the cache, if nothing is elaborated yet."""
        if self._compilations or kwargs:
            return None
        from pydex.restored import restored

        found = restored(self, args)
        if found is None:
            return None
        native, for_all, guards = found
        self._remember(native, for_all, args, guards)
        return native

    def _remember(self, native: Function, for_all: bool, values: Sequence[Any], guards: tuple[Guard, ...]) -> None:
        """Later calls with such arguments go to the compilation directly, as long as the guards hold."""
        if for_all:
            self.settle(native, guards)
        else:
            self.specialise(native, tuple(values), guards)

    def _out_of_memory(self, error: MemoryError) -> DexError:
        from pydex.refusals import out_of_memory

        return out_of_memory(error, self.__pydex_compiled__)

    def _arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], tuple[Type, ...] | None]:
        """The arguments in order, and their types if these come from the call."""
        from pydex.frontend.argtypes import in_order, types_of_call

        values = in_order(self.__pydex_compiled__, args, kwargs)
        return values, types_of_call(self.__pydex_compiled__, values)

    def _compilation(self, types: tuple[Type, ...] | None, values: list[Any]) -> Compilation:
        found = self._compilations.get(types)
        if found is None or not found.is_valid():
            found = self._compilations[types] = self._compile(types, values)
        return found

    def _compile(self, types: tuple[Type, ...] | None, values: list[Any]) -> Compilation:
        from pydex import cache, profile
        from pydex.compilation import Compilation
        from pydex.frontend.entry import elaborate
        from pydex.refusals import explainer

        if self.guarantee is not None:
            from pydex.explaining.demand import demand

            demand(self.__pydex_compiled__, types, self.guarantee)
        key = cache.key(self, None if types is None else values)
        with profile.step("frontend"):
            program = elaborate(self.__pydex_compiled__, types)
        explain = explainer(self.__pydex_compiled__, program.instance.frame.preconditions)
        return Compilation(program, explain, None if key is None else key.text)

    def promising(self, guarantee: Guarantee) -> CompiledFunction:
        """The same function, which is compiled only if it keeps the guarantee."""
        made = self._another()
        made.guarantee, made.asked = guarantee, self.asked
        return made

    def asking(self, asked: Asked) -> CompiledFunction:
        """The same function, compiled otherwise."""
        made = self._another()
        made.guarantee, made.asked = self.guarantee, asked
        return made

    def _another(self) -> CompiledFunction:
        raise NotImplementedError(f"{type(self).__name__} must make another of itself")

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

    def _another(self) -> Jit:
        return Jit(self.function)

    def _view(self) -> Compiled:
        from pydex.frontend.jit import Function

        return Function(self.function)

    def __pydex_reference__(self) -> Callable[..., Any]:
        from pydex.reference import reference_function

        return reference_function(self.function)

    def parts_of_program(self) -> tuple[Any, ...]:
        return (self.function,)

    def __repr__(self) -> str:
        return f"<pydex function {self.__name__}>"


class DerivativeOf(CompiledFunction):
    """`dx.grad(f)` and its like."""

    def __init__(
        self, transform: str, function: Any, wrt: Any = 0, mode: str | None = None, policy: Policy | None = None
    ):
        if not callable(function):
            raise DexTypeError(f"dx.{transform} takes a function, found {function!r}")
        super().__init__(function)
        self.transform, self.wrt, self.mode, self.policy = transform, wrt, mode, policy
        self.asked = getattr(function, "asked", Asked())
        self.__name__ = f"{transform}_{self.__name__}" if transform != "checkpoint" else self.__name__

    def _another(self) -> DerivativeOf:
        return DerivativeOf(self.transform, self.function, self.wrt, self.mode, self.policy)

    def _view(self) -> Compiled:
        from pydex.frontend.derivatives import Transformed

        inner = getattr(self.function, "__pydex_compiled__", self.function)
        return Transformed(self.transform, inner, self.wrt, self.mode, self.policy)

    def __pydex_reference__(self) -> Callable[..., Any]:
        from pydex.reference import derivatives, reference_function

        inner = reference_function(self.function)
        options: dict[str, tuple[Any, ...]] = dict.fromkeys(("grad", "value_and_grad", "hessian", "hvp"), (self.wrt,))
        options["jacobian"] = (self.wrt, self.mode)
        return getattr(derivatives, self.transform)(inner, *options.get(self.transform, ()))

    def parts_of_program(self) -> tuple[Any, ...]:
        return self.transform, self.wrt, self.mode, self.policy, self.function

    def __repr__(self) -> str:
        return f"<pydex function {self.__name__}>"
