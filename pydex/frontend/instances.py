"""Functions of the module: a compiled function elaborated for argument types, once, and called with `ix.call`.

An instance knows the caller's sizes by its own symbols; `call_instance` says what they are at a call. A local instance,
which derivatives of closures and generic functions need, is elaborated for one call: it shares the caller's symbols and
takes the values that it captures as further arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from xdsl.dialects import func
from xdsl.ir import Block, Region, SSAValue

from pydex.diagnostics import DexRecursionError, Diagnostic
from pydex.dialects import ix
from pydex.dialects.sizes import SizeAttr
from pydex.frontend.elaborator import Elaborator
from pydex.frontend.frame import Frame, divisions_in
from pydex.frontend.hidden import Hidden, hidden_argument
from pydex.frontend.kinds import Sizes, leaves, substitute, symbols_of
from pydex.frontend.prove import require
from pydex.frontend.structure import flatten, ir_types, leaf_type, rebuild
from pydex.frontend.values import Value
from pydex.sizes import Size, Symbol
from pydex.types import IndexType, SizeType, Type


@dataclass
class Instance:
    """A function of the module."""

    name: str
    frame: Frame
    params: list[Type]
    result: Type
    hidden: list[Hidden] = field(default_factory=list)
    op: func.FuncOp | None = None

    @property
    def float_results(self) -> list[int]:
        """The positions of the flat results that have tangents."""
        return [k for k, leaf in enumerate(leaves(self.result)) if is_float_leaf(leaf)]


def is_float_leaf(leaf) -> bool:
    """Whether a leaf has a tangent."""
    from pydex.frontend.scalars import is_float

    return not isinstance(leaf.element, IndexType) and is_float(leaf.element)


def build(
    el: Elaborator, name: str, params: Sequence[Type], body: Callable[[list[Value]], Value], outer: Frame | None = None
) -> Instance:
    """Elaborates a function with parameters of these types; `body` makes its result of their values."""
    entry = Block()
    saved = el.scope, el.frame, el.node
    frame = Frame(el.unit.new_name(name), entry, entry, outer, location=el.frame.location if el.frame else None)
    el.frame = frame
    el.unit.roots += outer is None
    try:
        args = [_parameter(el, type) for type in params]
        result = body(args)
        values = flatten(el, result)
        frame.emit(func.ReturnOp(*values))
        instance = Instance(frame.name, frame, list(params), result.type, frame.hidden)
        _finish(el, instance, values)
    finally:
        el.unit.roots -= outer is None
        el.scope, el.frame, el.node = saved
    return instance


def _parameter(el: Elaborator, type: Type) -> Value:
    frame = el.frame
    if frame.outer is None:
        for symbol in symbols_of(type):
            frame.add_size(symbol)
        _demand_divisions(frame, type)
    made = [frame.entry.insert_arg(leaf_type(frame, leaf), len(frame.entry.args)) for leaf in leaves(type)]
    return rebuild(el, type, made)


def _demand_divisions(frame: Frame, type: Type) -> None:
    """Quotients among the sizes of a parameter or result are known to the caller too."""
    for leaf in leaves(type):
        for atom in [atom for dim in leaf.dims for atom in divisions_in(dim)]:
            frame.demand_division(atom)


def _finish(el: Elaborator, instance: Instance, values: list[SSAValue]) -> None:
    frame = instance.frame
    _demand_divisions(frame, instance.result)
    if frame.sizes:
        op = frame.sizes_op()
        first = frame.entry.first_op
        frame.entry.insert_op_before(op, first) if first else frame.entry.add_op(op)
    types = [a.type for a in frame.entry.args], [v.type for v in values]
    instance.op = func.FuncOp(instance.name, types, Region(frame.entry))
    if frame.location is not None:
        instance.op.location = frame.location
    el.unit.add(instance.op)


def memoised(el: Elaborator, key: object, name: str, make: Callable[[], Instance]) -> Instance:
    """The instance for this key, elaborated if it is not there yet. Fails if it is being elaborated: recursion."""
    if key not in el.unit.instances:
        if key in el.unit.active:
            message = f"{name} calls itself; recursion is not supported"
            raise DexRecursionError(Diagnostic(message, el.span(), help="write a `while` or `for` loop"))
        el.unit.active.append(key)
        try:
            el.unit.instances[key] = make()
        finally:
            el.unit.active.pop()
    return el.unit.instances[key]


def operands(el: Elaborator, instance: Instance, args: Sequence[Value]) -> list[SSAValue]:
    """The flat arguments of a call: the given ones, captured values, arrays from outside."""
    pairs = zip(args, instance.params, strict=True)
    flat = [ssa for value, type in pairs if not isinstance(type, SizeType) for ssa in flatten(el, value)]
    flat += [el.frame.operand(captured) for captured in instance.frame.captured]
    for hidden in instance.hidden:
        flat += flatten(el, hidden_argument(el, hidden.outside))
    return flat


def size_arguments(el: Elaborator, instance: Instance, sizes: Sizes) -> list[SizeAttr]:
    """The caller's sizes for the callee's size symbols."""
    divisions = instance.frame.divisions

    def given(symbol: Symbol) -> Size:
        if symbol in divisions:
            return Size.of(divisions[symbol]).substitute(sizes)
        return sizes.get(symbol, Size.of(symbol))

    return [el.frame.attr(given(symbol)) for symbol in instance.frame.sizes]


def call_instance(el: Elaborator, instance: Instance, args: Sequence[Value], sizes: Sizes) -> Value:
    """Emits the call; `sizes` are the callee's symbols in the caller's terms."""
    flat = operands(el, instance, args)
    result = substitute(instance.result, sizes)
    require_preconditions(el, instance, sizes)
    types = ir_types(el.frame, result)
    op = ix.CallOp(instance.name, size_arguments(el, instance, sizes), flat, types)
    el.frame.emit(op)
    return rebuild(el, result, op.results)


def require_preconditions(el: Elaborator, instance: Instance, sizes: Sizes) -> None:
    """What the callee needs of its sizes is proved, or needed of the caller's."""
    for condition in instance.frame.preconditions:
        require(el, condition.size.substitute(sizes), condition.at_least, condition.message)
