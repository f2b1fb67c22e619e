"""Values that can be called, and values that are consumed by a call: they exist at compile time only."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydex.frontend.kinds import StaticType
from pydex.frontend.scope import Scope
from pydex.frontend.source import FunctionNode, Source
from pydex.frontend.values import Value
from pydex.types import Type


class CompileTime(Value):
    """A value without anything at run time; it is of one type with itself only."""

    @property
    def type(self) -> Type:
        return StaticType(self)

    def describe(self) -> str:
        return "a function"


@dataclass(frozen=True, eq=False)
class Closure(CompileTime):
    """A function written in pydex: its syntax, and the scope it sees (of its definition, or of a Python function).

    defaults: the names in that scope of what parameters default to, evaluated where the function was defined.
    """

    node: FunctionNode
    scope: Scope | None
    name: str
    source: Source
    python: Callable[..., Any] | None = None
    defaults: Mapping[str, str] = field(default_factory=dict)

    def describe(self) -> str:
        return f"the function {self.name}"


def parameter_node(closure: Closure, name: str) -> ast.AST:
    """Where a parameter is declared; the function itself for what is none of its own, such as a tangent."""
    spec = closure.node.args
    declared = {a.arg: a for a in [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]}
    return declared.get(name, closure.node)


def returned_node(node: FunctionNode) -> ast.AST:
    """The expression that a function returns, where there is one only; else the annotation of its result."""
    if isinstance(node, ast.Lambda):
        return node.body
    inner = {n for f in ast.walk(node) if isinstance(f, ast.FunctionDef) and f is not node for n in ast.walk(f)}
    found = [n for n in ast.walk(node) if isinstance(n, ast.Return) and n.value is not None and n not in inner]
    return found[0].value if len(found) == 1 and found[0].value is not None else node.returns or node


@dataclass(frozen=True, eq=False)
class BoundMethod(CompileTime):
    """`value.method`."""

    owner: Value
    function: Value

    def describe(self) -> str:
        return "a method"


@dataclass(frozen=True, eq=False)
class Intrinsic(CompileTime):
    """A method or function that the elaborator itself knows: `x.sum`, `n.at`."""

    name: str
    apply: Callable[..., Value]

    def describe(self) -> str:
        return f"the function {self.name}"


@dataclass(frozen=True, eq=False)
class Generator(CompileTime):
    """A generator expression that nobody has consumed yet."""

    node: ast.GeneratorExp
    scope: Scope

    def describe(self) -> str:
        return "a generator"


@dataclass(frozen=True, eq=False)
class Iterable(CompileTime):
    """What `enumerate`, `zip`, `range`, `reversed`, `dx.parallel` give: a set, and what each index of it stands for."""

    set: Any
    element: Callable[[Value], Value]
    reverse: bool = False
    parallel: bool = False

    def describe(self) -> str:
        return "something to loop over"
