"""What can be looped over: sets, tables, `range`, `enumerate`, `zip`, `reversed`, `dx.parallel`; tuples unroll."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pydex.frontend import overloads
from pydex.frontend.functions import Iterable
from pydex.frontend.kinds import factors_of, size_of
from pydex.frontend.prove import equate
from pydex.frontend.scalars import form_of
from pydex.frontend.setvalues import as_set
from pydex.frontend.structure import index_of_parts
from pydex.frontend.values import Int, Literal, Record, Static, Table, Tuple, Value
from pydex.sets import Fin, IndexSet, Slice
from pydex.sizes import Size

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator


def iterate(el: Elaborator, value: Value, node: ast.expr | None = None) -> Iterable | Tuple:
    """The set that a loop over `value` runs over and what each index stands for; a tuple unrolls."""
    if isinstance(value, Iterable):
        return value
    if isinstance(value, Tuple):
        return value
    if isinstance(value, Record):
        return Tuple(tuple(Static(name) for name in value.fields))
    index_set = as_set(el, value)
    if index_set is not None:
        return Iterable(index_set, lambda index: index)
    if isinstance(value, Table):
        return Iterable(value.axes[0], lambda index: item(el, value, index))
    el.fail(f"{overloads.describe(value)} cannot be looped over", node, help="loop over an index set, `for i in n`")


def item(el: Elaborator, table: Table, index: Value) -> Value:
    """`table[index]` for an index of the table's own set."""
    from pydex.frontend.indexing import element

    node = ast.Name("index", ast.Load())
    return element(el, table, [index], [node], node)


def position(index: Value) -> Value:
    """The number of the iteration, from 0, that an index belongs to."""
    if isinstance(index, Int) and isinstance(index.set, Slice):
        return Int((index.form - index.set.lo) // index.set.step)
    return Int(index.form) if isinstance(index, Int) else index


# -------------------------------------------------------------------------------------------- Python's functions


def range_(el: Elaborator, *args: Value) -> Value:
    """`range(n)`, `range(lo, hi)`, `range(lo, hi, step)` of integers that are known as sizes."""
    if not 1 <= len(args) <= 3:
        el.fail(f"range takes 1 to 3 arguments, found {len(args)}")
    start, stop = (Literal(0), args[0]) if len(args) == 1 else args[:2]
    step = form_of(args[2]) if len(args) == 3 else Size.of(1)
    lo, hi = form_of(start), form_of(stop)
    if lo is None or hi is None:
        return _range_of_number(el, start, stop, args)
    if step is None or step.constant is None or step.constant <= 0:
        el.fail("the step of a range is a positive constant", help="loop over `reversed(range(…))`")
    if lo == Size.of(0) and step == Size.of(1):
        return Iterable(Fin(hi), lambda index: index)
    return Iterable(Slice(Fin(hi), lo, hi, step.constant), lambda index: index)


def _range_of_number(el: Elaborator, start: Value, stop: Value, args: tuple[Value, ...]) -> Value:
    from pydex.frontend.sizes_at_runtime import open_size

    if form_of(start) != Size.of(0) or len(args) > 2:
        el.fail("a range between numbers known only at run time", help="loop over `range(hi - lo)` and add lo")
    name = el.node.args[-1] if isinstance(el.node, ast.Call) and el.node.args else None
    size = open_size(el, stop, name.id if isinstance(name, ast.Name) else "size", negative_is_empty=True)
    return Iterable(Fin(size), lambda index: index)


def enumerate_(el: Elaborator, value: Value, start: Value | None = None) -> Value:
    iterable = iterate(el, value)
    first = form_of(start) if start is not None else Size.of(0)
    if first is None:
        el.fail("`start` is a constant or a size")
    if isinstance(iterable, Tuple):
        return Tuple(tuple(Tuple((Int(first + k), v)) for k, v in enumerate(iterable.items)))

    def pair(index: Value) -> Value:
        key = index
        if first != Size.of(0):
            number = position(index)
            assert isinstance(number, Int)
            key = Int(number.form + first)
        return Tuple((key, iterable.element(index)))

    return Iterable(iterable.set, pair, iterable.reverse)


def zip_(el: Elaborator, *values: Value, strict: Value | None = None) -> Value:
    iterables = [iterate(el, value) for value in values]
    if all(isinstance(i, Tuple) for i in iterables):
        return Tuple(tuple(Tuple(items) for items in zip(*(i.items for i in iterables), strict=False)))  # type: ignore
    sets = [i for i in iterables if isinstance(i, Iterable)]
    if len(sets) != len(iterables):
        el.fail("zip of a tuple and something of another length")
    first = sets[0]
    for other in sets[1:]:
        if size_of(other.set) != size_of(first.set) or other.reverse != first.reverse:
            equate(el, size_of(other.set), size_of(first.set))
            el.fail(
                f"zip over {first.set!r} and {other.set!r}, which may differ in length",
                help="give them the same index set",
            )

    def elements(index: Value) -> Value:
        return Tuple(tuple(i.element(_as_index_of(i.set, index)) for i in sets))

    return Iterable(first.set, elements, first.reverse)


def _as_index_of(index_set: IndexSet, index: Value) -> Value:
    """The index of a set of the same size at the same position."""
    if not isinstance(index, Int) or index.set == index_set:
        return index
    number = position(index)
    assert isinstance(number, Int)
    if isinstance(index_set, Slice):
        return Int(index_set.lo + number.form * index_set.step, index_set)
    return Int(number.form, index_set)


def reversed_(el: Elaborator, value: Value) -> Value:
    iterable = iterate(el, value)
    if isinstance(iterable, Tuple):
        return Tuple(iterable.items[::-1])
    return Iterable(iterable.set, iterable.element, not iterable.reverse, iterable.parallel)


def parallel(el: Elaborator, value: Value) -> Value:
    """`dx.parallel(n)`: the loop must be parallel."""
    iterable = iterate(el, value)
    if isinstance(iterable, Tuple):
        el.fail("a loop over a tuple is unrolled", help="remove dx.parallel")
    return Iterable(iterable.set, iterable.element, iterable.reverse, True)


def index_in(index_set: IndexSet, parts: list[Int]) -> Value:
    """The index of a set whose factors have these indices."""
    if factors_of(index_set) is None:
        return parts[0]
    return index_of_parts(index_set, tuple(parts))
