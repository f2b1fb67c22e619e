"""What the runtime needs to know of a program: its sizes, flat parameters and results, preconditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from xdsl.ir import Attribute, BlockArgument

from pydex.dialects import ix
from pydex.dialects.sizes import SizeAttr
from pydex.frontend.boundary import external
from pydex.frontend.entry import Program
from pydex.frontend.frame import Frame
from pydex.frontend.kinds import Leaf, StructOf, leaves, size_of
from pydex.frontend.scalars import storage
from pydex.runtime.signature import Poly, Precondition, Signature, Value, symbols_of
from pydex.sizes import FloorDiv, Size
from pydex.types import IndexType, RecordType, SizeType, TableType, TupleType, Type


def signatures_of(program: Program) -> tuple[Signature, Signature]:
    """The signature of the entry; and the same without the sizes that are quotients of others.

    Each quotient, `(n + 1) // 2`, is a further argument, which the caller computes from the sizes of the second one.
    """
    instance = program.instance
    frame, arguments = instance.frame, iter(instance.frame.entry.args)
    values: list[Value] = []
    for name, type in zip(program.names, program.params, strict=True):
        values += _parameters(frame, name, type, arguments)
    for hidden in instance.hidden:
        values += _parameters(frame, hidden.name, hidden.value.type, arguments)
    without = Signature(_determined(frame, values), tuple(values), ())
    for symbol in frame.divisions:
        values.append(Value(symbol.name, "size", "i64", (_poly(frame.attr(Size.of(symbol))),)))
    symbols = tuple(frame.symbols[s].name for s in frame.sizes)
    conditions = [Precondition(_poly(frame.attr(c.size)), c.at_least, c.message) for c in frame.preconditions]
    return Signature(symbols, tuple(values), tuple(_results(program)), tuple(conditions)), without


def quotients_of(program: Program) -> list[Callable[[Mapping[str, int]], int]]:
    """For each size that is a quotient, how it is computed from the others."""
    frame = program.instance.frame

    def compute(atom: FloorDiv, sizes: Mapping[str, int]) -> int:
        return atom.evaluate({symbol: sizes[frame.symbols[symbol].name] for symbol in atom.dividend.symbols()})

    return [partial(compute, atom) for atom in frame.divisions.values()]


def _determined(frame: Frame, values: list[Value]) -> tuple[str, ...]:
    """The names of the sizes that the values determine."""
    given = {symbol for value in values for extent in value.extents for symbol in symbols_of(extent)}
    names = [(symbol, frame.symbols[symbol].name) for symbol in frame.sizes]
    return tuple(name for symbol, name in names if symbol not in frame.divisions or name in given)


def _parameters(frame: Frame, name: str, type: Type, arguments: Iterator[BlockArgument]) -> list[Value]:
    if isinstance(type, SizeType):
        return [Value(name, "size", "i64", (_poly(frame.attr(size_of(type.set))),))]
    passed = external(type)
    parts = zip(_names(name, passed), leaves(type), leaves(passed), strict=True)
    return [_value(n, leaf, next(arguments).type, _index(inner)) for n, inner, leaf in parts]


def _index(leaf: Leaf) -> str:
    return repr(leaf.element) if isinstance(leaf.element, IndexType) else ""


def _names(name: str, type: Type) -> list[str]:
    """What the leaves of a parameter are called in errors: `p.x`, `p['w']`, `p[0]`."""
    match type:
        case TableType(_, element):
            return _names(name, element)
        case TupleType(items):
            return [part for k, item in enumerate(items) for part in _names(f"{name}[{k}]", item)]
        case RecordType(fields):
            return [part for key, field in fields for part in _names(f"{name}[{key!r}]", field)]
        case StructOf(_, fields):
            return [part for key, field in fields for part in _names(f"{name}.{key}", field)]
    return [name] * len(leaves(type))


def _results(program: Program) -> list[Value]:
    assert program.instance.op is not None
    outputs = program.instance.op.function_type.outputs
    pairs = zip(leaves(program.instance.result), outputs, strict=True)
    return [_value(f"result{k}", leaf, type) for k, (leaf, type) in enumerate(pairs)]


def _value(name: str, leaf: Leaf, type: Attribute, index: str = "") -> Value:
    dtype = "i64" if isinstance(leaf.element, IndexType) else storage(leaf.element).name
    if not isinstance(type, ix.TableType):
        return Value(name, "scalar", dtype, index=index)
    return Value(name, "table", dtype, tuple(map(_poly, ix.bounding_sizes(type))), index)


def _poly(size: SizeAttr) -> Poly:
    """A size as the runtime writes it."""
    return tuple((coefficient, monomial) for monomial, coefficient in size.data)
