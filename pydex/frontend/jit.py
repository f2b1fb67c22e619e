"""`@dx.jit`: a Python function as a compiled one.

A function whose parameters are all annotated is elaborated once, whatever the sizes, and called. Others are generic:
they are elaborated for the types of each call, in compiled code in place.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydex.frontend.callable import REQUIRED, Compiled, Parameter
from pydex.frontend.functions import Closure, CompileTime, returned_node
from pydex.frontend.scope import Scope
from pydex.frontend.source import function_syntax
from pydex.frontend.values import Static, Value
from pydex.sizes import Size

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator
    from pydex.frontend.instances import Instance
    from pydex.types import Type


class Function(Compiled):
    """A Python function to be compiled."""

    def __init__(self, python: Callable[..., Any]):
        self.python = python
        self.__name__ = getattr(python, "__name__", "function")
        self.__doc__ = python.__doc__
        self.__module__ = python.__module__
        self.__qualname__ = getattr(python, "__qualname__", self.__name__)
        self.__wrapped__ = python

    @cached_property
    def closure(self) -> Closure:
        """Its syntax. DexSyntaxError if there is no source."""
        source, node = function_syntax(self.python)
        return Closure(node, None, self.__name__, source, self.python)

    def parameter_names(self) -> list[str]:
        spec = self.closure.node.args
        return [a.arg for a in spec.posonlyargs + spec.args]

    def declared(self, el: Elaborator) -> dict[str, Type]:
        """The annotated types, `return` among them."""
        from pydex.frontend.annotations import declared_types

        with_scope = el.scope
        el.scope = self._scope(el)
        try:
            return declared_types(el, self.closure)
        finally:
            el.scope = with_scope

    def _scope(self, el: Elaborator) -> Scope:
        return Scope(self.closure.source, el.frame, python=self.python)

    def parameters_in(self, el: Elaborator) -> list[Parameter]:
        """Its parameters; fails where an annotation is no type."""
        spec = self.closure.node.args
        if spec.vararg or spec.kwarg:
            node = spec.vararg or spec.kwarg
            el.fail("a compiled function has named parameters only", node, SyntaxError, "pass a tuple or a record")
        declared = self.declared(el)
        names = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]
        python = self.python
        defaults = dict(zip([a.arg for a in spec.posonlyargs + spec.args][::-1], (python.__defaults__ or ())[::-1],
                            strict=False))  # fmt: skip
        defaults.update(python.__kwdefaults__ or {})
        return [Parameter(a.arg, declared.get(a.arg), defaults.get(a.arg, REQUIRED), a) for a in names]

    def apply(self, el: Elaborator, args: list[Value], kwargs: dict[str, Value]) -> Value:
        from pydex.frontend.calls import bind_arguments, call_closure
        from pydex.frontend.conform import conform_all
        from pydex.frontend.instances import call_instance

        bound = bind_arguments(el, self.closure, args, kwargs)
        params = self.parameters_in(el)
        generic = any(p.annotation is None for p in params)
        if generic or any(is_compile_time(value) for value in bound.values()):
            return call_closure(el, self.closure, args, kwargs)
        sizes: dict = {}
        values = [bound[p.name] for p in params]
        types = [p.annotation for p in params]
        made = conform_all(el, values, types, sizes, [f"argument {p.name}" for p in params])  # type: ignore[arg-type]
        return call_instance(el, self.instance(el), made, sizes)

    def instance(self, el: Elaborator) -> Instance:
        """The instance for the annotated types; there must be one for every parameter."""
        from pydex.frontend.instances import build, memoised

        types: list[Type] = [p.annotation for p in self.parameters_in(el)]  # type: ignore[misc]

        def make() -> Instance:
            return build(el, self.__name__, types, lambda args: self.elaborate_body(el, args, types))

        return memoised(el, self, self.__name__, make)

    def elaborate_body(self, el: Elaborator, args: list[Value], types: list[Type]) -> Value:
        """The result for these arguments, in the frame that has just been opened."""
        from pydex.frontend.calls import require_result, run_function
        from pydex.frontend.conform import conform
        from pydex.frontend.kinds import symbols_of
        from pydex.frontend.stores import Store, stored

        el.scope = scope = self._scope(el)
        node = self.closure.node
        scope.sizes = {symbol: Size.of(symbol) for type in types for symbol in symbols_of(type)}
        spec = node.args
        for argument, value in zip([*spec.posonlyargs, *spec.args, *spec.kwonlyargs], args, strict=True):
            scope.origins[argument.arg] = span = el.span(argument)
            scope.names[argument.arg] = stored(value, Store(argument.arg, span))
        el.visit(node)
        result = run_function(el, node)
        el.visit(node)
        declared = self.declared(el).get("return")
        if declared is not None:
            el.visit(returned_node(node))
            require_result(el, result, self.__name__)
            result = conform(el, result, declared, scope.sizes, "the result")
        return result


def is_compile_time(value: Value) -> bool:
    """Whether an argument is a function or the like, for which a callee is elaborated in place."""
    if isinstance(value, CompileTime):
        return True
    return isinstance(value, Static) and value.value is not None
