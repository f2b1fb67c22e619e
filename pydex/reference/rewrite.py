"""The few rewritings after which CPython runs a pydex function: operators, attributes, displays and comprehensions.

    a + b                    ==>  _pydex.binary('+', a, b)
    a.b                      ==>  _pydex.attribute(a, 'b')
    [a, b]                   ==>  _pydex.display([a, b])
    [e for i in n]           ==>  _pydex.collect(lambda _loop: [e for i in _loop(0, n)], False)
    (e for i in n)           ==>  _pydex.generate(lambda _loop: [_loop.pair(e) for i in _loop(0, n)])
    for i in n: …            ==>  for i in _pydex.as_loop(n): …
    h[b] += w                ==>  _pydex.augment_item('+', h, b, w)
    x[-1]                    ==>  x[_pydex.FromEnd(1)]

Loops over tuples, calls, conditions, `while`, `try` and the rest of Python stay as they are. Names such as `sum` get
their meaning from the namespace in which the result is executed.
"""

from __future__ import annotations

import ast
from typing import Any

BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.MatMult: "@",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}

UNARY: dict[type[ast.unaryop], str] = {ast.USub: "-", ast.UAdd: "+", ast.Invert: "~"}

RUNTIME = "_pydex"
LOOP = "_loop"


def rewrite(node: ast.FunctionDef | ast.Lambda, name: str) -> ast.Module:
    """A module that defines the rewritten function as `name`, without decorators, annotations and defaults."""
    if isinstance(node, ast.Lambda):
        body: list[ast.stmt] = [ast.Return(node.body)]
        arguments = node.args
    else:
        body, arguments = node.body, node.args
    arguments = _bare(arguments)
    arguments.defaults, arguments.kw_defaults = [], [None] * len(arguments.kwonlyargs)
    body = [Rewriter().visit(_copy(statement)) for statement in body]
    made = ast.FunctionDef(name, arguments, body, [], None, None)
    return ast.fix_missing_locations(ast.copy_location(ast.Module([ast.copy_location(made, node)], []), node))


def loaded_names(node: ast.AST) -> set[str]:
    """Every name that occurs in the function."""
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


class Rewriter(ast.NodeTransformer):
    """One method a kind of node; nodes without a method stay."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        left, right = self.visit(node.left), self.visit(node.right)
        return _call("binary", node, ast.Constant(BINARY[type(node.op)]), left, right)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Not):
            return node
        return _call("unary", node, ast.Constant(UNARY[type(node.op)]), node.operand)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            return node
        return _call("attribute", node, node.value, ast.Constant(node.attr))

    def visit_List(self, node: ast.List) -> ast.AST:
        self.generic_visit(node)
        return _call("display", node, node) if isinstance(node.ctx, ast.Load) else node

    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        filtered = ast.Constant(any(clause.ifs for clause in node.generators))
        return _call("collect", node, self._recorded(node, self.visit(node.elt)), filtered)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:
        pair = _at(
            ast.Call(ast.Attribute(ast.Name(LOOP, ast.Load()), "pair", ast.Load()), [self.visit(node.elt)], []), node
        )
        return _call("generate", node, self._recorded(node, pair))

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.iter = _call("as_loop", node.iter, node.iter)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        node.value, node.slice = self.visit(node.value), self._key(node.slice)
        return node

    def _key(self, key: ast.expr) -> ast.expr:
        """What stands in the brackets: literals count from the end."""
        match key:
            case ast.UnaryOp(ast.USub(), ast.Constant(int() as distance)):
                return _call("FromEnd", key, ast.Constant(distance))
            case ast.Tuple():
                key.elts = [self._key(element) for element in key.elts]
                return key
        return self.visit(key)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        op, value = ast.Constant(BINARY[type(node.op)]), self.visit(node.value)
        target = node.target
        if isinstance(target, ast.Subscript):
            table, key = self.visit(target.value), self._key(_as_key(target.slice))
            return _at(ast.Expr(_call("augment_item", node, op, table, key, value)), node)
        if isinstance(target, ast.Attribute):
            raise TypeError("a field cannot be assigned to: structs are values; write s = s.replace(…)")
        new = _call("augment", node, op, _at(ast.Name(target.id, ast.Load()), node), value)
        return _at(ast.Assign([target], new), node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return _at(ast.Pass(), node)
        value = _call("annotated", node, self.visit(node.value), self.visit(node.annotation))
        return _at(ast.Assign([self.visit(node.target)], value), node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        decorators, defaults = map(self.visit, node.decorator_list), map(self.visit, node.args.defaults)
        arguments = _bare(node.args)
        arguments.defaults = list(defaults)
        body = [self.visit(statement) for statement in node.body]
        return _at(ast.FunctionDef(node.name, arguments, body, list(decorators), None, None), node)

    def visit_match_case(self, node: ast.match_case) -> ast.AST:
        """Patterns are Python's own."""
        node.guard = node.guard and self.visit(node.guard)
        node.body = [self.visit(statement) for statement in node.body]
        return node

    def _recorded(self, node: ast.ListComp | ast.GeneratorExp, element: ast.expr) -> ast.Lambda:
        clauses = []
        for level, clause in enumerate(node.generators):
            loop = _at(
                ast.Call(ast.Name(LOOP, ast.Load()), [ast.Constant(level), self.visit(clause.iter)], []), clause.iter
            )
            clauses.append(ast.comprehension(clause.target, loop, [self.visit(test) for test in clause.ifs], 0))
        parameter = ast.arguments([], [ast.arg(LOOP)], None, [], [], None, [])
        return _at(ast.Lambda(parameter, _at(ast.ListComp(element, clauses), node)), node)


def _as_key(node: ast.expr) -> ast.expr:
    """A subscript as an expression: `a:b` only has a meaning inside brackets."""
    if isinstance(node, ast.Slice):
        raise TypeError("a slice of a table cannot be assigned to; write the loop over the slice of its index set")
    return node


def _call(name: str, node: ast.AST, *args: ast.expr) -> ast.Call:
    function = _at(ast.Attribute(_at(ast.Name(RUNTIME, ast.Load()), node), name, ast.Load()), node)
    return _at(ast.Call(function, [_at(arg, node) for arg in args], []), node)


def _at(made: Any, node: ast.AST) -> Any:
    """`made`, and what it is made of, at the position of `node` where it has none."""
    for inner in ast.walk(made):
        if "lineno" in inner._attributes and not hasattr(inner, "lineno"):
            ast.copy_location(inner, node)
    return made


def _bare(arguments: ast.arguments) -> ast.arguments:
    """Parameters without annotations."""
    bare = [
        [ast.arg(arg.arg) for arg in group] for group in (arguments.posonlyargs, arguments.args, arguments.kwonlyargs)
    ]
    star, stars = (arg and ast.arg(arg.arg) for arg in (arguments.vararg, arguments.kwarg))
    return ast.arguments(bare[0], bare[1], star, bare[2], arguments.kw_defaults, stars, arguments.defaults)


def _copy(statement: ast.stmt) -> ast.stmt:
    """A deep copy: the tree of a file is read once, for all its functions."""
    from copy import deepcopy

    return deepcopy(statement)
