"""Parts of sets and of tables: `n[1:-1]`, `upto(i)`, `x[2:]`, `x[:, j]`; sets that are made by calls: `dx.Fin(k)`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pydex.frontend import overloads
from pydex.frontend.kinds import part_at, size_of
from pydex.frontend.nests import tabulate
from pydex.frontend.prove import require
from pydex.frontend.scalars import form_of
from pydex.frontend.values import Int, Static, Table, Value
from pydex.sets import Fin, IndexSet, Slice
from pydex.sizes import Size

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator


def dependent_set(el: Elaborator, kind: str, args: list[Value]) -> Value:
    """`dx.upto(i)`."""
    index = args[0] if len(args) == 1 else None
    if not isinstance(index, Int) or index.set is None:
        found = overloads.describe(args[0]) if args else "nothing"
        el.fail(f"dx.{kind} takes an index, found {found}", help=f"loop over a set: for i in n: … dx.{kind}(i)")
    return Static(part_at(kind, index.set, index.form))


def bounds_of(el: Elaborator, size: Size, node: ast.Slice) -> tuple[Size, Size, int]:
    """lo, hi and step of a slice of something of this size; negative constants count from the end."""

    def bound(part: ast.expr | None, default: Size) -> Size:
        if part is None:
            return default
        form = form_of(el.value(part))
        if form is None:
            el.fail("the bounds of a slice are sizes or indices", part)
        constant = form.constant
        return form + size if constant is not None and constant < 0 else form

    step = 1
    if node.step is not None:
        value = form_of(el.value(node.step))
        constant = None if value is None else value.constant
        if constant is None or constant < 1:
            el.fail("the step of a slice is a positive constant", node.step, help="see reversed(n)")
        step = constant
    lo, hi = bound(node.lower, Size.of(0)), bound(node.upper, size)
    for part, what in ((lo, "begins before"), (size - hi, "ends after")):
        require(el, part, 0, f"the slice {ast.unparse(node)} {what} what it is taken of: needs {part!r} ≥ 0")
    require(el, hi - lo, 0, f"the slice {ast.unparse(node)} needs {hi - lo!r} ≥ 0")
    return lo, hi, step


def slice_set(el: Elaborator, base: IndexSet, node: ast.Slice) -> Value:
    """`n[1:-1]`: indices keep their ordinals."""
    lo, hi, step = bounds_of(el, size_of(base), node)
    if lo == Size.of(0) and hi == size_of(base) and step == 1:
        return Static(base)
    if isinstance(base, Slice):
        return Static(Slice(base.base, base.lo + lo * base.step, base.lo + hi * base.step, base.step * step))
    return Static(Slice(base, lo, hi, step))


def read_slices(el: Elaborator, table: Table, nodes: list[ast.expr], node: ast.Subscript) -> Value:
    """`x[1:, j]`: a table whose axes begin at 0."""
    from pydex.frontend.indexing import element

    first, rest = nodes[0], nodes[1:]
    if not isinstance(first, ast.Slice):
        part = element(el, table, [el.value(first)], [first], node.value)
        if not isinstance(part, Table):
            el.fail("this table has not so many axes", node)
        return _rest(el, part, rest, node)
    axis = table.axes[0]
    lo, hi, step = bounds_of(el, size_of(axis), first)
    base = node.value

    def row(index: Value) -> Value:
        assert isinstance(index, Int)
        place = Int(lo + index.form * step)
        part = element(el, table, [place], [first], base)
        return _rest(el, part, rest, node) if rest else part

    count = (hi - lo + (step - 1)) // step
    return tabulate(el, Fin(count), row)


def _rest(el: Elaborator, part: Value, rest: list[ast.expr], node: ast.Subscript) -> Value:
    if not rest:
        return part
    if not isinstance(part, Table):
        el.fail("this table has not so many axes", node)
    if any(isinstance(n, ast.Slice) for n in rest):
        return read_slices(el, part, rest, node)
    return _element(el, part, rest, node)


def _element(el: Elaborator, part: Table, rest: list[ast.expr], node: ast.Subscript) -> Value:
    from pydex.frontend.indexing import element

    return element(el, part, [el.value(n) for n in rest], rest, node.value)


def call_type(el: Elaborator, cls: type, args: list[Value], kwargs: dict[str, Value]) -> Value:
    """`dx.Fin(k)`, and indices of record sets."""
    import dataclasses

    from pydex.frontend.values import Struct
    from pydex.sets import is_index_set

    if cls is Fin and len(args) == 1 and not kwargs:
        return fin(el, args[0])
    if cls is tuple and len(args) == 1:
        from pydex.frontend.patterns import items_of
        from pydex.frontend.values import Tuple

        items = items_of(el, args[0])
        if items is not None:
            return Tuple(tuple(items))
    if is_index_set(cls) and dataclasses.is_dataclass(cls):
        names = [f.name for f in dataclasses.fields(cls)]
        return Struct(cls, {**dict(zip(names, args, strict=False)), **kwargs})
    el.fail(f"{cls.__name__} cannot be called in a compiled function")


def fin(el: Elaborator, size: Value) -> Value:
    """`dx.Fin(k)` for a constant, a size, a set, or a number known at run time."""
    from pydex.frontend.setvalues import as_set
    from pydex.frontend.sizes_at_runtime import open_size

    index_set = as_set(el, size)
    if index_set is not None:
        return Static(Fin(size_of(index_set)))
    form = form_of(size)
    if form is None:
        form = open_size(el, size)
    elif form.constant is not None and form.constant < 0:
        el.fail(f"an index set cannot have {form.constant} elements", kind=ValueError)
    else:
        require(el, form, 0, f"an index set has a size that is not negative: {form!r} ≥ 0")
    return Static(Fin(form))
