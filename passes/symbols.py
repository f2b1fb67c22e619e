"""Cloning and substitution: the one place where size symbols are renamed.

Every symbol has exactly one defining op, so a clone of an op that defines symbols (in its regions, or itself) gets
fresh ones: `i` becomes `i.7`. Types, sizes and operands of the clone follow.
"""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.dialects.builtin import ArrayAttr, FunctionType, StringAttr
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from pydex.dialects.eff import AccType
from pydex.dialects.ix import IdxType, TableType
from pydex.dialects.sizes import SizeAttr, SizeListAttr, fresh
from pydex.passes.edit import blocks, ops_inside
from pydex.passes.needs import mentioned

Sizes = dict[str, SizeAttr]
Values = dict[SSAValue, SSAValue]


def substitute(attr: Attribute, sizes: Sizes) -> Attribute:
    """A type or attribute with symbols replaced by sizes."""
    if not sizes or sizes.keys().isdisjoint(mentioned(attr)):
        return attr
    match attr:
        case SizeAttr():
            return attr.substitute(sizes)
        case SizeListAttr():
            return SizeListAttr(tuple(s.substitute(sizes) for s in attr.data))
        case IdxType():
            return IdxType(attr.size.substitute(sizes))
        case TableType():
            return TableType(ArrayAttr(s.substitute(sizes) for s in attr.sizes), substitute(attr.element, sizes))
        case AccType():
            return AccType(attr.monoid, substitute(attr.content, sizes))
        case ArrayAttr():
            return ArrayAttr(substitute(a, sizes) for a in attr)
        case FunctionType():
            return FunctionType.from_lists(
                [substitute(a, sizes) for a in attr.inputs], [substitute(a, sizes) for a in attr.outputs]
            )
        case _:
            return attr


def clone(op: Operation, values: Values, sizes: Sizes | None = None) -> Operation:
    """A detached copy of `op` with operands and symbols mapped; new results and symbols are added to both maps.

    An operand that is not in `values` is kept: it is defined outside of what is being cloned.
    """
    sizes = {} if sizes is None else sizes
    properties = dict(op.properties)
    if (name := properties.get("symbol")) is not None and isinstance(name, StringAttr):
        sizes[name.data] = SizeAttr.of(new := fresh(name.data))
        properties["symbol"] = StringAttr(new)
    copy = op.create(
        operands=[values.get(o, o) for o in op.operands],
        result_types=[substitute(t, sizes) for t in op.result_types],
        properties={k: substitute(a, sizes) for k, a in properties.items()},
        attributes=op.attributes,
        regions=[clone_region(r, values, sizes) for r in op.regions],
        location=op.location,
    )
    for old, new_result in zip(op.results, copy.results, strict=True):
        new_result.name_hint = old.name_hint
        values[old] = new_result
    return copy


def clone_region(region: Region, values: Values, sizes: Sizes) -> Region:
    """A detached copy of a region of single blocks."""
    return Region([_clone_block(b, values, sizes) for b in region.blocks])


def _clone_block(block: Block, values: Values, sizes: Sizes) -> Block:
    copy = Block(arg_types=[substitute(a.type, sizes) for a in block.args])
    for old, new in zip(block.args, copy.args, strict=True):
        new.name_hint = old.name_hint
        values[old] = new
    copy.add_ops(clone_all(block.ops, values, sizes))
    return copy


def clone_all(ops: Iterable[Operation], values: Values, sizes: Sizes) -> list[Operation]:
    """Clones of consecutive ops, each seeing the results of those before it."""
    return [clone(op, values, sizes) for op in ops]


def defined_symbols(root: Operation) -> set[str]:
    """The symbols that `root` and the ops inside it define."""
    found: set[str] = set()
    for op in (root, *ops_inside(root)):
        if (name := op.properties.get("symbol")) is not None and isinstance(name, StringAttr):
            found.add(name.data)
        if (names := op.properties.get("symbols")) is not None and isinstance(names, ArrayAttr):
            found.update(n.data for n in names if isinstance(n, StringAttr))
    return found


def rename_in_place(root: Operation, sizes: Sizes) -> None:
    """Replace symbols in the types and attributes of `root` and the ops inside it (not in what defines them)."""
    for op in (root, *ops_inside(root)):
        for value in (*op.results, *(a for b in blocks(op) for a in b.args)):
            value._type = substitute(value.type, sizes)  # pyright: ignore[reportPrivateUsage]
        if op.properties:
            op.properties.update({k: substitute(a, sizes) for k, a in op.properties.items() if k != "symbol"})
