"""A compiled function as a module with one entry for Python, and what a call of it looks like."""

from __future__ import annotations

import ast
import gc
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from xdsl.dialects.arith import FastMathFlagsAttr
from xdsl.dialects.builtin import ModuleOp, UnitAttr
from xdsl.dialects.utils import FastMathFlag

from pydex import broken
from pydex.asked import Asked
from pydex.diagnostics import DexNotImplementedError, DexTypeError, Diagnostic, Span
from pydex.frontend import expressions, loops, statements, whiles  # noqa: F401 - they register their handlers
from pydex.frontend.boundary import entry_instance
from pydex.frontend.callable import Compiled
from pydex.frontend.elaborator import Elaborator
from pydex.frontend.functions import parameter_node, returned_node
from pydex.frontend.instances import Instance
from pydex.frontend.kinds import StaticType, StructOf, is_axis_symbol, leaves, substitute, symbols_of
from pydex.frontend.prove import Equate
from pydex.frontend.unit import Unit
from pydex.sizes import Size, Symbol
from pydex.types import RecordType, TupleType, Type

if TYPE_CHECKING:
    pass


@dataclass
class Program:
    """An elaborated function: `module` has `entry`; `params` and `result` are its types in the sizes of the entry."""

    module: ModuleOp
    instance: Instance
    names: list[str]
    params: list[Type]
    result: Type
    unit: Unit
    asked: Asked = Asked()

    @property
    def entry(self) -> str:
        return self.instance.name


def elaborate(function: Compiled, types: Sequence[Type] | None = None) -> Program:
    """The program of a function, for its annotated types or the given ones."""
    enabled = gc.isenabled()
    gc.disable()
    equal: dict[Symbol, Size] = {}
    try:
        while True:
            try:
                return _elaborate(function, types, equal)
            except Equate as found:
                equal = {symbol: size.substitute({found.symbol: found.size}) for symbol, size in equal.items()}
                equal[found.symbol] = found.size
    finally:
        if enabled:
            gc.enable()


def _elaborate(function: Compiled, types: Sequence[Type] | None, equal: dict[Symbol, Size]) -> Program:
    el = Elaborator(Unit(equal))
    given = None if types is None else [substitute(type, equal) for type in types]
    with broken.step("typing this program", partial(_place, function), passes=(Equate,)):
        instance, names, params = entry_instance(el, function, given)
        _check_result(function, instance)
        _check_static(function, instance.result)
        _check_elements(function, names, [*params, instance.result])
    _note(function.asked, instance)
    return Program(el.unit.module, instance, names, params, el.unit.result or instance.result, el.unit, function.asked)


def _note(asked: Asked, instance: Instance) -> None:
    """What is asked of the code goes with the function to the lowering."""
    assert instance.op is not None
    if asked.fastmath:
        instance.op.attributes["fastmath"] = FastMathFlagsAttr([FastMathFlag(flag) for flag in asked.fastmath])
    if asked.deterministic:
        instance.op.attributes["deterministic"] = UnitAttr()


def _check_result(function: Compiled, instance: Instance) -> None:
    """The caller makes the tables of the result, so their sizes are found in the arguments."""
    from pydex.frontend.entries import innermost

    known = instance.frame.sizes
    if all(symbol in known or is_axis_symbol(symbol) for symbol in symbols_of(instance.result)):
        return
    closure = innermost(function)
    span = closure.source.span(returned_node(closure.node))
    message = "the size of this result is known only when the program runs"
    help = "pass the size: an argument `size: dx.Size[n]`, and build the table over n"
    raise DexNotImplementedError(Diagnostic(message, span, help=help))


def _check_static(function: Compiled, result: Type) -> None:
    """What only exists while a program is compiled cannot be returned to Python, but for None and strings."""
    from pydex.frontend.entries import innermost

    match result:
        case TupleType(items):
            parts = list(items)
        case RecordType(fields) | StructOf(_, fields):
            parts = [field for _, field in fields]
        case StaticType(value) if value is not None and not isinstance(value, str):
            closure = innermost(function)
            message = f"{result!r} cannot be returned to Python: it exists only while the program is compiled"
            raise DexTypeError(Diagnostic(message, closure.source.span(returned_node(closure.node))))
        case _:
            return
    for part in parts:
        _check_static(function, part)


def _check_elements(function: Compiled, names: Sequence[str], types: Sequence[Type]) -> None:
    """Half precision does not cross the boundary yet."""
    from pydex.frontend.entries import innermost

    for name, type in zip([*names, "return"], types, strict=True):
        half = [leaf.element for leaf in leaves(type) if getattr(leaf.element, "is_storage_only", False)]
        if half:
            closure = innermost(function)
            span = closure.source.span(parameter_node(closure, name))
            message = f"arguments and results of {half[0]!r} are not supported yet"
            raise DexNotImplementedError(Diagnostic(message, span, help="pass f32: x.astype('f4')"))


def _place(function: Compiled, error: Exception) -> Span | None:
    """The innermost node of the program that was being elaborated."""
    from pydex.frontend.entries import innermost

    source = innermost(function).source
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        node = frame.f_locals.get("node")
        if isinstance(node, ast.expr | ast.stmt):
            return source.span(node)
    return None
