"""Arguments of a call from Python that do not fit, as errors that show the parameter in the user's source."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Callable, Sequence

from pydex.code import exception_class
from pydex.diagnostics import DexError, Diagnostic, Note, Span
from pydex.frontend.callable import Compiled
from pydex.frontend.entries import innermost
from pydex.frontend.frame import Precondition
from pydex.frontend.functions import Closure, parameter_node
from pydex.runtime.problems import (
    NoSuchSize,
    OutOfRange,
    PreconditionFailed,
    Problem,
    SizeConflict,
    WrongRank,
    WrongType,
)


def explainer(function: Compiled, preconditions: Sequence[Precondition]) -> Callable[[Problem], DexError]:
    """Makes the error of what the runtime found wrong with the arguments of a function."""
    closure = innermost(function)

    def explain(problem: Problem) -> DexError:
        help, notes = "", ()
        span = _place_of(problem, preconditions) or span_of_parameter(closure, _parameter_of(problem))
        if isinstance(problem, WrongType):
            help, problem = problem.help, dataclasses.replace(problem, help="")
        if isinstance(problem, SizeConflict | NoSuchSize | PreconditionFailed):
            notes = tuple(Note(str(b), span_of_parameter(closure, b.place.param.name)) for b in problem.because)
            problem = dataclasses.replace(problem, because=())
        if isinstance(problem, PreconditionFailed) and re.fullmatch(r"(?!the )[^,]* ≥ \d+", problem.message):
            problem = dataclasses.replace(problem, message=f"this needs {problem.message}")
        return exception_class(problem.raises.__name__)(Diagnostic(str(problem), span, notes, help))

    return explain


def _place_of(problem: Problem, preconditions: Sequence[Precondition]) -> Span | None:
    """Where the program needs what a failed precondition says."""
    if not isinstance(problem, PreconditionFailed):
        return None
    return next((c.span for c in preconditions if c.message == problem.message), None)


def _parameter_of(problem: Problem) -> str:
    """The name of the parameter that a problem is about, if it is about one."""
    match problem:
        case WrongType(param) | WrongRank(param) | OutOfRange(param):
            return param.name
        case SizeConflict(place) | NoSuchSize(place):
            return place.param.name
    return ""


def out_of_memory(error: MemoryError, function: Compiled) -> DexError:
    """What the runtime says about memory, at the function whose tables do not fit."""
    if isinstance(error, DexError):
        return error
    message = f"the tables of {function.__name__} do not fit into memory: {error}"
    return located(exception_class("MemoryError")(message), function)


def located(error: DexError, function: Compiled, parameter: str = "") -> DexError:
    """The error at a parameter of the function, if it has no place of its own."""
    if error.diagnostic.span is not None:
        return error
    span = span_of_parameter(innermost(function), parameter)
    return type(error)(dataclasses.replace(error.diagnostic, span=span))


def span_of_parameter(closure: Closure, name: str) -> Span:
    """Where a parameter is declared; the name of the function for what is none, such as a tangent."""
    node = parameter_node(closure, re.split(r"[.\[]", name)[0])
    return _header(closure) if node is closure.node else closure.source.span(node)


def _header(closure: Closure) -> Span:
    """The name of the function in `def name(…)`; the lambda."""
    span = closure.source.span(closure.node)
    if isinstance(closure.node, ast.Lambda):
        return span
    column = span.column + len("def ")
    return Span(span.file, span.line, column, column + len(closure.node.name))
