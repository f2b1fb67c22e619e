"""What the body of a loop does to each variable, read off its syntax.

Every mention of a name is a read or a write of the whole, of an element, or part of a statement that accumulates into
it with one monoid: `acc += e`, `acc = max(acc, e)`, `acc[i] += e`, `acc = acc + e`, where e does not mention acc.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

MONOID_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "add", ast.Sub: "add", ast.Mult: "mul", ast.BitOr: "or", ast.BitAnd: "and",
}  # fmt: skip
MONOID_FUNCTIONS = {"max": "max", "min": "min"}


@dataclass
class Usage:
    """The mentions of one name in a piece of code."""

    reads: list[ast.Name] = field(default_factory=list)
    writes: list[ast.AST] = field(default_factory=list)
    element_reads: list[ast.Subscript] = field(default_factory=list)
    element_writes: list[ast.Subscript] = field(default_factory=list)
    accumulations: list[tuple[str, ast.stmt]] = field(default_factory=list)

    @property
    def is_modified(self) -> bool:
        return bool(self.writes or self.element_writes or self.accumulations)

    @property
    def monoid(self) -> str | None:
        """The monoid, if all mentions accumulate with it."""
        monoids = {monoid for monoid, _ in self.accumulations}
        others = self.reads or self.writes or self.element_reads or self.element_writes
        return next(iter(monoids)) if len(monoids) == 1 and not others else None

    @property
    def is_elementwise(self) -> bool:
        """Whether only elements are read and written."""
        whole = [s for _, s in self.accumulations if isinstance(accumulated_target(s), ast.Name)]
        return not self.reads and not self.writes and not whole


def usages(body: Sequence[ast.AST]) -> dict[str, Usage]:
    """The mentions of every name in statements."""
    visitor = _Visitor()
    for node in body:
        visitor.visit(node)
    return visitor.found


def usages_of_loop(node: ast.For | ast.While) -> dict[str, Usage]:
    """The mentions of every name in the body, and the condition, of a loop; found once for each loop."""
    known = getattr(node, "pydex_usages", None)
    if known is None:
        known = usages([node.test, *node.body] if isinstance(node, ast.While) else node.body)
        node.pydex_usages = known  # type: ignore[union-attr]
    return known


def accumulated_target(node: ast.stmt) -> ast.expr:
    """What a statement accumulates into."""
    return node.target if isinstance(node, ast.AugAssign) else node.targets[0]  # type: ignore[union-attr]


def base_name(node: ast.expr) -> str | None:
    """`x` of `x[i][j]`."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def accumulation(node: ast.stmt) -> tuple[str, ast.expr, ast.expr, str] | None:
    """(monoid, target, what is combined into it, operator) of a statement that accumulates."""
    if isinstance(node, ast.AugAssign):
        monoid = MONOID_OPERATORS.get(type(node.op))
        name = base_name(node.target)
        if monoid is None or name is None or mentions(node.value, name):
            return None
        return monoid, node.target, node.value, "-" if isinstance(node.op, ast.Sub) else monoid
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        return _combined(node.targets[0], node.value)
    return None


def _combined(target: ast.expr, value: ast.expr) -> tuple[str, ast.expr, ast.expr, str] | None:
    name = base_name(target)
    if name is None:
        return None
    parts = _operands(value)
    if parts is None:
        return None
    monoid, left, right, operator = parts
    same = ast.dump(_as_load(target))
    for this, other in ((left, right), (right, left)):
        if ast.dump(_as_load(this)) == same and not mentions(other, name):
            if operator == "-" and this is right:
                return None
            return monoid, target, other, operator
    return None


def _operands(value: ast.expr) -> tuple[str, ast.expr, ast.expr, str] | None:
    if isinstance(value, ast.BinOp) and type(value.op) in MONOID_OPERATORS:
        monoid = MONOID_OPERATORS[type(value.op)]
        return monoid, value.left, value.right, "-" if isinstance(value.op, ast.Sub) else monoid
    if isinstance(value, ast.Call) and len(value.args) == 2 and not value.keywords:
        function = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
        monoid = {**MONOID_FUNCTIONS, "maximum": "max", "minimum": "min"}.get(function)
        return None if monoid is None else (monoid, value.args[0], value.args[1], monoid)
    if isinstance(value, ast.BoolOp) and len(value.values) == 2:
        monoid = "or" if isinstance(value.op, ast.Or) else "and"
        return monoid, value.values[0], value.values[1], monoid
    return None


def _as_load(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Name):
        return ast.Name(node.id, ast.Load())
    if isinstance(node, ast.Subscript):
        return ast.Subscript(_as_load(node.value), node.slice, ast.Load())
    return node


def mentions(node: ast.AST, name: str) -> bool:
    """Whether a name occurs in a piece of code."""
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node))


class _Visitor(ast.NodeVisitor):
    """Collects usages. Names bound by comprehensions and lambdas are their own."""

    def __init__(self) -> None:
        self.found: dict[str, Usage] = {}
        self.hidden: list[set[str]] = []

    def of(self, name: str) -> Usage | None:
        if any(name in names for names in self.hidden):
            return None
        return self.found.setdefault(name, Usage())

    def visit_Name(self, node: ast.Name) -> None:
        usage = self.of(node.id)
        if usage is not None:
            (usage.reads if isinstance(node.ctx, ast.Load) else usage.writes).append(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        name = base_name(node)
        if name is None:
            self.generic_visit(node)
            return
        usage = self.of(name)
        if usage is not None:
            (usage.element_reads if isinstance(node.ctx, ast.Load) else usage.element_writes).append(node)
        at: ast.expr = node
        while isinstance(at, ast.Subscript):
            self.visit(at.slice)
            at = at.value

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if self._accumulates(node):
            return
        name = base_name(node.target)
        usage = self.of(name) if name else None
        if usage is not None:
            if isinstance(node.target, ast.Subscript):
                usage.element_reads.append(node.target)
            else:
                usage.reads.append(node.target)  # type: ignore[arg-type]
        self.visit(node.target)
        self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        if not self._accumulates(node):
            self.visit(node.value)
            for target in node.targets:
                self.visit(target)

    def _accumulates(self, node: ast.stmt) -> bool:
        found = accumulation(node)
        if found is None:
            return False
        monoid, target, value, _ = found
        name = base_name(target)
        usage = self.of(name) if name else None
        if usage is None:
            return False
        usage.accumulations.append((monoid, node))
        self.visit(value)
        at = target
        while isinstance(at, ast.Subscript):
            self.visit(at.slice)
            at = at.value
        return True

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        self.visit(node.target)
        for child in node.body + node.orelse:
            self.visit(child)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        usage = self.of(node.name)
        if usage is not None:
            usage.writes.append(node)
        arguments = node.args
        names = {a.arg for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]}
        local = {name for name, use in usages(node.body).items() if use.writes}
        self._inside(names | local, node.body)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        arguments = node.args
        self._inside({a.arg for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]}, [node.body])

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp) -> None:
        self.visit(node.generators[0].iter)
        names = {name for g in node.generators for name in bound_names(g.target)}
        rest = [part for k, g in enumerate(node.generators) for part in ([*g.ifs] if k == 0 else [g.iter, *g.ifs])]
        self._inside(names, [*rest, node.elt])

    visit_ListComp = visit_GeneratorExp = _comprehension

    def _inside(self, names: set[str], nodes: Iterable[ast.AST]) -> None:
        self.hidden.append(names)
        for node in nodes:
            self.visit(node)
        self.hidden.pop()


def bound_names(target: ast.AST) -> Iterator[str]:
    """The names that a target binds."""
    for node in ast.walk(target):
        if isinstance(node, ast.Name):
            yield node.id


# ------------------------------------------------------------------------------------------------------ liveness


def assigned_first(body: Sequence[ast.stmt], name: str) -> bool:
    """Whether, wherever code mentions a name, it has assigned the whole of it before."""
    return _first(body, name) is True


def _first(body: Sequence[ast.stmt], name: str) -> bool | None:
    """True: assigned before any read; False: maybe read before; None: not mentioned."""
    for node in body:
        found = _first_in(node, name)
        if found is not None:
            return found
    return None


def _first_in(node: ast.stmt, name: str) -> bool | None:
    if not mentions(node, name):
        return None
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        whole = any(_binds(t, name) for t in targets)
        read = (node.value is not None and mentions(node.value, name)) or any(
            mentions(t, name) and not _binds(t, name) for t in targets
        )
        return whole and not read
    if isinstance(node, ast.If):
        if mentions(node.test, name):
            return False
        arms = [_first(node.body, name), _first(node.orelse, name)]
        return True if arms == [True, True] else False
    if isinstance(node, ast.For) and not mentions(node.iter, name):
        if name in set(bound_names(node.target)):
            return True
        return False if _first(node.body, name) is not True else False
    return False


def _binds(target: ast.expr, name: str) -> bool:
    if isinstance(target, ast.Name):
        return target.id == name
    if isinstance(target, ast.Tuple | ast.List):
        return any(_binds(part, name) for part in target.elts)
    return False


def captures(function: ast.AST, node: ast.AST) -> dict[str, list[ast.Name]]:
    """What functions, defined outside of a statement, read of the names around them whenever they are called."""
    inside = set(ast.walk(node))
    functions = [f for f in ast.walk(function) if isinstance(f, ast.FunctionDef | ast.Lambda) and f is not function]
    found: dict[str, list[ast.Name]] = {}
    for name, usage in usages([f for f in functions if f not in inside]).items():
        elements = [e for at in usage.element_reads for e in ast.walk(at) if isinstance(e, ast.Name) and e.id == name]
        if reads := [*usage.reads, *elements]:
            found[name] = reads
    return found


def read_after(function: ast.AST, loops: Sequence[ast.AST], node: ast.AST, name: str) -> bool:
    """Whether a name may be read after a statement: later in the function, in another turn of an enclosing loop, or by
    a function that is called then."""
    if name in captures(function, node):
        return True
    inside = set(ast.walk(node))
    end = (getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0))
    enclosing = {id(n) for loop in loops for n in ast.walk(loop)}
    for use in ast.walk(function):
        if isinstance(use, ast.Name) and use.id == name and isinstance(use.ctx, ast.Load) and use not in inside:
            if (use.lineno, use.col_offset) >= end or id(use) in enclosing:
                return True
    return False
