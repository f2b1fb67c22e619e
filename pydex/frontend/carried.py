"""Values that a sequential loop carries from one turn to the next, and the types they settle on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xdsl.ir import SSAValue

from pydex.frontend.accumulators import Retype
from pydex.frontend.kinds import leaves
from pydex.frontend.scope import Gone
from pydex.frontend.stores import Store, stores_of, with_stores
from pydex.frontend.structure import Mismatch, bring, flatten, rebuild, unify
from pydex.frontend.values import Value
from pydex.types import Type

if TYPE_CHECKING:
    from pydex.frontend.elaborator import Elaborator

NOBODY: frozenset[Store] = frozenset()


@dataclass
class Carried:
    """The names that a loop carries, with types."""

    names: list[str]
    types: dict[str, Type]
    before: dict[str, frozenset[Store]]  # whose tables all names hold before the loop
    earlier: dict[str, frozenset[Store]]  # whose tables an earlier turn may have left in the carried names
    stores: dict[str, frozenset[Store]] = field(default_factory=dict)  # whose tables this turn leaves in them

    def initial(self, el: Elaborator) -> list[SSAValue]:
        """The values before the loop, in these types."""
        found: list[SSAValue] = []
        for name in self.names:
            found += flatten(el, bring(el, el.scope.names[name], self.types[name]))
        return found

    current = initial

    def values(self, el: Elaborator, flat: Sequence[SSAValue]) -> list[Value]:
        """These SSA values as values of the names."""
        made: list[Value] = []
        flat = list(flat)
        for name in self.names:
            count = len(leaves(self.types[name]))
            value = rebuild(el, self.types[name], flat[:count])
            before = el.scope.names.get(name)
            joined = self.earlier.get(name, NOBODY) | self.stores.get(name, NOBODY)
            value = with_stores(value, stores_of(before) | joined)
            made.append(value if count or before is None else before)
            flat = flat[count:]
        return made

    def bind(self, el: Elaborator, flat: Sequence[SSAValue]) -> None:
        """The names stand for these SSA values from here on."""
        for name, value in zip(self.names, self.values(el, flat), strict=True):
            el.scope.names[name] = value


class Aliased(Exception):
    """A turn leaves tables in names that the turn before did not; the loop is elaborated again, knowing this."""

    def __init__(self, stores: dict[str, frozenset[Store]]):
        self.stores = stores


def check_aliases(el: Elaborator, carried: Carried) -> None:
    """Two names that a turn leaves one table in may hold one table when the next begins. Raises Aliased.

    Names that only swap their tables still hold different ones.
    """
    assumed = {**carried.before, **{n: carried.before[n] | carried.earlier.get(n, NOBODY) for n in carried.names}}
    after = {**carried.before, **carried.stores}
    found: dict[str, frozenset[Store]] = {}
    for name in carried.names:
        mine = carried.stores[name]
        met = [o for o, s in after.items() if o != name and not mine.isdisjoint(s)]
        is_new = any(assumed[name].isdisjoint(assumed[o]) for o in met)
        if is_new or (belong(el, assumed[name]) and not belong(el, mine)):
            found[name] = mine
    if found:
        raise Aliased(found)


def belong(el: Elaborator, stores: frozenset[Store]) -> bool:
    """Whether tables with these stores were made in this activation."""
    return all(store.scope is el.scope for store in stores)


def carry_types(el: Elaborator, names: list[str]) -> dict[str, Type]:
    """The types that the names have before the loop."""
    return {name: el.scope.names[name].type for name in names}


def next_types(el: Elaborator, carried: Carried) -> list[SSAValue]:
    """The values after a turn, in the carried types. Raises Retype where one needs another type, and Aliased."""
    found: list[SSAValue] = []
    for name in carried.names:
        value, type = el.scope.names[name], carried.types[name]
        if isinstance(value, Gone):
            el.fail(value.why, kind=TypeError, help=value.help)
        try:
            common = unify(type, value.type)
        except Mismatch:
            el.fail(
                f"{name} is {type!r} before the loop, but {value.type!r} after one turn",
                el.scope_node(name),
                help=f"give {name} one type: convert it before the loop or inside",
            )
        if common != type:
            raise Retype(name, common)
        found += flatten(el, bring(el, value, type))
        carried.stores[name] = stores_of(value)
    check_aliases(el, carried)
    return found
