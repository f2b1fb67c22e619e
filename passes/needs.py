"""What an op needs and does, its regions included: the facts that every rewrite asks before it moves something.

values     SSA values used inside and defined outside
symbols    size symbols mentioned inside and defined outside
row        the effect row: "accum", "except", "symbol" (see `eff.effects`)
writes     accumulators written inside and made outside
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from xdsl.dialects.builtin import ArrayAttr, FunctionType, StringAttr
from xdsl.ir import Attribute, Operation, SSAValue

from pydex.dialects import eff
from pydex.dialects.eff import AccType
from pydex.dialects.ix import IdxType, TableType
from pydex.dialects.sizes import SizeAttr, SizeListAttr

from .edit import ops_of


@dataclass(slots=True)
class Needs:
    values: set[SSAValue] = field(default_factory=set)
    symbols: set[str] = field(default_factory=set)
    row: set[str] = field(default_factory=set)
    writes: set[SSAValue] = field(default_factory=set)

    @property
    def pure(self) -> bool:
        """May be deleted, duplicated, moved."""
        return not self.row

    def add(self, other: Needs) -> None:
        self.values |= other.values
        self.symbols |= other.symbols
        self.row |= other.row
        self.writes |= other.writes


def needs(op: Operation) -> Needs:
    """The needs of one op."""
    found = Needs()
    _own_needs(op, found)
    if not op.regions:
        return found
    symbol = defined_symbol(op)
    for block in (b for r in op.regions for b in r.blocks):
        inner = Needs()
        for arg in block.args:
            inner.symbols.update(mentioned(arg.type))
        children = ops_of(block)
        for child in children:
            if child.regions:
                inner.add(needs(child))
            else:
                _own_needs(child, inner)
        _forget_what_is_inside(children, inner)
        inner.values.difference_update(block.args)
        inner.writes.difference_update(block.args)
        inner.symbols.discard(symbol or "")
        found.add(inner)
    found.row.discard("accum")
    if found.writes:
        found.row.add("accum")
    return found


def is_independent(op: Operation, values: set[SSAValue], symbols: set[str | None]) -> bool:
    """Is the op pure, and does it need none of these values and symbols?"""
    if not values.isdisjoint(op._operands):  # pyright: ignore[reportPrivateUsage]
        return False
    if op.regions:
        found = needs(op)
        return found.pure and values.isdisjoint(found.values) and symbols.isdisjoint(found.symbols)
    if eff.effects(op):
        return False
    for attribute in _attributes(op):
        if (find := _MENTIONS.get(attribute.__class__)) is not None and not symbols.isdisjoint(find(attribute)):
            return False
    return True


def _attributes(op: Operation) -> list[Attribute]:
    """What may mention sizes."""
    found = [r._type for r in op.results]  # pyright: ignore[reportPrivateUsage]
    if op.properties:
        found.extend(op.properties.values())
    return found


def _own_needs(op: Operation, found: Needs) -> None:
    """Adds what the op needs, without what is in its regions."""
    found.values.update(op._operands)  # pyright: ignore[reportPrivateUsage]  (the property builds a view)
    for attribute in _attributes(op):
        if (find := _MENTIONS.get(attribute.__class__)) is not None:
            found.symbols.update(find(attribute))
    if op.regions:
        return
    if not (row := eff.effects(op)):
        return
    found.row.update(row)
    if op.__class__ is eff.AddOp:
        found.writes.add(op.operands[0])
    elif "except" in row and (written := [o for o in op.operands if isinstance(o.type, AccType)]):
        found.writes.update(written)  # a call writes the accumulators it is given
        found.row.add("accum")


def _forget_what_is_inside(ops: Iterable[Operation], inner: Needs) -> None:
    for child in ops:
        if child.results:
            inner.values.difference_update(child.results)
        if not child.regions and (symbol := defined_symbol(child)) is not None:
            inner.symbols.discard(symbol)
    inner.row.discard("symbol")


def defined_symbol(op: Operation) -> str | None:
    """The size symbol that an op (not a function header) defines: a loop's for its body, others for what follows."""
    name = op.properties.get("symbol")
    return name.data if name is not None and isinstance(name, StringAttr) else None


def mentioned(attr: Attribute) -> tuple[str, ...]:
    """The size symbols in a type or attribute; axis references do not count."""
    find = _MENTIONS.get(attr.__class__)
    return () if find is None else find(attr)


def _in_size(attr: SizeAttr) -> tuple[str, ...]:
    return tuple([s for monomial, _ in attr.data for s in monomial if s[0] != "#"])


def _in_table(attr: TableType) -> tuple[str, ...]:
    own = [s for size in attr.sizes.data for m, _ in size.data for s in m if s[0] != "#"]
    return (*own, *mentioned(attr.element))


def _in_all(attrs: Iterable[Attribute]) -> tuple[str, ...]:
    return tuple([s for a in attrs for s in mentioned(a)])


#: By class, because `isinstance` of an attribute is slow and this is asked of every op.
_MENTIONS: dict[type, Callable[[Any], tuple[str, ...]]] = {
    SizeAttr: _in_size,
    IdxType: lambda attr: _in_size(attr.size),
    TableType: _in_table,
    AccType: lambda attr: mentioned(attr.content),
    ArrayAttr: lambda attr: _in_all(attr.data),
    SizeListAttr: lambda attr: _in_all(attr.data),
    FunctionType: lambda attr: _in_all((*attr.inputs, *attr.outputs)),
}
