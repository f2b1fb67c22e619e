"""Order-free loops: opened, filled by elaborating their body, and closed with their results.

While its body is elaborated a loop is a placeholder without results, so that the body's ops have a loop around them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Attribute, Block, SSAValue

from pydex.dialects import ix
from pydex.frontend.elaborator import Elaborator
from pydex.frontend.frame import new_symbol
from pydex.frontend.kinds import factors_of, root, size_of, substitute, table_of
from pydex.frontend.prove import require
from pydex.frontend.structure import flatten, index_of_parts, rebuild
from pydex.frontend.values import Int, Value
from pydex.sets import IndexSet, Slice
from pydex.sizes import Size, Symbol
from pydex.types import IndexType, RecordType, TableType, TupleType, Type


@dataclass
class OpenLoop:
    """A loop over one simple set whose body is being elaborated."""

    set: IndexSet
    placeholder: ix.ForOp
    symbol: Symbol
    index: Int

    @property
    def block(self) -> Block:
        return self.placeholder.body.block


def open_loop(el: Elaborator, index_set: IndexSet, name: str = "i", reverse: bool = False) -> OpenLoop:
    """A loop over a set that is no product; its body is empty."""
    size = size_of(index_set)
    require(el, size, 0, f"the size of {index_set!r} must not be negative")
    placeholder = ix.ForOp(el.frame.attr(size), [], [])
    el.frame.emit(placeholder)
    argument = placeholder.body.block.args[0]
    argument.name_hint = name if name.isidentifier() else None
    symbol = new_symbol(name)
    el.frame.add_index(symbol, argument, size)
    return OpenLoop(index_set, placeholder, symbol, index_at(index_set, Size.of(symbol), reverse))


def index_at(index_set: IndexSet, position: Size, reverse: bool = False) -> Int:
    """The index at a position of a set, counted from its end if reversed."""
    if reverse:
        position = size_of(index_set) - 1 - position
    if isinstance(index_set, Slice):
        return Int(index_set.lo + position * index_set.step, index_set)
    return Int(position, index_set)


def close_loop(
    el: Elaborator, loop: OpenLoop, kinds: Sequence[str], values: Sequence[SSAValue], owned: Sequence[SSAValue] = ()
) -> list[SSAValue]:
    """Ends the body with these values; the results of the loop."""
    with el.inside(loop.block):
        el.frame.emit(ix.YieldOp(values))
    old = loop.placeholder
    size = old.size
    symbol = old.properties.get("symbol")
    name = symbol.data if isinstance(symbol, StringAttr) else None
    region = old.detach_region(0)
    location = old.location
    old.detach()
    types = [_result_type(size, name, kind, value.type) for kind, value in zip(kinds, values, strict=True)]
    op = ix.ForOp(size, kinds, types, owned, name, region)
    el.frame.emit(op)
    op.location = location
    return list(op.results)


def _result_type(size, name: str | None, kind: str, value: Attribute) -> Attribute:
    if kind == "tab":
        return ix.TableType.over(size, name, value)
    return ix.IdxType(size) if kind in ("argmax", "argmin") else value


def abandon(loop: OpenLoop) -> None:
    """Removes a loop whose elaboration was given up."""
    loop.placeholder.detach()
    loop.placeholder.drop_all_references()
    for op in loop.placeholder.walk():
        op.drop_all_references()


def abstract(axis: IndexSet, symbol: Symbol, element: Type) -> Type:
    """The type of the table of `element` over a set, of which `symbol` is the position."""
    made = table_of((axis,), _widen(element, symbol))
    return substitute(made, {symbol: Size.of(Symbol("#0"))})


def _widen(type: Type, symbol: Symbol) -> Type:
    """Indices of parts of a set, which may depend on the position, as indices of the set."""
    match type:
        case IndexType(set):
            return IndexType(root(set))
        case TableType(axes, element):
            return TableType(axes, _widen(element, symbol))
        case TupleType(items):
            return TupleType(tuple(_widen(item, symbol) for item in items))
        case RecordType(fields):
            return RecordType(tuple((name, _widen(field, symbol)) for name, field in fields))
    return type


@contextmanager
def body_of(el: Elaborator, loop: OpenLoop) -> Iterator[None]:
    """Code in here is the loop's body; its assignments are local."""
    location, node = el.frame.location, el.node
    with el.inside(loop.block), el.names():
        yield
    el.frame.location, el.node = location, node


def tabulate(
    el: Elaborator, index_set: IndexSet, element: Callable[[Value], Value], name: str = "i", reverse: bool = False
) -> Value:
    """The table over a set of what `element` makes of each index."""
    return _tabulate(el, index_set, list(factors_of(index_set) or [index_set]), [], element, name, reverse)


def _tabulate(
    el: Elaborator,
    index_set: IndexSet,
    todo: list[IndexSet],
    done: list[Value],
    element: Callable[[Value], Value],
    name: str,
    reverse: bool,
) -> Value:
    loop = open_loop(el, todo[0], name, reverse)
    parts = [*done, loop.index]
    with body_of(el, loop):
        if len(todo) > 1:
            value = _tabulate(el, index_set, todo[1:], parts, element, name, reverse)
        else:
            value = element(index_of_parts(index_set, tuple(parts)) if len(parts) > 1 else parts[0])
        flat = flatten(el, value)
    type = abstract(todo[0], loop.symbol, value.type)
    results = close_loop(el, loop, ["tab"] * len(flat), flat)
    if not done and len(todo) > 1:
        assert isinstance(type, TableType)
        type = TableType((index_set, *type.axes[len(todo) :]), type.element)
    return rebuild(el, type, results)
