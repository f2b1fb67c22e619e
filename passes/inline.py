"""inline: calls become the bodies of what they call.

    func @f(x) { ix.sizes ["n"]; ...; return r }        g:  y = ix.call @f<2*k>(a)
    ==>  g:  ...[x := a, n := 2*k, other symbols fresh];  y := r

Callees first, so each body is copied once a call. Ops keep the locations they had in the callee. Private functions
that nothing mentions any more are dropped. `ad.checkpoint` is a call that AD must see: it stays, unless the option
`checkpoints` says that AD is over. Derivative ops keep their callees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, SymbolRefAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation
from xdsl.passes import ModulePass

from pydex.dialects import ad, ix
from pydex.dialects.sizes import SizeListAttr
from pydex.dialects.text import error_at

from . import symbols
from .edit import erase, ops_inside

Functions = dict[str, FuncOp]


@dataclass(frozen=True)
class Inline(ModulePass):
    name: ClassVar[str] = "inline"
    checkpoints: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        functions = {f.sym_name.data: f for f in op.ops if isinstance(f, FuncOp)}
        calls = (ix.CallOp, ad.CheckpointOp) if self.checkpoints else (ix.CallOp,)
        for function in callees_first(functions):
            for call in [c for c in ops_inside(function) if isinstance(c, calls)]:
                inline_call(call, functions)
        drop_unused(op)


def inline_call(call: ix.CallOp | ad.CheckpointOp, functions: Functions) -> list[Operation]:
    """y = call @f<s>(a)  ==>  the body of f, with its parameters a and its sizes s: the ops of this body."""
    function = _callee(call, functions)
    block = function.body.block
    header, *body = block.ops
    sizes: symbols.Sizes = {}
    if isinstance(header, ix.SizesOp):
        sizes.update(zip((s.data for s in header.symbols), call.sizes.data, strict=True))
    else:
        body.insert(0, header)
    values: symbols.Values = dict(zip(block.args, call.arguments, strict=True))
    *copies, last = symbols.clone_all(body, values, sizes)
    assert call.parent is not None
    call.parent.insert_ops_before(copies, call)
    for old, new in zip(call.results, last.operands, strict=True):
        old.replace_all_uses_with(new)
    last.erase()
    erase(call)
    return copies


def drop_unused(module: ModuleOp) -> None:
    """Erase private functions that no public one mentions, directly or not."""
    functions = {f.sym_name.data: f for f in module.ops if isinstance(f, FuncOp)}
    if all(_public(f) for f in functions.values()):
        return
    reached: set[str] = set()
    work = [n for n, f in functions.items() if _public(f)]
    while work:
        name = work.pop()
        if name not in reached and name in functions:
            reached.add(name)
            work += _mentions(functions[name])
    for name, function in functions.items():
        if name not in reached:
            erase(function)


def _public(function: FuncOp) -> bool:
    return function.sym_visibility is None or function.sym_visibility.data != "private"


def _mentions(function: FuncOp) -> list[str]:
    """Functions that ops inside `function` refer to."""
    return [
        a.root_reference.data
        for op in (function, *ops_inside(function))
        for a in (*op.properties.values(), *op.attributes.values())
        if isinstance(a, SymbolRefAttr)
    ]


def _callee(call: Operation, functions: Functions) -> FuncOp:
    name = call.properties["callee"]
    assert isinstance(name, SymbolRefAttr)
    function = functions.get(name.root_reference.data)
    if function is None or not function.body.blocks:
        raise error_at(call, f"'{call.name}': there is no body of function @{name.root_reference.data}")
    sizes = call.properties["sizes"]
    first = function.body.block.first_op
    expected = len(first.symbols) if isinstance(first, ix.SizesOp) else 0
    if isinstance(sizes, SizeListAttr) and len(sizes.data) != expected:
        raise error_at(call, f"'{call.name}': {len(sizes.data)} sizes for {expected} of @{name.root_reference.data}")
    return function


def callees_first(functions: Functions) -> list[FuncOp]:
    """All functions, each after those it mentions. Raises IRError naming the cycle of a recursion."""
    order: list[FuncOp] = []
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in done or name not in functions:
            return
        if name in path:
            cycle = " -> ".join(f"@{n}" for n in (*path[path.index(name) :], name))
            raise error_at(functions[name], f"recursion: {cycle}")
        for callee in dict.fromkeys(_mentions(functions[name])):
            visit(callee, (*path, name))
        done.add(name)
        order.append(functions[name])

    for name in functions:
        visit(name, ())
    return order
