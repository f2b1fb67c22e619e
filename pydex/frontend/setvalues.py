"""Index sets as values: what size symbols mean in an activation, sizes as numbers, sets of run-time size."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from pydex.frontend.kinds import size_of, substitute_set
from pydex.frontend.values import Int, Literal, Static, Value
from pydex.sets import Fin, IndexSet, is_index_set
from pydex.sizes import Size, Symbol

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator


def bind_set(el: Elaborator, index_set: IndexSet) -> IndexSet:
    """A declared set in this activation: its symbols replaced by the sizes they stand for."""
    sizes = {symbol: bound_size(el, symbol) for symbol in _symbols(index_set)}
    return substitute_set(index_set, sizes) if sizes else index_set


def _symbols(index_set: IndexSet) -> set[Symbol]:
    from pydex.frontend.kinds import symbols_of
    from pydex.types import IndexType

    return set(symbols_of(IndexType(index_set)))


def bound_size(el: Elaborator, symbol: Symbol) -> Size:
    """What a symbol stands for here. Fails where no parameter binds it."""
    size = el.scope.size_of_symbol(symbol)
    if size is not None:
        return size
    if symbol.uid and el.frame.knows(symbol):
        return Size.of(symbol)
    _fail_unbound(el, symbol)


def require_bound(el: Elaborator, index_set: IndexSet) -> None:
    """Fails where no parameter gives the size of a set."""
    for symbol in _symbols(index_set):
        if not el.frame.knows(symbol):
            _fail_unbound(el, symbol)


def _fail_unbound(el: Elaborator, symbol: Symbol) -> NoReturn:
    el.fail(
        f"the size of {symbol.name} is not known here: no parameter of the function has it",
        kind=NameError,
        help=f"add a parameter `size: dx.Size[{symbol.name}]`, or a table over {symbol.name}",
    )


def python_operand(value: Value) -> Any:
    """A set or size as the Python object that pydex.sets computes with; None if the value is neither."""
    if isinstance(value, Static) and is_index_set(value.value):
        return value.value
    if isinstance(value, Int):
        return value.form
    if isinstance(value, Literal) and type(value.value) is int:
        return value.value
    return None


def as_set(el: Elaborator, value: Value) -> IndexSet | None:
    """The index set that a value is, bound in this activation; None if it is none."""
    from pydex.sets import as_index_set

    if isinstance(value, Static) and not isinstance(value.value, ModuleType) and is_index_set(value.value):
        return bind_set(el, as_index_set(value.value))
    return None


def size_value(index_set: IndexSet) -> Int:
    """`n.size`."""
    return Int(size_of(index_set))


def fin(size: Size) -> Static:
    return Static(Fin(size))
