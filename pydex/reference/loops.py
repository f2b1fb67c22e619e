"""What loops and comprehensions range over, and the tables that they make.

The rewriting turns `[e for i in n]` into `collect(lambda loop: [e for i in loop(0, n)])` and `(e for i in n)` into
`generate(lambda loop: [loop.pair(e) for i in loop(0, n)])`: `loop` learns over which sets each level ranged, and knows
the index of the present iteration.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydex.reference.accumulators import unwrap
from pydex.reference.indices import Length, elements, extent, is_same
from pydex.reference.scalars import plain
from pydex.reference.tables import Table, make_table
from pydex.sets import Fin, IndexSet, Product, as_index_set, is_index_set


@dataclass(frozen=True)
class Loop:
    """An iteration: the set of its results; for each step the index, and the value that the loop's variable takes."""

    axis: IndexSet
    keys: tuple[Any, ...]
    values: tuple[Any, ...]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values)

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Generated:
    """What a generator expression yields, each value with the index of its iteration."""

    keys: tuple[Any, ...]
    values: tuple[Any, ...]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values)


class Recorder:
    """Watches the levels of one comprehension."""

    def __init__(self) -> None:
        self.axes: dict[int, list[IndexSet]] = {}
        self.keys: list[Any] = []

    def __call__(self, level: int, iterable: Any) -> Iterator[Any]:
        loop = as_loop(iterable)
        self.axes.setdefault(level, []).append(loop.axis)
        for key, value in builtins.zip(loop.keys, loop.values, strict=True):
            self.keys[level:] = [key]
            yield value

    def pair(self, value: Any) -> tuple[Any, Any]:
        """The index of this iteration, a tuple if there are several levels, and `value`."""
        return (self.keys[0] if len(self.keys) == 1 else tuple(self.keys)), value


def as_loop(value: Any) -> Loop:
    """The iteration that `for … in value` is. TypeError if `value` is nothing to range over."""
    value = unwrap(value)
    if isinstance(value, Loop):
        return value
    if isinstance(value, Table):
        return Loop(value.axis, tuple(elements(value.axis)), tuple(value.items))
    if is_index_set(value):
        indices = tuple(elements(as_index_set(value)))
        return Loop(as_index_set(value), indices, indices)
    if isinstance(value, builtins.range):
        return Loop(Fin(len(value)), tuple(value), tuple(value))
    if isinstance(value, Iterable):
        values = tuple(value)
        return Loop(Fin(len(values)), tuple(builtins.range(len(values))), values)
    raise TypeError(f"{value!r} is neither a table nor an index set: nothing to range over")


def collect(build: Callable[[Recorder], list[Any]], filtered: bool) -> Table:
    """The table that a list comprehension makes: over the product of its sets, or a run-time length if filtered."""
    recorder = Recorder()
    items = [unwrap(item) for item in build(recorder)]
    levels = [axes for _, axes in sorted(recorder.axes.items())]
    if len(levels) == 1 and not filtered:
        return make_table(levels[0][0], items)
    if filtered or not all(is_same(axes[0], axis) for axes in levels for axis in axes) or not items:
        return make_table(extent("length", len(items), flexible=True), items)
    return make_table(Product(tuple(axes[0] for axes in levels)), items)


def generate(build: Callable[[Recorder], list[tuple[Any, Any]]]) -> Generated:
    """What a generator expression yields."""
    pairs = build(Recorder())
    return Generated(tuple(key for key, _ in pairs), tuple(value for _, value in pairs))


def display(items: list[Any]) -> Table:
    """`[a, b, c]`: a table over `Fin(3)`."""
    return make_table(Fin(len(items)), [unwrap(item) for item in items])


def length(value: Any) -> int:
    """`len(value)`."""
    value = unwrap(value)
    if isinstance(value, Table):
        return Length.of(value.axis)
    return Length.of(as_index_set(value)) if is_index_set(value) else len(value)


def range_(*bounds: Any) -> Loop:
    """`range`: over x's own set for `range(len(x))`, else over integers."""
    if len(bounds) == 1 and isinstance(bounds[0], Length):
        return as_loop(bounds[0].set or Fin(bounds[0].form))
    if len(bounds) == 1 and is_index_set(bounds[0]):
        return as_loop(bounds[0])
    return as_loop(builtins.range(*(plain(bound) for bound in bounds)))


def enumerate_(value: Any, start: Any = 0) -> Loop:
    """`enumerate`: pairs of x's own index and its element; numbered from `start` if that is not 0."""
    loop = as_loop(value)
    numbers = loop.keys if plain(start) == 0 else tuple(builtins.range(plain(start), plain(start) + len(loop)))
    return Loop(loop.axis, loop.keys, tuple(builtins.zip(numbers, loop.values, strict=True)))


def zip_(*values: Any) -> Loop:
    """`zip` of things over the same set. TypeError if the sets differ."""
    loops = [as_loop(value) for value in values]
    for other in loops[1:]:
        if not is_same(loops[0].axis, other.axis):
            raise TypeError(f"zip needs tables over the same set, not over {loops[0].axis!r} and {other.axis!r}")
    return Loop(loops[0].axis, loops[0].keys, tuple(builtins.zip(*(loop.values for loop in loops), strict=True)))


def reversed_(value: Any) -> Loop:
    """`reversed`."""
    loop = as_loop(value)
    return Loop(loop.axis, loop.keys[::-1], loop.values[::-1])


def parallel(value: Any) -> Loop:
    """`dx.parallel(n)`: here an ordinary loop; that it carries no state is for the compiler to prove."""
    return as_loop(value)
