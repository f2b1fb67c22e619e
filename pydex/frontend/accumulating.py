"""Code that combines into variables instead of reading them: an `eff.accum` around it."""

from __future__ import annotations

from xdsl.dialects.builtin import StringAttr
from xdsl.ir import Block, Region, SSAValue

from pydex.dialects import eff
from pydex.frontend.accumulators import Accumulator, Monoidal
from pydex.frontend.elaborator import Elaborator
from pydex.frontend.kinds import leaves
from pydex.frontend.stores import stores_of, with_stores
from pydex.frontend.structure import flatten, rebuild
from pydex.frontend.values import Table, Value
from pydex.types import Type


class accumulating:
    """Code inside combines into references to the accumulated variables; afterwards they hold the totals.

    Gives the names of the scalars that the loop itself reduces (none if `scalars_too`).
    """

    def __init__(self, el: Elaborator, accumulated: dict[str, str], scalars_too: bool):
        self.el, self.accumulated = el, accumulated
        names = el.scope.names
        self.partial = {
            n: m for n, m in accumulated.items()
            if not isinstance(names[n], Table | Monoidal) and m not in ("max", "min") and not scalars_too
        }  # fmt: skip
        self.referenced = {n: m for n, m in accumulated.items() if n not in self.partial}

    def __enter__(self) -> dict[str, str]:
        el = self.el
        if not self.referenced:
            return self.partial
        self.values = {n: el.scope.names[n] for n in self.referenced}
        self.initial = {n: flatten(el, v.content if isinstance(v, Monoidal) else v) for n, v in self.values.items()}
        self.block = Block()
        for name, monoid in self.referenced.items():
            el.scope.names[name] = self._reference(name, monoid)
        self.before, el.frame.block = el.frame.block, self.block
        self.names = dict(el.scope.names)
        return self.partial

    def _reference(self, name: str, monoid: str) -> Accumulator:
        type = self.values[name].type
        arguments = []
        for ssa, leaf in zip(self.initial[name], leaves(type), strict=True):
            kind = eff.AccType(StringAttr(monoid_of(monoid, leaf)), ssa.type)
            arguments.append(self.block.insert_arg(kind, len(self.block.args)))
        return Accumulator(name, monoid, tuple(arguments), type)

    def __exit__(self, kind, error, trace) -> None:
        if not self.referenced:
            return
        el = self.el
        if error is not None:
            el.frame.block = self.before
            return
        changed = [n for n, v in el.scope.names.items() if v is not self.names.get(n) and leaves(v.type)]
        out = {n: el.scope.names[n] for n in changed}
        types = {n: v.type for n, v in out.items()}
        flat = {n: flatten(el, v) for n, v in out.items()}
        yielded = [ssa for values in flat.values() for ssa in values]
        el.frame.emit(eff.YieldOp(yielded))
        el.frame.block = self.before
        initial = [ssa for values in self.initial.values() for ssa in values]
        monoids = [a.type.monoid.data for a in self.block.args if isinstance(a.type, eff.AccType)]
        op = eff.AccumOp(initial, monoids, [v.type for v in yielded], Region(self.block))
        results: list[SSAValue] = list(el.frame.emit(op).results)
        for name, value in self.values.items():
            total = _take(el, value.type, results)
            total = with_stores(total, stores_of(value))
            el.scope.names[name] = Monoidal(total, value.monoid) if isinstance(value, Monoidal) else total
        for name in changed:
            el.scope.names[name] = with_stores(_take(el, types[name], results), stores_of(out[name]))


def monoid_of(monoid: str, leaf) -> str:
    """The IR's monoid for a leaf: unsigned integers have their own max and min."""
    from pydex.frontend.scalars import storage

    if monoid in ("max", "min") and storage(leaf.element).kind in "ub":
        return {"max": "or", "min": "and"}[monoid] if storage(leaf.element).kind == "b" else "u" + monoid
    return monoid


def _take(el: Elaborator, type: Type, results: list[SSAValue]) -> Value:
    count = len(leaves(type))
    taken = results[:count]
    del results[:count]
    return rebuild(el, type, taken)
