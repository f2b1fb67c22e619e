"""The elaborator: walks the syntax tree of a function and emits IR, keeping what is known at compile time as values.

`Elaborator` is the state of this walk; what to do at each kind of node is in tables of handlers, filled by the modules
expressions, statements, loops, … with the decorators `expression` and `statement`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from xdsl.dialects.builtin import FileLineColLoc, IntAttr
from xdsl.ir import Block, Operation, SSAValue

from pydex.diagnostics import CLASS_OF, DexError, DexTypeError, Diagnostic, Note, Span, error_class
from pydex.frontend.frame import Frame
from pydex.frontend.scope import Scope
from pydex.frontend.values import Value
from pydex.sizes import readable

if TYPE_CHECKING:
    from pydex.frontend.own import Watch

Handler = TypeVar("Handler", bound=Callable[..., Any])

EXPRESSIONS: dict[type[ast.AST], Callable[[Elaborator, Any], Value]] = {}
STATEMENTS: dict[type[ast.AST], Callable[[Elaborator, Any], Any]] = {}


def expression(*nodes: type[ast.AST]) -> Callable[[Handler], Handler]:
    """Registers the handler of expressions."""
    return _register(EXPRESSIONS, nodes)


def statement(*nodes: type[ast.AST]) -> Callable[[Handler], Handler]:
    """Registers the handler of statements."""
    return _register(STATEMENTS, nodes)


def _register(table: dict[type[ast.AST], Any], nodes: tuple[type[ast.AST], ...]) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        table.update(dict.fromkeys(nodes, handler))
        return handler

    return register


class Elaborator:
    """Where the walk is: the module, the frame and its block, the scope of names, the node."""

    def __init__(self, unit: Any):
        self.unit = unit
        self.scope: Scope = None  # type: ignore[assignment]
        self.frame: Frame = None  # type: ignore[assignment]
        self.node: ast.AST | None = None
        self.loops: list[ast.AST] = []
        self.watches: list[Watch] = []
        self.partials: set[str] = set()
        self.conditions = 0  # that the code is under

    # ------------------------------------------------------------------------------------------------- walk

    def value(self, node: ast.expr) -> Value:
        """The value of an expression."""
        handler = EXPRESSIONS.get(type(node))
        if handler is None:
            from pydex.frontend.unsupported import refuse

            refuse(self, node)
        outer, outer_location = self.node, self.frame.location
        self.visit(node)
        result = handler(self, node)
        self.node, self.frame.location = outer, outer_location
        return result

    def run(self, node: ast.stmt) -> Any:
        """Executes a statement that falls through."""
        handler = STATEMENTS.get(type(node))
        if handler is None:
            from pydex.frontend.unsupported import refuse

            refuse(self, node)
        self.visit(node)
        return handler(self, node)

    def visit(self, node: ast.AST) -> None:
        """Ops and errors come from this node now."""
        self.node = node
        self.frame.location = self.location(node)

    def location(self, node: ast.AST) -> FileLineColLoc:
        found = getattr(node, "pydex_location", None)
        if found is None:
            span = self.scope.source.span(node)
            found = FileLineColLoc(self.unit.file_attr(span.file), IntAttr(span.line), IntAttr(span.column + 1))
            node.pydex_location = found  # type: ignore[attr-defined] - made once for each node
        return found

    # ------------------------------------------------------------------------------------------------- emit

    def emit(self, op: Operation) -> SSAValue:
        """Adds an op; its first result."""
        self.frame.emit(op)
        return op.results[0] if op.results else None  # type: ignore[return-value]

    @contextmanager
    def inside(self, block: Block) -> Iterator[Block]:
        """Ops go into this block."""
        before, self.frame.block = self.frame.block, block
        try:
            yield block
        finally:
            self.frame.block = before

    @contextmanager
    def names(self) -> Iterator[dict[str, Value]]:
        """Assignments in here are undone afterwards; gives the names as they are at the end."""
        scope, saved, owned = self.scope, dict(self.scope.names), set(self.scope.owned)
        try:
            yield scope.names
        finally:
            scope.names, scope.owned = saved, owned

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Ops are added here only if the code inside does not raise."""
        frame, scope = self.frame, self.scope
        names, owned = dict(scope.names), set(scope.owned)
        block, node, location = frame.block, self.node, frame.location
        logged, conditions = len(frame.log), len(frame.preconditions)
        trial = frame.block = Block()
        try:
            yield
        except Exception:
            self.frame, self.scope, self.node = frame, scope, node
            scope.names, scope.owned, frame.location, frame.block = names, owned, location, block
            for op in frame.log[logged:]:
                op.drop_all_references()
            del frame.log[logged:], frame.preconditions[conditions:]
            raise
        frame.block = block
        for op in list(trial.ops):
            op.detach()
            block.add_op(op)

    @contextmanager
    def loop(self, node: ast.AST) -> Iterator[None]:
        """Code inside is in this loop."""
        self.loops.append(node)
        try:
            yield
        finally:
            self.loops.pop()

    @contextmanager
    def watching(self, watches: list[Watch]) -> Iterator[None]:
        """Accesses to the watched tables are recorded."""
        count = len(self.watches)
        self.watches += watches
        try:
            yield
        finally:
            del self.watches[count:]

    @contextmanager
    def reducing(self, partial: Iterable[str]) -> Iterator[None]:
        """These names hold partial results of reductions."""
        before, self.partials = self.partials, {*self.partials, *partial}
        try:
            yield
        finally:
            self.partials = before

    @property
    def function(self) -> ast.AST:
        """The syntax of the function whose names are in scope."""
        return self.scope.node if self.scope.node is not None else ast.Module([], [])

    # ----------------------------------------------------------------------------------------------- errors

    def span(self, node: ast.AST | None = None) -> Span:
        return self.scope.source.span(node or self.node or ast.Pass())

    def scope_node(self, name: str) -> ast.AST | None:
        """Where a name was assigned last, if it is in the loop that is elaborated."""
        stores = [n for loop in self.loops[-1:] for n in ast.walk(loop) if isinstance(n, ast.Name) and n.id == name]
        return next((n for n in stores if isinstance(n.ctx, ast.Store)), None)

    def fail(
        self,
        message: str,
        node: ast.AST | None = None,
        kind: type[Exception] = TypeError,
        help: str = "",
        notes: tuple[Note, ...] = (),
    ) -> NoReturn:
        """Raises the user's error, with a caret at the node."""
        raise CLASS_OF.get(kind, DexTypeError)(Diagnostic(readable(message), self.span(node), notes, readable(help)))

    def fail_with(self, error: Exception, node: ast.AST | None = None) -> NoReturn:
        """Raises what Python code of pydex's types complained about, as an error at the node."""
        if isinstance(error, DexError):
            raise error
        text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
        raise error_class(error)(Diagnostic(text, self.span(node))) from None
