"""Running a pydex function in CPython: its own source, rewritten a little, in a namespace of pydex's meanings.

At each call the arguments bind the annotations' sizes, every name that the function takes from outside gets its meaning
for this call, and the function is executed.
"""

from __future__ import annotations

import builtins
import inspect
from collections.abc import Callable
from types import CellType, CodeType, FunctionType
from typing import Any
from weakref import WeakKeyDictionary

from pydex.reference import rewrite, source
from pydex.reference.binding import Binding
from pydex.reference.entering import enter, enter_any, is_number, learn
from pydex.reference.leaving import leave, result
from pydex.reference.namespace import IMPORTED, RUNTIME, resolve
from pydex.types import Type, as_type

_compiled: WeakKeyDictionary[CodeType, tuple[CodeType, set[str]]] = WeakKeyDictionary()


class ReferenceFunction:
    """A Python function as the reference execution runs it; called with a reference execution's values."""

    def __init__(self, function: FunctionType):
        self.function = function
        self.signature = inspect.signature(function)
        self.__name__ = function.__name__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        binding, values = self.bind(args, kwargs)
        return self.run(binding, values)

    def bind(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], free: Callable[[Any], Any] = lambda value: value
    ) -> tuple[Binding, dict[str, Any]]:
        """The sizes of this call, and the arguments by parameter name, as values of their annotated types.

        `free` makes values of arguments without annotation.
        """
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        types, binding = self.annotations(), Binding()
        for name, value in bound.arguments.items():
            if name in types:
                learn(binding, types[name], value, name)
        binding.solve()
        return binding, {
            name: enter(binding.type(types[name]), value, name) if name in types else free(value)
            for name, value in bound.arguments.items()
        }

    def run(self, binding: Binding, values: dict[str, Any]) -> Any:
        """The result for arguments that `bind` gave."""
        returned = self._execute(binding)(*self._positional(values), **self._keyword(values))
        return result(self.result_type(binding), returned, f"the result of {self.__name__}")

    def annotations(self) -> dict[str, Type]:
        """The types of the annotated parameters, and of "return"."""
        notes = {name: parameter.annotation for name, parameter in self.signature.parameters.items()}
        notes["return"] = self.signature.return_annotation
        given = {name: note for name, note in notes.items() if note is not inspect.Parameter.empty and note is not None}
        found = {name: self._evaluate(note) for name, note in given.items()}
        return {name: Binding().type(as_type(note)) for name, note in found.items() if not _is_function_type(note)}

    def result_type(self, binding: Binding) -> Type | None:
        """The annotated type of the result in a call with these sizes."""
        type = self.annotations().get("return")
        return None if type is None else binding.type(type)

    def captured(self) -> dict[str, Any]:
        """What the names of enclosing functions stand for now."""
        cells = self.function.__closure__ or ()
        return {
            name: cell.cell_contents
            for name, cell in zip(self.function.__code__.co_freevars, cells, strict=True)
            if not _is_empty(cell)
        }

    def _execute(self, binding: Binding) -> Callable[..., Any]:
        code, names = _compile(self.function)
        outside = {**vars(builtins), **self.function.__globals__, **self.captured()}
        namespace = {rewrite.RUNTIME: RUNTIME, "__builtins__": builtins, **IMPORTED}
        namespace |= {name: resolve(outside[name], binding) for name in names if name in outside}
        exec(code, namespace)
        return namespace["_function"]

    def _evaluate(self, note: Any) -> Any:
        """An annotation's value; it is a string under `from __future__ import annotations`."""
        return eval(note, self.function.__globals__, self.captured()) if isinstance(note, str) else note

    def _positional(self, values: dict[str, Any]) -> list[Any]:
        found: list[Any] = []
        for name, parameter in self.signature.parameters.items():
            if parameter.kind is parameter.VAR_POSITIONAL:
                found.extend(values[name])
            elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                found.append(values[name])
        return found

    def _keyword(self, values: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, parameter in self.signature.parameters.items():
            if parameter.kind is parameter.VAR_KEYWORD:
                found.update(values[name])
            elif parameter.kind is parameter.KEYWORD_ONLY:
                found[name] = values[name]
        return found


def reference_function(function: Any) -> Callable[..., Any]:
    """What runs `function`, a Python function or an object of the public API, on a reference execution's values."""
    if isinstance(function, FunctionType):
        return ReferenceFunction(function)
    inside = getattr(function, "__pydex_reference__", None)
    if inside is None:
        raise TypeError(f"{function!r} is not a pydex function")
    return inside()


def reference_call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a pydex function in CPython, with arrays and numbers in and out."""
    run = reference_function(function)
    if not isinstance(run, ReferenceFunction):
        return leave(run(*map(_enter_untyped, args), **kwargs))
    binding, values = run.bind(args, kwargs, enter_any)
    return leave(run.run(binding, values), run.result_type(binding))


def _enter_untyped(value: Any) -> Any:
    """An argument for a function whose annotations are not known here: Python's numbers take their type later."""
    return value if is_number(value) else enter_any(value)


def _compile(function: FunctionType) -> tuple[CodeType, set[str]]:
    """The rewritten code of a function, and the names that occur in it."""
    code = function.__code__
    if code not in _compiled:
        node = source.find(function)
        module = rewrite.rewrite(node, "_function")
        _compiled[code] = compile(module, code.co_filename, "exec"), rewrite.loaded_names(node)
    return _compiled[code]


def _is_function_type(note: Any) -> bool:
    """Whether an annotation says that a parameter is a function or anything at all: its type is taken from the call."""
    return note is Any or note is Callable or getattr(note, "__origin__", None) is Callable


def _is_empty(cell: Any) -> bool:
    """Whether the captured name has no value yet."""
    return cell == CellType()
